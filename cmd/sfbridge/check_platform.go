package main

import (
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/outbound/salesforce"
)

// attribute blames an attribute of the workspace's own that it does not have. The platform's own attributes are known without asking.
func (m *mappingCheck) attribute(path string, name bridge.Attribute) {
	traits := m.traits
	if m.own == nil || traits == nil || name == "" || slices.ContainsFunc(traits.Attributes, func(a platform.Attribute) bool { return a.Name == name }) ||
		slices.Contains(traits.Activities, name) || m.ownField(name) != nil {
		return
	}
	var known []string
	for _, f := range m.own {
		known = append(known, string(f.Name))
	}
	remedy := suggestion(string(name), known)
	if remedy == "" {
		remedy = "correct the name, or make the field in the workspace"
	}
	m.add(levelFault, path, remedy, "the workspace has no field %s", name)
}

func (m *mappingCheck) ownField(name bridge.Attribute) *platform.OwnField {
	if i := slices.IndexFunc(m.own, func(f platform.OwnField) bool { return f.Name == name }); i >= 0 {
		return &m.own[i]
	}
	return nil
}

// types compares what both ends of a pair hold, where nothing stands between them.
func (c *transferMapping) types(path string, f *salesforce.FieldFacts, p *bridge.Pair) {
	own := c.ownField(p.Platform)
	if own == nil || f == nil {
		return
	}
	if p.Direction.Covers(bridge.Inbound) && p.Inbound == "" {
		c.way(path, way{f.Kind(), own.Kind, string(f.Name) + " (" + f.Type + ")", string(own.Name) + " (" + own.Type + ")", "inbound"})
		c.listed(path, own, f, p)
	}
	if p.Direction.Covers(bridge.Outbound) && p.Outbound == "" {
		c.way(path, way{own.Kind, f.Kind(), string(own.Name) + " (" + own.Type + ")", string(f.Name) + " (" + f.Type + ")", "outbound"})
		c.chosen(path, own, f, p)
	}
}

// way is what flows from one end of a pair to the other.
type way struct {
	from, to bridge.Kind
	source   string
	target   string
	key      string // of the expression that would stand between
}

// way blames a pair whose source can never be, or may not be, what the target holds.
func (c *transferMapping) way(path string, w way) {
	switch {
	case w.from == w.to || w.to == bridge.Text:
	case w.from == bridge.Text:
		c.add(levelWarning, path, fmt.Sprintf("make it one by an expression, %s = ...", w.key), "%s may hold what %s cannot: such a value is refused and the delivery buried", w.source, w.target)
	default:
		c.add(levelFault, path, fmt.Sprintf("make it one by an expression, %s = ...", w.key), "%s cannot hold what %s does", w.target, w.source)
	}
}

// listed warns of values of a picklist that the platform's list does not take.
func (c *transferMapping) listed(path string, own *platform.OwnField, f *salesforce.FieldFacts, p *bridge.Pair) {
	if len(own.Values) == 0 {
		return
	}
	var strange []string
	of := c.typed
	if c.t.Creation.RecordType == "" {
		of = ofType{} // records that are there may be of any type
	}
	for _, v := range of.active(f) {
		if !slices.Contains(own.Values, exchanged(p.Values, v)) {
			strange = append(strange, v)
		}
	}
	switch {
	case len(f.Values) == 0:
		c.add(levelWarning, path, "let inbound = choose one of them", "%s takes nothing but %s, and %s holds any text", own.Name, listed(own.Values), f.Name)
	case len(strange) > 0:
		c.add(levelFault, path, fmt.Sprintf("add them to the list in the workspace, or exchange them by values = { %q = VALUE }", strange[0]),
			"%s does not take %s of %s", own.Name, listed(strange), f.Name)
	}
}

// exchanged is a value as the pair's own list has it; letters' case does not count there.
func exchanged(by map[string]string, v string) string {
	for from, to := range by {
		if strings.EqualFold(from, v) {
			return to
		}
	}
	return v
}

// chosen warns of values that the platform holds and the picklist does not take.
func (c *transferMapping) chosen(path string, own *platform.OwnField, f *salesforce.FieldFacts, p *bridge.Pair) {
	if len(f.Values) == 0 || !f.Restricted {
		return
	}
	back := make(map[string]string, len(p.Values))
	for sf, pf := range p.Values {
		back[pf] = sf
	}
	lacks := func(of ofType) []string {
		active := of.active(f)
		return slices.DeleteFunc(slices.Clone(own.Values), func(v string) bool { return slices.Contains(active, exchanged(back, v)) })
	}
	strange := lacks(c.typed)
	switch {
	case len(own.Values) == 0 && own.Kind == bridge.Text && p.OnRefused == bridge.BuryRefused:
		c.add(levelWarning, path, "let outbound = choose one of them", "%s takes nothing but %s%s, and %s holds any text", f.Name, listed(c.typed.active(f)), c.typed.words(f), own.Name)
	case len(strange) > 0:
		c.add(levelFault, path, fmt.Sprintf("add them to the picklist, or exchange them by values = { VALUE = %q }", strange[0]),
			"%s does not take %s of %s%s", f.Name, listed(strange), own.Name, c.typed.words(f))
	}
	c.elsewhere(path, f, string(own.Name), func(of ofType) []string {
		return slices.DeleteFunc(lacks(of), func(v string) bool { return slices.Contains(strange, v) })
	})
}
