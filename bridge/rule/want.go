package rule

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// Wants is what one org's transfers want to know: the filter of intake. It is read-only.
type Wants struct {
	read      map[bridge.Object]map[bridge.Field]bool
	identity  map[bridge.Object]map[bridge.Field]*pair // by index
	transfers map[bridge.Object][]*Transfer
	inbound   map[bridge.Object][]*Transfer             // those of transfers that carry to a platform, by project and id
	persons   []*Transfer                               // whose changes two objects tell
	parents   map[bridge.Object]map[bridge.Field]Parent // by the child's object and reference
	children  map[bridge.Object][]child                 // by the parent's object
}

// Wants gathers what the projects of the org want.
func (s *Set) Wants(org string) *Wants {
	w := &Wants{
		read: map[bridge.Object]map[bridge.Field]bool{}, identity: map[bridge.Object]map[bridge.Field]*pair{}, transfers: map[bridge.Object][]*Transfer{},
		parents: map[bridge.Object]map[bridge.Field]Parent{}, children: map[bridge.Object][]child{}, inbound: map[bridge.Object][]*Transfer{},
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
	for o := range w.transfers {
		w.inbound[o] = w.Inbound(o)
		slices.SortFunc(w.inbound[o], (*Transfer).compare)
	}
	return w
}

// compare orders transfers by project and id.
func (t *Transfer) compare(u *Transfer) int {
	return cmp.Or(strings.Compare(string(t.Project), string(u.Project)), strings.Compare(string(t.ID), string(u.ID)))
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

// Trim cuts the change to the read sets and reports whether anything is left that somebody wants to know. What it cuts it copies: slices and maps of
// the change are left alone.
func (w *Wants) Trim(c *bridge.Change) bool {
	read := w.read[c.Object]
	if read == nil {
		return false
	}
	c.Changed, c.Cleared, c.Reread = cutNames(c.Changed, read), cutNames(c.Cleared, read), cutNames(c.Reread, read)
	c.Values = cut(c.Values, read)
	c.Context = nil
	return c.Type != bridge.Update || len(c.Changed)+len(c.Reread) > 0
}

// cutNames is fs where all of them are kept, as they are if the schema was read for the same transfers.
func cutNames(fs []bridge.Field, keep map[bridge.Field]bool) []bridge.Field {
	out := func(f bridge.Field) bool { return !keep[f] }
	if !slices.ContainsFunc(fs, out) {
		return fs
	}
	return slices.DeleteFunc(slices.Clone(fs), out)
}

func cut(fs bridge.Fields, keep map[bridge.Field]bool) bridge.Fields {
	kept := 0
	for f := range fs {
		if keep[f] {
			kept++
		}
	}
	if kept == len(fs) {
		return fs
	}
	some := make(bridge.Fields, kept)
	for f, v := range fs {
		if keep[f] {
			some[f] = v
		}
	}
	return some
}

// Hit is an inbound transfer that a change concerns, with the fields of its read set that were touched, which are not to be changed; nil is all.
type Hit struct {
	Transfer *Transfer
	Dirty    []bridge.Field
}

// Wanted answers the inbound transfers that a trimmed change concerns, by project and id.
func (w *Wants) Wanted(c *bridge.Change) []Hit {
	all := w.inbound[c.Object]
	hits := make([]Hit, 0, len(all))
	for _, t := range all {
		if c.Type != bridge.Update {
			hits = append(hits, Hit{t, nil})
			continue
		}
		if touched := t.touched(c); len(touched) > 0 {
			hits = append(hits, Hit{t, touched})
		}
	}
	return w.wantedTwin(c, hits)
}

// touched are the fields of an update that the transfer reads, each once.
func (t *Transfer) touched(c *bridge.Change) []bridge.Field {
	out := func(f bridge.Field) bool { return !t.read[f] }
	if len(c.Reread) == 0 && !slices.ContainsFunc(c.Changed, out) {
		return c.Changed
	}
	var touched []bridge.Field
	for _, f := range slices.Concat(c.Changed, c.Reread) {
		if t.read[f] && !slices.Contains(touched, f) {
			touched = append(touched, f)
		}
	}
	return touched
}

// Inbound are the transfers of an object that carry to a platform.
func (w *Wants) Inbound(o bridge.Object) []*Transfer {
	return slices.DeleteFunc(slices.Clone(w.transfers[o]), func(t *Transfer) bool { return !t.Direction.Covers(bridge.Inbound) })
}

// wantedTwin adds the transfers of person accounts that a change of a contact may concern. A deletion is told by the account's own event.
func (w *Wants) wantedTwin(c *bridge.Change, hits []Hit) []Hit {
	if c.Object != contactObject || len(w.persons) == 0 || c.Type == bridge.Delete || c.Type == bridge.GapDelete {
		return hits
	}
	if account, known := AccountOf(c.Values); known && account == "" {
		return hits
	}
	for _, t := range w.persons {
		if !t.Direction.Covers(bridge.Inbound) {
			continue
		}
		touched := t.touchedBy(slices.Concat(c.Changed, c.Reread))
		switch {
		case c.Type != bridge.Update:
			hits = append(hits, Hit{t, nil})
		case len(touched) > 0:
			hits = append(hits, Hit{t, touched})
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return a.Transfer.compare(b.Transfer) })
	return hits
}

// Keys are the canonical identity values of a row, and the ids of its parents, by which the mirror finds it.
func (w *Wants) Keys(r *bridge.Row) bridge.Fields {
	keys := bridge.Fields{}
	if r.Deleted {
		return keys
	}
	for f, p := range w.identity[r.Object] {
		if v := canonical(p.Format, p.numbers, r.Values[p.Salesforce]); v.Known() && !v.IsNull() {
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
