package main

import (
	"maps"
	"slices"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
)

// recipe is a transfer of contacts that is known to work: what Salesforce asks for is filled, and names are parted by the script they are written in.
type recipe struct {
	object string
	set    map[string]any // what a created row has where nobody says otherwise
}

func recipes() map[string]recipe {
	return map[string]recipe{
		"contact": {object: "Contact"},
		"lead":    {object: "Lead", set: map[string]any{"Company": unnamed}},
	}
}

func recipeNames() []string { return slices.Sorted(maps.Keys(recipes())) }

// unnamed is what Salesforce is given where it asks for a name and nobody knows one.
const unnamed = "(unknown)"

// prepare fills in what the transfer's recipe knows and the file does not say. A field that the file maps is the file's alone.
func (t *TransferConfig) prepare(traits *platform.Traits) {
	r, ok := recipes()[t.Recipe]
	if !ok || traits == nil || t.Type != "" {
		return // blamed by the validation
	}
	if t.Object == "" {
		t.Object = r.object
	}
	mail, phone := standing(traits, bridge.EmailFormat), standing(traits, bridge.PhoneFormat)
	if len(t.Identity) == 0 {
		t.Identity = slices.Concat(mail, phone)
	}
	own := slices.Clone(t.Fields)
	for _, p := range slices.Concat(namePairs(traits), mail, phone) {
		if !slices.ContainsFunc(own, func(o PairConfig) bool {
			return p.Salesforce != "" && o.Salesforce == p.Salesforce || p.Salesforce == "" && o.Platform == p.Platform
		}) {
			t.Fields = append(t.Fields, p)
		}
	}
	for field, v := range r.set {
		if _, said := t.Set[field]; !said && !slices.ContainsFunc(own, func(o PairConfig) bool { return o.Salesforce == field }) {
			t.Set = maps.Clone(t.Set)
			if t.Set == nil {
				t.Set = map[string]any{}
			}
			t.Set[field] = v
		}
	}
}

// standing is the pair of the platform's own e-mail or phone, none where it has no such attribute.
func standing(traits *platform.Traits, f bridge.Format) []PairConfig {
	field := map[bridge.Format]string{bridge.EmailFormat: "Email", bridge.PhoneFormat: "MobilePhone"}[f]
	for _, a := range traits.Attributes {
		if a.Format == f && !a.ReadOnly {
			return []PairConfig{{Salesforce: field, Platform: string(a.Name), Format: string(f)}}
		}
	}
	return nil
}

// namePairs carry a person's name: part by part where the platform has both, put together where it has one.
func namePairs(traits *platform.Traits) []PairConfig {
	if _, parts := traits.Attribute("lastName"); parts {
		return []PairConfig{
			{Salesforce: "FirstName", Platform: "firstName", Outbound: `contact["lastName"] == null ? firstName(contact["firstName"]) : contact["firstName"]`},
			{Salesforce: "LastName", Platform: "lastName", Outbound: `either(contact["lastName"], lastName(contact["firstName"]))`, Default: unnamed},
		}
	}
	if _, whole := traits.Attribute("name"); whole {
		return []PairConfig{
			{Platform: "name", Direction: "inbound", Inbound: "displayName(sf.FirstName, sf.LastName)"},
			{Salesforce: "FirstName", Platform: "name", Direction: "outbound", Outbound: `firstName(contact["name"])`},
			{Salesforce: "LastName", Platform: "name", Direction: "outbound", Outbound: `lastName(contact["name"])`, Default: unnamed},
		}
	}
	return nil
}
