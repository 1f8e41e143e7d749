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

// inbound carries what Salesforce says of one record to the platform.
func (t *trip) inbound(ctx context.Context) error {
	head := t.w.Head()
	tr := t.o.project.Transfer(head.Transfer)
	if tr == nil {
		return bridge.Permanent(bridge.Hint(fmt.Errorf("transfer %s is no longer configured", head.Transfer), "configure it again and redrive, or drop"))
	}
	record := bridge.RecordID(head.Lane.Source)
	if tr.Twinned(head.Object) {
		return t.twin(ctx, tr, record)
	}
	link, err := t.lockLink(ctx, record)
	if err != nil {
		return err
	}
	row, err := t.row(ctx, tr, record)
	unseen := errors.Is(err, errUnseen)
	if err != nil && !unseen {
		return err
	}
	if link, err = t.moved(ctx, link); err != nil {
		return err
	}
	switch {
	case unseen:
		return t.gone(ctx, tr, link, record)
	case row.Deleted:
		return t.leave(ctx, tr, link, "the record is deleted")
	}
	var in, elsewhere bool
	err = t.known(ctx, &row, func() (err error) {
		if elsewhere, err = t.elsewhere(tr, &row); elsewhere || err != nil {
			return err
		}
		in, err = tr.Holds(withID(&row))
		return err
	})
	into, converted := rule.ConvertedInto(row.Values)
	switch {
	case errors.Is(err, errUnseen):
		return t.gone(ctx, tr, link, record)
	case err != nil:
		return err
	case tr.Leads() && converted:
		return t.converted(ctx, tr, link, into)
	case elsewhere:
		return nil
	case !in:
		return t.outside(tr, link)
	}
	if link == nil {
		return t.arrive(ctx, tr, row)
	}
	first := !link.Member[tr.ID]
	if err := t.send(ctx, tr, row, link); err != nil || !first || tr.Shadow {
		return err
	}
	t.fill(link.Contact)
	return nil
}

// lockLink locks the record and, where it is linked, its contact, and answers the link.
func (t *trip) lockLink(ctx context.Context, record bridge.RecordID) (*bridge.Link, error) {
	if err := t.need(t.recordLock(record)); err != nil {
		return nil, err
	}
	link, err := t.c.d.Ledger.LinkOf(ctx, t.org(), t.o.Project, record)
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &link, t.need(t.contactLock(link.Contact))
}

// moved is the link with the baseline as it is once our writes were looked at: the folder moves it on where the stream confirms what was not settled yet,
// and this does where the record was read.
func (t *trip) moved(ctx context.Context, link *bridge.Link) (*bridge.Link, error) {
	if link == nil {
		return nil, nil
	}
	now, err := t.c.d.Ledger.LinkOf(ctx, link.Org, link.Project, link.Record)
	if err != nil {
		return nil, fmt.Errorf("read the link once more: %w", err) // it is locked, so it is there
	}
	for _, done := range t.done {
		if after, moved := done.word.Advance(now, done.of); moved {
			now, t.effects.Links = after, []bridge.Link{after}
		}
	}
	return &now, nil
}

// lookAgain is the shortest wait for a confirmation: the journal knows milliseconds.
const lookAgain = 10 * time.Millisecond

// row is what the mirror says, once the stream has confirmed what we wrote to the record.
func (t *trip) row(ctx context.Context, tr *rule.Transfer, record bridge.RecordID) (bridge.Row, error) {
	row, open, err := t.told(ctx, tr, record)
	if err != nil || len(open) == 0 {
		return row, err
	}
	age, within := t.c.d.Now().Sub(open[0].At), t.c.cfg.ConfirmWithin
	if t.w.Resumed {
		within = min(within, settling) // an earlier process may not have lived to send it
	}
	if age < within {
		wait := max(lookAgain, min(rung(1)/4, within-age))
		return row, &waitError{wait, "the stream has not confirmed our own write yet"}
	}
	told := row.Values
	if err := t.look(ctx, &row); err != nil {
		return row, err
	}
	for i, u := range open {
		t.over(tr, open[:i], u, told, row.Values)
	}
	return row, t.withdraw(ctx, tr, row, open)
}

// withdraw ends writes that the stream has not confirmed, now that the record was read. On one that it holds both sides agree. Of one that never came
// there, or is gone again, no word stays: nothing was agreed on by it. What the record holds instead is news, whatever this delivery is about.
func (t *trip) withdraw(ctx context.Context, tr *rule.Transfer, row bridge.Row, open []bridge.Unconfirmed) error {
	less := map[bridge.DeliveryID]bridge.Claim{}
	for _, u := range open {
		word, ok := less[u.Delivery]
		if !ok {
			var err error
			if word, err = t.word(ctx, u.Record, u.Delivery); err != nil {
				return err
			}
		}
		less[u.Delivery] = word
		if tr.SameField(u.Field, u.Value, row.Values[u.Field]) {
			t.done = append(t.done, landing{word, u.Of})
			t.see(tr, u)
			continue
		}
		t.effects.Withdraw = append(t.effects.Withdraw, u)
		less[u.Delivery] = tr.Forget(word, u.Field)
		t.news = append(t.news, u.Field)
		if u.Before.Known() && !tr.SameField(u.Field, u.Before, row.Values[u.Field]) {
			t.ours = append(t.ours, bridge.Fields{u.Field: u.Value}) // somebody wrote after us
		}
	}
	t.spread(tr, row.Record)
	for _, word := range less {
		if len(word.Agreed) == 0 {
			t.traces = append(t.traces, word)
		} else {
			t.effects.Claims = append(t.effects.Claims, word)
		}
	}
	return nil
}

// over tells of an edit that the stream had told of before the record was seen to hold our write: that came over it, and its echo will find it in place.
func (t *trip) over(tr *rule.Transfer, earlier []bridge.Unconfirmed, u bridge.Unconfirmed, told, now bridge.Fields) {
	same := func(u bridge.Unconfirmed, v bridge.Value) bool { return tr.SameField(u.Field, u.Value, v) }
	if same(u, now[u.Field]) && foreign(same, earlier, u, told[u.Field]) {
		t.effects.Story = append(t.effects.Story, cameOver(t.c.d.Now(), tr.Object, u))
	}
}

// see ends a write that the record holds, unless the stream is still to tell of it: what came right before is told with it. Somebody looks after one
// that stays.
func (t *trip) see(tr *rule.Transfer, u bridge.Unconfirmed) {
	if t.c.d.Now().Sub(u.At) >= t.c.cfg.ConfirmWithin {
		t.effects.Seen = append(t.effects.Seen, u)
	}
	t.c.watch.add(expected{u.Org, u.Record, tr})
}

// landing is a write that the record was seen to hold.
type landing struct {
	word bridge.Claim
	of   []bridge.Attribute
}

// told is what the stream told of the record so far, and which of our writes to it it has not told. The writes are looked at first: what is confirmed
// between the two is in the row.
func (t *trip) told(ctx context.Context, tr *rule.Transfer, record bridge.RecordID) (bridge.Row, []bridge.Unconfirmed, error) {
	open, err := t.open(ctx, tr, record)
	if err != nil {
		return bridge.Row{}, nil, err
	}
	rows, err := t.c.d.Mirror.Rows(ctx, t.org(), tr.Object, []bridge.RecordID{record})
	if err != nil {
		return bridge.Row{}, nil, err
	}
	row := rows[0]
	row.Org, row.Object, row.Record = t.org(), tr.Object, record
	return row, open, t.inherit(ctx, &row)
}

// spread has the other transfers of the object look at the news.
func (t *trip) spread(tr *rule.Transfer, record bridge.RecordID) {
	for _, other := range t.o.project.Transfers {
		if other == tr || other.Object != tr.Object {
			continue
		}
		if theirs := slices.DeleteFunc(slices.Clone(t.news), func(f bridge.Field) bool { return !other.Reads(f) }); len(theirs) > 0 {
			t.next(other, record, theirs)
		}
	}
}

// open are this project's unconfirmed writes to fields that the transfer reads.
func (t *trip) open(ctx context.Context, tr *rule.Transfer, record bridge.RecordID) ([]bridge.Unconfirmed, error) {
	all, err := t.c.d.Ledger.Unconfirmed(ctx, t.org(), record)
	if err != nil {
		return nil, err
	}
	var mine []bridge.Unconfirmed
	for _, u := range all {
		if u.Project == t.o.Project && tr.Reads(u.Field) {
			mine = append(mine, u)
		}
	}
	return mine, nil
}

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
		t.effects.Claims = append(t.effects.Claims, t.ended(link.Contact))
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
	moved.Record = master
	t.effects.Links = []bridge.Link{moved}
	t.tell(bridge.Skipped, "", nil, "the record was merged into "+string(master)+"; the link moved")
	t.next(tr, master, nil)
	return nil
}

// next has a record carried inbound once more, behind what waits; no fields are all.
func (t *trip) next(tr *rule.Transfer, r bridge.RecordID, dirty []bridge.Field) {
	if tr.Direction.Covers(bridge.Inbound) {
		t.effects.Next = append(t.effects.Next, inboundAgain(t.org(), tr, r, dirty, string(t.w.Head().ID)))
	}
}

// inboundAgain is a delivery of a record that something else than a change of it causes.
func inboundAgain(org bridge.OrgID, tr *rule.Transfer, r bridge.RecordID, dirty []bridge.Field, cause string) bridge.Delivery {
	return bridge.Delivery{
		ID: rule.DeliveryID(org, cause, string(r), tr.ID), Kind: bridge.State, Transfer: tr.ID, Object: tr.Object, Dirty: dirty,
		Lane: bridge.Lane{Org: org, Project: tr.Project, Direction: bridge.Inbound, Source: string(r)},
	}
}

// send brings a linked contact up to what the record says.
func (t *trip) send(ctx context.Context, tr *rule.Transfer, row bridge.Row, link *bridge.Link) error {
	t.with = link
	dirty := t.w.Dirty()
	if dirty != nil {
		for _, f := range t.news {
			dirty[f] = true
		}
	}
	if len(link.Baseline) > 0 && !link.Member[tr.ID] {
		dirty = nil // what changed while the record was outside was not carried
	}
	link, err := t.arrived(ctx, tr, link)
	if err != nil {
		return err
	}
	j, err := t.judge(ctx, tr, &row, link, dirty)
	if err != nil {
		return err
	}
	if err := t.unclaim(ctx, tr, row); err != nil {
		return err
	}
	if len(j.Attributes) == 0 && len(t.tags) == 0 {
		t.relink(tr, link, j)
		t.tell(bridge.Same, "", nil, "both sides agree")
		return nil
	}
	m := bridge.Message{
		Org: t.org(), Project: t.o.Project, Transfer: tr.ID, Delivery: t.w.Head().ID, Op: bridge.OpUpdate, Contact: link.Contact, Set: j.Attributes,
		Tags: t.tags,
	}
	if tr.Shadow {
		t.tell(bridge.Shadowed, m.Op, names(j.Attributes), "")
		return nil
	}
	if err := t.spare(ctx, tr, &row, link, &j); err != nil {
		return err
	}
	if len(j.Attributes) == 0 && len(t.tags) == 0 {
		t.relink(tr, t.replaced(link, j.Agreed), j)
		t.clashed = j.Conflicts
		t.tell(bridge.Same, "", nil, "an earlier try did it"+conflictNote("on the platform", j.Conflicts))
		return nil
	}
	_, err = t.deliver(ctx, m)
	if errors.Is(err, bridge.ErrNotFound) {
		return t.again(ctx, tr, row, link)
	}
	if err != nil {
		t.sent = j.Agreed
		return err
	}
	t.relink(tr, t.replaced(link, j.Agreed), j)
	t.clashed = j.Conflicts
	t.tell(bridge.Sent, m.Op, names(j.Attributes), strings.TrimPrefix(conflictNote("on the platform", j.Conflicts), "; "))
	return nil
}

// conflictNote says of which side the edit stands, of fields that both had changed.
func conflictNote(where string, fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return fmt.Sprintf("; %v were changed %s as well, and that stands", fields, where)
}

// goneBound is how many contacts of one record may turn out to be gone in one try: the platform's search may lag behind its own deletions.
const goneBound = 2

// again resolves a linked contact that the platform no longer knows: once, by identity, as if nobody had been linked.
func (t *trip) again(ctx context.Context, tr *rule.Transfer, row bridge.Row, link *bridge.Link) error {
	t.tell(bridge.Skipped, bridge.OpUpdate, nil, fmt.Sprintf("contact %s is gone on the platform; looking for another", link.Contact))
	if t.dead = append(t.dead, link.Contact); len(t.dead) > goneBound {
		return bridge.After(fmt.Errorf("%d contacts that were found for the record are gone, %s at last", len(t.dead), link.Contact), 0)
	}
	if err := t.arrive(ctx, tr, row); err != nil {
		return err
	}
	t.effects.Unlinks = []bridge.Link{*link}
	return nil
}

// judge maps and compares, reading what is unknown.
func (t *trip) judge(ctx context.Context, tr *rule.Transfer, row *bridge.Row, link *bridge.Link, dirty map[bridge.Field]bool) (rule.Judged, error) {
	var j rule.Judged
	err := t.known(ctx, row, func() (err error) { j, err = tr.Inbound(withID(row), link, dirty); return err })
	if err == nil && link != nil && !tr.Shadow && t.o.platform.Fetcher != nil && tr.Filling(&j) {
		c, err := t.contactNow(ctx, link)
		if err != nil || c == nil {
			return j, err
		}
		tr.Fill(&j, c.Values)
	}
	return j, err
}

// withID are the row's values with its own id among them.
func withID(row *bridge.Row) bridge.Fields {
	vs := maps.Clone(row.Values)
	if vs == nil {
		vs = bridge.Fields{}
	}
	vs["Id"] = bridge.TextValue(string(row.Record))
	return vs
}

// relink stores the link with what both sides now agree on, and answers it.
func (t *trip) relink(tr *rule.Transfer, link *bridge.Link, j rule.Judged) *bridge.Link {
	l := *link
	l.Baseline = maps.Clone(l.Baseline)
	if l.Baseline == nil {
		l.Baseline = map[bridge.Attribute]bridge.Agreed{}
	}
	maps.Copy(l.Baseline, j.Agreed)
	l.Member = maps.Clone(l.Member)
	if l.Member == nil {
		l.Member = map[bridge.TransferID]bool{}
	}
	l.Member[tr.ID] = true
	t.effects.Links = slices.DeleteFunc(t.effects.Links, func(o bridge.Link) bool { return o.Record == l.Record })
	t.effects.Links = append(t.effects.Links, l)
	return &l
}

// deliver sends a message through the platform's gate.
func (t *trip) deliver(ctx context.Context, m bridge.Message) (id bridge.ContactID, err error) {
	err = t.ask(ctx, t.o.toward, func() (err error) {
		id, err = t.o.platform.Sender.Send(ctx, m)
		return err
	})
	return id, err
}

func names(as bridge.Attributes) []string {
	var ns []string
	for _, a := range as.Names() {
		ns = append(ns, string(a))
	}
	return ns
}
