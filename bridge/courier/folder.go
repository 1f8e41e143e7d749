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
	for {
		entries, err := c.d.Folding.Unfolded(ctx, foldBatch)
		if err != nil {
			return err
		}
		f := fold{c: c, rows: map[rowKey]*bridge.Row{}, open: map[rowKey][]bridge.Unconfirmed{}}
		for i := range entries {
			if err := f.entry(ctx, &entries[i]); err != nil {
				return fmt.Errorf("fold entry %d: %w", entries[i].ID, err)
			}
		}
		rows := make([]bridge.Row, 0, len(f.order))
		for _, k := range f.order {
			rows = append(rows, *f.rows[k])
		}
		err = c.d.Folding.Fold(ctx, entries, rows, f.confirmed)
		if errors.Is(err, bridge.ErrMoved) {
			continue // somebody has read the record meanwhile and stored what he saw
		}
		if err != nil {
			return fmt.Errorf("fold %d entries: %w", len(entries), err)
		}
	}
}

// fold is one batch under way.
type fold struct {
	c         *Courier
	rows      map[rowKey]*bridge.Row
	order     []rowKey
	open      map[rowKey][]bridge.Unconfirmed
	confirmed []bridge.Unconfirmed
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
		return f.update(ctx, k, func(r bridge.Row) bridge.Row { return rule.Merge(r, *e.Row) })
	case e.Change != nil:
		for _, id := range e.Change.Records {
			k := rowKey{e.Change.Org, e.Change.Object, id}
			if err := f.update(ctx, k, func(r bridge.Row) bridge.Row { return rule.Fold(r, e.Change) }); err != nil {
				return err
			}
			if err := f.confirm(ctx, k, e.Change); err != nil {
				return err
			}
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

// confirm ends the unconfirmed writes whose value the stream brings: the newest of a field with that value, and those before it.
func (f *fold) confirm(ctx context.Context, k rowKey, c *bridge.Change) error {
	open, ok := f.open[k]
	if !ok {
		var err error
		if open, err = f.c.d.Ledger.Unconfirmed(ctx, k.org, k.record); err != nil {
			return err
		}
	}
	var left []bridge.Unconfirmed
	for i, u := range open {
		if c.Type == bridge.Delete || c.Type == bridge.GapDelete {
			u.Of = nil // it ended, and nobody knows whether it was done
		}
		if f.echoed(open[i:], u, c) {
			f.confirmed = append(f.confirmed, u)
		} else {
			left = append(left, u)
		}
	}
	f.open[k] = left
	return nil
}

// echoed reports whether the change brings the value of u, or of a later write of the same project to the same field.
func (f *fold) echoed(from []bridge.Unconfirmed, u bridge.Unconfirmed, c *bridge.Change) bool {
	if c.Type == bridge.Delete || c.Type == bridge.GapDelete {
		return true
	}
	v, said := c.Values[u.Field]
	if !said {
		return false
	}
	for _, w := range from {
		if w.Project == u.Project && w.Field == u.Field && f.same(w, v) {
			return true
		}
	}
	return false
}

func (f *fold) same(u bridge.Unconfirmed, v bridge.Value) bool {
	p := f.c.d.Rules.Project(u.Project)
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
