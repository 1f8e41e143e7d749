package rule

import (
	"errors"
	"maps"
	"slices"
	"time"

	"sfbridge/bridge"
)

// Reread is what transfers read of an object whose records they want read again now and then, since no event may tell of it.
type Reread struct {
	Object bridge.Object
	Every  time.Duration
	Fields []bridge.Field // in alphabetical order
}

// rereads reports whether what no event tells is read again for the transfer. One that sends nothing is not worth a call.
func (t *Transfer) rereads() bool {
	return t.Transfer.Reread > 0 && t.Kind == bridge.ContactTouched && t.Direction.Covers(bridge.Inbound) && !t.Shadow && !t.InboundTiming.Never
}

// Follows reports whether events of a parent tell what the transfer reads of it, as a path such as Account.Name.
func (t *Transfer) Follows(path bridge.Field) bool {
	return t.parents()[reference(path)].Fields[path] != ""
}

// Rereads answers what is to be read again, an object each, in alphabetical order: the most often that a transfer asks for.
func (w *Wants) Rereads() []Reread {
	by := map[bridge.Object]*Reread{}
	add := func(o bridge.Object, t *Transfer, f bridge.Field) {
		r := by[o]
		if r == nil {
			r = &Reread{o, t.Transfer.Reread, nil}
			by[o] = r
		}
		r.Every = min(r.Every, t.Transfer.Reread)
		if !slices.Contains(r.Fields, f) {
			r.Fields = append(r.Fields, f)
		}
	}
	for o, ts := range w.transfers {
		for _, t := range ts {
			if !t.rereads() {
				continue
			}
			parents := t.parents()
			for f := range t.read {
				if p := parents[reference(f)]; p.Fields[f] != "" {
					add(p.Object, t, p.Fields[f])
				} else {
					add(o, t, f)
				}
			}
		}
	}
	all := make([]Reread, 0, len(by))
	for _, o := range slices.Sorted(maps.Keys(by)) {
		slices.Sort(by[o].Fields)
		all = append(all, *by[o])
	}
	return all
}

// Linked are the projects whose linked records of an object are read again, each once.
func (w *Wants) Linked(o bridge.Object) (all []bridge.ProjectID) {
	for _, t := range w.inbound[o] {
		if t.rereads() && !slices.Contains(all, t.Project) {
			all = append(all, t.Project)
		}
	}
	return all
}

// Whole reports whether such fields matter of records too that nobody is linked to: a condition reads one, or another object's records do.
func (w *Wants) Whole(o bridge.Object, fields []bridge.Field) bool {
	if len(w.renews(o, fields)) > 0 {
		return true
	}
	return slices.ContainsFunc(w.inbound[o], func(t *Transfer) bool { return t.rereads() && t.asks(fields) })
}

// asks reports whether the condition reads one of the fields.
func (t *Transfer) asks(fields []bridge.Field) bool {
	return slices.ContainsFunc(t.ConditionReads(), func(f bridge.Field) bool { return slices.Contains(fields, f) })
}

// renews are the transfers whose records read one of the fields of a parent.
func (w *Wants) renews(parent bridge.Object, fields []bridge.Field) []Touched {
	all := w.Touches(&bridge.Change{Object: parent, Type: bridge.Update, Changed: fields})
	return slices.DeleteFunc(all, func(t Touched) bool { return !t.Transfer.rereads() })
}

// News is what a record says anew that no event told: its row has those fields alone.
type News struct {
	Row     bridge.Row
	Hits    []Hit
	Touched []Touched
}

// News compares what was read of a record again with what is known of it, with what it reads of its parents, and answers whom that concerns. It is false
// where it says nothing anew. Who is linked is carried where his values changed; nobody else is, but who meets the condition of a transfer only now: that a
// formula counts days must not bring records to a platform that were never sent there.
func (w *Wants) News(known, read bridge.Row, linked []bridge.ProjectID) (News, bool) {
	if !renewable(&known) || read.Version == (bridge.Version{}) {
		return News{}, false
	}
	fresh, now := bridge.Fields{}, maps.Clone(known.Values)
	for f, v := range read.Values {
		if have := known.Values[f]; !have.Known() || !have.Equal(v) {
			fresh[f], now[f] = v, v
		}
	}
	if len(fresh) == 0 {
		return News{}, false
	}
	n := News{Row: bridge.Row{Org: known.Org, Object: known.Object, Record: known.Record, Values: fresh}}
	changed := fresh.Names()
	n.Touched = w.renews(known.Object, changed)
	for _, t := range w.inbound[known.Object] {
		dirty := slices.DeleteFunc(slices.Clone(changed), func(f bridge.Field) bool { return !t.read[f] })
		switch {
		case !t.rereads() || len(dirty) == 0:
		case slices.Contains(linked, t.Project):
			n.Hits = append(n.Hits, Hit{t, dirty})
		case t.asks(dirty) && t.enters(known.Record, known.Values, now):
			n.Hits = append(n.Hits, Hit{t, nil})
		}
	}
	return n, true
}

// enters reports whether a record that did not meet the condition does now. What the condition needs and nobody knew is no reason to take it for outside.
func (t *Transfer) enters(id bridge.RecordID, before, now bridge.Fields) bool {
	holds := func(vs bridge.Fields) (bool, error) {
		vs = maps.Clone(vs)
		vs["Id"] = bridge.TextValue(string(id))
		return t.Holds(vs)
	}
	was, err := holds(before)
	if err != nil || was {
		return false
	}
	is, err := holds(now)
	_, unknown := errors.AsType[*NeedError](err)
	return is || unknown
}

// renewable reports whether fields of a row can be told anew: one of which all is unknown is read as a whole by whoever needs it.
func renewable(r *bridge.Row) bool {
	return !r.Deleted && r.Version != (bridge.Version{}) && r.Values != nil && !slices.Contains(r.Forgotten, bridge.AllFields)
}

// Renew applies fields that were read because no event tells them: no event can be newer, so they stand, and the row is as old as it was.
func Renew(known, read bridge.Row) bridge.Row {
	if !renewable(&known) {
		return known
	}
	out := known
	out.Values = maps.Clone(known.Values)
	maps.Copy(out.Values, read.Values)
	out.Forgotten = slices.DeleteFunc(slices.Clone(known.Forgotten), func(f bridge.Field) bool { return read.Values[f].Known() })
	if len(out.Forgotten) == 0 {
		out.Forgotten = nil
	}
	return out
}
