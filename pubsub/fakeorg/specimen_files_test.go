package fakeorg

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("update", false, "write testdata anew")

// storedSpecimens are the widths that testdata holds, for whoever decodes events and may not import this package: NAME.avsc is the schema, NAME.json
// what an org tells by it and what its rows say of that.
var storedSpecimens = specimenSizes[:7]

// specimenFile is the form of NAME.json.
type specimenFile struct {
	Types  map[string]string `json:"types"` // as describe names them, of the fields that events speak of, by REST name
	Events []specimenEvent   `json:"events"`
}

// specimenEvent is one event of a specimen. Its values are read from the record's rows and not from the event.
type specimenEvent struct {
	Name    string         `json:"name"`
	Type    ChangeKind     `json:"type"`
	Record  string         `json:"record"`
	Payload []byte         `json:"payload"`
	Values  map[string]any `json:"values,omitempty"` // as REST writes them: of a creation those that are not null, of an update the changed ones
}

// TestSpecimen_FilesAreWhatItMakes keeps testdata and this package together.
func TestSpecimen_FilesAreWhatItMakes(t *testing.T) {
	for _, size := range storedSpecimens {
		name := fmt.Sprintf("%s-%d", strings.ToLower(strings.TrimSuffix(size.object, "__c")), size.fields)
		s, err := NewSpecimen(size.object, size.fields, 1)
		if err != nil {
			t.Fatal(err)
		}
		told, err := json.MarshalIndent(s.file(t, size.fields), "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		keepFile(t, name+".avsc", s.Schema)
		keepFile(t, name+".json", string(told))
	}
}

func keepFile(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(content+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != content+"\n" {
		t.Errorf("%s is not what is made here (%v); go test -run Specimen -update writes it anew", name, err)
	}
}

// file lets the specimen tell of a record that is filled and of one that is nearly empty.
func (s *Specimen) file(t *testing.T, fields int) specimenFile {
	out := specimenFile{Types: map[string]string{}}
	made, err := newSchema(s.object)
	if err != nil {
		t.Fatal(err)
	}
	for name := range made.places {
		out.Types[name] = s.object.Find(name).Type
	}
	tell := func(name string, act func() (Event, error)) {
		out.Events = append(out.Events, s.told(t, name, out.Types, act))
	}
	for _, record := range []struct {
		name  string
		share float64
	}{{"full", 1}, {"sparse", 0.2}} {
		tell(record.name+" create", func() (Event, error) { return s.Create(record.share) })
		for _, n := range []int{1, 3, fields / 3} {
			tell(fmt.Sprintf("%s update of %d", record.name, n), func() (Event, error) { return s.Update(n) })
		}
		tell(record.name+" delete", s.Delete)
	}
	return out
}

// told is the event that act makes, with what it did to the row.
func (s *Specimen) told(t *testing.T, name string, types map[string]string, act func() (Event, error)) specimenEvent {
	t.Helper()
	was, _ := s.org.Row(s.object.Name, s.Record)
	e, err := act()
	if err != nil {
		t.Fatal(err)
	}
	out := specimenEvent{Name: name, Type: ChangeKind(e.Header.Kind), Record: s.Record, Payload: e.Payload, Values: map[string]any{}}
	is, there := s.org.Row(s.object.Name, s.Record)
	if !there {
		return out
	}
	for f := range types {
		changed := is[f] != was[f] || f == "LastModifiedDate" // the clock stands
		if out.Type == KindCreate && is[f] != nil || out.Type == KindUpdate && changed {
			out.Values[f] = jsonValue(types[f], is[f])
		}
	}
	return out
}
