package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// gone decides what an unseen record is: only the recycle bin proves a deletion.
func (t *trip) gone(ctx context.Context, tr *rule.Transfer, link *bridge.Link, record bridge.RecordID) error {
	var fates []bridge.Fate
	err := t.ask(ctx, t.o.home, func() (err error) {
		fates, err = t.o.org.Reader.Fate(ctx, tr.Object, []bridge.RecordID{record})
		return err
	})
	if err != nil {
		return fmt.Errorf("ask what became of %s %s: %w", tr.Object, record, err)
	}
	if len(fates) == 1 && (fates[0].Deleted || fates[0].Conversion != bridge.Conversion{}) {
		return t.leave(ctx, tr, link, "the record is deleted")
	}
	t.tell(bridge.Skipped, "", nil, errUnseen.Error()+"; grant it View All on "+string(tr.Object))
	return nil
}

// outside ends the membership of a record that does not, or no longer, satisfy the condition.
func (t *trip) outside(tr *rule.Transfer, link *bridge.Link) error {
	if link != nil && link.Member[tr.ID] {
		l := *link
		l.Member = maps.Clone(l.Member)
		delete(l.Member, tr.ID)
		t.effects.Links = []bridge.Link{l}
		t.tell(bridge.Skipped, "", nil, "the record left: the condition no longer holds")
		return nil
	}
	t.tell(bridge.Skipped, "", nil, "the condition does not hold")
	return nil
}

// leave ends the link of a record that is gone, and deletes the contact where the transfer says so.
func (t *trip) leave(ctx context.Context, tr *rule.Transfer, link *bridge.Link, why string) error {
	if link == nil {
		t.tell(bridge.Skipped, "", nil, why+" and nobody is linked to it")
		return nil
	}
	fate, err := t.fate(ctx, tr, link)
	if err != nil {
		return err
	}
	if fate.Conversion != (bridge.Conversion{}) {
		return t.converted(ctx, tr, link, fate.Conversion)
	}
	if fate.Master != "" {
		return t.merged(ctx, tr, link, fate.Master)
	}
	t.effects.Unlinks = []bridge.Link{*link}
	if tr.OnDelete != bridge.DeleteContact {
		t.effects.Claims = append(t.effects.Claims, t.deleted(link)...)
		t.tell(bridge.Skipped, "", nil, why+"; the link ends, the contact stays")
		return nil
	}
	m := bridge.Message{Org: t.org(), Project: t.o.Project, Transfer: tr.ID, Delivery: t.w.Head().ID, Op: bridge.OpDelete, Contact: link.Contact}
	if tr.Shadow {
		t.effects.Unlinks = nil
		t.tell(bridge.Shadowed, bridge.OpDelete, nil, why)
		return nil
	}
	if _, err := t.deliver(ctx, m); err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return err
	}
	t.tell(bridge.Sent, bridge.OpDelete, nil, why)
	return nil
}

// fate asks whether a record that is gone was merged: a merge moves the link.
func (t *trip) fate(ctx context.Context, tr *rule.Transfer, link *bridge.Link) (bridge.Fate, error) {
	var fates []bridge.Fate
	err := t.ask(ctx, t.o.home, func() (err error) {
		fates, err = t.o.org.Reader.Fate(ctx, tr.Object, []bridge.RecordID{link.Record})
		return err
	})
	if err != nil || len(fates) == 0 {
		return bridge.Fate{}, err
	}
	return fates[0], nil
}

// merged moves the link to the record that won, and has that one carried; where it is linked already, its own contact stays and this one is left alone.
func (t *trip) merged(ctx context.Context, tr *rule.Transfer, link *bridge.Link, master bridge.RecordID) error {
	if err := t.need(t.recordLock(master)); err != nil {
		return err
	}
	have, err := t.c.d.Ledger.LinkOf(ctx, t.org(), t.o.Project, master)
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return err
	}
	t.effects.Unlinks, t.effects.Links = []bridge.Link{*link}, nil
	if err == nil && have.Contact != link.Contact {
		t.effects.Claims = append(t.effects.Claims, t.ended(link.Contact))
		t.tell(bridge.Skipped, "", nil, fmt.Sprintf("the record was merged into %s, which is linked to contact %s; this link ends", master, have.Contact))
		return nil
	}
	moved := *link
	moved.Record, moved.From = master, link.Record
	t.effects.Links = []bridge.Link{moved}
	t.tell(bridge.Skipped, "", nil, "the record was merged into "+string(master)+"; the link moved")
	t.next(tr, master, nil)
	return nil
}
