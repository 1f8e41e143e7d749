package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// arrive finds or creates the contact of a record that nobody is linked to.
func (t *trip) arrive(ctx context.Context, tr *rule.Transfer, row bridge.Row) error {
	if done, err := t.fromLead(ctx, tr, row); done || err != nil {
		return err
	}
	into, err := t.untold(ctx, tr, row.Record)
	if err != nil {
		return err
	}
	if into != (bridge.Conversion{}) {
		return t.converted(ctx, tr, nil, into)
	}
	if id := row.Values[tr.Key]; tr.Key != "" && id.Known() && !id.IsNull() && !slices.Contains(t.dead, bridge.ContactID(id.Text)) {
		return t.madeFrom(ctx, tr, row, bridge.ContactID(id.Text))
	}
	var ids []bridge.Identity
	err = t.known(ctx, &row, func() (err error) { ids, err = tr.Identity(row.Values); return err })
	if err != nil {
		return err
	}
	if err := t.lockIdentities(row.Record, ids); err != nil {
		return err
	}
	if err := t.recall(ctx, tr); err != nil {
		return err
	}
	contact, err := t.find(ctx, append(t.made(tr, row.Record), ids...))
	if err != nil {
		return err
	}
	if contact != "" {
		return t.adopt(ctx, tr, row, contact)
	}
	if len(ids) == 0 {
		t.tell(bridge.Skipped, "", nil, "no identity field of the record has a value, so nobody can be matched")
		return nil
	}
	if tr.NoContact == bridge.SkipIt {
		t.tell(bridge.Skipped, "", nil, "nobody on the platform matches, and the transfer creates nobody")
		return nil
	}
	return t.create(ctx, tr, row, ids)
}

// lockIdentities locks every identity and notes the claims on them.
func (t *trip) lockIdentities(record bridge.RecordID, ids []bridge.Identity) error {
	t.candidates = append(t.identityClaims(ids), t.making())
	var locks []string
	for _, c := range t.candidates {
		locks = append(locks, t.identityLock(c.Identity))
	}
	if !t.isNew() {
		t.candidates = append(t.candidates, t.claim(leftName(record)))
	}
	return t.need(locks...)
}

// isNew reports whether the record was created with what is carried.
func (t *trip) isNew() bool {
	return slices.ContainsFunc(t.w.Deliveries, func(d bridge.Delivery) bool { return d.Edge == bridge.EdgeCreate })
}

// made are the identities of the contact that an earlier try may have created from the record, surest first: the record's id, where the contact bears
// it, and what the contact was created with. Both sides may have been edited since. A record that is not new may have had a contact before.
func (t *trip) made(tr *rule.Transfer, record bridge.RecordID) []bridge.Identity {
	if t.isNew() && t.past == nil {
		return nil
	}
	ids := tr.IdentityOf(t.past)
	if id, ok := tr.Bearing(record); ok {
		ids = append([]bridge.Identity{id}, ids...)
	}
	return ids
}

// unclaim gives back what an earlier try claimed for somebody who is linked by now. A contact that it may have created and not lived to tag is tagged.
func (t *trip) unclaim(ctx context.Context, tr *rule.Transfer, row bridge.Row) error {
	if tr.Shadow || !t.retried() {
		return nil
	}
	ids, err := tr.Identity(row.Values)
	if err != nil {
		ids = nil // not known, so not claimed
	}
	t.candidates = append(t.identityClaims(ids), t.making())
	if _, err := t.hold(ctx, tr); err != nil {
		return err
	}
	if t.past != nil {
		t.tags = tr.Tags
	}
	return nil
}

// find looks the identities up on the platform, best first. Several contacts for one identity are a question for a person.
func (t *trip) find(ctx context.Context, ids []bridge.Identity) (bridge.ContactID, error) {
	if t.o.platform.Finder == nil {
		return "", nil
	}
	for _, id := range ids {
		var found []bridge.Contact
		err := t.ask(ctx, t.o.toward, func() (err error) {
			found, err = t.o.platform.Finder.Find(ctx, id.Attribute, id.Value)
			return err
		})
		if err != nil && !errors.Is(err, bridge.ErrNotFound) {
			return "", fmt.Errorf("find a contact by %s: %w", id.Attribute, err)
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0].ID, nil
		default:
			return "", bridge.Permanent(bridge.Hint(fmt.Errorf("%d contacts have the same %s", len(found), id.Attribute),
				"merge them on the platform, then redrive"))
		}
	}
	return "", nil
}

// adopt links a matched contact and brings it up to what the record says.
func (t *trip) adopt(ctx context.Context, tr *rule.Transfer, row bridge.Row, contact bridge.ContactID) error {
	if err := t.need(t.contactLock(contact)); err != nil {
		return err
	}
	links, err := t.c.d.Ledger.LinksTo(ctx, t.org(), t.o.Project, contact)
	if err != nil {
		return err
	}
	for _, l := range links {
		if l.Object == tr.Object && l.Record != row.Record {
			t.tell(bridge.Skipped, "", nil, fmt.Sprintf("contact %s is linked to %s already", contact, l.Record))
			return nil
		}
	}
	if err := t.send(ctx, tr, row, t.link(tr, row.Record, contact)); err != nil {
		return err
	}
	t.fill(contact)
	return nil
}

// fill has an adopted contact carried outbound, where he may hold something that the record does not: what was never agreed on is filled, not cleared.
func (t *trip) fill(contact bridge.ContactID) {
	for _, l := range t.effects.Links {
		for _, tr := range t.transfers(l.Object) {
			if l.Contact == contact && tr.Unagreed(&l, bridge.Outbound) {
				lane := bridge.Lane{Org: t.org(), Project: t.o.Project, Direction: bridge.Outbound, Source: string(contact)}
				id := rule.DeliveryID(t.org(), string(t.w.Head().ID), string(contact), "")
				t.effects.Next = append(t.effects.Next, bridge.Delivery{ID: id, Kind: bridge.State, Lane: lane})
				return
			}
		}
	}
}

// link is a new link. It ends what was noted of an earlier one's end.
func (t *trip) link(tr *rule.Transfer, r bridge.RecordID, c bridge.ContactID) *bridge.Link {
	t.traces = append(t.traces, t.ended(c), t.left(r))
	return &bridge.Link{Org: t.org(), Project: t.o.Project, Object: tr.Object, Record: r, Contact: c, Baseline: t.past, Since: t.c.d.Now()}
}

// create creates the contact under the claim on its identities, so that after a crash nobody creates it from the other side.
func (t *trip) create(ctx context.Context, tr *rule.Transfer, row bridge.Row, ids []bridge.Identity) error {
	j, err := t.judge(ctx, tr, &row, nil, nil)
	if err != nil {
		return err
	}
	m := bridge.Message{
		Org: t.org(), Project: t.o.Project, Transfer: tr.ID, Delivery: t.w.Head().ID, Op: bridge.OpCreate, Identity: ids, Set: j.Attributes, Tags: tr.Tags,
	}
	if tr.Shadow {
		t.tell(bridge.Shadowed, m.Op, names(j.Attributes), "")
		return nil
	}
	agreed := maps.Clone(j.Agreed)
	for _, id := range ids {
		if _, mapped := agreed[id.Attribute]; !mapped {
			agreed[id.Attribute] = bridge.Agreed{Salesforce: id.Value, Platform: id.Value}
		}
	}
	if err := t.promise(ctx, tr, agreed); err != nil {
		return t.returned(ctx, tr, row, err)
	}
	contact, err := t.deliver(ctx, m)
	if err != nil && contact != "" {
		return bridge.Uncertain(err) // created, and not all that belongs to it is done
	}
	if err != nil {
		return t.mayRepeat(ctx, err)
	}
	t.relink(tr, t.link(tr, row.Record, contact), j)
	t.tell(bridge.Sent, m.Op, names(j.Attributes), "")
	return nil
}

// madeFrom links a record that says which contact it was made from, whatever its identity fields say by now. Where an earlier process left something of
// that contact's, it made the record and links it itself.
func (t *trip) madeFrom(ctx context.Context, tr *rule.Transfer, row bridge.Row, contact bridge.ContactID) error {
	journal, ok := t.c.d.Journal.(bridge.Leftovers)
	if ok && journal.Leftover(bridge.Lane{Org: t.org(), Project: t.o.Project, Direction: bridge.Outbound, Source: string(contact)}) {
		t.c.yields.note(t.recordLane(row.Record), contact)
		return &waitError{rung(1) / 4, "contact " + string(contact) + ", from which the record was made, goes first"}
	}
	t.c.yields.note(t.recordLane(row.Record), "")
	return t.adopt(ctx, tr, row, contact)
}
