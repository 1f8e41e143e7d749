package fakeorg

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// silent are the row's fields that no event carries.
func silent() []string {
	return []string{"Id", "IsDeleted", "SystemModstamp", "LastActivityDate", "IsEmailBounced"}
}

// asRow turns a decoded body back into REST names and stored values, by rules of its own.
func asRow(o *Object, body map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range body {
		if text, ok := v.(string); ok && strings.HasPrefix(text, eventNamespace) {
			continue
		}
		compound, part, nested := strings.Cut(name, ".")
		switch {
		case nested && compound == "Name":
			name = part
		case nested && strings.HasSuffix(compound, "__c"):
			name = strings.TrimSuffix(compound, "c") + part + "__s"
		case nested:
			name = strings.TrimSuffix(compound, "Address") + part
		}
		out[name] = asStored(o.Find(name), v)
	}
	return out
}

func asStored(f *Field, v any) any {
	switch f.Type {
	case "datetime":
		return time.UnixMilli(v.(int64)).UTC()
	case "date":
		return time.UnixMilli(v.(int64)).UTC().Format(time.DateOnly)
	case "time":
		return time.UnixMilli(v.(int64)).UTC().Format("15:04:05.000Z")
	case "int":
		return int64(v.(int32))
	}
	return v
}

func storedRow(t *testing.T, o *Org, object, id string) map[string]any {
	t.Helper()
	row, ok := o.Row(object, id)
	if !ok {
		t.Fatalf("no row %s", id)
	}
	row = maps.Clone(row)
	for _, name := range silent() {
		delete(row, name)
	}
	if f := o.object(object).Find("Name"); f != nil && f.Extra == "personname" {
		delete(row, "Name")
	}
	return row
}

func everyKind() map[string]map[string]any {
	return map[string]map[string]any{
		"Contact": {
			"LastName": "佐藤", "FirstName": " Aiko ", "Salutation": "Ms.", "Email": "Aiko@Example.COM", "MailingCity": "Tokyo", "MailingStreet": "1-2-3",
			"OtherCountry": "Japan", "Birthdate": "1960-02-29", "Position__Latitude__s": 35.5, "Position__Longitude__s": -139.25,
			"EmailBouncedDate": "2026-01-02T03:04:05.678Z", "DoNotCall": true, "Interests__c": "", "Description": "a\r\nb",
		},
		"Account": {"Name": "Acme", "BillingCity": "Osaka", "AnnualRevenue": 1.5e9, "NumberOfEmployees": 12, "Industry": "Media"},
		"Lead":    {"LastName": "Suzuki", "Company": "Acme", "City": "Nara", "FirstName": "Ken"},
		"Case":    {"Subject": "Help"},
		"Plan__c": {"Name": "P", "Starts__c": "09:30:00.250Z", "Seats__c": 3, "Share__c": 12.25, "Site__c": "https://example.com"},
	}
}

func TestRows_AreWhatTheirEventsSay(t *testing.T) {
	o := New(Options{Seed: &Seed{Objects: []ObjectSeed{{Name: "Plan__c", Fields: []FieldSeed{
		{Name: "Starts__c", Type: "time"}, {Name: "Seats__c", Type: "int"}, {Name: "Share__c", Type: "percent", Scale: 2}, {Name: "Site__c", Type: "url"},
	}}}}})
	for object, fields := range everyKind() {
		id, err := o.Create(object, fields)
		if err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		header, body := decode(t, o, last(t, o))
		if header["entityName"] != object || header["changeType"] != "CREATE" || header["recordIds"].([]any)[0] != id {
			t.Errorf("%s: %v", object, header)
		}
		if diff := cmp.Diff(storedRow(t, o, object, id), asRow(o.object(object), body)); diff != "" {
			t.Errorf("%s: %s", object, diff)
		}
	}
}

func TestRows_SayWhatAWriteChanged(t *testing.T) {
	o := New(Options{})
	id, err := o.Create("Contact", everyKind()["Contact"])
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Update("Contact", id, map[string]any{"MailingCity": "Kyoto", "MailingStreet": nil, "FirstName": "Emi", "Salutation": "Ms."}); err != nil {
		t.Fatal(err)
	}
	row := storedRow(t, o, "Contact", id)
	_, body := decode(t, o, last(t, o))
	got := asRow(o.object("Contact"), body)
	for name, v := range got {
		if diff := cmp.Diff(row[name], v); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	want := map[string]bool{"MailingCity": true, "FirstName": true, "LastModifiedDate": true}
	for name := range got {
		if !want[name] && name != "LastModifiedById" {
			t.Errorf("%s did not change", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("missing %v", want)
	}
	if err := o.Delete("Contact", id); err != nil {
		t.Fatal(err)
	}
	if header, body := decode(t, o, last(t, o)); header["changeType"] != "DELETE" || len(body) != 0 {
		t.Errorf("%v %v", header, body)
	}
	if err := o.Undelete("Contact", id); err != nil {
		t.Fatal(err)
	}
	header, body := decode(t, o, last(t, o))
	if diff := cmp.Diff(storedRow(t, o, "Contact", id), asRow(o.object("Contact"), body)); diff != "" || header["changeType"] != "UNDELETE" {
		t.Errorf("%v %s", header, diff)
	}
}
