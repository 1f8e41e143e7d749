package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// arrive finds or creates the contact of a record that nobody is linked to.
func (t *trip) arrive(ctx context.Context, tr *rule.Transfer, row bridge.Row) error {
	if id := row.Values[tr.Key]; tr.Key != "" && id.Known() && !id.IsNull() {
		return t.madeFrom(ctx, tr, row, bridge.ContactID(id.Text))
	}
	var ids []bridge.Identity
	err := t.known(ctx, &row, func() (err error) { ids, err = tr.Identity(row.Values); return err })
	if err != nil {
		return err
	}
	if err := t.lockIdentities(ids); err != nil {
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
func (t *trip) lockIdentities(ids []bridge.Identity) error {
	t.candidates = append(t.identityClaims(ids), t.making())
	var locks []string
	for _, c := range t.candidates {
		locks = append(locks, t.identityLock(c.Identity))
	}
	return t.need(locks...)
}

func (t *trip) identityClaims(ids []bridge.Identity) []bridge.Claim {
	var claims []bridge.Claim
	for _, id := range ids {
		claims = append(claims, t.claim(rule.ClaimName(t.o.Project, id.Attribute, id.Value)))
	}
	return claims
}

func (t *trip) claim(identity string) bridge.Claim {
	return bridge.Claim{Org: t.org(), Project: t.o.Project, Identity: identity, Delivery: t.w.Head().ID, At: t.c.d.Now()}
}

// making is the claim under which a create leaves word of itself, whatever the identity fields of its source say later.
func (t *trip) making() bridge.Claim {
	lane := t.w.Head().Lane
	return t.claim("made-" + string(lane.Direction) + "-" + lane.Source)
}

// ended is the claim that stands in the way of creating a contact in Salesforce anew whose record is gone. It is nobody's, and stands until he is
// linked again.
func (t *trip) ended(c bridge.ContactID) bridge.Claim {
	cl := t.claim(endedName(c))
	cl.Delivery = ""
	return cl
}

func endedName(c bridge.ContactID) string { return "ended-" + string(c) }

// errEnded says that the contact's record was deleted.
var errEnded = errors.New("the contact's record was deleted in Salesforce, and is not created anew")

// made are the identities of the contact that an earlier try may have created from the record, surest first: the record's id, where the contact bears
// it, and what the contact was created with. Both sides may have been edited since. A record that comes back may have had a contact before.
func (t *trip) made(tr *rule.Transfer, record bridge.RecordID) []bridge.Identity {
	back := slices.ContainsFunc(t.w.Deliveries, func(d bridge.Delivery) bool { return d.Edge == bridge.EdgeUndelete })
	if t.past == nil && !back {
		return nil
	}
	ids := tr.IdentityOf(t.past)
	if id, ok := tr.Bearing(record); ok {
		ids = append([]bridge.Identity{id}, ids...)
	}
	return ids
}

// bundle has the claim of the making name the others, so that they are found again whatever the identity fields say by then.
func (t *trip) bundle() {
	name := t.making().Identity
	var also []string
	for _, c := range t.candidates {
		if c.Identity != name {
			also = append(also, c.Identity)
		}
	}
	for i := range t.candidates {
		if t.candidates[i].Identity == name {
			t.candidates[i].Also = also
		}
	}
}

// rename has the claim of the making, which an earlier try left, name what this one claims as well.
func (t *trip) rename(ctx context.Context, h bridge.Claim) error {
	if h.Identity != t.making().Identity {
		return nil
	}
	all := slices.Clone(h.Also)
	for _, c := range t.candidates {
		if c.Identity != h.Identity && !slices.Contains(all, c.Identity) {
			all = append(all, c.Identity)
		}
	}
	if len(all) == len(h.Also) {
		return nil
	}
	h.Also = all
	if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Claims: []bridge.Claim{h}}); err != nil {
		return fmt.Errorf("name the claims: %w", err)
	}
	return nil
}

// keep notes a claim that this delivery holds, and what an earlier try promised by it.
func (t *trip) keep(h bridge.Claim) {
	t.claimed = append(t.claimed, h)
	for _, name := range h.Also {
		t.claimed = append(t.claimed, t.claim(name))
	}
	if h.Sent && t.retried() {
		t.past = h.Agreed
	}
}

// yield gives back what earlier tries claimed, where this one ended without a look at it.
func (t *trip) yield(ctx context.Context) error {
	if !t.retried() || t.candidates != nil || t.w.Head().Kind == bridge.Append {
		return nil
	}
	t.candidates = []bridge.Claim{t.making()}
	stand, err := t.c.d.Ledger.Take(ctx, t.candidates)
	if err != nil {
		return fmt.Errorf("look for claims of earlier tries: %w", err)
	}
	t.claimed = append(t.claimed, t.candidates...)
	for _, h := range stand {
		if h.Delivery == t.w.Head().ID {
			t.keep(h)
		}
	}
	return nil
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
			if l.Contact == contact && tr.Unagreed(&l) {
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
	t.traces = append(t.traces, t.ended(c))
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
		return err
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
		return &waitError{rung(1) / 4, "contact " + string(contact) + ", from which the record was made, goes first"}
	}
	return t.adopt(ctx, tr, row, contact)
}

// claimAge is how long a claim is waited for. Whoever holds it longer is in trouble, and a person is looked up before he is created in any case.
const claimAge = 10 * time.Minute

// recall finds out what an earlier try of this delivery may have created: it left a claim that says so. Whoever was found meanwhile is known by it.
func (t *trip) recall(ctx context.Context, tr *rule.Transfer) error {
	if tr.Shadow || !t.retried() {
		return nil
	}
	err := t.take(ctx, tr)
	if errors.Is(err, errEnded) {
		t.barred = true // he may still match a record that is there
		return nil
	}
	return err
}

// remember finds out what an earlier try of this delivery promised, and claims nobody.
func (t *trip) remember(ctx context.Context, tr *rule.Transfer) error {
	if tr.Shadow || !t.retried() {
		return nil
	}
	all := t.candidates
	t.candidates = []bridge.Claim{t.making()}
	_, err := t.hold(ctx, tr)
	t.candidates = all
	return err
}

// promise claims the identities right before a create, with what it will agree on.
func (t *trip) promise(ctx context.Context, tr *rule.Transfer, agreed map[bridge.Attribute]bridge.Agreed) error {
	for i := range t.candidates {
		t.candidates[i].Sent, t.candidates[i].Agreed = true, agreed
	}
	if t.barred {
		return errEnded
	}
	if !t.retried() {
		return t.take(ctx, tr)
	}
	if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Claims: t.candidates}); err != nil { // recall took them
		return fmt.Errorf("claim the identities: %w", err)
	}
	return nil
}

// take takes the candidates for this delivery. Those that another delivery holds make it wait for that one; those that an earlier try of its own left
// behind tell what that one may have created.
func (t *trip) take(ctx context.Context, tr *rule.Transfer) error {
	others, err := t.hold(ctx, tr)
	if err != nil {
		return err
	}
	for _, h := range others {
		if strings.HasPrefix(h.Identity, endedName("")) {
			return errEnded
		}
		if t.c.d.Now().Sub(h.At) < claimAge {
			return &waitError{rung(4), "delivery " + string(h.Delivery) + " is creating the same person"}
		}
	}
	return nil
}

// hold takes the candidates, unless others hold some, and notes which are this delivery's now and what an earlier try promised by them.
func (t *trip) hold(ctx context.Context, tr *rule.Transfer) (others []bridge.Claim, err error) {
	t.bundle()
	stand, err := t.c.d.Ledger.Take(ctx, t.candidates)
	if err != nil {
		return nil, fmt.Errorf("claim the identities: %w", err)
	}
	t.claimed = nil
	for _, h := range stand {
		if h.Delivery != t.w.Head().ID {
			others = append(others, h)
			continue
		}
		t.keep(h)
		if err := t.rename(ctx, h); err != nil {
			return nil, err
		}
	}
	if len(others) == 0 {
		t.claimed = append(t.claimed, t.candidates...)
	}
	t.claimed = append(t.claimed, t.identityClaims(tr.IdentityOf(t.past))...) // the identities may be others by now
	return others, nil
}
