package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	if t.later(tr) {
		return nil
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

// spread has the other transfers of the object look at the news.
func (t *trip) spread(tr *rule.Transfer, row *bridge.Row) {
	for _, other := range t.o.project.Transfers {
		if other == tr || other.Object != tr.Object {
			continue
		}
		if theirs := slices.DeleteFunc(slices.Clone(t.news), func(f bridge.Field) bool { return !other.Reads(f) }); len(theirs) > 0 {
			t.next(other, row.Record, theirs, valuesOf(row.Values, theirs))
		}
	}
}

// next has a record carried inbound once more, behind what waits; no fields are all. Told is what it says, as far as somebody knows: whoever carries it
// after a crash may find that on the platform.
func (t *trip) next(tr *rule.Transfer, r bridge.RecordID, dirty []bridge.Field, told ...bridge.Fields) {
	if tr.Direction.Covers(bridge.Inbound) {
		d := inboundAgain(t.org(), tr, r, dirty, string(t.w.Head().ID))
		d.Told = told
		t.effects.Next = append(t.effects.Next, d)
	}
}

// valuesOf are the values of some fields, as far as they are known.
func valuesOf(row bridge.Fields, fs []bridge.Field) bridge.Fields {
	some := bridge.Fields{}
	for _, f := range fs {
		if v := row[f]; v.Known() {
			some[f] = v
		}
	}
	return some
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
