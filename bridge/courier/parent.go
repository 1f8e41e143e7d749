package courier

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// childrenAtOnce bounds how many children one step of a spread has carried.
const childrenAtOnce = 100

// spreadToChildren has every record carried that reads something of the parent that changed. A crash in the middle begins anew; the children's
// deliveries have the same names then.
func (t *trip) spreadToChildren(ctx context.Context) error {
	head := t.w.Head()
	tr := t.o.project.Transfer(head.Transfer)
	if tr == nil {
		return bridge.Permanent(bridge.Hint(fmt.Errorf("transfer %s is no longer configured", head.Transfer), "configure it again and redrive, or drop"))
	}
	children, err := t.childrenOf(ctx, tr, head)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(children, childrenAtOnce) {
		if t.effects.Next != nil {
			if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Next: t.effects.Next}); err != nil {
				return fmt.Errorf("have %d children carried: %w", len(t.effects.Next), err)
			}
			t.effects.Next = nil
		}
		for _, r := range part {
			t.next(tr, r, head.Dirty)
		}
	}
	t.tell(bridge.Skipped, "", nil, fmt.Sprintf("%v changed for %d records of %s, which are carried", head.Dirty, len(children), tr.Object))
	return nil
}

// childrenOf are the records that refer to the parent, by the reference through which the dirty fields are read.
func (t *trip) childrenOf(ctx context.Context, tr *rule.Transfer, head *bridge.Delivery) ([]bridge.RecordID, error) {
	for _, p := range t.c.wants[t.o.project.Org].Parents(tr.Object) {
		if !slices.ContainsFunc(head.Dirty, func(f bridge.Field) bool { return p.Fields[f] != "" }) {
			continue
		}
		found, err := t.c.d.Mirror.Lookup(ctx, t.org(), tr.Object, p.Reference, bridge.TextValue(head.Lane.Source))
		if err != nil {
			return nil, fmt.Errorf("find the children of %s %s: %w", head.Object, head.Lane.Source, err)
		}
		return found, nil
	}
	return nil, nil
}

// stamps are the paths that tell how old what is read of an object's parents is.
func (t *trip) stamps(o bridge.Object) (all []bridge.Field) {
	for _, p := range t.c.wants[t.o.project.Org].Parents(o) {
		all = append(all, p.Stamp())
	}
	return all
}

// learnParents notes for the mirror what was read of the record's parents with it: as old as the parents are, so that an event of theirs that is
// older changes nothing.
func (t *trip) learnParents(ctx context.Context, read *bridge.Row) error {
	t.elders = nil
	for _, p := range t.c.wants[t.o.project.Org].Parents(read.Object) {
		stamp, ref := read.Values[p.Stamp()], read.Values[p.Reference]
		delete(read.Values, p.Stamp())
		at, err := time.Parse(time.RFC3339, stamp.Text)
		if err != nil || !ref.Known() || ref.IsNull() {
			continue
		}
		known, err := t.parent(ctx, p, ref)
		if err != nil {
			return err
		}
		seen := bridge.Row{Version: bridge.Version{At: at}, Values: bridge.Fields{}}
		for path, f := range p.Fields {
			if v := read.Values[path]; v.Known() {
				seen.Values[f] = v
			}
		}
		now := rule.Merge(known, seen)
		now.Keys = t.c.wants[t.o.project.Org].Keys(&now)
		t.elders = append(t.elders, now)
	}
	return nil
}

// inherit puts what is known of the record's parents in its row.
func (t *trip) inherit(ctx context.Context, row *bridge.Row) error {
	for _, p := range t.c.wants[t.o.project.Org].Parents(row.Object) {
		var parent bridge.Row
		if ref := row.Values[p.Reference]; ref.Known() && !ref.IsNull() {
			var err error
			if parent, err = t.parent(ctx, p, ref); err != nil {
				return err
			}
		}
		row.Values = p.Inherit(row.Values, parent)
	}
	return nil
}

// parent is the row of a parent: as it was read with the record in this try, else as the mirror has it.
func (t *trip) parent(ctx context.Context, p rule.Parent, ref bridge.Value) (bridge.Row, error) {
	id := bridge.RecordID(bridge.LongID(ref.Text))
	if i := slices.IndexFunc(t.elders, func(r bridge.Row) bool { return r.Object == p.Object && r.Record == id }); i >= 0 {
		return t.elders[i], nil
	}
	row, err := t.mirrored(ctx, p.Object, id)
	if err != nil {
		return row, fmt.Errorf("look at the parent %s %s: %w", p.Object, id, err)
	}
	return row, nil
}
