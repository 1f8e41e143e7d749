package rule

import (
	"maps"
	"slices"

	"sfbridge/bridge"
)

// Wants is what one org's transfers want to know: the filter of intake. It is read-only.
type Wants struct {
	read      map[bridge.Object]map[bridge.Field]bool
	identity  map[bridge.Object]map[bridge.Field]*pair // by index
	transfers map[bridge.Object][]*Transfer
	persons   []*Transfer                               // whose changes two objects tell
	parents   map[bridge.Object]map[bridge.Field]Parent // by the child's object and reference
	children  map[bridge.Object][]child                 // by the parent's object
}

// Wants gathers what the projects of the org want.
func (s *Set) Wants(org string) *Wants {
	w := &Wants{
		read: map[bridge.Object]map[bridge.Field]bool{}, identity: map[bridge.Object]map[bridge.Field]*pair{}, transfers: map[bridge.Object][]*Transfer{},
		parents: map[bridge.Object]map[bridge.Field]Parent{}, children: map[bridge.Object][]child{},
	}
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
	w.reads(t.Object, t.read)
	for _, p := range t.identity {
		if w.identity[t.Object][p.index()] == nil {
			w.identity[t.Object][p.index()] = p
		}
	}
	w.transfers[t.Object] = append(w.transfers[t.Object], t)
	w.follow(t)
	if t.Leads() { // who a lead was converted into finds it by these
		for _, f := range []bridge.Field{intoContact, intoAccount} {
			w.identity[t.Object][f] = &pair{Pair: bridge.Pair{Salesforce: f}}
		}
	}
	if t.Person() {
		w.persons = append(w.persons, t)
		w.reads(contactObject, t.twinFields())
	}
}

func (w *Wants) reads(o bridge.Object, fs map[bridge.Field]bool) {
	if w.read[o] == nil {
		w.read[o], w.identity[o] = map[bridge.Field]bool{}, map[bridge.Field]*pair{}
	}
	maps.Copy(w.read[o], fs)
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
	w.wantedTwin(c, hit)
	return hit
}

// Inbound are the transfers of an object that carry to a platform.
func (w *Wants) Inbound(o bridge.Object) []*Transfer {
	return slices.DeleteFunc(slices.Clone(w.transfers[o]), func(t *Transfer) bool { return !t.Direction.Covers(bridge.Inbound) })
}

// wantedTwin adds the transfers of person accounts that a change of a contact may concern. A deletion is told by the account's own event.
func (w *Wants) wantedTwin(c *bridge.Change, hit map[*Transfer][]bridge.Field) {
	account, known := AccountOf(c.Values)
	if c.Object != contactObject || c.Type == bridge.Delete || c.Type == bridge.GapDelete || known && account == "" {
		return
	}
	for _, t := range w.persons {
		if !t.Direction.Covers(bridge.Inbound) {
			continue
		}
		touched := t.touchedBy(slices.Concat(c.Changed, c.Reread))
		switch {
		case c.Type != bridge.Update:
			hit[t] = nil
		case len(touched) > 0:
			hit[t] = touched
		}
	}
}

// Keys are the canonical identity values of a row, and the ids of its parents, by which the mirror finds it.
func (w *Wants) Keys(r *bridge.Row) bridge.Fields {
	keys := bridge.Fields{}
	if r.Deleted {
		return keys
	}
	for f, p := range w.identity[r.Object] {
		if v := canonical(p.Format, p.region, r.Values[p.Salesforce]); v.Known() && !v.IsNull() {
			keys[f] = v
		}
	}
	for ref := range w.parents[r.Object] {
		if v := r.Values[ref]; v.Known() && !v.IsNull() && keys[ref] == (bridge.Value{}) {
			keys[ref] = v
		}
	}
	return keys
}
