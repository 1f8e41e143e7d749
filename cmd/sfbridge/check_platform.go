package main

import (
	"fmt"
	"slices"

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
		c.listed(path, own, f)
	}
	if p.Direction.Covers(bridge.Outbound) && p.Outbound == "" {
		c.way(path, way{own.Kind, f.Kind(), string(own.Name) + " (" + own.Type + ")", string(f.Name) + " (" + f.Type + ")", "outbound"})
		c.chosen(path, own, f)
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
func (c *transferMapping) listed(path string, own *platform.OwnField, f *salesforce.FieldFacts) {
	if len(own.Values) == 0 {
		return
	}
	var strange []string
	for _, v := range f.Values {
		if v.Active && !slices.Contains(own.Values, v.Value) {
			strange = append(strange, v.Value)
		}
	}
	switch {
	case len(f.Values) == 0:
		c.add(levelWarning, path, "let inbound = choose one of them", "%s takes nothing but %s, and %s holds any text", own.Name, listed(own.Values), f.Name)
	case len(strange) > 0:
		c.add(levelFault, path, fmt.Sprintf("add them to the list in the workspace, or let inbound = choose one of %s", listed(own.Values)), "%s does not take %s of %s", own.Name, listed(strange), f.Name)
	}
}

// chosen warns of values that the platform holds and the picklist does not take.
func (c *transferMapping) chosen(path string, own *platform.OwnField, f *salesforce.FieldFacts) {
	if len(f.Values) == 0 || !f.Restricted {
		return
	}
	var active, strange []string
	for _, v := range f.Values {
		if v.Active {
			active = append(active, v.Value)
		}
	}
	for _, v := range own.Values {
		if !slices.Contains(active, v) {
			strange = append(strange, v)
		}
	}
	switch {
	case len(own.Values) == 0 && own.Kind == bridge.Text:
		c.add(levelWarning, path, "let outbound = choose one of them", "%s takes nothing but %s, and %s holds any text", f.Name, listed(active), own.Name)
	case len(strange) > 0:
		c.add(levelFault, path, fmt.Sprintf("add them to the picklist, or let outbound = choose one of %s", listed(active)), "%s does not take %s of %s", f.Name, listed(strange), own.Name)
	}
}
