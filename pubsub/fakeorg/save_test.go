package fakeorg

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lastEvent returns what the org's latest commit told.
func (d *desk) lastEvent() Event {
	d.t.Helper()
	events := d.org.Events()
	if len(events) == 0 {
		d.t.Fatal("no event")
	}
	return events[len(events)-1]
}

func TestSave_RefusesWhatAnOrgRefuses(t *testing.T) {
	d := newDesk(t, Options{Seed: &Seed{Users: []UserSeed{{ID: "005000000000099", Username: "left@x.io", Inactive: true}}}})
	gone := d.created("Account", fields{"Name": "Gone"})
	d.do(http.MethodDelete, "/sobjects/Account/"+gone, nil)
	lead := d.created("Lead", fields{"LastName": "L", "Company": "C"})
	account := d.created("Account", fields{"Name": "A"})
	taken := d.created("Contact", fields{"LastName": "First", "Messaging_Id__c": "Key"})
	if err := d.org.Hide("Contact", "Fax", true); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		object string
		body   any
		code   string
		tell   string
		fields []string
	}{
		"no last name":         {"Contact", fields{"FirstName": "A"}, "REQUIRED_FIELD_MISSING", "[LastName]", []string{"LastName"}},
		"blank last name":      {"Contact", fields{"LastName": "  "}, "REQUIRED_FIELD_MISSING", "[LastName]", []string{"LastName"}},
		"long text":            {"Contact", fields{"LastName": strings.Repeat("x", 81)}, "STRING_TOO_LONG", "(max length=80)", []string{"LastName"}},
		"long in UTF-16":       {"Contact", fields{"LastName": "L", "FirstName": strings.Repeat("😀", 21)}, "STRING_TOO_LONG", "(max length=40)", []string{"FirstName"}},
		"no e-mail":            {"Contact", fields{"LastName": "L", "Email": "a@b"}, "INVALID_EMAIL_ADDRESS", "a@b", []string{"Email"}},
		"picklist":             {"Contact", fields{"LastName": "L", "Level__c": "Huge"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Huge", []string{"Level__c"}},
		"multi picklist":       {"Contact", fields{"LastName": "L", "Interests__c": "Music;Chess"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Chess", []string{"Interests__c"}},
		"unknown column":       {"Contact", fields{"LastName": "L", "Nope__c": 1}, "INVALID_FIELD", "No such column 'Nope__c' on sobject of type Contact", nil},
		"hidden column":        {"Contact", fields{"LastName": "L", "Fax": "1"}, "INVALID_FIELD", "No such column 'Fax'", nil},
		"compound name":        {"Contact", fields{"LastName": "L", "Name": "X"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Name", []string{"Name"}},
		"compound address":     {"Contact", fields{"LastName": "L", "MailingAddress": fields{"city": "X"}}, "INVALID_FIELD_FOR_INSERT_UPDATE", "MailingAddress", []string{"MailingAddress"}},
		"system field":         {"Contact", fields{"LastName": "L", "CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "CreatedDate", []string{"CreatedDate"}},
		"id":                   {"Contact", fields{"LastName": "L", "Id": taken}, "INVALID_FIELD", "The Id field should not be specified", nil},
		"malformed id":         {"Contact", fields{"LastName": "L", "AccountId": "nope"}, "MALFORMED_ID", "nope", []string{"AccountId"}},
		"bad checksum":         {"Contact", fields{"LastName": "L", "AccountId": account[:15] + "999"}, "MALFORMED_ID", "", []string{"AccountId"}},
		"id of another object": {"Contact", fields{"LastName": "L", "AccountId": lead}, "MALFORMED_ID", "", []string{"AccountId"}},
		"id of nothing":        {"Contact", fields{"LastName": "L", "AccountId": "001000000000001"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", nil},
		"deleted parent":       {"Contact", fields{"LastName": "L", "AccountId": gone}, "ENTITY_IS_DELETED", "entity is deleted", nil},
		"inactive owner":       {"Contact", fields{"LastName": "L", "OwnerId": "005000000000099"}, "INACTIVE_OWNER_OR_USER", "inactive user", nil},
		"taken key":            {"Contact", fields{"LastName": "L", "Messaging_Id__c": "KEY"}, "DUPLICATE_VALUE", "record with id: " + taken[:15], nil},
		"number for text":      {"Contact", fields{"LastName": 5}, "JSON_PARSER_ERROR", "VALUE_NUMBER_INT", nil},
		"text for boolean":     {"Contact", fields{"LastName": "L", "DoNotCall": "yes"}, "JSON_PARSER_ERROR", "boolean", nil},
		"null for boolean":     {"Contact", fields{"LastName": "L", "DoNotCall": nil}, "INVALID_TYPE_ON_FIELD_IN_RECORD", "not of required type", []string{"DoNotCall"}},
		"text for number":      {"Contact", fields{"LastName": "L", "Credit_Limit__c": "x"}, "JSON_PARSER_ERROR", "double", nil},
		"number too large":     {"Contact", fields{"LastName": "L", "Credit_Limit__c": 1e17}, "NUMBER_OUTSIDE_VALID_RANGE", "", []string{"Credit_Limit__c"}},
		"latitude":             {"Contact", fields{"LastName": "L", "Position__Latitude__s": 91}, "NUMBER_OUTSIDE_VALID_RANGE", "", []string{"Position__Latitude__s"}},
		"date":                 {"Contact", fields{"LastName": "L", "Birthdate": "21.11.2026"}, "JSON_PARSER_ERROR", "date from VALUE_STRING", nil},
		"datetime":             {"Contact", fields{"LastName": "L", "Last_Message__c": "2026-11-21"}, "JSON_PARSER_ERROR", "datetime from VALUE_STRING", nil},
		"not JSON":             {"Contact", "{", "JSON_PARSER_ERROR", "line:1", nil},
		"two objects":          {"Contact", "{}{}", "JSON_PARSER_ERROR", "", nil},
		"empty body":           {"Contact", "", "JSON_PARSER_ERROR", "end of input", nil},
		"what beside a lead":   {"Task", fields{"WhoId": lead, "WhatId": account}, "FIELD_INTEGRITY_EXCEPTION", "", []string{"WhatId"}},
		"event without time":   {"Event", fields{"Subject": "S"}, "REQUIRED_FIELD_MISSING", "ActivityDateTime", []string{"ActivityDateTime"}},
		"missing foreign key":  {"Opportunity", fields{"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-01", "Contact": fields{"Messaging_Id__c": "none"}}, "INVALID_FIELD", "Foreign key external ID: none not found", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			got := d.refused(d.do(http.MethodPost, "/sobjects/"+c.object, c.body), 400, c.code)
			if !strings.Contains(got.Message, c.tell) || !slices.Equal(got.Fields, c.fields) {
				t.Errorf("refused with %+v", got)
			}
		})
	}
	if n := len(d.org.Rows("Contact")); n != 1 {
		t.Errorf("%d contacts after refusals", n)
	}
}

func TestSave_StoresCanonicalValues(t *testing.T) {
	d := newDesk(t, Options{})
	account := d.created("Account", fields{"Name": "A"})
	id := d.created("Contact", fields{
		"LastName": "\t Lee\n", "FirstName": "", "Email": "Ann.LEE@Example.COM", "Credit_Limit__c": "2.675", "Last_Message__c": "2026-11-21T11:22:33.987+01:00",
		"Interests__c": "Travel; Music;Travel;", "AccountId": account[:15], "Customer_Since__c": "2026-01-31", "DoNotCall": "true", "Birthdate": "",
	})
	row, _ := d.org.Row("Contact", id)
	for name, want := range (fields{
		"LastName": "Lee", "FirstName": nil, "Email": "ann.lee@example.com", "Credit_Limit__c": 2.68,
		"Last_Message__c": deskTime.Add(22*60e9 + 33e9), "Interests__c": "Music;Travel", "AccountId": account, "Customer_Since__c": "2026-01-31",
		"DoNotCall": true, "Birthdate": nil, "HasOptedOutOfEmail": false, "OwnerId": d.org.IntegrationUser(),
	}) {
		if row[name] != want {
			t.Errorf("%s = %#v, want %#v", name, row[name], want)
		}
	}
}

func TestSave_UpdateWithoutChangeMovesLastModifiedDateOnly(t *testing.T) {
	d := newDesk(t, Options{})
	id := d.created("Contact", fields{"LastName": "Lee", "Email": "a@x.io"})
	d.org.Advance(90e9)
	if w := d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"LastName": " Lee", "Email": "A@x.io"}); w.Code != http.StatusNoContent {
		t.Fatalf("status %d", w.Code)
	}
	row, _ := d.org.Row("Contact", id)
	if row["LastModifiedDate"] != deskTime.Add(90e9) || row["SystemModstamp"] != deskTime.Add(90e9) || row["CreatedDate"] != deskTime {
		t.Errorf("stamps %v %v %v", row["LastModifiedDate"], row["SystemModstamp"], row["CreatedDate"])
	}
	if got := d.lastEvent().Header.Kind; got != "UPDATE" {
		t.Errorf("event %s", got)
	}
	refused := transact(d.org, Actor{User: d.org.IntegrationUser()}, func(tx *Tx) *Error {
		if err := tx.update(d.org.object("Contact"), id, fields{"Phone": nil}); err != nil {
			return err
		}
		if got := tx.edits(); len(got) != 1 || !slices.Equal(got[0].Changed, []string{"LastModifiedDate"}) {
			t.Errorf("edits %+v", got)
		}
		return nil
	})
	if refused != nil {
		t.Error(refused)
	}
}

func TestSave_ParentByExternalID(t *testing.T) {
	d := newDesk(t, Options{Seed: &Seed{Objects: []ObjectSeed{
		{Name: "Account", Fields: []FieldSeed{{Name: "Ext__c", Type: "string", ExternalID: true, Unique: true}}},
		{Name: "Visit__c", Fields: []FieldSeed{{Name: "Guest__c", Type: "reference", References: []string{"Contact"}}}},
	}}})
	account := d.created("Account", fields{"Name": "A", "Ext__c": "42"})
	contact := d.created("Contact", fields{"LastName": "L", "Messaging_Id__c": "m1", "Account": fields{"Ext__c": "42"}})
	visit := d.created("Visit__c", fields{"Name": "V", "Guest__r": fields{"Messaging_Id__c": "m1"}})
	task := d.created("Task", fields{"Subject": "Call", "Who": fields{"attributes": fields{"type": "Contact"}, "Messaging_Id__c": "m1"}})
	if row, _ := d.org.Row("Contact", contact); row["AccountId"] != account {
		t.Errorf("AccountId = %v", row["AccountId"])
	}
	if row, _ := d.org.Row("Visit__c", visit); row["Guest__c"] != contact {
		t.Errorf("Guest__c = %v", row["Guest__c"])
	}
	if row, _ := d.org.Row("Task", task); row["WhoId"] != contact || row["AccountId"] != account || row["Status"] != "Not Started" || row["IsClosed"] != false {
		t.Errorf("task = %v", row)
	}
}

func TestSave_DerivesWhatAnOrgDerives(t *testing.T) {
	d := newDesk(t, Options{})
	event := d.created("Event", fields{"Subject": "Call", "StartDateTime": "2026-11-21T09:00:00Z", "DurationInMinutes": 15})
	row, _ := d.org.Row("Event", event)
	if row["EndDateTime"] != deskTime.Add(-45*60e9) || row["ActivityDate"] != "2026-11-21" || row["ActivityDateTime"] != row["StartDateTime"] {
		t.Errorf("event = %v", row)
	}
	won := d.created("Opportunity", fields{"Name": "O", "StageName": "Closed Won", "CloseDate": "2026-12-01", "Amount": 50})
	if row, _ := d.org.Row("Opportunity", won); row["IsWon"] != true || row["IsClosed"] != true || row["ExpectedRevenue"] != 50.0 {
		t.Errorf("opportunity = %v", row)
	}
	contact := d.created("Contact", fields{"LastName": "L", "Phone": "1"})
	first, second := d.created("Case", fields{"ContactId": contact}), d.created("Case", fields{"Status": "Closed"})
	one, _ := d.org.Row("Case", first)
	two, _ := d.org.Row("Case", second)
	if one["CaseNumber"] == two["CaseNumber"] || one["ContactPhone"] != "1" || two["IsClosed"] != true || two["ClosedDate"] != deskTime {
		t.Errorf("cases = %v, %v", one, two)
	}
}

func TestDelete_TakesDependentsAndUndeleteGivesBack(t *testing.T) {
	d := newDesk(t, Options{})
	account := d.created("Account", fields{"Name": "A"})
	contact := d.created("Contact", fields{"LastName": "L", "AccountId": account, "Messaging_Id__c": "k"})
	if w := d.do(http.MethodDelete, "/sobjects/Account/"+account, nil); w.Code != http.StatusNoContent {
		t.Fatalf("status %d", w.Code)
	}
	d.refused(d.do(http.MethodPatch, "/sobjects/Contact/"+contact, fields{"LastName": "X"}), 404, "ENTITY_IS_DELETED")
	events := d.org.Events()
	if a, b := events[len(events)-2].Header, events[len(events)-1].Header; a.Key != b.Key || a.Kind != "DELETE" || b.Kind != "DELETE" {
		t.Errorf("events %+v, %+v", a, b)
	}
	other := d.created("Contact", fields{"LastName": "M", "Messaging_Id__c": "k"})
	var refused *Error
	if err := d.org.Undelete("Contact", contact); !errors.As(err, &refused) || refused.Code != "DUPLICATE_VALUE" {
		t.Errorf("undelete beside the same key: %v", err)
	}
	if err := d.org.Delete("Contact", other); err != nil {
		t.Fatal(err)
	}
	if err := d.org.Undelete("Contact", contact); err != nil {
		t.Fatal(err)
	}
	if row, _ := d.org.Row("Contact", contact); row["IsDeleted"] != false || d.lastEvent().Header.Kind != "UNDELETE" {
		t.Errorf("row %v, event %s", row, d.lastEvent().Header.Kind)
	}
}

func TestAutomation_CommitsWithTheRow(t *testing.T) {
	d := newDesk(t, Options{})
	d.org.OnSave("contact", func(values map[string]any) { values["Title"] = " Boss " })
	d.org.AfterSave("Contact", func(tx *Tx, id string) error {
		row, _ := tx.Row("Contact", id)
		if row["LastName"] == "Bad" {
			return errors.New("no Bads")
		}
		if row["Department"] != nil {
			return nil
		}
		if _, err := tx.Create("Task", fields{"Subject": "Greet", "WhoId": id}); err != nil {
			return err
		}
		return tx.Update("Contact", id, fields{"Department": "Sales"})
	})
	id := d.created("Contact", fields{"LastName": "Lee"})
	if row, _ := d.org.Row("Contact", id); row["Title"] != "Boss" || row["Department"] != "Sales" {
		t.Errorf("row %v", row)
	}
	events := d.org.Events()
	if len(events) != 2 || events[0].Header.Entity != "Contact" || events[0].Header.Kind != "CREATE" || events[1].Header.Entity != "Task" ||
		events[0].Header.Key != events[1].Header.Key {
		t.Errorf("events %+v", events)
	}
	d.refused(d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "Bad"}), 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
	if len(d.org.Rows("Contact")) != 1 || len(d.org.Rows("Task")) != 1 || len(d.org.Events()) != 2 {
		t.Error("a refused row left something behind")
	}
}

func TestDo_CommitsAllOrNothingAsTheAgent(t *testing.T) {
	d := newDesk(t, Options{})
	var ids []string
	err := d.org.Do(func(tx *Tx) error {
		for _, name := range []string{"A", "B"} {
			id, err := tx.Create("Contact", fields{"LastName": name})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return tx.Update("Contact", ids[0], fields{"Title": "T"})
	})
	if err != nil {
		t.Fatal(err)
	}
	head := d.lastEvent().Header
	if head.User != d.org.Agent() || head.Origin != "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/" || head.User == d.org.IntegrationUser() {
		t.Errorf("header %+v", head)
	}
	before := len(d.org.Events())
	err = d.org.Do(func(tx *Tx) error {
		if err := tx.Delete("Contact", ids[0]); err != nil {
			return err
		}
		_, err := tx.Create("Contact", fields{})
		return err
	})
	if err == nil || len(d.org.Rows("Contact")) != 2 || len(d.org.Events()) != before {
		t.Errorf("error %v, %d rows", err, len(d.org.Rows("Contact")))
	}
	if diff := cmp.Diff("T", d.org.Rows("Contact")[0]["Title"]); diff != "" {
		t.Error(diff)
	}
}

func TestTx_FoldsTheEditsOfOneRecord(t *testing.T) {
	d := newDesk(t, Options{})
	id, gone := d.created("Contact", fields{"LastName": "A"}), d.created("Contact", fields{"LastName": "B"})
	err := d.org.Do(func(tx *Tx) error {
		made, err := tx.Create("Contact", fields{"LastName": "C"})
		if err != nil {
			return err
		}
		passing, err := tx.Create("Contact", fields{"LastName": "D"})
		if err != nil {
			return err
		}
		for _, err := range []error{
			tx.Update("Contact", id, fields{"Title": "T"}), tx.Update("Contact", made, fields{"Title": "T"}), tx.Update("Contact", gone, fields{"Title": "T"}),
			tx.Update("Contact", id, fields{"Department": "D"}), tx.Delete("Contact", gone), tx.Delete("Contact", passing),
		} {
			if err != nil {
				return err
			}
		}
		var told []string
		for _, e := range tx.edits() {
			told = append(told, string(e.Kind)+" "+textOf(e.Row["LastName"])+" "+strings.Join(e.Changed, ","))
		}
		want := []string{"CREATE C ", "UPDATE A LastModifiedDate,LastModifiedById,Title,Department", "DELETE B "}
		slices.Sort(told)
		slices.Sort(want)
		for i := range told {
			words, wanted := strings.FieldsFunc(told[i], comma), strings.FieldsFunc(want[i], comma)
			slices.Sort(words)
			slices.Sort(wanted)
			if !slices.Equal(words, wanted) {
				t.Errorf("told %q, want %q", told[i], want[i])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func comma(r rune) bool { return r == ',' || r == ' ' }
