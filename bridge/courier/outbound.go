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

// outbound carries what the platform says of one contact to Salesforce.
func (t *trip) outbound(ctx context.Context) error {
	id := bridge.ContactID(t.w.Head().Lane.Source)
	if tr := t.o.project.Transfer(t.w.Head().Transfer); tr != nil && t.later(tr) {
		return nil
	}
	if t.setAside(); len(t.outward()) == 0 {
		return nil
	}
	said, err := t.said(id)
	if err != nil {
		return err
	}
	links, err := t.lockLinks(ctx, id)
	if err != nil {
		return err
	}
	if err := t.after(links); err != nil {
		return err
	}
	if err := t.leftBehind(ctx, links); err != nil {
		return err
	}
	// An earlier try may have written more than the callback says, since it read the contact: its word has to be looked at.
	if len(links) > 0 && len(t.w.Deliveries) == 1 && !t.retried() && !t.stale(said.Values, links) {
		t.tell(bridge.Same, "", nil, "the callback says what both sides agreed on")
		return nil
	}
	contact, err := t.contact(ctx, id, said, len(links))
	if errors.Is(err, bridge.ErrNotFound) || err == nil && contact.Deleted {
		return t.vanished(links)
	}
	if err != nil {
		return err
	}
	if len(links) == 0 {
		return t.meet(ctx, contact)
	}
	for i := range links {
		if err := t.update(ctx, &links[i], contact); err != nil {
			return err
		}
	}
	return nil
}

// after lets the records' own lanes go first where something in them may have been sent and is not settled: by an earlier process, or with an outcome that
// nobody knows. What it sent would be taken for somebody's edit here.
func (t *trip) after(links []bridge.Link) error {
	journal, ok := t.c.d.Journal.(bridge.Leftovers)
	for _, l := range links {
		lane := t.recordLane(l.Record)
		if ok && journal.Leftover(lane) {
			return &waitError{rung(1) / 4, "what an earlier process left for record " + string(l.Record) + " goes first"}
		}
		if t.c.doubts.in(lane, t.o.toward.reachable()) {
			return &waitError{rung(1), "a message of record " + string(l.Record) + " may have arrived, and goes first"}
		}
	}
	return nil
}

// recordLane is the lane of what happens to a record.
func (t *trip) recordLane(r bridge.RecordID) bridge.Lane {
	return bridge.Lane{Org: t.org(), Project: t.o.Project, Direction: bridge.Inbound, Source: string(r)}
}

// said is what the callback itself says of the contact; an entry without a callback says nothing.
func (t *trip) said(id bridge.ContactID) (bridge.Contact, error) {
	cb := t.w.Entry.Callback
	if cb == nil {
		return bridge.Contact{ID: id}, nil
	}
	p, err := t.o.platform.Parser.Parse(*cb)
	if err != nil {
		return bridge.Contact{}, fmt.Errorf("read the callback: %w", err)
	}
	if p.Complete && len(t.w.Deliveries) == 1 {
		t.fetched = &p.Contact
	}
	return p.Contact, nil
}

// lockLinks locks the contact and every record it is linked to, and answers the links.
func (t *trip) lockLinks(ctx context.Context, id bridge.ContactID) ([]bridge.Link, error) {
	if err := t.need(t.contactLock(id)); err != nil {
		return nil, err
	}
	links, err := t.c.d.Ledger.LinksTo(ctx, t.org(), t.o.Project, id)
	if err != nil {
		return nil, err
	}
	links = t.alive(links)
	var locks []string
	for _, l := range links {
		locks = append(locks, t.recordLock(l.Record))
	}
	return links, t.need(locks...)
}

// stale reports whether a callback differs from what was agreed on with any linked record. A callback that does not is an echo or came late; the edit
// it may have missed has a callback of its own. Where several callbacks coalesced that one may be among them: then the contact is read.
func (t *trip) stale(said bridge.Attributes, links []bridge.Link) bool {
	for i := range links {
		for _, tr := range t.transfers(links[i].Object) {
			if tr.Stale(said, &links[i]) {
				return true
			}
		}
	}
	return false
}

// transfers are the outbound transfers of an object.
func (t *trip) transfers(o bridge.Object) []*rule.Transfer {
	return slices.DeleteFunc(t.outward(), func(tr *rule.Transfer) bool { return tr.Object != o })
}

// contact is the contact as it is now: a callback without a version only says that something changed. What was read before the locks were given back
// for more counts only while nobody is linked: nobody carries to it then.
func (t *trip) contact(ctx context.Context, id bridge.ContactID, said bridge.Contact, links int) (bridge.Contact, error) {
	if t.fetched != nil && links == 0 {
		return *t.fetched, nil
	}
	if t.o.platform.Fetcher == nil {
		return said, nil
	}
	var c bridge.Contact
	err := t.ask(ctx, t.o.toward, func() (err error) {
		c, err = t.o.platform.Fetcher.Fetch(ctx, id)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("read contact %s back: %w", id, err)
	}
	t.fetched = &c
	return c, nil
}

// vanished ends the links of a contact that the platform no longer has. The records stay.
func (t *trip) vanished(links []bridge.Link) error {
	t.effects.Unlinks = links
	t.tell(bridge.Skipped, "", nil, "the contact is gone on the platform; the record stays")
	return nil
}

// meet finds or creates the record of a contact that is linked to none: the first transfer that knows it takes it.
func (t *trip) meet(ctx context.Context, c bridge.Contact) error {
	t.met = c
	transfers := t.outward()
	creator := creatorOf(transfers)
	if err := t.lockKeys(transfers, c); err != nil {
		return err
	}
	if creator != nil {
		if err := t.remember(ctx, creator); err != nil {
			return err
		}
	}
	if err := t.foresee(ctx, transfers, c); err != nil {
		return err
	}
	if done, err := t.matched(ctx, transfers, c, t.named); done || err != nil {
		return t.stepBack(ctx, err) // whoever else is creating the same person does it for this record
	}
	if creator != nil {
		if err := t.recall(ctx, creator); err != nil {
			return err
		}
	}
	if err := t.foreseeAgain(ctx, transfers, c); err != nil {
		return err
	}
	if done, err := t.matched(ctx, transfers, c, t.alike); done || err != nil {
		return err
	}
	if creator == nil {
		t.tell(bridge.Skipped, "", nil, "no record matches, and no transfer creates one")
		return nil
	}
	return t.createRecord(ctx, creator, c)
}

// stepBack gives claims back where the contact waits for the record that it was made from: whoever carries that one may be waiting for them.
func (t *trip) stepBack(ctx context.Context, err error) error {
	var wait *waitError
	if !errors.As(err, &wait) {
		return err
	}
	claims := slices.DeleteFunc(slices.Clone(t.claimed), func(c bridge.Claim) bool { return c.Identity == t.making().Identity })
	if len(claims) == 0 {
		return err
	}
	if e := t.c.d.Ledger.Stage(ctx, bridge.Effects{Unclaim: claims}); e != nil {
		return fmt.Errorf("give claims back: %w", e)
	}
	return err
}

// creatorOf is the transfer that creates records, nil for none.
func creatorOf(transfers []*rule.Transfer) *rule.Transfer {
	for _, tr := range transfers {
		if tr.NoRecord == bridge.CreateNew {
			return tr
		}
	}
	return nil
}

// lockKeys locks every identity of the contact and notes the claims on them.
func (t *trip) lockKeys(transfers []*rule.Transfer, c bridge.Contact) error {
	t.candidates = []bridge.Claim{t.making()}
	for _, tr := range transfers {
		t.candidates = append(t.candidates, t.claims(tr.Keys(c.Values))...)
	}
	var locks []string
	for _, cl := range t.candidates {
		locks = append(locks, t.identityLock(cl.Identity))
	}
	t.candidates = append(t.candidates, t.claim(endedName(c.ID)))
	return t.need(locks...)
}

// matched adopts the first record that look finds, and reports whether there was one.
func (t *trip) matched(ctx context.Context, transfers []*rule.Transfer, c bridge.Contact, look finding) (bool, error) {
	for _, tr := range transfers {
		record, err := look(ctx, tr, c)
		if err != nil {
			return false, err
		}
		if record != "" {
			return true, t.adoptRecord(ctx, tr, c, record)
		}
	}
	return false, nil
}

// finding looks for the record of a contact, "" for none.
type finding func(ctx context.Context, tr *rule.Transfer, c bridge.Contact) (bridge.RecordID, error)

// named finds the record that the contact says it was made from, or the one that says so of itself.
func (t *trip) named(ctx context.Context, tr *rule.Transfer, c bridge.Contact) (bridge.RecordID, error) {
	record, err := t.origin(ctx, tr, c)
	if err != nil || record != "" {
		return record, err
	}
	return t.byKey(ctx, tr, c)
}

// byKey finds the record whose external id is the contact's.
func (t *trip) byKey(ctx context.Context, tr *rule.Transfer, c bridge.Contact) (bridge.RecordID, error) {
	if tr.Key == "" {
		return "", nil
	}
	found, err := t.matchBy(ctx, tr, t.living(tr, tr.Key, bridge.TextValue(string(c.ID))))
	if err != nil || len(found) != 1 {
		return "", err
	}
	return found[0], nil
}

// alike finds the record by the contact's identity; what an earlier try may have created it with counts too.
func (t *trip) alike(ctx context.Context, tr *rule.Transfer, c bridge.Contact) (bridge.RecordID, error) {
	for _, k := range t.keysOf(tr, c) {
		if record, err := t.matchKey(ctx, tr, k); err != nil || record != "" {
			return record, err
		}
	}
	return "", nil
}

// keysOf are the contact's identity, behind that with which an earlier try may have created it.
func (t *trip) keysOf(tr *rule.Transfer, c bridge.Contact) []rule.Key {
	created := bridge.Attributes{}
	for a, v := range t.past {
		created[a] = v.Platform
	}
	return append(tr.Keys(created), tr.Keys(c.Values)...)
}

// origin is the record that the contact bears the id of, if there is one. What an earlier process left in that one's lane goes first: it made the
// contact and links it.
func (t *trip) origin(ctx context.Context, tr *rule.Transfer, c bridge.Contact) (bridge.RecordID, error) {
	record := tr.Borne(c.Values)
	if record == "" {
		return "", nil
	}
	if wait := t.after([]bridge.Link{{Record: record}}); wait != nil && !t.c.yields.waits(t.recordLane(record), c.ID) {
		if by, err := t.byKey(ctx, tr, c); err != nil || by == record {
			return by, err // each names the other: that record's lane waits for this one
		}
		return "", wait
	}
	rows, err := t.c.d.Mirror.Rows(ctx, t.org(), tr.Object, []bridge.RecordID{record})
	if err != nil {
		return "", err
	}
	switch {
	case rows[0].Deleted, slices.Contains(t.binned, record), !t.o.project.Living(tr, rows[0].Values):
		return "", nil
	case !rows[0].Version.At.IsZero():
		return record, nil
	}
	found, err := t.matchBy(ctx, tr, t.living(tr, "Id", bridge.TextValue(string(record))))
	return first(found), err
}

// matchKey finds the one record whose field holds the value: in the mirror first, which costs nothing, then in Salesforce.
func (t *trip) matchKey(ctx context.Context, tr *rule.Transfer, k rule.Key) (bridge.RecordID, error) {
	found, err := t.mirroredKey(ctx, tr, k)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		if found, err = t.matchBy(ctx, tr, t.living(tr, k.Field, k.Value)); err != nil {
			return "", err
		}
	}
	if len(found) > 1 {
		return "", bridge.Permanent(bridge.Hint(fmt.Errorf("%d or more records of %s have the same %s", len(found), tr.Object, k.Field),
			"merge them in Salesforce, then redrive"))
	}
	return first(found), nil
}

// living is by what records are looked for that hold a value, without leads that were converted and contacts that are half a person account.
func (t *trip) living(tr *rule.Transfer, f bridge.Field, v bridge.Value) bridge.Fields {
	by := bridge.Fields{f: v}
	maps.Copy(by, t.o.project.LivingBy(tr))
	return by
}

// mirroredKey are the records that the mirror knows by a key.
func (t *trip) mirroredKey(ctx context.Context, tr *rule.Transfer, k rule.Key) ([]bridge.RecordID, error) {
	found, err := t.c.d.Mirror.Lookup(ctx, t.org(), tr.Object, k.Index, k.Value)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(r bridge.RecordID) bool { return slices.Contains(t.binned, r) })
	return t.withoutOthers(ctx, tr, k, found)
}

// withoutOthers are the records that the mirror found by a key, without those that are somebody else's after all, or nobody any more.
func (t *trip) withoutOthers(ctx context.Context, tr *rule.Transfer, k rule.Key, found []bridge.RecordID) ([]bridge.RecordID, error) {
	if !k.Exact() && len(t.o.project.LivingBy(tr)) == 0 || len(found) == 0 {
		return found, nil
	}
	rows, err := t.c.d.Mirror.Rows(ctx, t.org(), tr.Object, found)
	if err != nil {
		return nil, err
	}
	var theirs []bridge.RecordID
	for i := range rows {
		if t.o.project.Living(tr, rows[i].Values) && !(k.Exact() && tr.Others(k, rows[i].Values)) {
			theirs = append(theirs, found[i])
		}
	}
	return theirs, nil
}

// matchLimit is how many records a look-up answers: one is enough to know that there is more than one.
const matchLimit = 2

func (t *trip) matchBy(ctx context.Context, tr *rule.Transfer, by bridge.Fields) (found []bridge.RecordID, err error) {
	if found, known := t.foreseen[lookedFor(tr.Object, by)]; known {
		return found, nil
	}
	err = t.ask(ctx, t.o.home, func() (err error) {
		found, err = t.o.org.Reader.Match(ctx, tr.Object, by, matchLimit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for a %s: %w", tr.Object, err)
	}
	return found, nil
}

func first(rs []bridge.RecordID) bridge.RecordID {
	if len(rs) == 0 {
		return ""
	}
	return rs[0]
}

// adoptRecord links a matched record and writes what the contact says.
func (t *trip) adoptRecord(ctx context.Context, tr *rule.Transfer, c bridge.Contact, record bridge.RecordID) error {
	if err := t.need(t.recordLock(record)); err != nil {
		return err
	}
	have, err := t.c.d.Ledger.LinkOf(ctx, t.org(), t.o.Project, record)
	switch {
	case err == nil && have.Contact != c.ID:
		t.tell(bridge.Skipped, "", nil, fmt.Sprintf("record %s is linked to contact %s already", record, have.Contact))
		return nil
	case err != nil && !errors.Is(err, bridge.ErrNotFound):
		return err
	}
	link, err := t.writeThrough(ctx, tr, t.link(tr, record, c.ID), c)
	if err == nil && !tr.Shadow && tr.Unagreed(link, bridge.Inbound) {
		t.next(tr, record, nil) // the record may hold something that the contact does not
	}
	return err
}
