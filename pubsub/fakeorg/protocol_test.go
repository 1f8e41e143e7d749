package fakeorg

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func (d *desk) token1(form url.Values, basic ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/services/oauth2/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(basic) == 2 {
		r.SetBasicAuth(basic[0], basic[1])
	}
	w := httptest.NewRecorder()
	d.org.Handler().ServeHTTP(w, r)
	return w
}

func TestToken_AnswersAsTheEndpointDoes(t *testing.T) {
	d := newDesk(t, Options{ClientID: "fakeorg"})
	w := d.token1(url.Values{"grant_type": {"client_credentials"}}, "fakeorg", url.QueryEscape("fakeorg-secret"))
	got := mustDecode[map[string]any](t, w)
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, header %v", w.Code, w.Header())
	}
	if _, has := got["expires_in"]; has {
		t.Error("the answer holds expires_in")
	}
	if token, _ := got["access_token"].(string); !strings.HasPrefix(token, d.org.OrgID()[:15]+"!") || len(token) < 80 {
		t.Errorf("token %q", token)
	}
	want := map[string]any{"token_type": "Bearer", "instance_url": "http://example.com", "issued_at": "1795255200000", "scope": "api",
		"id": "http://example.com/id/" + d.org.OrgID() + "/" + d.org.IntegrationUser()}
	for name, v := range want {
		if got[name] != v {
			t.Errorf("%s = %v, want %v", name, got[name], v)
		}
	}
	if d.org.APICalls() != 0 {
		t.Error("a token call counts")
	}
}

func TestToken_Refuses(t *testing.T) {
	d := newDesk(t, Options{})
	for want, form := range map[string]url.Values{
		"invalid_client":         {"grant_type": {"client_credentials"}, "client_id": {"fakeorg"}, "client_secret": {"wrong"}},
		"invalid_client_id":      {"grant_type": {"client_credentials"}, "client_id": {"other"}, "client_secret": {"fakeorg-secret"}},
		"invalid_request":        {"client_id": {"fakeorg"}},
		"invalid_grant":          {"grant_type": {"refresh_token"}, "refresh_token": {"x"}},
		"unsupported_grant_type": {"grant_type": {"magic"}},
	} {
		w := d.token1(form)
		if got := mustDecode[map[string]any](t, w); w.Code != http.StatusBadRequest || got["error"] != want || got["error_description"] == "" {
			t.Errorf("%v: %d %v, want %s", form, w.Code, got, want)
		}
	}
	if w := d.raw(http.MethodGet, "/services/oauth2/token", "", ""); w.Code != http.StatusBadRequest {
		t.Errorf("GET: %d", w.Code)
	}
}

func TestSession_EndsByRevocationAndByIdleness(t *testing.T) {
	now := deskTime
	d := newDesk(t, Options{Now: func() time.Time { return now }})
	for range 4 {
		now = now.Add(sessionTimeout - time.Minute)
		if w := d.do(http.MethodGet, "/limits", nil); w.Code != http.StatusOK {
			t.Fatalf("used token: %d", w.Code)
		}
	}
	now = now.Add(sessionTimeout + time.Minute)
	d.refused(d.do(http.MethodGet, "/limits", nil), 401, "INVALID_SESSION_ID")
	d = newDesk(t, Options{})
	if !d.org.checkToken(d.token) || d.org.checkToken("x") {
		t.Error("checkToken is wrong")
	}
	form := url.Values{"token": {d.token}, "client_id": {"fakeorg"}, "client_secret": {"fakeorg-secret"}}.Encode()
	const media = "application/x-www-form-urlencoded"
	active := func() any {
		return mustDecode[map[string]any](t, d.raw(http.MethodPost, "/services/oauth2/introspect", media, form))["active"]
	}
	if active() != true {
		t.Error("a live token is not active")
	}
	if w := d.raw(http.MethodPost, "/services/oauth2/revoke", media, form); w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("revoke: %d %s", w.Code, w.Body)
	}
	if active() != false {
		t.Error("a revoked token is active")
	}
	d.refused(d.do(http.MethodGet, "/limits", nil), 401, "INVALID_SESSION_ID")
	if w := d.raw(http.MethodGet, "/services/oauth2/userinfo", "", ""); w.Code != http.StatusForbidden || w.Body.String() != "Bad_OAuth_Token" {
		t.Errorf("userinfo: %d %s", w.Code, w.Body)
	}
}

func TestIdentity_TellsWhoTheTokenIs(t *testing.T) {
	d := newDesk(t, Options{Sandbox: true})
	for _, path := range []string{"/services/oauth2/userinfo", "/id/" + d.org.OrgID() + "/" + d.org.IntegrationUser()} {
		got := mustDecode[map[string]any](t, d.raw(http.MethodGet, path, "", ""))
		if got["organization_id"] != d.org.OrgID() || got["user_id"] != d.org.IntegrationUser() || got["preferred_username"] != "integration@fakeorg.example" {
			t.Errorf("%s: %v", path, got)
		}
	}
	org := d.query("SELECT Id, IsSandbox FROM Organization").Records
	if len(org) != 1 || org[0]["Id"] != d.org.OrgID() || org[0]["IsSandbox"] != true {
		t.Errorf("organization %v", org)
	}
}

func TestVersions_WantNoTokenAndDoNotCount(t *testing.T) {
	d := newDesk(t, Options{})
	token := d.token
	d.token = ""
	for _, path := range []string{"/services/data", "/services/data/"} {
		list := mustDecode[[]map[string]string](t, d.raw(http.MethodGet, path, "", ""))
		if last := list[len(list)-1]; last["version"] != "67.0" || last["label"] != "Summer '26" || last["url"] != "/services/data/v67.0" {
			t.Errorf("latest %v", last)
		}
	}
	d.refused(d.do(http.MethodGet, "/limits", nil), 401, "INVALID_SESSION_ID")
	d.token = token
	if d.org.APICalls() != 0 {
		t.Errorf("%d calls counted", d.org.APICalls())
	}
	d.refused(d.raw(http.MethodGet, "/services/data/v20.0/limits", "", ""), 410, "UNSUPPORTED_API_VERSION")
	d.refused(d.raw(http.MethodGet, "/services/data/v99.0/limits", "", ""), 404, "NOT_FOUND")
	d.refused(d.raw(http.MethodGet, "/services/data/v66/limits", "", ""), 404, "NOT_FOUND")
	for label, n := range map[string]int{"Summer '23": 58, "Winter '24": 59, "Spring '24": 60, "Winter '26": 65, "Spring '26": 66} {
		if got := versionLabel(n); got != label {
			t.Errorf("%d is %s", n, got)
		}
	}
}

func TestAllowance_StandsOnEveryAnswerAndEnds(t *testing.T) {
	now := deskTime
	d := newDesk(t, Options{APIUsageMax: 3, Now: func() time.Time { return now }})
	for _, want := range []string{"api-usage=1/3", "api-usage=2/3", "api-usage=3/3"} {
		if got := d.do(http.MethodGet, "/sobjects/Nope/describe", nil).Header().Get("Sforce-Limit-Info"); got != want {
			t.Errorf("header %q, want %q", got, want)
		}
	}
	got := d.refused(d.do(http.MethodGet, "/limits", nil), 403, "REQUEST_LIMIT_EXCEEDED")
	if got.Message != "TotalRequests Limit exceeded." || d.org.APICalls() != 4 {
		t.Errorf("message %q, %d calls", got.Message, d.org.APICalls())
	}
	now = now.Add(25 * time.Hour)
	newToken := d.token1(url.Values{"grant_type": {"client_credentials"}, "client_id": {"fakeorg"}, "client_secret": {"fakeorg-secret"}})
	d.token = mustDecode[map[string]any](t, newToken)["access_token"].(string)
	limits := mustDecode[map[string]map[string]json.Number](t, d.do(http.MethodGet, "/limits", nil))
	if limits["DailyApiRequests"]["Remaining"] != "2" {
		t.Errorf("limits %v", limits["DailyApiRequests"])
	}
}

func TestRequests_ComeInManyForms(t *testing.T) {
	d := newDesk(t, Options{})
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, `{"LastName":"Zip"}`)
	_ = z.Close()
	server := httptest.NewServer(d.org.Handler())
	defer server.Close()
	for name, c := range map[string]struct {
		method, path, word, encoding string
		body                         io.Reader
		status                       int
	}{
		"gzip in":          {http.MethodPost, "sobjects/Contact/", "Bearer", "gzip", &zipped, 201},
		"chunked":          {http.MethodPost, "sobjects/CONTACT", "OAuth", "", io.MultiReader(strings.NewReader(`{"LastName"`), strings.NewReader(`:"C"}`)), 201},
		"method override":  {http.MethodPost, "sobjects/contact/messaging_id__C/9/?_HttpMethod=PATCH", "bearer", "", strings.NewReader(`{"LastName":"M"}`), 201},
		"unknown encoding": {http.MethodPost, "sobjects/Contact", "Bearer", "br", strings.NewReader("x"), 415},
		"broken gzip":      {http.MethodPost, "sobjects/Contact", "Bearer", "gzip", strings.NewReader("x"), 415},
		"wrong method":     {http.MethodPut, "sobjects/Contact", "Bearer", "", strings.NewReader("{}"), 405},
		"two segments":     {http.MethodPatch, "sobjects/Contact/Messaging_Id__c/a/b", "Bearer", "", strings.NewReader(`{"LastName":"M"}`), 404},
		"long URI":         {http.MethodGet, "query?q=" + strings.Repeat("x", maxURI), "Bearer", "", nil, 414},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+"/services/data/v66.0/"+c.path, c.body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", c.word+" "+d.token)
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		if c.encoding != "" {
			r.Header.Set("Content-Encoding", c.encoding)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s: status %d: %s", name, answer.StatusCode, body)
		}
	}
	d.refused(d.raw(http.MethodPost, "/services/data/v66.0/sobjects/Contact", "text/plain", "{}"), 415, "UNSUPPORTED_MEDIA_TYPE")
}

func TestAnswers_AreZippedForThoseWhoAsk(t *testing.T) {
	d := newDesk(t, Options{})
	d.extra["Accept-Encoding"] = "gzip, deflate"
	w := d.do(http.MethodGet, "/sobjects/Contact/describe", nil)
	if w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("header %v", w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || !json.Valid(text) {
		t.Errorf("%v in %s", err, text)
	}
}

func TestConditions_CompareLastModifiedDate(t *testing.T) {
	d := newDesk(t, Options{})
	id := d.created("Contact", fields{"LastName": "A"})
	d.extra["If-Modified-Since"] = deskTime.Format(http.TimeFormat)
	if w := d.do(http.MethodGet, "/sobjects/Contact/"+id, nil); w.Code != http.StatusNotModified {
		t.Errorf("row: %d", w.Code)
	}
	if w := d.do(http.MethodGet, "/sobjects/Contact/describe", nil); w.Code != http.StatusNotModified {
		t.Errorf("describe: %d", w.Code)
	}
	d.org.Advance(time.Minute)
	if err := d.org.Hide("Contact", "Fax", true); err != nil {
		t.Fatal(err)
	}
	if w := d.do(http.MethodGet, "/sobjects/Contact/describe", nil); w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"name":"Fax"`) {
		t.Errorf("describe after a field was hidden: %d", w.Code)
	}
	d.extra["If-Unmodified-Since"] = deskTime.Add(-time.Hour).Format(http.TimeFormat)
	if w := d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"LastName": "B"}); w.Code != http.StatusPreconditionFailed {
		t.Errorf("update: %d", w.Code)
	}
}

func TestDescribe_SaysWhatWritesObey(t *testing.T) {
	d := newDesk(t, Options{})
	type described struct {
		Name              string
		KeyPrefix         string
		Fields            []map[string]any
		ChildRelationship []map[string]any `json:"childRelationships"`
	}
	global := mustDecode[struct{ Sobjects []map[string]any }](t, d.do(http.MethodGet, "/sobjects/", nil))
	for _, name := range []string{"Contact", "Account", "Lead", "Case", "Event", "Task", "User", "Opportunity"} {
		if !strings.Contains(fmt.Sprint(global.Sobjects), name) {
			t.Errorf("describe global lacks %s", name)
		}
	}
	contact := mustDecode[described](t, d.do(http.MethodGet, "/sobjects/contact/describe/", nil))
	by := map[string]map[string]any{}
	for _, f := range contact.Fields {
		by[f["name"].(string)] = f
	}
	if len(by) < 60 || contact.KeyPrefix != "003" {
		t.Errorf("%d fields, prefix %s", len(by), contact.KeyPrefix)
	}
	for name, want := range map[string]map[string]any{
		"LastName":              {"nillable": false, "createable": true, "defaultedOnCreate": false, "compoundFieldName": "Name", "length": json.Number("80")},
		"Name":                  {"createable": false, "updateable": false, "extraTypeInfo": "personname", "nameField": true},
		"Email":                 {"idLookup": true, "externalId": false, "type": "email", "unique": false},
		"MailingAddress":        {"type": "address", "createable": false, "filterable": false},
		"MailingCity":           {"compoundFieldName": "MailingAddress", "createable": true},
		"Messaging_Id__c":       {"externalId": true, "unique": true, "idLookup": true, "custom": true, "length": json.Number("64")},
		"Credit_Limit__c":       {"type": "double", "precision": json.Number("18"), "scale": json.Number("2"), "soapType": "xsd:double"},
		"Interests__c":          {"type": "multipicklist", "restrictedPicklist": true},
		"Position__Latitude__s": {"compoundFieldName": "Position__c", "type": "double"},
		"AccountId":             {"type": "reference", "relationshipName": "Account", "nillable": true},
		"OwnerId":               {"createable": true, "defaultedOnCreate": true, "nillable": false},
		"CreatedDate":           {"createable": false, "updateable": false, "nillable": false, "type": "datetime"},
		"DoNotCall":             {"type": "boolean", "nillable": false, "defaultedOnCreate": true, "defaultValue": false},
	} {
		for attribute, v := range want {
			if got := by[name][attribute]; got != v {
				t.Errorf("%s.%s = %v, want %v", name, attribute, got, v)
			}
		}
	}
	if !strings.Contains(fmt.Sprint(contact.ChildRelationship), "relationshipName:Tasks") {
		t.Errorf("child relationships %v", contact.ChildRelationship)
	}
}
