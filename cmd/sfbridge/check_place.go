package main

import (
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/outbound/salesforce"
)

// target is one field that the transfer writes, with its place.
type target struct {
	name bridge.Field
	path string
}

// targets lists what pairs and constants write.
func (c *transferMapping) targets() (all []target) {
	for i := range c.t.Fields {
		if p := &c.t.Fields[i]; p.Direction.Covers(bridge.Outbound) {
			all = append(all, target{p.Salesforce, fmt.Sprintf("%s.fields[%d].salesforce", c.path, i)})
		}
	}
	for _, f := range c.t.Set.Names() {
		all = append(all, target{f, join(c.path+".set", string(f))})
	}
	return all
}

// together looks for fields that Salesforce takes with another alone: a state goes with its country, an amount with its currency.
func (c *transferMapping) together() {
	all := c.targets()
	has := func(name bridge.Field) bool {
		return slices.ContainsFunc(all, func(w target) bool { return w.name == name })
	}
	currency := c.facts.Fields["CurrencyIsoCode"]
	for _, w := range all {
		f := c.facts.Fields[w.name]
		if f == nil {
			continue
		}
		if c.creates && f.Type == "currency" && currency != nil && currency.Createable && !has(currency.Name) {
			c.add(levelFault, w.path, `map CurrencyIsoCode, or write set = { CurrencyIsoCode = "EUR" }`, "%s is an amount, and the org has several currencies: a record with one and without CurrencyIsoCode is refused", f.Name)
		}
		if in, state := c.state(f); state && !has(in) && !has(in+"Code") {
			c.add(levelWarning, w.path, fmt.Sprintf("map %s too, or write set = { %sCode = ... }", in, in), "the org lists states by country: where a record has no %s, one with %s is refused", in, f.Name)
		}
	}
}

// state reports whether a field holds a state, by name or by code, of an org that lists them, and answers the field of its country.
func (c *transferMapping) state(f *salesforce.FieldFacts) (country bridge.Field, ok bool) {
	name := strings.TrimSuffix(string(f.Name), "Code")
	address, ok := strings.CutSuffix(name, "State")
	if of := c.facts.Fields[bridge.Field(name)]; !ok || of == nil || c.facts.Codes(of) == nil {
		return "", false
	}
	return bridge.Field(address + "Country"), true
}

// place looks whether a state or a country of the configuration is one of the org's.
func (c *transferMapping) place(path string, f *salesforce.FieldFacts, text string) {
	code := c.facts.Codes(f)
	if code == nil || len(code.Values) == 0 || code.Lists(text) {
		return
	}
	var known []string
	for _, v := range code.Values {
		if v.Active {
			known = append(known, v.Label, v.Value)
		}
	}
	remedy := suggestion(text, known)
	if remedy == "" {
		remedy = fmt.Sprintf("write it as Setup, State and Country Picklists, has it, such as %s", listed(known[:min(len(known), 2)]))
	}
	c.add(levelFault, path, remedy, "%q is no %s of the org's list", text, f.Name)
}
