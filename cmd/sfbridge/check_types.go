package main

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/outbound/salesforce"
)

// ofType is what picklists take in records of one record type. The zero value stands for all that the fields themselves know.
type ofType struct {
	name   string
	values map[bridge.Field][]salesforce.Picklist
}

// active are the values that a picklist takes.
func (o ofType) active(f *salesforce.FieldFacts) []string {
	from := f.Values
	if typed, ok := o.values[f.Name]; ok {
		from = typed
	}
	var all []string
	for _, v := range from {
		if v.Active {
			all = append(all, v.Value)
		}
	}
	return all
}

// words name the record type by which a picklist was judged.
func (o ofType) words(f *salesforce.FieldFacts) string {
	if _, ok := o.values[f.Name]; !ok {
		return ""
	}
	return " in records of type " + o.name
}

// recordTypes finds what the picklists take that the transfer writes: in records that it creates, which are of its own record type or of the run-as
// user's default, and in those that are there, which may be of any type that he may use. Orgs without record types have one list for all.
func (c *transferMapping) recordTypes() {
	if c.creates && c.t.Creation.RecordType != "" {
		c.ownType()
	}
	if !c.creates && !c.writes || !c.picks() {
		return
	}
	for i := range c.facts.Types {
		t := &c.facts.Types[i]
		if !t.Active || !t.Available || t.Master {
			continue
		}
		created := c.creates && c.t.Creation.RecordType == "" && c.created(t)
		if !created && !c.writes {
			continue
		}
		of, ok := c.ofType(c.path+".object", t.ID, t.Name)
		if !ok {
			return // and neither would the others be read
		}
		if created {
			c.typed = of
		}
		if c.writes {
			c.known = append(c.known, of)
		}
	}
}

// picks reports whether the transfer writes a restricted picklist at all.
func (c *transferMapping) picks() bool {
	restricted := func(name bridge.Field) bool {
		f := c.facts.Fields[name]
		return f != nil && f.Restricted && len(f.Values) > 0
	}
	for name := range c.t.Set {
		if restricted(name) {
			return true
		}
	}
	for i := range c.t.Fields {
		if p := &c.t.Fields[i]; p.Direction.Covers(bridge.Outbound) && restricted(p.Salesforce) {
			return true
		}
	}
	return false
}

// created reports whether records that the transfer creates are of the type: what the transfer sets comes before the user's default.
func (c *transferMapping) created(t *salesforce.RecordType) bool {
	if id := c.t.Set["RecordTypeId"]; id.Known() && !id.IsNull() {
		return bridge.LongID(id.Text) == string(t.ID)
	}
	return t.Default
}

// ownType finds the record type that the transfer names.
func (c *transferMapping) ownType() {
	name := c.t.Creation.RecordType
	id, err := c.facts.TypeNamed(name)
	if err == nil {
		c.typed, _ = c.ofType(c.path+".record_type", id, name)
		return
	}
	remedy := ""
	if h, ok := errors.AsType[*bridge.HintError](err); ok {
		remedy, err = h.Hint, h.Err
	}
	var known []string
	for _, t := range c.facts.Types {
		if !t.Master {
			known = append(known, t.Name)
		}
	}
	if s := suggestion(name, known); s != "" && !strings.EqualFold(nearest(name, known), name) {
		remedy = s
	}
	c.add(levelFault, c.path+".record_type", remedy, "%v", err)
}

// ofType reads what picklists take in records of a type, and says so where they cannot be read.
func (c *transferMapping) ofType(path string, id bridge.RecordID, name string) (ofType, bool) {
	values, err := c.org.picklists(c.t.Object, id)
	if err != nil {
		f := failed("", err)
		c.add(levelWarning, path, f.Remedy, "the picklists of %s were compared without its record type, whose values cannot be read: %s", name, f.Text)
		return ofType{}, false
	}
	return ofType{name, values}, true
}

// elsewhere warns of values that records of other types do not take than those which are created. Such a record may be linked all the same.
func (c *transferMapping) elsewhere(path string, f *salesforce.FieldFacts, from string, lacks func(of ofType) []string) {
	if !f.Restricted {
		return
	}
	for _, of := range c.known {
		if lost := lacks(of); len(lost) > 0 && !strings.EqualFold(of.name, c.typed.name) {
			c.add(levelWarning, path, "add them to the record type, or leave such records out by condition =",
				"%s does not take %s of %s in records of type %s, so that an update of one is refused", f.Name, listed(lost), from, of.name)
		}
	}
}

// exchanges looks whether the values that a pair writes are some of the picklist's.
func (c *transferMapping) exchanges(path string, f *salesforce.FieldFacts, p *bridge.Pair) {
	if len(f.Values) == 0 {
		return
	}
	for _, v := range slices.Sorted(maps.Keys(p.Values)) {
		c.picklist(join(path+".values", v), f, v)
	}
}
