package fakeorg

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// captures is where schemas and payloads of a real org lie. A clone without them skips what needs them; the gate does not.
func captures(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "cdc")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("captured events: %v", err)
		}
		t.Skipf("no captured events here: %v", err)
	}
	return dir
}

func TestSchema_IsMadeForEveryObject(t *testing.T) {
	for _, o := range append(New(Options{}).objects(), vehicle()) {
		s, err := newSchema(o)
		if err != nil {
			t.Errorf("%s: %v", o.Name, err)
			continue
		}
		if len(s.id) != 22 {
			t.Errorf("%s: id %q has not 22 characters", o.Name, s.id)
		}
	}
}

func TestSchema_OrdersStandardBeforeCustom(t *testing.T) {
	s, err := newSchema(vehicle())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, sl := range s.slots {
		names = append(names, sl.field.Name)
	}
	want := []string{"OwnerId", "Name", "CreatedDate", "LastModifiedDate", "Plate__c", "Seats__c", "Price__c", "Sold__c", "Built__c", "Opens__c",
		"Seen__c", "Colours__c", "Notes__c", "Age__c", "Loc__c", "Secret__c"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if s.event != "Vehicle__ChangeEvent" {
		t.Errorf("event %s", s.event)
	}
}

func TestSchema_ChangesItsIDWithTheDescribe(t *testing.T) {
	o, car := New(Options{}), vehicle()
	publish(o, Edit{Object: car, Record: "1", Kind: KindCreate, Row: vehicleRow()})
	grown := *car
	grown.Fields = append(slices.Clone(car.Fields), &Field{Name: "Wheels__c", Type: "double"})
	publish(o, Edit{Object: &grown, Record: "1", Kind: KindCreate, Row: vehicleRow()})
	hidden := grown
	hidden.Fields = slices.Clone(grown.Fields)
	hidden.Fields[3] = &Field{Name: "Plate__c", Type: "string", CustomID: "00N000000000001", Hidden: true}
	publish(o, Edit{Object: &hidden, Record: "1", Kind: KindCreate, Row: vehicleRow()})
	events := o.Events()
	if events[0].SchemaID == events[1].SchemaID {
		t.Error("a new field left the schema id as it was")
	}
	if events[1].SchemaID != events[2].SchemaID {
		t.Error("hiding a field changed the schema id: the schema holds hidden fields too")
	}
	for _, e := range events {
		decode(t, o, e)
	}
}

// captured reads what a schema says of each field.
type capturedField struct {
	Name string
	Type any
	Doc  string
}

func fieldsOf(t *testing.T, text []byte) map[string]capturedField {
	t.Helper()
	var rec struct{ Fields []capturedField }
	if err := json.Unmarshal(text, &rec); err != nil {
		t.Fatal(err)
	}
	out := map[string]capturedField{}
	for _, f := range rec.Fields {
		out[f.Name] = f
	}
	return out
}

func TestSchema_SaysOfAFieldWhatARealOrgSays(t *testing.T) {
	dir, o := captures(t), New(Options{})
	for file, object := range map[string]string{"ContactChangeEvent.2023-05.avsc": "Contact", "AccountChangeEvent.2023-07.avsc": "Account"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSchema(o.object(object))
		if err != nil {
			t.Fatal(err)
		}
		theirs, ours := fieldsOf(t, text), fieldsOf(t, []byte(s.json))
		for name, f := range ours {
			want, there := theirs[name]
			if !there || name == "ChangeEventHeader" || strings.HasSuffix(name, "__c") {
				continue
			}
			if diff := cmp.Diff(kinds(want.Type), kinds(f.Type)); diff != "" || want.Doc != f.Doc {
				t.Errorf("%s.%s: doc %q, a real org says %q; type %s", object, name, f.Doc, want.Doc, diff)
			}
		}
	}
}

// kinds names the branches of a union; orgs differ in the parts that a compound has.
func kinds(union any) []any {
	out := slices.Clone(union.([]any))
	for i, branch := range out {
		if rec, ok := branch.(map[string]any); ok {
			out[i] = rec["name"]
		}
	}
	return out
}
