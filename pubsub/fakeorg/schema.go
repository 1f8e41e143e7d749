package fakeorg

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/linkedin/goavro/v2"
)

// The Avro schema of an object's change event, made from its describe. One schema value stands for one version of one object: the
// describe is never changed in place, so a changed describe is a new object and gets a new schema with a new id.

// schema is one version of a change event's schema.
type schema struct {
	id     string // 22 characters: the fingerprint as URL-safe base64 without padding
	json   string
	codec  *goavro.Codec
	event  string           // record name, such as ContactChangeEvent
	slots  []slot           // by position - 1: position 0 is the header
	places map[string]place // by REST name, compounds themselves left out where their parts are counted
}

// slot is one field of the event's record beside the header.
type slot struct {
	field      *Field
	avro       string // primitive type, "" for a compound
	record     string // named type of a compound, "" for a primitive
	switchable bool   // a string for some records and the compound for others
	parts      []part
}

// part is one field of a compound's record; field is nil where this compound lacks the part that its named type has.
type part struct {
	name  string
	avro  string
	field *Field
}

// place is where a REST field's value stands in the event: the position counting the header as 0, and the part or -1.
type place struct{ top, part int }

// eventName returns the record name of the object's change event: the c of a custom object's suffix gives way.
func eventName(object string) string {
	if root, custom := strings.CutSuffix(object, "__c"); custom {
		return root + "__ChangeEvent"
	}
	return object + "ChangeEvent"
}

// newSchema makes the schema of the object's change event, with change types beyond the usual ones.
func newSchema(o *Object, symbols ...string) (*schema, error) {
	s := &schema{event: eventName(o.Name), slots: slotsOf(o), places: map[string]place{}}
	for i, sl := range s.slots {
		if sl.record == "" || sl.switchable {
			s.places[sl.field.Name] = place{i + 1, -1}
		}
		for j, p := range sl.parts {
			if p.field != nil {
				s.places[p.field.Name] = place{i + 1, j}
			}
		}
	}
	text, err := json.Marshal(s.record(symbols))
	if err != nil {
		return nil, err
	}
	s.json, s.id = string(text), fingerprint(text)
	s.codec, err = goavro.NewCodec(s.json)
	return s, err
}

// fingerprint returns the schema id of a schema's text.
func fingerprint(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// slotsOf lists the event's fields in the order of the object: standard, custom, and those a person account borrows from its contact.
func slotsOf(o *Object) []slot {
	var all [3][]slot
	for _, f := range o.Fields {
		if sl, ok := slotOf(o, f); ok {
			g := orderGroup(f.Name)
			all[g] = append(all[g], sl)
		}
	}
	return slices.Concat(all[0], all[1], all[2])
}

func orderGroup(name string) int {
	switch {
	case strings.HasSuffix(name, "__pc"):
		return 2
	case strings.HasSuffix(name, "__c"):
		return 1
	}
	return 0
}

// slotOf returns the field's slot, or false for what no event carries: ids, parts of compounds, and values the org derives.
func slotOf(o *Object, f *Field) (slot, bool) {
	if absent[f.Name] || f.Type == "id" || f.Type == "base64" || isPart(f) {
		return slot{}, false
	}
	switch {
	case f.Type == "address":
		return slot{field: f, record: "Address", parts: partsOf(o, f, addressParts)}, true
	case f.Type == "location":
		return slot{field: f, record: "Location", parts: partsOf(o, f, locationParts)}, true
	case strings.EqualFold(f.Extra, "personname"):
		return slot{field: f, record: "PersonName", parts: partsOf(o, f, nameParts)}, true
	case strings.EqualFold(f.Extra, "switchablepersonname"):
		return slot{field: f, avro: "string", record: "Switchable_PersonName", switchable: true, parts: partsOf(o, f, nameParts)}, true
	case f.Formula && !strings.HasSuffix(f.Name, "__c"):
		return slot{}, false
	}
	return slot{field: f, avro: avroOf(f)}, true
}

// absent names the standard fields that describe lists and no event carries.
var absent = map[string]bool{
	"IsDeleted": true, "SystemModstamp": true, "MasterRecordId": true, "PhotoUrl": true, "LastActivityDate": true,
	"LastViewedDate": true, "LastReferencedDate": true, "IsEmailBounced": true,
}

func isPart(f *Field) bool { return f.Compound != "" && f.Compound != f.Name }

// addressParts, locationParts and nameParts list the parts of the named types in their order. Those marked optional exist only in
// orgs that switched them on.
var (
	addressParts = []partRule{
		{"Street", "string", false}, {"City", "string", false}, {"State", "string", false}, {"PostalCode", "string", false},
		{"Country", "string", false}, {"StateCode", "string", true}, {"CountryCode", "string", true}, {"Latitude", "double", false},
		{"Longitude", "double", false}, {"Xyz", "string", true}, {"GeocodeAccuracy", "string", false},
	}
	locationParts = []partRule{{"Latitude", "double", false}, {"Longitude", "double", false}}
	nameParts     = []partRule{
		{"Salutation", "string", false}, {"FirstName", "string", false}, {"LastName", "string", false},
		{"MiddleName", "string", true}, {"InformalName", "string", true}, {"Suffix", "string", true},
	}
)

type partRule struct {
	name, avro string
	optional   bool
}

// partsOf lists the parts of the compound f. A named type is defined once for all compounds of the record, so an optional part
// counts as soon as any compound of that kind has it.
func partsOf(o *Object, f *Field, rules []partRule) []part {
	var out []part
	for _, r := range rules {
		if r.optional && !anyHasPart(o, f, r.name) {
			continue
		}
		out = append(out, part{name: r.name, avro: r.avro, field: findPart(o, f, r.name)})
	}
	return out
}

func anyHasPart(o *Object, like *Field, name string) bool {
	return slices.ContainsFunc(o.Fields, func(f *Field) bool {
		return f.Type == like.Type && strings.EqualFold(f.Extra, like.Extra) && findPart(o, f, name) != nil
	})
}

func findPart(o *Object, compound *Field, name string) *Field {
	for _, f := range o.Fields {
		if isPart(f) && f.Compound == compound.Name && partName(compound, f) == name {
			return f
		}
	}
	return nil
}

// partName gives the event's name of a compound's part: MailingCity of MailingAddress is City, Loc__Latitude__s of Loc__c is Latitude.
func partName(compound, f *Field) string {
	if root, custom := strings.CutSuffix(compound.Name, "__c"); custom {
		return strings.TrimSuffix(strings.TrimPrefix(f.Name, root+"__"), "__s")
	}
	if compound.Type == "address" {
		return strings.TrimPrefix(f.Name, strings.TrimSuffix(compound.Name, "Address"))
	}
	return f.Name
}
