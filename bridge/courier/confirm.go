package courier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// confirm ends the unconfirmed writes whose value the stream brings: the newest of a field with that value, and those before it, of one project. Where two
// wrote the same value, the second's event is yet to come, and what it comes over may be an edit. What the row held before tells whether a write came over
// an edit that nobody knew of when it was sent. Where the record was read since, the row is now ahead of the stream and tells which value stands.
func (f *fold) confirm(ctx context.Context, k rowKey, c *bridge.Change, row sides) error {
	open, ok := f.open[k]
	if !ok {
		var err error
		if open, err = f.c.d.Ledger.Unconfirmed(ctx, k.org, k.record); err != nil {
			return err
		}
	}
	c = news(c, open, row)
	var left []bridge.Unconfirmed
	of := map[bridge.Field]bridge.ProjectID{} // whose write of a field the change brings: that of one project, the first that wrote
	for i, u := range open {
		if ends(c) {
			u.Of = nil // it ended, and nobody knows whether it was done
		}
		v, was := c.Values[u.Field], f.held(open, u, f.rows[k], row)
		over := f.stands(u, v) && foreign(f.c.same, open[:i], u, was) || f.stands(u, row.now[u.Field]) && foreign(f.c.same, open[:i], u, v)
		if over = over && (u.Told.IsZero() || !f.awaited(open, u.Field, v)); over {
			f.tell(u, cameOver(f.c.d.Now(), k.object, u))
		}
		if u.Told.IsZero() && f.unheard(open, i, f.rows[k], c) {
			f.tell(u, cameBetween(f.c.d.Now(), k.object, u))
		}
		by, taken := of[u.Field]
		switch {
		case !u.Told.IsZero():
			if over || ends(c) || c.Origin.Ours && f.stands(u, v) {
				u.Told = time.Time{}
				f.end(u)
				continue
			}
		case f.echoed(open[i:], u, c) && (!taken || by == u.Project || ends(c)):
			of[u.Field] = u.Project
			if f.doubtful(open, u, c) {
				u.Told = f.c.d.Now()
			}
			f.end(u)
			if u.Told.IsZero() {
				continue
			}
		}
		left = append(left, u)
	}
	f.open[k] = left
	r := f.rows[k]
	r.Behind, r.Passed = behind(r, left, c, row), f.passed(r, open, left, c, row)
	return nil
}

// clocksApart is how far our clock may be ahead of Salesforce's where a late event is told from a write of ours that is newer.
const clocksApart = time.Second

// news is a change without what it is late to say of fields that we have written since: it confirms none of that.
func news(c *bridge.Change, open []bridge.Unconfirmed, row sides) *bridge.Change {
	after := func(f bridge.Field) bool {
		return !slices.ContainsFunc(open, func(u bridge.Unconfirmed) bool { return u.Field == f && !u.At.After(c.Version.At.Add(clocksApart)) })
	}
	var less *bridge.Change
	for f := range c.Values {
		if !row.late[f] || !after(f) {
			continue
		}
		if less == nil {
			copied := *c
			less, copied.Values = &copied, maps.Clone(c.Values)
		}
		delete(less.Values, f)
	}
	if less == nil {
		return c
	}
	return less
}

// held is what the record held before a change to the field of u, as far as is known: what the row said before it; what the stream told last, where the row
// is ahead of that or says nothing; what was read in its second, unless it is a write of ours that is yet to be told; or what the stream told before.
func (f *fold) held(open []bridge.Unconfirmed, u bridge.Unconfirmed, r *bridge.Row, row sides) bridge.Value {
	told, beside := r.Behind[u.Field], row.beside[u.Field]
	ours := func(w bridge.Unconfirmed) bool { return w.Field == u.Field && f.stands(w, beside) }
	switch {
	case row.before[u.Field].Known():
		return row.before[u.Field]
	case told.Known() || row.now[u.Field].Known():
		return told
	case beside.Known() && !slices.ContainsFunc(open, ours):
		return beside
	default:
		return r.Passed[u.Field]
	}
}

// passed are the values that gave way on the stream, with what the row says now or what is told behind it, while writes to their fields are still to be
// told. What gave way to a write of ours is told of by its event.
func (f *fold) passed(r *bridge.Row, open, left []bridge.Unconfirmed, c *bridge.Change, row sides) bridge.Fields {
	var gone bridge.Fields
	for i, u := range left {
		gave, old, now := r.Passed[u.Field], row.before[u.Field], r.Values[u.Field]
		if v := c.Values[u.Field]; v.Known() && !old.Known() && !row.again {
			old, now = r.Behind[u.Field], v
		}
		ours := func(w bridge.Unconfirmed) bool { return w.Field == u.Field && f.stands(w, now) }
		if u.Told.IsZero() && !now.Equal(old) && !slices.ContainsFunc(open, ours) && foreign(f.c.same, left[:i], u, old) {
			gave = old
		}
		if !gave.Known() {
			continue
		}
		if gone == nil {
			gone = bridge.Fields{}
		}
		gone[u.Field] = gave
	}
	return gone
}

// behind is what the stream has told last, with this change, of fields that the row is ahead of it in, or that it does not know, for the writes that are
// still to be told after it.
func behind(r *bridge.Row, open []bridge.Unconfirmed, c *bridge.Change, row sides) bridge.Fields {
	var awaited bridge.Fields
	for _, u := range open {
		told := r.Behind[u.Field]
		if v := c.Values[u.Field]; v.Known() && !row.again {
			told = v
		}
		if !row.now[u.Field].Known() && r.Values[u.Field].Known() || !told.Known() {
			continue
		}
		if awaited == nil {
			awaited = bridge.Fields{}
		}
		awaited[u.Field] = told
	}
	return awaited
}

// unheard reports whether the stream will not tell of a write any more, since the record ended or the lead is converted, and somebody edited around it.
func (f *fold) unheard(open []bridge.Unconfirmed, i int, r *bridge.Row, c *bridge.Change) bool {
	u := open[i]
	if ends(c) {
		return foreign(f.c.same, open[:i], u, r.Passed[u.Field])
	}
	if _, converted := rule.ConvertedInto(c.Values); !converted || f.echoed(open[i:], u, c) {
		return false
	}
	between := func(was bridge.Value) bool {
		return foreign(f.c.same, open[:i], u, was) && !was.Equal(r.Values[u.Field])
	}
	return between(r.Passed[u.Field]) || between(r.Behind[u.Field])
}

// ends reports whether a change ends the record.
func ends(c *bridge.Change) bool { return c.Type == bridge.Delete || c.Type == bridge.GapDelete }

// doubtful reports whether the event that brings the value of u may be somebody else's, who wrote the same: that of u is then to come, over whatever was
// written in between. So may one be that another project's write of the value was waiting for.
func (f *fold) doubtful(open []bridge.Unconfirmed, u bridge.Unconfirmed, c *bridge.Change) bool {
	return !ends(c) && (!c.Origin.Ours || slices.ContainsFunc(open, func(w bridge.Unconfirmed) bool {
		return !w.Told.IsZero() && w.Field == u.Field && f.stands(w, c.Values[w.Field])
	}))
}

// awaited reports whether the value of a field is that of a write which the stream has not told at all: the event is rather of that one.
func (f *fold) awaited(open []bridge.Unconfirmed, field bridge.Field, v bridge.Value) bool {
	return slices.ContainsFunc(open, func(w bridge.Unconfirmed) bool { return w.Told.IsZero() && w.Field == field && f.stands(w, v) })
}

// end has the store end a write, once with the last that is known of it.
func (f *fold) end(u bridge.Unconfirmed) {
	i := slices.IndexFunc(f.confirmed, func(w bridge.Unconfirmed) bool {
		return w.Org == u.Org && w.Record == u.Record && w.Project == u.Project && w.Field == u.Field && w.Delivery == u.Delivery && w.Try == u.Try
	})
	if i < 0 {
		f.confirmed = append(f.confirmed, u)
	} else {
		f.confirmed[i] = u
	}
}

// echoed reports whether the change brings the value of u, or of a later write of the same project to the same field.
func (f *fold) echoed(from []bridge.Unconfirmed, u bridge.Unconfirmed, c *bridge.Change) bool {
	if ends(c) {
		return true
	}
	v, said := c.Values[u.Field]
	if !said {
		return false
	}
	for _, w := range from {
		if w.Told.IsZero() && w.Project == u.Project && w.Field == u.Field && f.c.same(w, v) {
			return true
		}
	}
	return false
}

// same reports whether a value means to Salesforce what u wrote.
func (c *Courier) same(u bridge.Unconfirmed, v bridge.Value) bool {
	p := c.d.Rules.Project(u.Project)
	if p == nil {
		return u.Value.Equal(v)
	}
	for _, t := range p.Transfers {
		if t.Reads(u.Field) {
			return t.SameField(u.Field, u.Value, v)
		}
	}
	return u.Value.Equal(v)
}

// stands reports whether a value is what u wrote.
func (f *fold) stands(u bridge.Unconfirmed, v bridge.Value) bool { return v.Known() && f.c.same(u, v) }

// likeness reports whether a value means the same to Salesforce as what a write says.
type likeness func(u bridge.Unconfirmed, v bridge.Value) bool

// foreign reports whether a value that the record held is neither what u was to replace, nor u's, nor what an earlier write of ours had put there or was
// to replace: somebody had edited it in between.
func foreign(same likeness, earlier []bridge.Unconfirmed, u bridge.Unconfirmed, was bridge.Value) bool {
	if !was.Known() || !u.Before.Known() || same(u, was) {
		return false
	}
	ours := func(v bridge.Value) bool {
		w := u
		w.Value = v
		return v.Known() && same(w, was)
	}
	return !ours(u.Before) && !slices.ContainsFunc(earlier, func(w bridge.Unconfirmed) bool {
		return w.Project == u.Project && w.Field == u.Field && (ours(w.Value) || w.Told.IsZero() && ours(w.Before))
	})
}

// tell adds a line of the story about a write, once.
func (f *fold) tell(u bridge.Unconfirmed, line bridge.Story) {
	at := clash{u.Delivery, u.Record, u.Field}
	if f.told[at] {
		return
	}
	f.told[at] = true
	f.story = append(f.story, line)
}

// cameOver is the line of the story that tells of an edit in Salesforce which a write of ours came over.
func cameOver(now time.Time, o bridge.Object, u bridge.Unconfirmed) bridge.Story {
	return crossed(now, o, u, "%s was edited in Salesforce while the platform's edit was on its way; the platform's came last and stands")
}

// cameBetween tells of edits in Salesforce one of which a write of ours may have come over that the stream never told of: nobody can say which, or whether.
func cameBetween(now time.Time, o bridge.Object, u bridge.Unconfirmed) bridge.Story {
	return crossed(now, o, u, "%s was edited in Salesforce more than once around the platform's edit, which may have come between; Salesforce's last one stands")
}

func crossed(now time.Time, o bridge.Object, u bridge.Unconfirmed, reason string) bridge.Story {
	return bridge.Story{
		At: now, Org: u.Org, Project: u.Project, Direction: bridge.Outbound, Object: o, Record: u.Record, Contact: u.Contact,
		Delivery: u.Delivery, Outcome: bridge.Conflict, Fields: []string{string(u.Field)}, Reason: fmt.Sprintf(reason, u.Field),
		Judged: []bridge.Judgement{{Field: string(u.Field), Target: string(u.Field), Is: bridge.Clashes}},
	}
}
