package rule

import (
	"maps"
	"slices"

	"sfbridge/bridge"
)

// Wants is what one org's transfers want to know: the filter of intake. It is read-only.
type Wants struct {
	read      map[bridge.Object]map[bridge.Field]bool
	identity  map[bridge.Object]map[bridge.Field]*pair
	transfers map[bridge.Object][]*Transfer
}

// Wants gathers what the projects of the org want.
func (s *Set) Wants(org string) *Wants {
	w := &Wants{map[bridge.Object]map[bridge.Field]bool{}, map[bridge.Object]map[bridge.Field]*pair{}, map[bridge.Object][]*Transfer{}}
	for _, p := range s.Projects() {
		if p.Org != org {
			continue
		}
		for _, t := range p.Transfers {
			if t.Kind == bridge.ContactTouched {
				w.add(t)
			}
		}
	}
	return w
}

func (w *Wants) add(t *Transfer) {
	if w.read[t.Object] == nil {
		w.read[t.Object], w.identity[t.Object] = map[bridge.Field]bool{}, map[bridge.Field]*pair{}
	}
	for f := range t.read {
		w.read[t.Object][f] = true
	}
	for _, p := range t.identity {
		if w.identity[t.Object][p.Salesforce] == nil {
			w.identity[t.Object][p.Salesforce] = p
		}
	}
	w.transfers[t.Object] = append(w.transfers[t.Object], t)
}

// Objects are the objects that some transfer reads, in alphabetical order.
func (w *Wants) Objects() []bridge.Object {
	os := make([]bridge.Object, 0, len(w.read))
	for o := range w.read {
		os = append(os, o)
	}
	slices.Sort(os)
	return os
}

// ReadSet is all that the transfers of an object read, in alphabetical order.
func (w *Wants) ReadSet(o bridge.Object) []bridge.Field { return slices.Sorted(maps.Keys(w.read[o])) }

// Trim cuts the change to the read sets and reports whether anything is left that somebody wants to know.
func (w *Wants) Trim(c *bridge.Change) bool {
	read := w.read[c.Object]
	if read == nil {
		return false
	}
	out := func(f bridge.Field) bool { return !read[f] }
	c.Changed = slices.DeleteFunc(slices.Clone(c.Changed), out)
	c.Cleared = slices.DeleteFunc(slices.Clone(c.Cleared), out)
	c.Reread = slices.DeleteFunc(slices.Clone(c.Reread), out)
	c.Values = cut(c.Values, read)
	c.Context = nil
	return c.Type != bridge.Update || len(c.Changed)+len(c.Reread) > 0
}

func cut(fs bridge.Fields, keep map[bridge.Field]bool) bridge.Fields {
	kept := bridge.Fields{}
	for f, v := range fs {
		if keep[f] {
			kept[f] = v
		}
	}
	return kept
}

// Wanted answers the inbound transfers that a trimmed change concerns, each with the fields of its read set that were touched (nil = all).
func (w *Wants) Wanted(c *bridge.Change) map[*Transfer][]bridge.Field {
	hit := map[*Transfer][]bridge.Field{}
	for _, t := range w.transfers[c.Object] {
		if !t.Direction.Covers(bridge.Inbound) {
			continue
		}
		if c.Type != bridge.Update {
			hit[t] = nil
			continue
		}
		var touched []bridge.Field
		for _, f := range slices.Concat(c.Changed, c.Reread) {
			if t.read[f] && !slices.Contains(touched, f) {
				touched = append(touched, f)
			}
		}
		if len(touched) > 0 {
			hit[t] = touched
		}
	}
	return hit
}

// Inbound are the transfers of an object that carry to a platform.
func (w *Wants) Inbound(o bridge.Object) []*Transfer {
	return slices.DeleteFunc(slices.Clone(w.transfers[o]), func(t *Transfer) bool { return !t.Direction.Covers(bridge.Inbound) })
}

// Keys are the canonical identity values of a row, by which the mirror finds it.
func (w *Wants) Keys(r *bridge.Row) bridge.Fields {
	keys := bridge.Fields{}
	if r.Deleted {
		return keys
	}
	for f, p := range w.identity[r.Object] {
		if v := canonical(p.Format, p.region, r.Values[f]); v.Known() && !v.IsNull() {
			keys[f] = v
		}
	}
	return keys
}
