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

// update writes what the contact says to a linked record, through every transfer of its object.
func (t *trip) update(ctx context.Context, link *bridge.Link, c bridge.Contact) error {
	for _, tr := range t.transfers(link.Object) {
		if t.retried() && !tr.Shadow { // an earlier try may have claimed somebody who is linked by now
			if _, err := t.hold(ctx, t.claims(tr.Keys(c.Values))); err != nil {
				return err
			}
		}
		after, err := t.writeThrough(ctx, tr, link, c)
		if err != nil {
			return err
		}
		link = after
	}
	return nil
}

// writeThrough compares and writes one linked record, and answers the link as it stands then.
func (t *trip) writeThrough(ctx context.Context, tr *rule.Transfer, link *bridge.Link, c bridge.Contact) (*bridge.Link, error) {
	link, err := t.landed(ctx, tr, link)
	if err != nil {
		return link, err
	}
	j, before, err := t.compare(ctx, tr, link, c)
	if errors.Is(err, errUnseen) {
		return link, t.lost(ctx, tr, link, err)
	}
	if err != nil {
		return link, err
	}
	w := t.write(tr, bridge.OpUpdate, j.Fields)
	w.Record = link.Record
	if tr.Key != "" && len(link.Baseline) == 0 {
		w.Set[tr.Key] = bridge.TextValue(string(c.ID))
	}
	switch {
	case len(w.Set) == 0:
		link = t.relink(tr, link, j)
		t.tell(bridge.Same, "", nil, "both sides agree")
		return link, nil
	case tr.Shadow:
		t.tell(bridge.Shadowed, w.Op, fieldNames(w.Set), "")
		return link, nil
	}
	trace := t.trace(link)
	trace.Agreed = j.Agreed
	open, err := t.stage(ctx, w, before, trace)
	if err != nil {
		return link, err
	}
	out := t.put(ctx, w)
	if out.Err != nil {
		return link, t.failed(ctx, tr, link, open, out.Err)
	}
	t.c.watch.expect(tr, w)
	link = t.relink(tr, link, j)
	outcome, why := bridge.Sent, ""
	if len(j.Conflicts) > 0 {
		outcome, why = bridge.Conflict, fmt.Sprintf("both sides had changed %v; the platform's edit came last and stands", j.Conflicts)
	}
	t.tell(outcome, w.Op, fieldNames(w.Set), why)
	return link, nil
}

// compare judges the contact against the baseline and the mirror. After a write of this very delivery whose outcome nobody knows, the record itself is
// read: what already holds our value is not sent again, and what somebody else wrote since stands.
func (t *trip) compare(ctx context.Context, tr *rule.Transfer, link *bridge.Link, c bridge.Contact) (rule.Judged, bridge.Fields, error) {
	rows, err := t.c.d.Mirror.Rows(ctx, t.org(), tr.Object, []bridge.RecordID{link.Record})
	if err != nil {
		return rule.Judged{}, nil, err
	}
	row := rows[0]
	row.Org, row.Object, row.Record = t.org(), tr.Object, link.Record
	if row.Values == nil {
		row.Values = bridge.Fields{}
	}
	open, err := t.open(ctx, tr, link.Record)
	if err != nil {
		return rule.Judged{}, nil, err
	}
	to := rule.Target{Row: row.Values, Open: map[bridge.Field]bool{}}
	before := maps.Clone(row.Values)
	resumed := map[bridge.Field]bridge.Unconfirmed{}
	for _, u := range open {
		to.Open[u.Field] = true
		before[u.Field] = u.Value // written and not told by the stream yet: what the record holds now
		if u.Delivery == t.w.Head().ID {
			resumed[u.Field] = u
		}
	}
	if len(resumed) > 0 {
		return t.resume(ctx, rewrite{tr, link, c, &row, resumed})
	}
	j, err := tr.Outbound(c.Values, link, to)
	if err != nil {
		err = bridge.Permanent(err)
	}
	return j, before, err
}

// rewrite is a write whose outcome nobody knows.
type rewrite struct {
	tr   *rule.Transfer
	link *bridge.Link
	c    bridge.Contact
	row  *bridge.Row
	sent map[bridge.Field]bridge.Unconfirmed
}

// resume compares after an unknown outcome, with the record as it is. A field that holds neither what it held before our write nor what we wrote was
// written by somebody after us: his value stands, and is carried inbound.
func (t *trip) resume(ctx context.Context, r rewrite) (rule.Judged, bridge.Fields, error) {
	if err := t.look(ctx, r.row, slices.Sorted(maps.Keys(r.sent))); err != nil {
		return rule.Judged{}, nil, err
	}
	j, err := r.tr.Outbound(r.c.Values, r.link, rule.Target{Row: r.row.Values})
	if err != nil {
		return j, nil, bridge.Permanent(err)
	}
	var conceded []bridge.Field
	for f, u := range r.sent {
		t.effects.Withdraw = append(t.effects.Withdraw, u)
		now := r.row.Values[f]
		if _, again := j.Fields[f]; again && u.Before.Known() && !r.tr.SameField(f, now, u.Before) && !r.tr.SameField(f, now, u.Value) {
			r.tr.Concede(&j, f)
			conceded = append(conceded, f)
		}
	}
	if len(conceded) > 0 {
		t.next(r.tr, r.link.Record, conceded)
	}
	return j, r.row.Values, nil
}

func (t *trip) write(tr *rule.Transfer, op bridge.Op, set bridge.Fields) bridge.Write {
	if set == nil {
		set = bridge.Fields{}
	}
	return bridge.Write{
		Org: t.org(), Project: t.o.Project, Transfer: tr.ID, Delivery: t.w.Head().ID, Object: tr.Object, Op: op, Set: set,
	}
}

// trace is the claim under which a write to a linked record leaves word of itself until it is settled. The stream may confirm the write, and somebody
// overwrite it, before an earlier process could settle it: the word remains.
func (t *trip) trace(link *bridge.Link) bridge.Claim {
	c := traceOf(t.org(), t.o.Project, t.w.Head().ID, link.Record)
	c.Sent, c.At = true, t.c.d.Now()
	return c
}

func traceOf(org bridge.OrgID, p bridge.ProjectID, d bridge.DeliveryID, r bridge.RecordID) bridge.Claim {
	return bridge.Claim{Org: org, Project: p, Identity: "sent-" + string(d) + "-" + string(r), Delivery: d}
}

// landed is the link with what an earlier try of this delivery wrote and the stream confirmed. Whatever differs from that was edited since.
func (t *trip) landed(ctx context.Context, tr *rule.Transfer, link *bridge.Link) (*bridge.Link, error) {
	if !t.retried() {
		return link, nil
	}
	trace := t.trace(link)
	t.traces = append(t.traces, trace)
	stand, err := t.c.d.Ledger.Take(ctx, []bridge.Claim{trace})
	if err != nil || len(stand) == 0 || len(stand[0].Agreed) == 0 {
		return link, err
	}
	us, err := t.open(ctx, tr, link.Record)
	if err != nil {
		return link, err
	}
	open := map[bridge.Field]bool{}
	for _, u := range us {
		open[u.Field] = true
	}
	return tr.Landed(link, stand[0].Agreed, open), nil
}

// stage records the write as unconfirmed before it is sent, and leaves word of it.
func (t *trip) stage(ctx context.Context, w bridge.Write, before bridge.Fields, trace bridge.Claim) ([]bridge.Unconfirmed, error) {
	var us []bridge.Unconfirmed
	for _, f := range w.Set.Names() {
		us = append(us, bridge.Unconfirmed{
			Org: w.Org, Project: w.Project, Record: w.Record, Field: f, Value: w.Set[f], Before: before[f], Delivery: w.Delivery, At: t.c.d.Now(),
		})
	}
	t.traces = append(t.traces, trace)
	err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Stage: us, Withdraw: t.effects.Withdraw, Claims: []bridge.Claim{trace}})
	t.effects.Withdraw = nil
	if err != nil {
		return nil, fmt.Errorf("record the write before it is sent: %w", err)
	}
	return us, nil
}

// put sends one row in company with others.
func (t *trip) put(ctx context.Context, w bridge.Write) (out bridge.Written) {
	err := t.ask(ctx, t.o.home, func() error {
		out = t.c.writes[t.o.project.Org].write(ctx, w)
		return out.Err
	})
	out.Err = err
	return out
}

// failed ends a refused write: nothing of it is expected on the stream any more, unless nobody knows whether it was done.
func (t *trip) failed(ctx context.Context, tr *rule.Transfer, link *bridge.Link, open []bridge.Unconfirmed, err error) error {
	if bridge.IsUncertain(err) {
		return err
	}
	if e := t.c.d.Ledger.Stage(ctx, bridge.Effects{Withdraw: open, Unclaim: []bridge.Claim{t.trace(link)}}); e != nil {
		return fmt.Errorf("withdraw the refused write: %w", e)
	}
	if !errors.Is(err, bridge.ErrNotFound) {
		return err
	}
	return t.lost(ctx, tr, link, err)
}

// lost ends a write to a record that is not there: merged, deleted, or out of sight.
func (t *trip) lost(ctx context.Context, tr *rule.Transfer, link *bridge.Link, err error) error {
	fate, e := t.fate(ctx, tr, link)
	switch {
	case e != nil:
		return e
	case fate.Master != "":
		if err := t.merged(ctx, tr, link, fate.Master); err != nil {
			return err
		}
		if e := t.c.d.Ledger.Stage(ctx, bridge.Effects{Links: t.effects.Links, Unlinks: t.effects.Unlinks, Next: t.effects.Next}); e != nil {
			return e
		}
		return &waitError{rung(1), "the record was merged; carrying to the one that won"}
	case fate.Deleted:
		t.effects.Unlinks, t.effects.Links = []bridge.Link{*link}, nil
		t.tell(bridge.Skipped, bridge.OpUpdate, nil, "the record is deleted; it is not created anew")
		return nil
	}
	return bridge.Permanent(bridge.Hint(err, "the record exists and the integration user cannot see it: grant View All on %s, then redrive", tr.Object))
}

func fieldNames(fs bridge.Fields) []string {
	var ns []string
	for _, f := range fs.Names() {
		ns = append(ns, string(f))
	}
	return ns
}
