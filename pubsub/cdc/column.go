package cdc

import (
	"slices"
	"strings"

	"sfbridge/bridge"
)

// column is one field of the event record and what it is called over REST.
type column struct {
	whole leaf   // no name where REST has no such field, as for an address
	parts []leaf // of a compound, by position; no name where REST has no such field
	first int    // where the bits of the parts begin in a mask
}

// leaf is what becomes one REST field.
type leaf struct {
	name  bridge.Field
	form  form
	asked bool // somebody reads the field
}

// ask answers the column with those leaves asked for that are wanted, and how many they are.
func (c column) ask(wanted func(bridge.Field) bool) (asked column, n int) {
	c.parts = slices.Clone(c.parts)
	leaves := []*leaf{&c.whole}
	for i := range c.parts {
		leaves = append(leaves, &c.parts[i])
	}
	for _, l := range leaves {
		if l.asked = l.name != "" && wanted(l.name); l.asked {
			n++
		}
	}
	return c, n
}

// newColumn lays out the field f. What a compound's parts are called follows from its Salesforce type, which the doc string gives:
//
//	Address            MailingAddress.City   MailingCity         Address.City    City            X__c.City       X__City__s
//	PersonName         Name.FirstName        FirstName
//	Location           X__c.Latitude         X__Latitude__s
//
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-deserialization-considerations.html
func newColumn(f field) column {
	kind := salesforceType(f.doc)
	c := column{whole: leaf{name: bridge.Field(f.name), form: formOf(kind, f.node)}}
	record := f.node.branch(kindRecord)
	if record == nil {
		return c
	}
	for _, p := range record.fields {
		c.parts = append(c.parts, leaf{name: partName(f.name, kind, p.name), form: formOf(salesforceType(p.doc), p.node)})
	}
	if f.node.branch(kindString) == nil {
		c.whole.name = ""
	}
	return c
}

func partName(compound, kind, part string) bridge.Field {
	if strings.HasPrefix(part, "Xyz") { // an inner coding of the coordinates that REST does not have
		return ""
	}
	if stem, custom := strings.CutSuffix(compound, "__c"); custom {
		return bridge.Field(stem + "__" + part + "__s")
	}
	switch {
	case strings.HasSuffix(kind, "PersonName"):
		return bridge.Field(part)
	case kind == "Address":
		return bridge.Field(strings.TrimSuffix(compound, "Address") + part)
	default:
		return bridge.Field(compound + "." + part)
	}
}

// salesforceType is the middle of a doc string: DateOnly of Data:DateOnly:00NDp00000BbvCb.
func salesforceType(doc string) string {
	_, kind, _ := strings.Cut(doc, ":")
	kind, _, _ = strings.Cut(kind, ":")
	return kind
}
