package fakeorg

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// merge adds a described object to the catalogue, or its fields to the object that is there.
func (c *catalogue) merge(s ObjectSeed) error {
	o := c.find(s.Name)
	if o == nil {
		made, err := c.newObject(s)
		if err != nil {
			return err
		}
		o = made
		c.add(o)
	}
	if s.Selected != nil {
		o.Selected = *s.Selected
	}
	for _, f := range s.Fields {
		if err := o.grow(f); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return nil
}

func (c *catalogue) newObject(s ObjectSeed) (*Object, error) {
	custom := strings.HasSuffix(s.Name, "__c")
	if s.Name == "" {
		return nil, errors.New("it has no name")
	}
	if s.Prefix == "" && custom {
		s.Prefix = fmt.Sprintf("a%02d", len(c.order))
	}
	if len(s.Prefix) != 3 {
		return nil, fmt.Errorf("key prefix %q is not three characters", s.Prefix)
	}
	if taken := c.byPrefix(s.Prefix); taken != nil {
		return nil, fmt.Errorf("key prefix %s belongs to %s", s.Prefix, taken.Name)
	}
	o := &Object{Name: s.Name, Prefix: s.Prefix, Custom: custom, Selected: true}
	o.Label = cmp.Or(s.Label, strings.ReplaceAll(strings.TrimSuffix(s.Name, "__c"), "_", " "))
	o.Plural = cmp.Or(s.Plural, o.Label+"s")
	o.addFrame(s)
	return o, nil
}

// addFrame adds the fields that every object has.
func (o *Object) addFrame(s ObjectSeed) {
	stamp := func(name, label, kind string, references ...string) {
		f := &Field{Name: name, Label: label, Type: kind, References: references, Defaulted: true}
		f.Length = usualLength(kind)
		o.Fields = append(o.Fields, f)
	}
	stamp("Id", o.Label+" ID", "id")
	o.Find("Id").IDLookup = true
	stamp("IsDeleted", "Deleted", "boolean")
	if !s.Unowned {
		owners := []string{"User"}
		if s.Name == "Lead" || s.Name == "Case" || s.Name == "Task" {
			owners = []string{"Group", "User"}
		}
		o.Fields = append(o.Fields, &Field{Name: "OwnerId", Label: "Owner ID", Type: "reference", Length: 18, References: owners,
			Defaulted: true, Createable: true, Updateable: true})
	}
	if o.Custom && !slices.ContainsFunc(s.Fields, func(f FieldSeed) bool { return f.Name == "Name" }) {
		o.Fields = append(o.Fields, &Field{Name: "Name", Label: o.Label + " Name", Type: "string", Length: 80, Createable: true, Updateable: true,
			IDLookup: true})
	}
	stamp("CreatedDate", "Created Date", "datetime")
	stamp("CreatedById", "Created By ID", "reference", "User")
	stamp("LastModifiedDate", "Last Modified Date", "datetime")
	stamp("LastModifiedById", "Last Modified By ID", "reference", "User")
	stamp("SystemModstamp", "System Modstamp", "datetime")
}

var apiName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(_{1,2}[A-Za-z0-9]+)*$`)

// grow adds one described field and the parts that its type brings.
func (o *Object) grow(s FieldSeed) error {
	if s.Name == "" || s.Type == "" {
		return errors.New("it lacks a name or a type")
	}
	if !apiName.MatchString(s.Name) {
		return errors.New("its name is no API name")
	}
	if o.Find(s.Name) != nil {
		return errors.New("it is there already")
	}
	if !knownTypes[s.Type] {
		return fmt.Errorf("type %q is none of describe's", s.Type)
	}
	f := s.field(o)
	o.Fields = append(o.Fields, f)
	switch s.Type {
	case "address":
		o.growAddress(f)
	case "location":
		o.growLocation(f, s.Scale)
	}
	return nil
}

func (s FieldSeed) field(o *Object) *Field {
	f := &Field{
		Name: s.Name, Label: cmp.Or(s.Label, spaced(s.Name)), Type: s.Type, Extra: s.Extra, Length: s.Length, Precision: s.Precision,
		Scale: s.Scale, Compound: s.Compound, References: s.References, Values: s.Values, Labels: s.Labels, Of: s.Of, Restricted: s.Restricted, Required: s.Required,
		Unique: s.Unique, ExternalID: s.ExternalID, IDLookup: s.IDLookup || s.ExternalID, Formula: s.Formula, Hidden: s.Hidden,
		Default: s.Default, Defaulted: s.Default != nil || s.Type == "boolean",
	}
	readOnly := s.ReadOnly || s.Formula || s.Type == "address" || s.Type == "location" || s.Extra == "personname"
	f.Createable, f.Updateable = !readOnly, !readOnly && !s.CreateOnly
	if f.Length == 0 {
		f.Length = usualLength(s.Type)
	}
	if f.Precision == 0 && (s.Type == "double" || s.Type == "currency" || s.Type == "percent") {
		f.Precision = 18
	}
	if strings.HasSuffix(s.Name, "__c") {
		f.CustomID = "00N5e00000" + o.Prefix + fieldNumber(len(o.Fields))
	}
	return f
}

// fieldNumber writes a field's number in two digits, beyond 99 with letters in them.
func fieldNumber(n int) string {
	if n < 100 {
		return fmt.Sprintf("%02d", n)
	}
	n += 10*62 - 100
	return string([]byte{idAlphabet[n/62], idAlphabet[n%62]})
}

func (o *Object) growAddress(whole *Field) {
	prefix := strings.TrimSuffix(whole.Name, "Address")
	part := func(name, kind string, length int) {
		f := &Field{Name: prefix + name, Label: spaced(prefix + name), Type: kind, Length: length, Compound: whole.Name, Createable: true, Updateable: true}
		if kind == "double" {
			f.Precision, f.Scale = 18, 15
		}
		o.Fields = append(o.Fields, f)
	}
	part("Street", "textarea", 255)
	part("City", "string", 40)
	part("State", "string", 80)
	part("PostalCode", "string", 20)
	part("Country", "string", 80)
	part("Latitude", "double", 0)
	part("Longitude", "double", 0)
	part("GeocodeAccuracy", "picklist", 40)
	accuracy := o.Fields[len(o.Fields)-1]
	accuracy.Restricted = true
	accuracy.Values = []string{"Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County", "State", "Unknown"}
}

func (o *Object) growLocation(whole *Field, scale int) {
	stem := strings.TrimSuffix(whole.Name, "__c")
	for _, part := range []string{"Latitude", "Longitude"} {
		o.Fields = append(o.Fields, &Field{Name: stem + "__" + part + "__s", Label: whole.Label + " (" + part + ")", Type: "double", Precision: 3 + scale,
			Scale: scale, Compound: whole.Name, CustomID: whole.CustomID, Createable: true, Updateable: true})
	}
}

// knownTypes are the describe types that a seed may use.
var knownTypes = map[string]bool{
	"string": true, "picklist": true, "multipicklist": true, "combobox": true, "reference": true, "boolean": true, "currency": true,
	"textarea": true, "int": true, "double": true, "percent": true, "phone": true, "id": true, "date": true, "datetime": true, "time": true,
	"url": true, "email": true, "encryptedstring": true, "location": true, "address": true,
}

func usualLength(kind string) int {
	switch kind {
	case "id", "reference":
		return 18
	case "phone":
		return 40
	case "email":
		return 80
	case "string", "picklist", "combobox", "url", "textarea":
		return 255
	case "multipicklist":
		return 4099
	}
	return 0
}

// spaced makes a label of an API name: MobilePhone becomes Mobile Phone.
func spaced(name string) string {
	name = strings.ReplaceAll(strings.TrimSuffix(name, "__c"), "_", " ")
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
