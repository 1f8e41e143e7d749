package fakeorg

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Specimen is one record of a wide object and the events that an org tells of it: schemas and payloads for whoever decodes them, made
// from a describe by the same code that serves streams. The same object, width and seed give the same bytes in every run.
type Specimen struct {
	SchemaID string // as GetSchema knows it
	Schema   string // its Avro text
	Record   string // id of the record

	org    *Org
	object *Object
	random *rand.Rand
}

// NewSpecimen makes an object whose change events have so many fields, the header counted. A standard object (Contact, Account) keeps
// its own fields and gets custom ones of every type until it has them; any other name is a custom object, as Wide__c.
func NewSpecimen(object string, fields int, seed uint64) (*Specimen, error) {
	grown, err := widened(object, fields, rand.New(rand.NewPCG(seed, uint64(fields))))
	if err != nil {
		return nil, fmt.Errorf("specimen of %s: %w", object, err)
	}
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	org, err := Open(Options{Seed: &Seed{Objects: []ObjectSeed{grown}}, Now: func() time.Time { return at }})
	if err != nil {
		return nil, fmt.Errorf("specimen of %s: %w", object, err)
	}
	s := &Specimen{org: org, object: org.object(object), random: rand.New(rand.NewPCG(seed, 1))}
	made, err := newSchema(s.object)
	if err != nil {
		return nil, fmt.Errorf("specimen of %s: %w", object, err)
	}
	s.SchemaID, s.Schema = made.id, made.json
	return s, nil
}

// Create makes the record and returns its CREATE; share of the fields that an update may change get a value, 1 is all of them.
func (s *Specimen) Create(share float64) (Event, error) {
	fields := map[string]any{}
	for _, f := range s.object.Fields {
		if f.Updateable && f.Type != "reference" && (f.Required || s.random.Float64() < share) {
			fields[f.Name] = s.object.specimenValue(f, s.random)
		}
	}
	id, err := s.org.Create(s.object.Name, fields)
	if err != nil {
		return Event{}, err
	}
	s.Record = id
	return s.newest(), nil
}

// Update changes so many fields of the record, clearing about one of five, and returns the UPDATE. LastModifiedDate comes beside them.
func (s *Specimen) Update(changed int) (Event, error) {
	var names []*Field
	for _, f := range s.object.Fields {
		if f.Updateable && f.Type != "reference" {
			names = append(names, f)
		}
	}
	if changed > len(names) {
		return Event{}, fmt.Errorf("%s has %d fields that an update changes", s.object.Name, len(names))
	}
	row, _ := s.org.Row(s.object.Name, s.Record)
	s.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	fields := map[string]any{}
	for _, f := range names[:changed] {
		fields[f.Name] = s.object.otherValue(f, row[f.Name], s.random)
	}
	if err := s.org.Update(s.object.Name, s.Record, fields); err != nil {
		return Event{}, err
	}
	return s.newest(), nil
}

// Delete deletes the record and returns the DELETE.
func (s *Specimen) Delete() (Event, error) {
	if err := s.org.Delete(s.object.Name, s.Record); err != nil {
		return Event{}, err
	}
	return s.newest(), nil
}

func (s *Specimen) newest() Event {
	all := s.org.Events()
	return all[len(all)-1]
}

// widened describes the fields to add so that the object's event has as many as wanted.
func widened(object string, fields int, random *rand.Rand) (ObjectSeed, error) {
	grown := ObjectSeed{Name: object}
	catalogue, err := buildCatalogue(nil)
	if err != nil {
		return grown, err
	}
	o := catalogue.find(object)
	if o == nil {
		if !strings.HasSuffix(object, "__c") {
			return grown, errors.New("neither a standard nor a custom object")
		}
		if o, err = catalogue.newObject(grown); err != nil {
			return grown, err
		}
	}
	missing := fields - 1 - len(slotsOf(o))
	if missing < 0 {
		return grown, fmt.Errorf("its events have %d fields already", 1+len(slotsOf(o)))
	}
	for i := range missing {
		grown.Fields = append(grown.Fields, specimenField(i, random))
	}
	return grown, nil
}

// specimenKinds is what custom fields are in the proportion of an ordinary org, which is mostly text and picklists.
var specimenKinds = []FieldSeed{
	{Type: "string", Length: 80}, {Type: "picklist", Values: []string{"Low", "Middle", "High"}}, {Type: "boolean"},
	{Type: "double", Precision: 18, Scale: 2}, {Type: "string", Length: 255}, {Type: "datetime"}, {Type: "picklist", Values: []string{"Yes", "No", "Unknown"}},
	{Type: "date"}, {Type: "currency", Precision: 18, Scale: 2}, {Type: "string", Length: 40}, {Type: "reference", References: []string{"Account"}},
	{Type: "boolean"}, {Type: "textarea", Length: 255}, {Type: "double", Precision: 18}, {Type: "phone"}, {Type: "percent", Precision: 5, Scale: 2},
	{Type: "string", Length: 18, ExternalID: true}, {Type: "email"}, {Type: "multipicklist", Values: []string{"Red", "Green", "Blue", "Grey"}},
	{Type: "url"}, {Type: "textarea", Length: 32768, Extra: "richtextarea"}, {Type: "location", Scale: 6}, {Type: "time"}, {Type: "encryptedstring", Length: 60},
}

func specimenField(i int, random *rand.Rand) FieldSeed {
	f := specimenKinds[(i+random.IntN(2))%len(specimenKinds)]
	f.Name = fmt.Sprintf("%s_%03d__c", strings.ToUpper(f.Type[:1])+f.Type[1:], i)
	return f
}

// otherValue returns a value that differs from the row's: nil where one is cleared.
func (o *Object) otherValue(f *Field, was any, random *rand.Rand) any {
	if f.Type == "boolean" {
		return was != true
	}
	if was != nil && !f.Required && f.Type != "location" && random.IntN(5) == 0 {
		return nil
	}
	for range 64 {
		v := o.specimenValue(f, random)
		if stored, err := f.accept(v); err == nil && stored != was {
			return v
		}
	}
	return nil
}

var specimenWords = []string{"Zürich", "account", "Lee", "renewal", "東京", "pending", "12", "Straße", "Ōsaka", "review", "señor", "b2", "half", "due"}

// specimenValue returns a value that the field takes.
func (o *Object) specimenValue(f *Field, random *rand.Rand) any {
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(random.IntN(3000*86400)) * time.Second)
	switch f.Type {
	case "boolean":
		return random.IntN(2) == 0
	case "int":
		return random.IntN(100_000)
	case "double", "currency", "percent":
		return float64(random.IntN(9_000)) / 100
	case "date":
		return at.Format(time.DateOnly)
	case "datetime":
		return at
	case "time":
		return at.Format("15:04:05.000Z")
	case "email":
		return fmt.Sprintf("p%d@example.com", random.IntN(1_000_000))
	case "phone":
		return fmt.Sprintf("+4144%07d", random.IntN(10_000_000))
	case "url":
		return fmt.Sprintf("https://example.com/%x", random.Uint32())
	case "multipicklist":
		n := 1 + random.IntN(len(f.Values))
		return strings.Join(f.Values[:n], ";")
	}
	if len(f.Values) > 0 {
		return f.Values[random.IntN(len(f.Values))]
	}
	return f.words(random)
}

// words returns a few words, cut to the field's length; keys get a number that no other row has.
func (f *Field) words(random *rand.Rand) string {
	if f.Unique || f.ExternalID {
		return fmt.Sprintf("k-%x", random.Uint32())
	}
	n := 1 + random.IntN(4)
	if f.Length > 255 {
		n += random.IntN(30)
	}
	var text []string
	for range n {
		text = append(text, specimenWords[random.IntN(len(specimenWords))])
	}
	runes := []rune(strings.Join(text, " "))
	return strings.TrimSpace(string(slices.Clip(runes[:min(len(runes), f.Length)])))
}
