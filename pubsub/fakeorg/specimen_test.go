package fakeorg

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// specimenSizes are the widths that decoders are measured and tried with.
var specimenSizes = []struct {
	object string
	fields int
}{{"Wide__c", 25}, {"Wide__c", 64}, {"Contact", 70}, {"Account", 87}, {"Lead", 130}, {"Account", 250}, {"Contact", 300}, {"Wide__c", 300}}

func TestSpecimen_HasTheWidthAskedForAndDecodes(t *testing.T) {
	for _, size := range specimenSizes {
		t.Run(fmt.Sprintf("%s of %d", size.object, size.fields), func(t *testing.T) {
			s, err := NewSpecimen(size.object, size.fields, 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(fieldsOf(t, []byte(s.Schema))); got != size.fields {
				t.Fatalf("%d fields", got)
			}
			create, err := s.Create(1)
			if err != nil {
				t.Fatal(err)
			}
			if create.SchemaID != s.SchemaID {
				t.Errorf("the event names schema %s, want %s", create.SchemaID, s.SchemaID)
			}
			if _, body := decode(t, s.org, create); len(body) < size.fields/2 {
				t.Errorf("a full creation carries %d values", len(body))
			}
			for _, n := range []int{1, 3, size.fields / 3} {
				update, err := s.Update(n)
				if err != nil {
					t.Fatal(err)
				}
				if got := flagged(update.Header.Changed); got != n+1 {
					t.Errorf("an update of %d fields flags %d", n, got)
				}
				decode(t, s.org, update)
			}
			gone, err := s.Delete()
			if _, body := decode(t, s.org, gone); err != nil || len(body) != 0 {
				t.Errorf("%v, %v", err, body)
			}
		})
	}
}

// flagged counts the bits of bitmaps.
func flagged(maps []string) (n int) {
	for _, text := range maps {
		_, hex, _ := bytes.Cut([]byte(text), []byte("0x"))
		for _, digit := range hex {
			n += map[byte]int{'1': 1, '2': 1, '3': 2, '4': 1, '5': 2, '6': 2, '7': 3, '8': 1, '9': 2, 'A': 2, 'B': 3, 'C': 2, 'D': 3, 'E': 3, 'F': 4}[digit]
		}
	}
	return n
}

func TestSpecimen_IsTheSameInEveryRun(t *testing.T) {
	bytesOf := func(seed uint64) (all []byte) {
		s, err := NewSpecimen("Contact", 120, seed)
		if err != nil {
			t.Fatal(err)
		}
		create, _ := s.Create(0.7)
		update, err := s.Update(10)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat([]byte(s.SchemaID), create.Payload, update.Payload)
	}
	if !bytes.Equal(bytesOf(3), bytesOf(3)) || bytes.Equal(bytesOf(3), bytesOf(4)) {
		t.Error("one seed gives two specimens, or two seeds one")
	}
}

func TestSpecimen_RefusesWhatItCannotBe(t *testing.T) {
	for object, fields := range map[string]int{"Contact": 20, "Nothing": 50} {
		if _, err := NewSpecimen(object, fields, 1); err == nil {
			t.Errorf("%s of %d fields was made", object, fields)
		}
	}
	s, err := NewSpecimen("Wide__c", 25, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(99); err == nil {
		t.Error("an update changed more fields than there are")
	}
}

func TestCustomField_HasAnIDOf15CharactersHoweverManyThereAre(t *testing.T) {
	s, err := NewSpecimen("Account", 300, 1)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range s.object.Fields {
		if f.CustomID != "" && f.Compound == "" && (len(f.CustomID) != 15 || seen[f.CustomID]) {
			t.Errorf("%s has the id %q", f.Name, f.CustomID)
		}
		seen[f.CustomID] = true
	}
}
