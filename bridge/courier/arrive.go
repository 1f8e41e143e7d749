package courier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// arrive finds or creates the contact of a record that nobody is linked to.
func (t *trip) arrive(ctx context.Context, tr *rule.Transfer, row bridge.Row) error {
	var ids []bridge.Identity
	err := t.known(ctx, &row, func() (err error) { ids, err = tr.Identity(row.Values); return err })
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		t.tell(bridge.Skipped, "", nil, "no identity field of the record has a value, so nobody can be matched")
		return nil
	}
	claims, err := t.lockIdentities(ids)
	if err != nil {
		return err
	}
	j, err := t.judge(ctx, tr, &row, nil, nil)
	if err != nil {
		return err
	}
	if err := t.take(ctx, tr, claims, j); err != nil {
		return err
	}
	contact, err := t.find(ctx, ids)
	if err != nil {
		return err
	}
	if contact != "" {
		return t.adopt(ctx, tr, row, contact)
	}
	if tr.NoContact == bridge.SkipIt {
		t.tell(bridge.Skipped, "", nil, "nobody on the platform matches, and the transfer creates nobody")
		return nil
	}
	return t.create(ctx, tr, row, ids, j)
}

// lockIdentities locks every identity and answers the claims on them.
func (t *trip) lockIdentities(ids []bridge.Identity) ([]bridge.Claim, error) {
	var locks []string
	claims := t.identityClaims(ids)
	for _, c := range claims {
		locks = append(locks, t.identityLock(c.Identity))
	}
	t.claimed = claims
	return claims, t.need(locks...)
}

func (t *trip) identityClaims(ids []bridge.Identity) []bridge.Claim {
	var claims []bridge.Claim
	for _, id := range ids {
		name := rule.ClaimName(t.o.Project, id.Attribute, id.Value)
		claims = append(claims, bridge.Claim{Org: t.org(), Project: t.o.Project, Identity: name, Delivery: t.w.Head().ID, At: t.c.d.Now()})
	}
	return claims
}

// unclaim gives back what an earlier try may have claimed for somebody who is linked by now. Identities that are not known claim nothing.
func (t *trip) unclaim(ids []bridge.Identity, _ error) {
	if t.retried() {
		t.claimed = append(t.claimed, t.identityClaims(ids)...)
	}
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
	if t.retried() {
		t.tags = tr.Tags // an earlier try may have created the contact and not lived to tag it
	}
	return t.send(ctx, tr, row, t.link(tr, row.Record, contact))
}

func (t *trip) link(tr *rule.Transfer, r bridge.RecordID, c bridge.ContactID) *bridge.Link {
	return &bridge.Link{Org: t.org(), Project: t.o.Project, Object: tr.Object, Record: r, Contact: c, Baseline: t.past, Since: t.c.d.Now()}
}

// create creates the contact under the claim on its identities, so that after a crash nobody creates it from the other side.
func (t *trip) create(ctx context.Context, tr *rule.Transfer, row bridge.Row, ids []bridge.Identity, j rule.Judged) error {
	m := bridge.Message{
		Org: t.org(), Project: t.o.Project, Transfer: tr.ID, Delivery: t.w.Head().ID, Op: bridge.OpCreate, Identity: ids, Set: j.Attributes, Tags: tr.Tags,
	}
	if tr.Shadow {
		t.tell(bridge.Shadowed, m.Op, names(j.Attributes), "")
		return nil
	}
	contact, err := t.deliver(ctx, m)
	if err != nil && contact != "" {
		return bridge.Uncertain(err) // created, and not all that belongs to it is done
	}
	if err != nil {
		return err
	}
	t.relink(tr, t.link(tr, row.Record, contact), j)
	t.tell(bridge.Sent, m.Op, names(j.Attributes), "")
	return nil
}

// claimAge is how long a claim is waited for. Whoever holds it longer is in trouble, and a person is looked up before he is created in any case.
const claimAge = 10 * time.Minute

// take takes the claims for this delivery, with what a create will agree on. Those that another delivery holds make it wait for that one; those that an
// earlier try of its own left behind tell what that one may have created.
func (t *trip) take(ctx context.Context, tr *rule.Transfer, claims []bridge.Claim, j rule.Judged) error {
	if tr.Shadow {
		return nil
	}
	for i := range claims {
		claims[i].Sent, claims[i].Agreed = true, j.Agreed
	}
	held, err := t.c.d.Ledger.Take(ctx, claims)
	if err != nil {
		return fmt.Errorf("claim the identities: %w", err)
	}
	for _, h := range held {
		if h.Delivery == t.w.Head().ID {
			t.past = h.Agreed
		} else if t.c.d.Now().Sub(h.At) < claimAge {
			return &waitError{rung(4), "delivery " + string(h.Delivery) + " is creating the same person"}
		}
	}
	return nil
}
