package courier

import (
	"context"
	"errors"
	"fmt"

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
		switch e.Kind {
		case bridge.LoadEntry:
			take = rule.Merge
		case bridge.RereadEntry:
			take = rule.Renew
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
	var was sides
	apply, ordered := rule.Fold, true
	if f.halved(k.object) {
		apply, ordered = rule.FoldHalf, false
	}
	err := f.update(ctx, k, func(r bridge.Row) bridge.Row {
		was = sidesOf(&r, c)
		was.again = ordered && r.Version.Commit != 0 && c.Version.Before(r.Version)
		return apply(r, c)
	})
	if err != nil {
		return err
	}
	return f.confirm(ctx, k, c, was)
}

// sides are the values of a row that a change comes behind, those that are newer than it, and those that were read in its second, of which nobody can say.
// A row that two objects make has a version for each. Where an event told what is newer, the change is late: it comes once more, or is the other half of one
// that was told.
type sides struct {
	before, now, beside bridge.Fields
	late                map[bridge.Field]bool
	again               bool // the change is older than an event of this object that was told: it comes once more, and what it says was not told last
}

func sidesOf(r *bridge.Row, c *bridge.Change) sides {
	s := sides{before: bridge.Fields{}, now: bridge.Fields{}, beside: bridge.Fields{}, late: map[bridge.Field]bool{}}
	for f, v := range r.Values {
		of, ok := r.Since[f]
		if !ok {
			of = r.Version
		}
		switch {
		case c.Version.Before(of):
			if s.now[f] = v; of.Commit != 0 {
				s.late[f] = true
			}
		case c.Version.Beside(of):
			s.beside[f] = v
		default:
			s.before[f] = v
		}
	}
	return s
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
