package fakeorg

import (
	"net/http"
	"strings"
	"testing"
)

func TestAddField_ShiftsWhatStandsBehindItInMidStream(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		id, err := s.org.Create("Contact", map[string]any{"LastName": "A", "Title": "t", "Department": "d"})
		if err != nil {
			t.Fatal(err)
		}
		st := s.stream(earliest(10))
		first := receive(t, st).Events
		if err := s.org.AddField("Contact", FieldSeed{Name: "Rank__c", Type: "string"}, "Level__c"); err != nil {
			t.Fatal(err)
		}
		if err := s.org.AddField("Contact", FieldSeed{Name: "Nickname", Type: "string"}, "Title"); err != nil {
			t.Fatal(err)
		}
		if err := s.org.Update("Contact", id, map[string]any{"Department": "e", "Rank__c": "r"}); err != nil {
			t.Fatal(err)
		}
		second := receive(t, st).Events
		if first[0].Event.SchemaId == second[0].Event.SchemaId {
			t.Fatal("two fields more, and the schema id is the same")
		}
		events := s.org.Events()
		if _, body := decode(t, s.org, events[1]); body["Department"] != "e" || body["Rank__c"] != "r" {
			t.Errorf("update %v", body)
		}
		_, body := decode(t, s.org, events[0])
		if body["Department"] != "d" {
			t.Errorf("the old event decodes to %v by its own schema", body)
		}
		if one, two := standsAt(t, s.org, events[0], "Department"), standsAt(t, s.org, events[1], "Department"); two != one+1 {
			t.Errorf("Department stood at %d and stands at %d", one, two)
		}
	})
}

// standsAt returns at which field of its schema a name stands.
func standsAt(t *testing.T, o *Org, e Event, name string) int {
	t.Helper()
	text, _ := o.bus.schemaText(e.SchemaID)
	i := strings.Index(text, `{"name":"`+name+`"`)
	if i < 0 {
		t.Fatalf("no %s in %s", name, text)
	}
	return strings.Count(text[:i], `"doc"`)
}

func TestStream_MixesSchemasInOneAnswer(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		for _, name := range []string{"One__c", "Two__c"} {
			if _, err := s.org.Create("Contact", map[string]any{"LastName": name}); err != nil {
				t.Fatal(err)
			}
			if err := s.org.AddField("Contact", FieldSeed{Name: name, Type: "date"}, ""); err != nil {
				t.Fatal(err)
			}
		}
		if got := receive(t, s.stream(earliest(10))).Events; len(got) != 2 || got[0].Event.SchemaId == got[1].Event.SchemaId {
			t.Errorf("answer %v", got)
		}
	})
}

func TestRemoveField_TakesItsValuesAlong(t *testing.T) {
	d := newDesk(t, Options{})
	id := d.created("Contact", fields{"LastName": "A", "Messaging_Id__c": "k", "Position__Latitude__s": 1.5, "Position__Longitude__s": 2.5})
	n := len(d.org.Events())
	for _, name := range []string{"Messaging_Id__c", "Position__c"} {
		if err := d.org.RemoveField("Contact", name); err != nil {
			t.Fatal(err)
		}
	}
	if w := d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"Title": "T"}); w.Code != http.StatusNoContent {
		t.Errorf("update: %d %s", w.Code, w.Body)
	}
	d.refused(d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"Messaging_Id__c": "k"}), 400, "INVALID_FIELD")
	if row, _ := d.org.Row("Contact", id); row["Messaging_Id__c"] != nil || row["Position__Latitude__s"] != nil {
		t.Errorf("row %v", row)
	}
	if got := d.since(n); got != "Contact UPDATE" {
		t.Errorf("events %s", got)
	}
	if err := d.org.AddField("Contact", FieldSeed{Name: "Messaging_Id__c", Type: "string", ExternalID: true, Unique: true}, ""); err != nil {
		t.Fatal(err)
	}
	d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"Messaging_Id__c": "new"})
	if w := d.do(http.MethodGet, "/sobjects/Contact/Messaging_Id__c/new", nil); w.Code != http.StatusOK {
		t.Errorf("a key that came later is not found: %d", w.Code)
	}
}

func TestReshape_RefusesWhatAnAdminCannotDo(t *testing.T) {
	o := New(Options{})
	for name, err := range map[string]error{
		"a field twice":       o.AddField("Contact", FieldSeed{Name: "Title", Type: "string"}, ""),
		"no API name":         o.AddField("Contact", FieldSeed{Name: "1 X__c", Type: "string"}, ""),
		"before nothing":      o.AddField("Contact", FieldSeed{Name: "X__c", Type: "string"}, "Nope"),
		"no object":           o.AddField("Nope", FieldSeed{Name: "X__c", Type: "string"}, ""),
		"a standard field":    o.RemoveField("Contact", "LastName"),
		"what is not there":   o.RemoveField("Contact", "Nope__c"),
		"a type there is not": o.AddField("Contact", FieldSeed{Name: "X__c", Type: "blob"}, ""),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if o.object("Contact").Find("X__c") != nil {
		t.Error("a refused field is there")
	}
}

func TestAgeAddresses_BringsTheOldPartAndTakesIt(t *testing.T) {
	o := New(Options{})
	if err := o.AgeAddresses("Contact", true); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Create("Contact", map[string]any{"LastName": "L", "MailingCity": "Bern", "MailingLatitude": 46.9}); err != nil {
		t.Fatal(err)
	}
	if err := o.AgeAddresses("Contact", false); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Create("Contact", map[string]any{"LastName": "L", "MailingCity": "Bern", "MailingLatitude": 46.9}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		e := o.Events()[i]
		text, _ := o.bus.schemaText(e.SchemaID)
		if strings.Contains(text, `"Xyz"`) != want {
			t.Errorf("event %d: Xyz is wrong in %s", i, text)
		}
		if _, body := decode(t, o, e); body["MailingAddress.City"] != "Bern" || body["MailingAddress.Latitude"] != 46.9 {
			t.Errorf("event %d: %v", i, body)
		}
	}
}

func TestAddChangeType_IsRaisedByEmit(t *testing.T) {
	o := New(Options{})
	h := Header{Entity: "Contact", Records: []string{"003000000000001AAA"}, Kind: "PURGE"}
	if _, err := o.Emit(h, nil, nil); err == nil {
		t.Error("a change type that no schema has was raised")
	}
	o.AddChangeType("PURGE")
	e, err := o.Emit(h, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header, _ := decode(t, o, e); header["changeType"] != "PURGE" {
		t.Errorf("header %v", header)
	}
}
