package fakeorg

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deskTime is when the tests of the REST face take place.
var deskTime = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// desk is a client of one org's REST face.
type desk struct {
	t     *testing.T
	org   *Org
	token string
	extra map[string]string // headers of the next calls
}

func newDesk(t *testing.T, opts Options) *desk {
	t.Helper()
	if opts.Now == nil {
		opts.Now = func() time.Time { return deskTime }
	}
	d := &desk{t: t, org: New(opts), extra: map[string]string{}}
	form := "grant_type=client_credentials&client_id=fakeorg&client_secret=fakeorg-secret"
	answer := d.raw(http.MethodPost, "/services/oauth2/token", "application/x-www-form-urlencoded", form)
	d.token = mustDecode[map[string]any](t, answer)["access_token"].(string)
	return d
}

func (d *desk) raw(method, path, media, body string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "org.example"
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+d.token)
	}
	for name, value := range d.extra {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	d.org.Handler().ServeHTTP(w, r)
	return w
}

// do sends a JSON request below /services/data/v66.0.
func (d *desk) do(method, path string, body any) *httptest.ResponseRecorder {
	d.t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			d.t.Fatal(err)
		}
		text = string(encoded)
	}
	media := ""
	if body != nil {
		media = "application/json"
	}
	return d.raw(method, "/services/data/v66.0"+path, media, text)
}

func mustDecode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("status %d, body %q: %v", w.Code, w.Body, err)
	}
	return v
}

// refused is one error of a refused request.
type refused struct {
	Message   string
	ErrorCode string
	Fields    []string
	Duplicate any `json:"duplicateResult"`
}

// created creates a row and returns its id.
func (d *desk) created(object string, body any) string {
	d.t.Helper()
	w := d.do(http.MethodPost, "/sobjects/"+object, body)
	if w.Code != http.StatusCreated {
		d.t.Fatalf("create: status %d: %s", w.Code, w.Body)
	}
	return mustDecode[map[string]any](d.t, w)["id"].(string)
}

// refused checks status and code of a refused request and returns its first error.
func (d *desk) refused(w *httptest.ResponseRecorder, status int, code string) refused {
	d.t.Helper()
	if w.Code != status {
		d.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	list := mustDecode[[]refused](d.t, w)
	if len(list) != 1 || list[0].ErrorCode != code {
		d.t.Fatalf("errors %+v, want %s", list, code)
	}
	return list[0]
}

type fields = map[string]any

func TestRows_LiveThroughCreateReadUpdateDelete(t *testing.T) {
	d := newDesk(t, Options{})
	made := d.do(http.MethodPost, "/sobjects/Account", fields{"Name": "A"})
	if _, tells := mustDecode[fields](t, made)["created"]; tells || !strings.HasPrefix(made.Header().Get("Location"), "/services/data/v66.0/sobjects/Account/001") {
		t.Errorf("create answers %v %s", made.Header(), made.Body)
	}
	id := d.created("contact", fields{"FirstName": "Ann", "LastName": " Lee ", "Email": "Ann@X.io", "MailingCity": "Bern"})
	if len(id) != 18 || id[:3] != "003" {
		t.Errorf("id %q", id)
	}
	row := mustDecode[map[string]any](t, d.do(http.MethodGet, "/sobjects/Contact/"+id[:15]+"/", nil))
	wanted := fields{"Name": "Ann Lee", "LastName": "Lee", "Email": "ann@x.io", "Id": id, "OwnerId": d.org.IntegrationUser(),
		"CreatedDate": "2026-11-21T10:00:00.000+0000", "DoNotCall": false, "Phone": nil}
	for name, want := range wanted {
		if row[name] != want {
			t.Errorf("%s = %v, want %v", name, row[name], want)
		}
	}
	if address := row["MailingAddress"].(map[string]any); address["city"] != "Bern" || address["street"] != nil {
		t.Errorf("MailingAddress = %v", address)
	}
	if w := d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"Email": nil}); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("update: %d %s", w.Code, w.Body)
	}
	if stored, _ := d.org.Row("Contact", id); stored["Email"] != nil {
		t.Errorf("Email = %v after null", stored["Email"])
	}
	if w := d.do(http.MethodDelete, "/sobjects/Contact/"+id, nil); w.Code != http.StatusNoContent {
		t.Errorf("delete: %d %s", w.Code, w.Body)
	}
	d.refused(d.do(http.MethodGet, "/sobjects/Contact/"+id, nil), http.StatusNotFound, "ENTITY_IS_DELETED")
	d.refused(d.do(http.MethodGet, "/sobjects/Contact/003000000000001", nil), http.StatusNotFound, "NOT_FOUND")
}

func TestUpsert_AnswersByWhatItDid(t *testing.T) {
	d := newDesk(t, Options{})
	path := "/sobjects/Contact/Messaging_Id__c/a%2Fb"
	if w := d.do(http.MethodPatch, path, fields{"LastName": "Lee"}); w.Code != http.StatusCreated {
		t.Fatalf("create: %d %s", w.Code, w.Body)
	}
	w := d.do(http.MethodPatch, path, fields{"LastName": "Leo"})
	if w.Code != http.StatusOK || mustDecode[fields](t, w)["created"] != false {
		t.Fatalf("update: %d %s", w.Code, w.Body)
	}
	d.refused(d.do(http.MethodPatch, path, fields{"Messaging_Id__c": "a/b"}), 400, "INVALID_FIELD")
	d.refused(d.do(http.MethodPatch, "/sobjects/Contact/Messaging_Id__c/new?updateOnly=true", fields{"LastName": "L"}), 404, "NOT_FOUND")
	d.refused(d.do(http.MethodPatch, "/sobjects/Contact/Phone/1", fields{"LastName": "L"}), 404, "NOT_FOUND")
	d.created("Contact", fields{"LastName": "A", "Email": "same@x.io"})
	d.created("Contact", fields{"LastName": "B", "Email": "same@x.io"})
	if w := d.do(http.MethodPatch, "/sobjects/Contact/Email/same@x.io", fields{"LastName": "C"}); w.Code != http.StatusMultipleChoices || len(mustDecode[[]string](t, w)) != 2 {
		t.Errorf("several: %d %s", w.Code, w.Body)
	}
}

func TestUpsert_FollowsAKeyThatMoved(t *testing.T) {
	d := newDesk(t, Options{})
	id := d.created("Contact", fields{"LastName": "A", "Messaging_Id__c": "old"})
	if w := d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"Messaging_Id__c": "new"}); w.Code != http.StatusNoContent {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	w := d.do(http.MethodPatch, "/sobjects/Contact/Messaging_Id__c/NEW", fields{"Title": "T"})
	if got := mustDecode[fields](t, w); got["id"] != id || got["created"] != false {
		t.Errorf("the new key finds %v", got)
	}
	d.refused(d.do(http.MethodGet, "/sobjects/Contact/Messaging_Id__c/old", nil), 404, "NOT_FOUND")
	d.created("Contact", fields{"LastName": "B", "Messaging_Id__c": "old"})
}
