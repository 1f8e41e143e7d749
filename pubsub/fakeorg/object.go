package fakeorg

import "strings"

// Object describes one object of the org: what describe answers and what the event schema is made from.
type Object struct {
	Name     string // API name, Contact or Vehicle__c
	Label    string
	Plural   string
	Prefix   string // the three characters its record ids begin with
	Custom   bool
	Selected bool // selected for Change Data Capture
	Fields   []*Field
}

// Field describes one field. Compound fields (Name of a person, addresses, geolocations) are entries of their own, and their parts name them in Compound.
type Field struct {
	Name       string // REST name: MailingCity, Loc__Latitude__s
	Label      string
	Type       string // describe type: string, phone, email, picklist, address, location, reference, ...
	Extra      string // extraTypeInfo, such as personname
	Length     int
	Precision  int
	Scale      int
	Compound   string // REST name of the compound field this is a part of, "" for none
	References []string
	Values     []string          // picklist values
	Labels     map[string]string // of values whose label is another
	Of         map[string]string // of the code of a state, the code of its country
	Restricted bool
	Required   bool // a create without it is refused
	Unique     bool
	ExternalID bool
	IDLookup   bool
	Createable bool
	Updateable bool
	Formula    bool
	Defaulted  bool // the org fills it on create
	Default    any
	Hidden     bool   // hidden from the integration user by field-level security
	CustomID   string // 15-character id of a custom field, for the event schema's doc
}

// Find returns the field by its case-insensitive REST name, or nil.
func (o *Object) Find(name string) *Field {
	for _, f := range o.Fields {
		if strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return nil
}
