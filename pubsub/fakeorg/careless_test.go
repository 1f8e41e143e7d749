package fakeorg

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
)

// The refusals that no other test provokes: careless clients, one a rule.

func TestCareless_RequestsOfRESTAreRefused(t *testing.T) {
	d := newDesk(t, Options{Seed: &Seed{Objects: []ObjectSeed{{Name: "Contact", Fields: []FieldSeed{{Name: "Loose__c", Type: "string", ExternalID: true}}}}}})
	contact := d.created("Contact", fields{"LastName": "L", "Loose__c": "twice"})
	d.created("Contact", fields{"LastName": "M", "Loose__c": "twice"})
	row := func(more fields) fields {
		out := fields{"attributes": fields{"type": "Contact"}, "LastName": "L"}
		for name, v := range more {
			out[name] = v
		}
		return fields{"records": []fields{out}}
	}
	now := url.QueryEscape(deskTime.Format("2006-01-02T15:04:05Z07:00"))
	d.org.SetChannel("Bridge__chn", "Contact")
	d.org.GrantSetup(true)
	for name, c := range map[string]struct {
		verb, path string
		body       any
		status     int
		code       string
	}{
		"composite of nothing":           {http.MethodPost, "/composite/nothing", fields{}, 404, "NOT_FOUND"},
		"collection of no object":        {http.MethodPatch, "/composite/sobjects/Nope/Key__c", fields{}, 404, "NOT_FOUND"},
		"retrieve of no object":          {http.MethodPost, "/composite/sobjects/Nope", fields{"ids": []string{contact}, "fields": []string{"Id"}}, 404, "NOT_FOUND"},
		"retrieve of a malformed id":     {http.MethodPost, "/composite/sobjects/Contact", fields{"ids": []string{"x"}, "fields": []string{"Id"}}, 400, "MALFORMED_ID"},
		"deletions from nowhere":         {http.MethodGet, "/sobjects/Contact/deleted?start=yesterday&end=" + now, nil, 400, "INVALID_REPLICATION_DATE"},
		"deletions backwards":            {http.MethodGet, "/sobjects/Contact/deleted?start=" + now + "&end=" + now, nil, 400, "INVALID_REPLICATION_DATE"},
		"deletions of long ago":          {http.MethodGet, "/sobjects/Contact/deleted?start=2020-01-01T00:00:00Z&end=" + now, nil, 400, "INVALID_REPLICATION_DATE"},
		"deletions to come":              {http.MethodGet, "/sobjects/Contact/deleted?start=" + now + "&end=2026-12-01T00:00:00Z", nil, 400, "INVALID_REPLICATION_DATE"},
		"an event of negative length":    {http.MethodPost, "/sobjects/Event", fields{"ActivityDateTime": "2026-11-21T09:00:00Z", "DurationInMinutes": -1}, 400, "REQUIRED_FIELD_MISSING"},
		"deleting a user":                {http.MethodDelete, "/sobjects/User/" + d.org.Agent(), nil, 400, "INSUFFICIENT_ACCESS_OR_READONLY"},
		"an id that is none":             {http.MethodGet, "/sobjects/Contact/nobody", nil, 404, "NOT_FOUND"},
		"a parent by no key":             {http.MethodPost, "/sobjects/Contact", fields{"LastName": "L", "Account": fields{"Phone": "1"}}, 400, "INVALID_FIELD"},
		"a query beyond all bounds":      {http.MethodGet, "/query?q=" + strings.Repeat("x", 100_001), nil, 414, "URI_TOO_LONG"},
		"an integer beyond its range":    {http.MethodPost, "/sobjects/Account", fields{"Name": "A", "NumberOfEmployees": 1 << 40}, 400, "NUMBER_OUTSIDE_VALID_RANGE"},
		"setup without a verb":           {http.MethodGet, "/tooling/describe", nil, 404, "NOT_FOUND"},
		"a query of setup that is none":  {http.MethodGet, "/tooling/query?q=SELECT+Id+FROM", nil, 400, "MALFORMED_QUERY"},
		"a setup object there is not":    {http.MethodGet, "/tooling/query?q=SELECT+Id+FROM+ApexClasses", nil, 400, "INVALID_TYPE"},
		"a setup field there is not":     {http.MethodGet, "/tooling/query?q=SELECT+Nope+FROM+PlatformEventChannel", nil, 400, "INVALID_FIELD"},
		"a resource there is not":        {http.MethodGet, "/nothing", nil, 404, "NOT_FOUND"},
		"a method there is not":          {http.MethodPut, "/limits", fields{}, 405, "METHOD_NOT_ALLOWED"},
		"a limit there is not":           {http.MethodGet, "/limits/nothing", nil, 404, "NOT_FOUND"},
		"a body that ends in its middle": {http.MethodPost, "/sobjects/Contact", "{\"LastName\":", 400, "JSON_PARSER_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			d.refused(d.do(c.verb, c.path, c.body), c.status, c.code)
		})
	}
	d.t = t
	if got := d.collection(http.MethodPatch, "/Contact/Loose__c", row(fields{"Loose__c": "twice"}))[0]; len(got.Errors) != 1 || got.Errors[0].StatusCode != "DUPLICATE_EXTERNAL_ID" {
		t.Errorf("a key of two rows: %+v", got)
	}
	if got := d.collection(http.MethodPatch, "/Contact/Loose__c", row(fields{"Loose__c": "new", "Id": contact}))[0]; len(got.Errors) != 1 || got.Errors[0].StatusCode != "INVALID_FIELD" {
		t.Errorf("an id beside a key: %+v", got)
	}
	rows := fields{"allOrNone": true, "records": []fields{{"attributes": fields{"type": "Contact"}, "LastName": "L"}, {"attributes": fields{"type": "Contact"}}}}
	if got := d.collection(http.MethodPost, "", rows); got[0].Errors[0].StatusCode != "ALL_OR_NONE_OPERATION_ROLLED_BACK" {
		t.Errorf("the good row of a call that is all or none: %+v", got)
	}
	if _, err := parseQuery(strings.Repeat("x", maxQuery+1)); err == nil || err.Code != "QUERY_TOO_COMPLICATED" {
		t.Errorf("a query beyond its bound: %v", err)
	}
}

func TestCareless_RowsThatHaveNoWayBackAreRefused(t *testing.T) {
	d := newDesk(t, Options{Seed: &Seed{Objects: []ObjectSeed{{Name: "Shop__c", Fields: []FieldSeed{{Name: "Opens__c", Type: "time"}}}}}})
	contact := d.created("Contact", fields{"LastName": "L"})
	var refused *Error
	if err := d.org.Undelete("Contact", contact); !errors.As(err, &refused) || refused.Code != "UNDELETE_FAILED" {
		t.Errorf("undelete of the living: %v", err)
	}
	if err := d.org.Do(func(tx *Tx) error { return tx.Merge("Contact", contact, contact) }); !errors.As(err, &refused) || refused.Code != "MERGE_FAILED" {
		t.Errorf("a merge with itself: %v", err)
	}
	d.refused(d.do(http.MethodPost, "/sobjects/Shop__c", fields{"Name": "S", "Opens__c": "noon"}), 400, "JSON_PARSER_ERROR")
	again := 0
	d.org.AfterSave("Lead", func(tx *Tx, id string) error {
		again++
		return tx.Update("Lead", id, map[string]any{"Title": fmt.Sprint(again)})
	})
	d.refused(d.do(http.MethodPost, "/sobjects/Lead", fields{"LastName": "L", "Company": "C"}), 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
	if len(d.org.Rows("Lead")) != 0 || again < maxDepth/2 {
		t.Errorf("automation without end ran %d times and left %d rows", again, len(d.org.Rows("Lead")))
	}
	d.org.purged = map[string][]purged{"Contact": make([]purged, maxDeleted+1)}
	for i := range d.org.purged["Contact"] {
		d.org.purged["Contact"][i].at = deskTime.Add(-2 * 60_000_000_000)
	}
	d.refused(d.do(http.MethodGet, "/sobjects/Contact/deleted?start=2026-11-21T00:00:00Z&end=2026-11-21T10:00:00Z", nil), 400, "EXCEEDED_ID_LIMIT")
}

func TestCareless_LoginsAreRefused(t *testing.T) {
	d := newDesk(t, Options{})
	for name, c := range map[string]struct{ path, form, want string }{
		"no client":         {"token", "grant_type=client_credentials", "invalid_request"},
		"a malformed form":  {"token", "grant_type=%zz", "invalid_request"},
		"an unapproved JWT": {"token", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x", "invalid_grant"},
		"a code of nobody":  {"token", "grant_type=authorization_code&code=x", "invalid_grant"},
		"a password":        {"token", "grant_type=password&username=a&password=b", "invalid_grant"},
		"a token long gone": {"revoke", "token=00D000000000000!x", "invalid_token"},
	} {
		w := d.raw(http.MethodPost, "/services/oauth2/"+c.path, "application/x-www-form-urlencoded", c.form)
		if got := mustDecode[map[string]string](t, w)["error"]; w.Code != http.StatusBadRequest || got != c.want {
			t.Errorf("%s: %d %s", name, w.Code, got)
		}
	}
	for _, path := range []string{"/services/oauth2/nothing", "/services/oauth2/token/more", "/services/nothing"} {
		if w := d.raw(http.MethodPost, path, "", ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestCareless_BodiesAreRefused(t *testing.T) {
	d := newDesk(t, Options{})
	send := func(encoding, body string) *httptest.ResponseRecorder {
		d.extra["Content-Encoding"] = encoding
		return d.do(http.MethodPost, "/sobjects/Contact", body)
	}
	d.refused(send("gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), 400, "JSON_PARSER_ERROR")
	d.refused(send("", strings.Repeat(" ", maxBody+1)), 413, "EXCEEDED_MAX_SIZE_REQUEST")
	d.refused(send("br", "{}"), 415, "UNSUPPORTED_MEDIA_TYPE")
}

func TestCareless_SchemasThatNoClientCouldReadAreNotServed(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		broken := *s.org.object("Contact")
		broken.Fields = append(append([]*Field(nil), broken.Fields...), &Field{Name: "1 2", Type: "string"})
		s.org.swap(&broken)
		trailer, err := s.call("GetTopic")
		wantRefusal(t, err, trailer, codes.Unavailable, "topic.api.unavailable", "GetTopic")
	})
}

func TestCareless_MetadataGivenTwiceIsRefused(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.ctx = s.with("accesstoken", s.token, "accesstoken", "old", "instanceurl", "https://acme.my.salesforce.com", "tenantid", s.org.OrgID())
		trailer, err := s.call("Subscribe")
		wantRefusal(t, err, trailer, codes.Unauthenticated, "service.auth.headers.invalid", "Subscribe")
	})
}
