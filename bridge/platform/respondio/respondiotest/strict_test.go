package respondiotest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ask makes one call with a good token.
func ask(f *Fake, method, path, body string) (int, map[string]any) {
	r := httptest.NewRequest(method, "/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	f.Handler().ServeHTTP(w, r)
	var o map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &o)
	return w.Code, o
}

func TestFake_RefusesWhatRespondIORefuses(t *testing.T) {
	const id, create = "/contact/id%3A90001", "/contact/create_or_update/email%3Aa%40example.com"
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", id, "", 200}, {"GET", "/contact/id:90001", "", 200}, {"GET", "/contact/email%3Amei%40example.com", "", 200},
		{"GET", "/contact/phone%3A%2B60123456789", "", 200}, {"GET", "/contact/phone:+60123456789", "", 400}, {"GET", "/contact/phone%3A60123456789", "", 400},
		{"GET", "/contact/email%3Amei", "", 400}, {"GET", "/contact/90001", "", 400}, {"GET", "/contact/id%3Ax", "", 400}, {"GET", "/contact/name%3AMei", "", 400},
		{"GET", "/contact/id%3A5", "", 404}, {"GET", "/contact/id%3A99999999999999999999", "", 404}, {"GET", "/contacts", "", 404}, {"PATCH", id, "{}", 404},
		{"POST", create, `{"firstName":"A"}`, 200}, {"POST", create, `{"firstName":""}`, 400}, {"POST", create, `{}`, 400}, {"POST", create, ``, 400},
		{"POST", create, `[]`, 400}, {"POST", create, `{"firstName":"A"}{}`, 400}, {"POST", create, `{"firstName":1}`, 400},
		{"POST", create, `{"firstName":"A","nickname":"B"}`, 400}, {"POST", create, `{"firstName":"A","status":"open"}`, 400},
		{"POST", "/contact/create_or_update/id%3A90001", `{"firstName":"A"}`, 400}, {"POST", "/contact/id%3A90001", `{"firstName":"A"}`, 400},
		{"POST", "/contact/email%3Amei%40example.com", `{"firstName":"A"}`, 400},
		{"PUT", id, `{"lastName":"B"}`, 200}, {"PUT", id, `{"lastName":null}`, 200}, {"PUT", id, `{"phone":"012"}`, 400}, {"PUT", id, `{"email":"x"}`, 400},
		{"PUT", id, `{"language":"english"}`, 400}, {"PUT", id, `{"countryCode":"MYS"}`, 400}, {"PUT", "/contact/id%3A5", `{"lastName":"B"}`, 404},
		{"PUT", id, `{"custom_fields":[{"name":"birthday","value":"1990-05-17"}]}`, 200}, {"PUT", id, `{"custom_fields":[{"name":"birthday","value":null}]}`, 200},
		{"PUT", id, `{"custom_fields":[{"name":"birthday","value":"17.5.1990"}]}`, 400}, {"PUT", id, `{"custom_fields":[{"name":"nothing","value":"x"}]}`, 400},
		{"PUT", id, `{"custom_fields":[{"name":"score","value":12.5}]}`, 200}, {"PUT", id, `{"custom_fields":[{"name":"score","value":"many"}]}`, 400},
		{"PUT", id, `{"custom_fields":[{"name":"vip","value":true}]}`, 200}, {"PUT", id, `{"custom_fields":[{"name":"vip","value":1}]}`, 400},
		{"PUT", id, `{"custom_fields":[{"name":"level","value":"Gold"}]}`, 200}, {"PUT", id, `{"custom_fields":[{"name":"level","value":"Tin"}]}`, 400},
		{"PUT", id, `{"custom_fields":[{"name":"note"}]}`, 400}, {"PUT", id, `{"custom_fields":[{"name":"note","value":[]}]}`, 400},
		{"PUT", id, `{"custom_fields":{"note":"x"}}`, 400},
		{"POST", id + "/tag", `["VIP"]`, 200}, {"POST", id + "/tag", `{"tags":["VIP"]}`, 400}, {"POST", id + "/tag", `[]`, 400}, {"POST", id + "/tag", `[1]`, 400},
		{"POST", id + "/tag", `["1","2","3","4","5","6","7","8","9","10","11"]`, 400}, {"POST", id + "/tag", `["` + strings.Repeat("x", 256) + `"]`, 400},
		{"DELETE", id + "/tag", `["VIP"]`, 200}, {"POST", "/contact/id%3A5/tag", `["VIP"]`, 404},
		{"POST", id + "/lifecycle/update", `{"name":"Lead"}`, 200}, {"POST", id + "/lifecycle/update", `{"name":null}`, 200}, {"POST", id + "/lifecycle/update", `{}`, 400},
		{"POST", "/contact/list", `{"search":"","timezone":"UTC","filter":{"$and":[]}}`, 200}, {"POST", "/contact/list?limit=101", `{"search":"","timezone":"UTC","filter":{"$and":[]}}`, 400},
		{"POST", "/contact/list", `{"filter":{"$and":[]}}`, 400}, {"POST", "/contact/list", `{"search":"","timezone":"UTC","filter":{"$and":[{"category":"contactField","field":"shoe","operator":"isEqualTo","value":"1"}]}}`, 400},
		{"GET", "/space/user?limit=1", "", 200}, {"GET", "/space/custom_field", "", 200}, {"DELETE", id, "", 200},
	} {
		f := New(Options{})
		f.Create(map[string]string{"firstName": "Mei", "email": "mei@example.com", "phone": "+60123456789"})
		if status, o := ask(f, c.method, c.path, c.body); status != c.status {
			t.Errorf("%s %s %s: %d %v, want %d", c.method, c.path, c.body, status, o["message"], c.status)
		}
	}
}

func TestFake_RefusesABadTokenAndAForeignBody(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"no token":  func(r *http.Request) { r.Header.Del("Authorization") },
		"bad token": func(r *http.Request) { r.Header.Set("Authorization", "Bearer tokens") },
		"form":      func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
	} {
		r := httptest.NewRequest(http.MethodPut, "/v2/contact/id%3A90001", strings.NewReader(`{"lastName":"B"}`))
		r.Header.Set("Authorization", "Bearer token")
		r.Header.Set("Content-Type", "application/json")
		change(r)
		f := New(Options{})
		f.Create(map[string]string{"firstName": "Mei"})
		w := httptest.NewRecorder()
		f.Handler().ServeHTTP(w, r)
		if w.Code != 401 && w.Code != 400 || f.Contacts()[0].Get("lastName") != "" {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestFake_AnswersAsTheFixtureDoes(t *testing.T) {
	f := New(Options{})
	c := f.Create(map[string]string{"firstName": "Mei", "custom.birthday": "1990-05-17", "lifecycle": "New Lead"})
	if err := f.Tag(c.ID, "VIP"); err != nil {
		t.Fatal(err)
	}
	_, got := ask(f, "GET", "/contact/id%3A90001", "")
	names := map[string]bool{}
	for name := range got {
		names[name] = true
	}
	want := map[string]bool{}
	for _, name := range []string{"id", "firstName", "lastName", "phone", "email", "language", "profilePic", "countryCode", "status", "assignee", "lifecycle", "created_at", "tags", "custom_fields", "locale", "isBlocked"} {
		want[name] = true
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	if got["lastName"] != nil || got["firstName"] != "Mei" {
		t.Error(got)
	}
}

func TestFake_LogsEachCallWithItsContact(t *testing.T) {
	var heard []Request
	f := New(Options{Arrived: func(r Request) { heard = append(heard, r) }})
	ask(f, "POST", "/contact/create_or_update/email%3Amei%40example.com", `{"firstName":"Mei"}`)
	ask(f, "GET", "/contact/id%3A5", "")
	for i, want := range []struct {
		op      string
		contact uint64
		status  int
	}{{"upsert", 90001, 200}, {"find", 0, 404}} {
		if r := heard[i]; r.Op != want.op || r.Contact != want.contact || r.Status != want.status || r.At.IsZero() {
			t.Errorf("%+v", r)
		}
	}
	if d := cmp.Diff(heard, f.Requests()); d != "" {
		t.Error(d)
	}
}
