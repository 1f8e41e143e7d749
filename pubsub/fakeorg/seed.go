package fakeorg

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
)

//go:embed standard.json
var standardObjects []byte

// Seed is what an org holds beyond the standard objects when it starts; its JSON form is what `fakeorg -seed FILE` reads. Nothing of
// a seed raises a change event.
type Seed struct {
	Name string `json:"name"` // of the organization
	// PersonAccounts makes people who are account and contact in one possible, for good; see Org.PersonRecordType.
	PersonAccounts bool         `json:"personAccounts"`
	Objects        []ObjectSeed `json:"objects"` // new objects, or further fields of objects that are there
	Users          []UserSeed   `json:"users"`
	Rows           []RowSeed    `json:"rows"` // in order; a row may name a row before it
}

// ObjectSeed describes one object. A name that ends in __c is a custom object: its Id, Name, OwnerId and system fields come by
// themselves.
type ObjectSeed struct {
	Name     string      `json:"name"`
	Label    string      `json:"label"`
	Plural   string      `json:"plural"`
	Prefix   string      `json:"prefix"`
	Selected *bool       `json:"selected"` // for Change Data Capture; nil means true
	Unowned  bool        `json:"unowned"`  // has no OwnerId
	Fields   []FieldSeed `json:"fields"`
}

// FieldSeed describes one field; what is left out is the usual of its type. A field of type address or location brings its parts.
type FieldSeed struct {
	Name       string   `json:"name"`
	Label      string   `json:"label"`
	Type       string   `json:"type"`
	Extra      string   `json:"extra"`
	Length     int      `json:"length"`
	Precision  int      `json:"precision"`
	Scale      int      `json:"scale"`
	Compound   string   `json:"compound"`
	References []string `json:"references"`
	Values     []string `json:"values"`
	// Labels are those of values whose label is another; Of names, of the codes of states, that of the country.
	Labels     map[string]string `json:"labels"`
	Of         map[string]string `json:"of"`
	Restricted bool              `json:"restricted"`
	Required   bool              `json:"required"`
	Unique     bool              `json:"unique"`
	ExternalID bool              `json:"externalId"`
	IDLookup   bool              `json:"idLookup"`
	ReadOnly   bool              `json:"readOnly"`
	CreateOnly bool              `json:"createOnly"`
	Formula    bool              `json:"formula"`
	Hidden     bool              `json:"hidden"`
	Default    any               `json:"default"`
}

// UserSeed is one user of the org.
type UserSeed struct {
	ID        string `json:"id"` // 15 or 18 characters; "" means the org gives one
	Username  string `json:"username"`
	Email     string `json:"email"` // "" means the user name
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Inactive  bool   `json:"inactive"`
}

// RowSeed is one row. A value "@name" of a reference field stands for the id of the row whose Ref is that name.
type RowSeed struct {
	Object string         `json:"object"`
	Ref    string         `json:"ref"`
	ID     string         `json:"id"` // 15 or 18 characters; "" means the org gives one
	Fields map[string]any `json:"fields"`
}

// ReadSeed reads a seed in its JSON form; a member it does not know is an error, so that a misspelt one is not lost.
func ReadSeed(r io.Reader) (*Seed, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	seed := new(Seed)
	if err := decoder.Decode(seed); err != nil {
		return nil, fmt.Errorf("read seed: %w", err)
	}
	if _, err := buildCatalogue(seed); err != nil {
		return nil, fmt.Errorf("read seed: %w", err)
	}
	return seed, nil
}

// buildCatalogue returns the standard objects with the seed's additions; seed may be nil.
func buildCatalogue(seed *Seed) (*catalogue, error) {
	var standard Seed
	decoder := json.NewDecoder(bytes.NewReader(standardObjects))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if err := decoder.Decode(&standard); err != nil {
		return nil, fmt.Errorf("standard objects: %w", err)
	}
	c := &catalogue{byName: make(map[string]*Object)}
	all := standard.Objects
	if seed != nil {
		all = append(all, seed.Objects...)
	}
	for _, s := range all {
		if err := c.merge(s); err != nil {
			return nil, fmt.Errorf("object %s: %w", s.Name, err)
		}
	}
	if seed != nil && seed.PersonAccounts {
		c.addPersonAccounts()
	}
	return c, nil
}
