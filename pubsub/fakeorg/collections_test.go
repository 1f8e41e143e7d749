package fakeorg

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// result is one element of a collections answer.
type result struct {
	ID      string     `json:"id"`
	Success bool       `json:"success"`
	Created *bool      `json:"created"`
	Errors  []rowError `json:"errors"`
}

func (d *desk) collection(method, path string, body any) []result {
	d.t.Helper()
	w := d.do(method, "/composite/sobjects"+path, body)
	if w.Code != http.StatusOK {
		d.t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return mustDecode[[]result](d.t, w)
}

func contacts(names ...string) []fields {
	var rows []fields
	for _, name := range names {
		rows = append(rows, fields{"attributes": fields{"type": "Contact"}, "LastName": name})
	}
	return rows
}

// codes writes the results as ok or as the code of their error.
func codesOf(results []result) string {
	var list []string
	for _, r := range results {
		if r.Success {
			list = append(list, "ok")
			continue
		}
		list = append(list, r.Errors[0].StatusCode)
	}
	return strings.Join(list, " ")
}

func TestCollections_AnswerInOrderAndCommitWhatIsGood(t *testing.T) {
	d := newDesk(t, Options{})
	got := d.collection(http.MethodPost, "", fields{"records": contacts("A", "", "C")})
	if codesOf(got) != "ok REQUIRED_FIELD_MISSING ok" || got[1].ID != "" || len(got[1].Errors[0].Fields) != 1 {
		t.Fatalf("results %+v", got)
	}
	events := d.org.Events()
	if len(events) != 2 || events[0].Header.Key != events[1].Header.Key || events[0].Header.Sequence != 1 || events[1].Header.Sequence != 2 ||
		events[0].Header.Number != events[1].Header.Number {
		t.Errorf("events %+v", events)
	}
	update := []fields{
		{"attributes": fields{"type": "Contact"}, "id": got[0].ID[:15], "LastName": "A2"},
		{"attributes": fields{"type": "contact"}, "Id": "003000000000001AAA", "LastName": "X"},
		{"attributes": fields{"type": "Contact"}, "LastName": "X"},
	}
	if got := codesOf(d.collection(http.MethodPatch, "/", fields{"records": update})); got != "ok INVALID_CROSS_REFERENCE_KEY MISSING_ARGUMENT" {
		t.Errorf("update: %s", got)
	}
	path := "?ids=" + got[0].ID + "," + got[2].ID + ",nope&allOrNone=false"
	if got := codesOf(d.collection(http.MethodDelete, path, nil)); got != "ok ok MALFORMED_ID" || len(d.org.Rows("Contact")) != 0 {
		t.Errorf("delete: %s", got)
	}
}

func TestCollections_AllOrNoneTakesEverythingBack(t *testing.T) {
	d := newDesk(t, Options{})
	rows := append(contacts("A"), fields{"attributes": fields{"type": "Account"}})
	got := d.collection(http.MethodPost, "", fields{"allOrNone": true, "records": rows})
	if codesOf(got) != "ALL_OR_NONE_OPERATION_ROLLED_BACK REQUIRED_FIELD_MISSING" || len(d.org.Rows("Contact")) != 0 || len(d.org.Events()) != 0 {
		t.Errorf("results %+v", got)
	}
}

func TestCollections_UpsertByKeyInTheBody(t *testing.T) {
	d := newDesk(t, Options{})
	row := func(key any, name string) fields {
		return fields{"attributes": fields{"type": "Contact"}, "Messaging_Id__c": key, "LastName": name}
	}
	path := "/contact/messaging_id__c"
	first := d.collection(http.MethodPatch, path, fields{"records": []fields{row("a", "A"), row("b", "B"), row(nil, "C")}})
	if codesOf(first) != "ok ok MISSING_ARGUMENT" || !*first[0].Created {
		t.Fatalf("create: %+v", first)
	}
	second := d.collection(http.MethodPatch, path, fields{"records": []fields{row("A", "A2"), row("b", "B2"), row("B", "B3"), row("c", "C")}})
	if codesOf(second) != "ok DUPLICATE_EXTERNAL_ID DUPLICATE_EXTERNAL_ID ok" || *second[0].Created || second[0].ID != first[0].ID || !*second[3].Created {
		t.Errorf("update: %+v", second)
	}
	if row, _ := d.org.Row("Contact", first[1].ID); row["LastName"] != "B" {
		t.Errorf("a row whose key came twice was written: %v", row["LastName"])
	}
	d.refused(d.do(http.MethodPatch, "/composite/sobjects/Contact/Phone", fields{"records": contacts("A")}), 404, "NOT_FOUND")
	d.refused(d.do(http.MethodPatch, "/composite/sobjects/Lead/Messaging_Id__c", fields{"records": contacts("A")}), 400, "INVALID_TYPE")
}

func TestCollections_RefuseCallsThatAreTooLargeOrDoNotParse(t *testing.T) {
	d := newDesk(t, Options{})
	names := make([]string, 201)
	d.refused(d.do(http.MethodPost, "/composite/sobjects", fields{"records": contacts(names...)}), 400, "EXCEEDED_ID_LIMIT")
	d.refused(d.do(http.MethodPost, "/composite/sobjects", fields{"records": []fields{}}), 400, "INVALID_ARRAY")
	d.refused(d.do(http.MethodPost, "/composite/sobjects", fields{"records": []fields{{"LastName": "X"}}}), 400, "INVALID_TYPE")
	bad := append(contacts("A"), fields{"attributes": fields{"type": "Contact"}, "Nope": 1})
	d.refused(d.do(http.MethodPost, "/composite/sobjects", fields{"records": bad}), 400, "INVALID_FIELD")
	bad[1] = fields{"attributes": fields{"type": "Contact"}, "LastName": 1}
	d.refused(d.do(http.MethodPost, "/composite/sobjects", fields{"records": bad}), 400, "JSON_PARSER_ERROR")
	var mixed []fields
	for range 6 {
		mixed = append(append(mixed, contacts("A")...), fields{"attributes": fields{"type": "Account"}, "Name": "A"})
	}
	d.refused(d.do(http.MethodPost, "/composite/sobjects", fields{"records": mixed}), 400, "EXCEEDED_MAX_TYPES_LIMIT")
	if len(d.org.Events()) != 0 {
		t.Error("a refused call wrote something")
	}
}

func TestCollections_RetrieveKeepsPlacesWithNull(t *testing.T) {
	d := newDesk(t, Options{})
	id := d.created("Contact", fields{"LastName": "A"})
	for _, w := range []*struct {
		method, path string
		body         any
	}{
		{http.MethodGet, "?ids=003000000000001," + id + "&fields=LastName", nil},
		{http.MethodPost, "", fields{"ids": []string{"003000000000001", id}, "fields": []string{"lastname"}}},
	} {
		rows := mustDecode[[]fields](t, d.do(w.method, "/composite/sobjects/Contact"+w.path, w.body))
		if len(rows) != 2 || rows[0] != nil || rows[1]["LastName"] != "A" || rows[1]["Id"] != id {
			t.Errorf("%s: %v", w.method, rows)
		}
	}
	d.refused(d.do(http.MethodPost, "/composite/sobjects/Contact", fields{"ids": []string{id}}), 400, "MISSING_ARGUMENT")
}

func TestOrigin_NamesTheClientOnRowsOnly(t *testing.T) {
	for _, everywhere := range []bool{false, true} {
		d := newDesk(t, Options{CollectionsOrigin: everywhere})
		d.extra["Sforce-Call-Options"] = "defaultNamespace=x; client=sfbridge"
		named := "com/salesforce/api/rest/66.0;client=sfbridge"
		d.created("Contact", fields{"LastName": "A"})
		if got := d.lastEvent().Header.Origin; got != named {
			t.Errorf("row: %q", got)
		}
		d.do(http.MethodPatch, "/sobjects/Contact/Messaging_Id__c/1", fields{"LastName": "A"})
		if got := d.lastEvent().Header.Origin; got != named {
			t.Errorf("external id: %q", got)
		}
		d.collection(http.MethodPost, "", fields{"records": contacts("C")})
		want := "com/salesforce/api/rest/66.0"
		if everywhere {
			want = named
		}
		if got := d.lastEvent().Header.Origin; got != want {
			t.Errorf("collection with the switch %v: %q", everywhere, got)
		}
	}
}

func TestLimitChunk_FailsEveryRowOfALargeChunk(t *testing.T) {
	d := newDesk(t, Options{})
	d.org.LimitChunk("Contact", 2)
	if got := codesOf(d.collection(http.MethodPost, "", fields{"records": contacts("A", "B")})); got != "ok ok" {
		t.Errorf("two rows: %s", got)
	}
	got := d.collection(http.MethodPost, "", fields{"records": contacts("A", "B", "C")})
	if codesOf(got) != strings.TrimSpace(strings.Repeat("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY ", 3)) || !strings.Contains(got[0].Errors[0].Message, "Too many SOQL") {
		t.Errorf("three rows: %s", fmt.Sprint(got))
	}
}
