package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// createRecord creates the record of a contact that no record matches. With an external id field it is an upsert, which may be repeated; without one it
// is looked up before it is sent again: the match before this call did that.
func (t *trip) createRecord(ctx context.Context, tr *rule.Transfer, c bridge.Contact) error {
	t.via = tr
	j, err := tr.Outbound(c.Values, nil, rule.Target{})
	if err != nil {
		return bridge.Permanent(err)
	}
	set := maps.Clone(tr.Set)
	if set == nil {
		set = bridge.Fields{}
	}
	maps.Copy(set, j.Fields)
	if done, err := t.account(ctx, tr, c, set); done || err != nil {
		return err
	}
	w := t.write(tr, bridge.OpCreate, set)
	w.Terms = terms(&tr.Creation, c.Values)
	if tr.Key != "" {
		w.Op, w.Key, w.KeyValue = bridge.OpUpsert, tr.Key, string(c.ID)
		delete(w.Set, tr.Key)
	}
	if tr.Shadow {
		t.tell(bridge.Shadowed, w.Op, fieldNames(w.Set), "")
		return nil
	}
	err = t.promise(ctx, tr, j.Agreed)
	var bar *barError
	if errors.As(err, &bar) {
		t.tell(bridge.Skipped, "", nil, bar.why)
		return nil
	}
	if err != nil {
		return err
	}
	out, err := t.putCreated(ctx, tr, w, &j)
	switch {
	case err != nil:
		return err
	case out.Err != nil:
		return t.refused(ctx, tr, c, out.Err)
	}
	t.relink(tr, t.link(tr, out.Record, c.ID), j)
	t.tell(bridge.Sent, w.Op, fieldNames(w.Set), joined(t.inPlace(), out.Note))
	return nil
}

func (t *trip) claims(ks []rule.Key) []bridge.Claim {
	var cs []bridge.Claim
	for _, k := range ks {
		cs = append(cs, t.claim(k.Claim))
	}
	return cs
}

// refused ends a create that Salesforce refused. Where the answer names the record that is in the way, that one is linked on the next try.
func (t *trip) refused(ctx context.Context, tr *rule.Transfer, c bridge.Contact, err error) error {
	if errors.Is(err, bridge.ErrConverted) && tr.Key != "" {
		return t.refound(ctx, tr, c, err)
	}
	var dup interface{ DuplicateOf() bridge.RecordID }
	if !errors.As(err, &dup) || dup.DuplicateOf() == "" {
		return t.mayRepeat(ctx, err)
	}
	record := dup.DuplicateOf()
	if err := t.need(t.recordLock(record)); err != nil {
		return err
	}
	have, e := t.c.d.Ledger.LinkOf(ctx, t.org(), t.o.Project, record)
	if e == nil && have.Contact != c.ID {
		return bridge.Permanent(bridge.Hint(err, "record %s is linked to contact %s already: merge the two on the platform, then redrive", record, have.Contact))
	}
	if e != nil && !errors.Is(e, bridge.ErrNotFound) {
		return e
	}
	if e := t.c.d.Ledger.Stage(ctx, bridge.Effects{Links: []bridge.Link{*t.link(tr, record, c.ID)}}); e != nil {
		return fmt.Errorf("link the record that the answer names: %w", e)
	}
	return &waitError{rung(1), "Salesforce named the record that holds the value; carrying to that one"}
}
