package cdc

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// specimens is where fakeorg keeps schemas that it made from describes and what it told by them.
const specimens = "../fakeorg/testdata"

// specimen is an object of fakeorg: its schema, and the events of two records with what their rows say.
type specimen struct {
	twins
	name   string
	Types  map[bridge.Field]string // as describe names them
	Events []struct {
		Name    string
		Type    bridge.ChangeType
		Record  bridge.RecordID
		Payload []byte
		Values  map[bridge.Field]any // as REST writes them: of a creation those that are not null, of an update the changed ones
	}
}

// readSpecimens reads them in the order in which the corpus of FuzzDecode counts them: new ones go last.
func readSpecimens(t testing.TB) []specimen {
	stems := strings.Fields("wide-25 wide-64 contact-70 account-87 lead-130 account-250 contact-300")
	if files, err := filepath.Glob(filepath.Join(specimens, "*.avsc")); err != nil || len(files) != len(stems) {
		t.Fatalf("%d schemas where %d are read: %v", len(files), len(stems), err)
	}
	var all []specimen
	for _, stem := range stems {
		schema, events := readSpecimen(t, stem+".avsc"), readSpecimen(t, stem+".json")
		s := specimen{name: stem, twins: newTwins(t, &world{schema: string(schema), codec: codecOf(t, string(schema))})}
		if err := json.Unmarshal(events, &s); err != nil {
			t.Fatal(err)
		}
		if len(s.Types) == 0 || len(s.Events) != 10 {
			t.Fatalf("%s: %d fields, %d events", stem, len(s.Types), len(s.Events))
		}
		all = append(all, s)
	}
	return all
}

func readSpecimen(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join(specimens, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSpecimen_IsReadAsGoavroReadsIt(t *testing.T) {
	for i, s := range readSpecimens(t) {
		r := rand.New(rand.NewPCG(29, uint64(i)))
		for _, e := range s.Events {
			if !s.same(t, e.Payload) {
				t.Fatalf("%s: %s was refused", s.name, e.Name)
			}
			for range 40 { // and what is left of it when bytes are changed
				s.same(t, spoil(r, e.Payload))
			}
		}
	}
}

func TestSpecimen_IsTakenWholeOrNotAtAll(t *testing.T) {
	for _, s := range readSpecimens(t) {
		for _, e := range s.Events {
			for n := range e.Payload {
				if _, err := s.sparse.Decode(e.Payload[:n:n]); err == nil {
					t.Fatalf("%s: the first %d of %d bytes of %s were taken", s.name, n, len(e.Payload), e.Name)
				}
			}
			if _, err := s.sparse.Decode(append(slices.Clone(e.Payload), 0)); err == nil {
				t.Fatalf("%s: a byte behind %s was taken", s.name, e.Name)
			}
		}
	}
}

// TestSpecimen_SaysWhatTheRowHolds holds changes against the rows that they tell of. An update may show what it did not change, as the other half of a
// geolocation, but as the row has it.
func TestSpecimen_SaysWhatTheRowHolds(t *testing.T) {
	for _, s := range readSpecimens(t) {
		row := bridge.Fields{}
		for _, e := range s.Events {
			got, err := s.sparse.Decode(e.Payload)
			if err != nil {
				t.Fatal(err)
			}
			want := bridge.Change{Object: s.sparse.Object(), Records: []bridge.RecordID{e.Record}, Type: e.Type}
			switch values := s.values(t, e.Values); e.Type {
			case bridge.Create:
				for _, f := range s.sparse.Fields() {
					row[f] = null
				}
				maps.Copy(row, values)
				want.Values = row
			case bridge.Update:
				maps.Copy(row, values)
				want.Values = values
				for _, f := range values.Names() {
					if want.Changed = append(want.Changed, f); values[f].IsNull() {
						want.Cleared = append(want.Cleared, f)
					}
				}
			}
			for f, v := range got.Context {
				if row[f] != v || v.IsNull() {
					t.Errorf("%s: %s shows %s beside its changes, the row has another", s.name, e.Name, f)
				}
			}
			slices.Sort(got.Changed)
			slices.Sort(got.Cleared)
			got.Context, got.Tx, got.Origin, got.Version = nil, "", bridge.Origin{}, bridge.Version{}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s (-row +event):\n%s", s.name, e.Name, d)
			}
		}
		if n := s.sparse.Strays(); n > 0 {
			t.Errorf("%s: %d bits name no field", s.name, n)
		}
	}
}

// values are what REST says, made canonical without our decoder.
func (s specimen) values(t *testing.T, rest map[bridge.Field]any) bridge.Fields {
	out := bridge.Fields{}
	for f, v := range rest {
		out[f] = plainREST(t, s.Types[f], v)
	}
	return out
}

func plainREST(t *testing.T, kind string, v any) bridge.Value {
	text, _ := v.(string)
	switch {
	case v == nil:
		return null
	case kind == "boolean":
		return bridge.BoolValue(v.(bool))
	case kind == "date":
		return bridge.Value{Kind: bridge.Date, Text: text}
	case kind == "datetime":
		at, err := time.Parse("2006-01-02T15:04:05.000-0700", text)
		if err != nil {
			t.Fatal(err)
		}
		return bridge.DateTimeValue(at)
	case kind == "multipicklist":
		return bridge.MultiValue(strings.Split(text, ";"))
	case text == "":
		return bridge.NumberValue(v.(float64))
	}
	return bridge.TextValue(text)
}

// TestSpecimen_HasTheFieldsOfItsDescribe looks for fields that events would speak of by another name than REST. The parts of an account's name are in
// its events even where the org has no person accounts and describe does not know them.
func TestSpecimen_HasTheFieldsOfItsDescribe(t *testing.T) {
	for _, s := range readSpecimens(t) {
		want := slices.Collect(maps.Keys(s.Types))
		if s.sparse.Object() == "Account" {
			want = append(want, names("Salutation", "FirstName", "LastName")...)
		}
		slices.Sort(want)
		if d := cmp.Diff(want, s.sparse.Fields()); d != "" {
			t.Errorf("%s (-describe +schema):\n%s", s.name, d)
		}
	}
}
