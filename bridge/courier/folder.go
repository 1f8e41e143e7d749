package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// foldBatch bounds how many entries are folded in one commit.
const foldBatch = 100

// foldAll applies entries to the mirror in the order of the journal.
func (c *Courier) foldAll(ctx context.Context) error {
	told := map[clash]bool{}
	for {
		entries, err := c.d.Folding.Unfolded(ctx, foldBatch)
		if err != nil {
			return err
		}
		f := fold{c: c, rows: map[rowKey]*bridge.Row{}, open: map[rowKey][]bridge.Unconfirmed{}, told: told}
		for i := range entries {
			if err := f.entry(ctx, &entries[i]); err != nil {
				return fmt.Errorf("fold entry %d: %w", entries[i].ID, err)
			}
		}
		rows := make([]bridge.Row, 0, len(f.order))
		for _, k := range f.order {
			rows = append(rows, *f.rows[k])
		}
		if len(f.story) > 0 { // before the fold, so that a crash between the two tells it twice rather than never
			if err := c.d.Ledger.Stage(ctx, bridge.Effects{Story: f.story}); err != nil {
				return fmt.Errorf("tell of edits that were written over: %w", err)
			}
		}
		err = c.d.Folding.Fold(ctx, entries, rows, f.confirmed)
		if errors.Is(err, bridge.ErrMoved) {
			continue // somebody has read the record meanwhile and stored what he saw
		}
		if err != nil {
			return fmt.Errorf("fold %d entries: %w", len(entries), err)
		}
		clear(told)
	}
}

// fold is one batch under way.
type fold struct {
	c         *Courier
	rows      map[rowKey]*bridge.Row
	order     []rowKey
	open      map[rowKey][]bridge.Unconfirmed
	confirmed []bridge.Unconfirmed
	story     []bridge.Story
	told      map[clash]bool // by an earlier try of this batch
}

// clash is a write that came over somebody's edit.
type clash struct {
	delivery bridge.DeliveryID
	record   bridge.RecordID
	field    bridge.Field
}

type rowKey struct {
	org    bridge.OrgID
	object bridge.Object
	record bridge.RecordID
}

func (f *fold) entry(ctx context.Context, e *bridge.Entry) error {
	switch {
	case e.Row != nil:
		k := rowKey{e.Row.Org, e.Row.Object, e.Row.Record}
		take := rule.Correct
		if e.Kind == bridge.LoadEntry {
			take = rule.Merge
		}
		return f.update(ctx, k, func(r bridge.Row) bridge.Row { return take(r, *e.Row) })
	case e.Change != nil:
		for _, id := range e.Change.Records {
			k := rowKey{e.Change.Org, e.Change.Object, id}
			if err := f.change(ctx, k, e.Change); err != nil {
				return err
			}
			if err := f.twin(ctx, k, e.Change); err != nil {
				return err
			}
		}
	}
	return nil
}

// change applies a change to the row of one record, and confirms the writes that it brings back.
func (f *fold) change(ctx context.Context, k rowKey, c *bridge.Change) error {
	var before, now bridge.Fields
	apply := rule.Fold
	if f.halved(k.object) {
		apply = rule.FoldHalf
	}
	err := f.update(ctx, k, func(r bridge.Row) bridge.Row {
		before, now = sides(&r, c)
		return apply(r, c)
	})
	if err != nil {
		return err
	}
	return f.confirm(ctx, k, c, before, now)
}

// sides are the values of a row that a change comes behind, and those that are newer than it: a row that two objects make has a version for each.
func sides(r *bridge.Row, c *bridge.Change) (before, now bridge.Fields) {
	before, now = bridge.Fields{}, bridge.Fields{}
	for f, v := range r.Values {
		of, ok := r.Since[f]
		if !ok {
			of = r.Version
		}
		if c.Version.Before(of) {
			now[f] = v
		} else {
			before[f] = v
		}
	}
	return before, now
}

func (f *fold) halved(o bridge.Object) bool {
	for _, w := range f.c.wants {
		if w.Halved(o) {
			return true
		}
	}
	return false
}

// twin applies what a change of a contact says of the person account that it is a half of. Where nobody knows yet whether it is one, whoever carries it
// reads both.
func (f *fold) twin(ctx context.Context, k rowKey, c *bridge.Change) error {
	account, _ := rule.AccountOf(f.rows[k].Values)
	if account == "" {
		account, _ = rule.AccountOf(c.Values)
	}
	if account == "" {
		return nil
	}
	for _, w := range f.c.wants {
		if twin, tells := w.Twin(c, account); tells {
			return f.change(ctx, rowKey{c.Org, twin.Object, account}, &twin)
		}
	}
	return nil
}

func (f *fold) update(ctx context.Context, k rowKey, change func(bridge.Row) bridge.Row) error {
	r, ok := f.rows[k]
	if !ok {
		rows, err := f.c.d.Mirror.Rows(ctx, k.org, k.object, []bridge.RecordID{k.record})
		if err != nil {
			return err
		}
		r = &rows[0]
		r.Org, r.Object, r.Record = k.org, k.object, k.record
		f.rows[k], f.order = r, append(f.order, k)
	}
	next := change(*r)
	next.Org, next.Object, next.Record = k.org, k.object, k.record
	next.Keys = f.c.keys(&next)
	*r = next
	return nil
}

// keys are the row's identity values over all orgs' transfers of its object.
func (c *Courier) keys(r *bridge.Row) bridge.Fields {
	all := bridge.Fields{}
	for _, w := range c.wants {
		for f, v := range w.Keys(r) {
			all[f] = v
		}
	}
	return all
}

// confirm ends the unconfirmed writes whose value the stream brings: the newest of a field with that value, and those before it, of one project. Where two
// wrote the same value, the second's event is yet to come, and what it comes over may be an edit. What the row held before tells whether a write came over
// an edit that nobody knew of when it was sent. Where the record was read since, the row is now ahead of the stream and tells which value stands.
func (f *fold) confirm(ctx context.Context, k rowKey, c *bridge.Change, before, now bridge.Fields) error {
	open, ok := f.open[k]
	if !ok {
		var err error
		if open, err = f.c.d.Ledger.Unconfirmed(ctx, k.org, k.record); err != nil {
			return err
		}
	}
	var left []bridge.Unconfirmed
	of := map[bridge.Field]bridge.ProjectID{} // whose write of a field the change brings: that of one project, the first that wrote
	for i, u := range open {
		if ends(c) {
			u.Of = nil // it ended, and nobody knows whether it was done
		}
		v := c.Values[u.Field]
		over := f.stands(u, v) && foreign(f.c.same, open[:i], u, before[u.Field]) || f.stands(u, now[u.Field]) && foreign(f.c.same, open[:i], u, v)
		if over = over && (u.Told.IsZero() || !f.awaited(open, u.Field, v)); over {
			f.tell(k, u)
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
	return nil
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
		return w.Org == u.Org && w.Record == u.Record && w.Project == u.Project && w.Field == u.Field && w.Delivery == u.Delivery
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

// tell adds a line of the story: the platform's edit came over one in Salesforce.
func (f *fold) tell(k rowKey, u bridge.Unconfirmed) {
	at := clash{u.Delivery, u.Record, u.Field}
	if f.told[at] {
		return
	}
	f.told[at] = true
	f.story = append(f.story, cameOver(f.c.d.Now(), k.object, u))
}

// cameOver is the line of the story that tells of an edit in Salesforce which a write of ours came over.
func cameOver(now time.Time, o bridge.Object, u bridge.Unconfirmed) bridge.Story {
	return bridge.Story{
		At: now, Org: u.Org, Project: u.Project, Direction: bridge.Outbound, Object: o, Record: u.Record, Contact: u.Contact,
		Delivery: u.Delivery, Outcome: bridge.Conflict, Fields: []string{string(u.Field)},
		Reason: fmt.Sprintf("%s was edited in Salesforce while the platform's edit was on its way; the platform's came last and stands", u.Field),
		Judged: []bridge.Judgement{{Field: string(u.Field), Target: string(u.Field), Is: bridge.Clashes}},
	}
}
