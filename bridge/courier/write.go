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
			t.candidates = append(t.claims(tr.Keys(c.Values)), t.making())
			if _, err := t.hold(ctx, tr); err != nil {
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
	t.via, t.with = tr, link
	row, open, err := t.told(ctx, tr, link.Record)
	if err != nil {
		return link, err
	}
	if into, err := t.conversion(ctx, tr, link, row); err != nil || into != (bridge.Conversion{}) {
		if err == nil {
			err = t.follow(ctx, tr, link, into)
		}
		return link, err
	}
	word, err := t.word(ctx, link.Record, t.w.Head().ID)
	if err != nil {
		return link, err
	}
	link = t.landed(tr, link, word, rule.Target{Row: row.Values, Open: fieldsOf(open)})
	t.outdone(tr, link, c, row.Values)
	r := &rewrite{tr, link, word, c, &row, open}
	j, before, err := t.compare(ctx, r)
	link, word = r.link, r.word
	if errors.Is(err, errUnseen) {
		return link, t.lost(ctx, tr, link, err)
	}
	if err != nil {
		return link, err
	}
	link = t.underWay(tr, link, j)
	w := t.write(tr, bridge.OpUpdate, j.Fields)
	w.Record = link.Record
	if tr.Creation.Duplicates == bridge.SaveDuplicate {
		w.Terms.Duplicates = bridge.SaveDuplicate
	}
	if tr.Key != "" && (len(link.Baseline) == 0 || t.misnamed(tr, &row, c.ID)) {
		w.Set[tr.Key] = bridge.TextValue(string(c.ID))
	}
	switch {
	case len(w.Set) == 0:
		link = t.relink(tr, link, j)
		t.clashed = word.Clash(j.Conflicts).Clashed
		t.tell(bridge.Same, "", nil, "both sides agree"+conflictNote("in Salesforce", t.clashed))
		return link, nil
	case tr.Shadow:
		t.tell(bridge.Shadowed, w.Op, fieldNames(w.Set), "")
		return link, nil
	}
	a := &attempt{tr: tr, link: link, word: word, w: w, judged: &j, before: before}
	out, err := t.insist(ctx, a)
	switch {
	case err != nil:
		return link, err
	case out.Err != nil:
		return link, t.failed(ctx, tr, link, failure{a, out.Err})
	}
	return t.rewritten(a), nil
}

// rewritten ends a write that Salesforce took, as it was asked for or with what gave way.
func (t *trip) rewritten(a *attempt) *bridge.Link {
	link := t.relink(a.tr, a.link, *a.judged)
	t.clashed = a.said.Clashed
	if len(a.w.Set) == 0 {
		t.tell(bridge.Same, "", nil, "nothing is left to write: "+a.note())
		return link
	}
	t.words[bridge.WordOf(a.w.Delivery, a.w.Record)] = a.said
	t.c.watch.expect(a.tr, a.w)
	outcome, why := bridge.Sent, a.note()
	if len(a.said.Clashed) > 0 {
		outcome, why = bridge.Conflict, joined(fmt.Sprintf("both sides had changed %v; the platform's edit came last and stands", a.said.Clashed), why)
	}
	t.tell(outcome, a.w.Op, fieldNames(a.w.Set), why)
	return link
}

// misnamed reports whether the record says that it was made from another contact, which is gone by now.
func (t *trip) misnamed(tr *rule.Transfer, row *bridge.Row, c bridge.ContactID) bool {
	id := row.Values[tr.Key]
	return id.Known() && !id.IsNull() && id.Text != string(c)
}

// rewrite is one linked record and what is to be written to it, as the stream told it so far.
type rewrite struct {
	tr   *rule.Transfer
	link *bridge.Link
	word bridge.Claim // of earlier tries
	c    bridge.Contact
	row  *bridge.Row
	open []bridge.Unconfirmed
}

// fieldsOf are the fields that have an unconfirmed write.
func fieldsOf(open []bridge.Unconfirmed) map[bridge.Field]bool {
	fs := map[bridge.Field]bool{}
	for _, u := range open {
		fs[u.Field] = true
	}
	return fs
}

// compare judges the contact against the baseline and the mirror. After a write of this very delivery whose outcome nobody knows, the record itself is
// read: what already holds our value is not sent again, and what somebody else wrote since stands.
func (t *trip) compare(ctx context.Context, r *rewrite) (rule.Judged, bridge.Fields, error) {
	if r.row.Values == nil {
		r.row.Values = bridge.Fields{}
	}
	before := maps.Clone(r.row.Values)
	sent := map[bridge.Field]bridge.Unconfirmed{}
	for _, u := range r.open {
		before[u.Field] = u.Value // written and not told by the stream yet: what the record holds now
		if u.Delivery == t.w.Head().ID {
			sent[u.Field] = u
		}
	}
	if len(sent) > 0 {
		return t.resume(ctx, r, sent)
	}
	var j rule.Judged
	judge := func() (err error) {
		j, err = r.tr.Outbound(r.c.Values, r.link, rule.Target{Row: r.row.Values, Open: fieldsOf(r.open)})
		return err
	}
	err := t.known(ctx, r.row, judge)
	if err == nil && r.forgot(j.Fields) {
		if err = t.read(ctx, r.row); err == nil {
			err = t.known(ctx, r.row, judge)
		}
	}
	if err != nil {
		return j, nil, err
	}
	for f, v := range r.row.Values {
		if !before[f].Known() {
			before[f] = v
		}
	}
	j.Conflicts = append(j.Conflicts, r.since(j.Fields)...)
	return j, before, t.learn(ctx, r, before, j.Fields)
}

// forgot reports whether somebody changed a field that is to be set, and nobody knows to what: both sides may have edited it.
func (r *rewrite) forgot(set bridge.Fields) bool {
	open := fieldsOf(r.open)
	for f := range set {
		if !open[f] && !r.row.Values[f].Known() && r.row.Forgot(f) {
			return true
		}
	}
	return false
}

// since are the fields to be set of which the stream told something since an unconfirmed write of ours that no write explains: automation saved another
// value than ours, or somebody came after it, and that gives way now. Later its event may be merged away, and nobody would notice.
func (r *rewrite) since(set bridge.Fields) (edited []string) {
	agreed := r.tr.AgreedFields(r.link)
	for _, f := range set.Names() {
		now, open := r.row.Values[f], false
		if !now.Known() {
			now = r.row.Behind[f]
		}
		explained := !now.Known() || r.tr.SameField(f, now, agreed[f]) || r.tr.SameField(f, now, set[f])
		for _, u := range r.open {
			if u.Field == f {
				open = true
				explained = explained || r.tr.SameField(f, now, u.Value) || !u.Before.Known() || r.tr.SameField(f, now, u.Before)
			}
		}
		if open && !explained {
			edited = append(edited, string(f))
		}
	}
	return edited
}

// learn completes what the fields held before a write to them: where the stream has not told that yet, it is what both sides agreed on, and where there
// is nothing of the kind, it is read. Without it nobody could tell after a crash whether somebody wrote after us.
func (t *trip) learn(ctx context.Context, r *rewrite, before, set bridge.Fields) error {
	agreed := r.tr.AgreedFields(r.link)
	var unknown []bridge.Field
	for _, f := range set.Names() {
		if before[f].Known() {
			continue
		}
		if v := agreed[f]; v.Known() {
			before[f] = v
		} else {
			unknown = append(unknown, f)
		}
	}
	if len(unknown) == 0 || r.tr.Shadow {
		return nil
	}
	if err := t.look(ctx, r.row); err != nil {
		return err
	}
	for _, f := range unknown {
		before[f] = r.row.Values[f]
	}
	return nil
}

// resume compares after an unknown outcome, with the record as it is. On what it holds of our write both sides agree. A field that holds neither what it
// held before our write nor what we wrote was written by somebody after us: his value stands, and is carried inbound.
func (t *trip) resume(ctx context.Context, r *rewrite, sent map[bridge.Field]bridge.Unconfirmed) (rule.Judged, bridge.Fields, error) {
	if err := t.look(ctx, r.row); err != nil {
		return rule.Judged{}, nil, err
	}
	for f, u := range sent {
		if !r.tr.SameField(f, r.row.Values[f], u.Value) {
			r.word = r.tr.Forget(r.word, f) // it was not done, or undone: nothing was agreed on by it
			t.effects.Withdraw = append(t.effects.Withdraw, u)
			again := func(w bridge.Unconfirmed) bool { return w.Field == f && w.Delivery == u.Delivery && w.Try == u.Try }
			if t.between(r.tr, r.open[:slices.IndexFunc(r.open, again)], u, r.row) {
				t.effects.Story = append(t.effects.Story, cameBetween(t.c.d.Now(), r.tr.Object, u))
			}
			continue
		}
		t.see(r.tr, u)
		if t.tries == nil {
			t.tries = map[bridge.Field]int{}
		}
		t.tries[f] = u.Try + 1
		if after, moved := r.word.Advance(*r.link, &u); moved {
			r.link = &after
		}
	}
	j, err := r.tr.Outbound(r.c.Values, r.link, rule.Target{Row: r.row.Values})
	if err != nil {
		return j, nil, bridge.Permanent(err)
	}
	var conceded []bridge.Field
	for f, u := range sent {
		now := r.row.Values[f]
		if _, again := j.Fields[f]; again && u.Before.Known() && !r.tr.SameField(f, now, u.Before) && !r.tr.SameField(f, now, u.Value) {
			r.tr.Concede(&j, f)
			conceded = append(conceded, f)
		}
	}
	if len(conceded) > 0 {
		t.next(r.tr, r.link.Record, conceded, valuesOf(r.row.Values, conceded))
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

// word is what a delivery has left word of writing to a record, in earlier tries and in this one.
func (t *trip) word(ctx context.Context, r bridge.RecordID, d bridge.DeliveryID) (bridge.Claim, error) {
	name := bridge.WordOf(d, r)
	if w, ok := t.words[name]; ok {
		return w, nil
	}
	w := bridge.Claim{Org: t.org(), Project: t.o.Project, Identity: name, Delivery: d, Sent: true, At: t.c.d.Now()}
	own := d == t.w.Head().ID
	if !own || t.retried() {
		stand, err := t.c.d.Ledger.Take(ctx, []bridge.Claim{w})
		if err != nil {
			return w, fmt.Errorf("recall the writes to %s: %w", r, err)
		}
		if len(stand) > 0 {
			w = stand[0]
		}
	}
	if t.words == nil {
		t.words = map[string]bridge.Claim{}
	}
	t.words[name] = w
	if own && t.retried() {
		t.traces = append(t.traces, w)
	}
	return w, nil
}

// landed is the link with what earlier tries of this delivery wrote and the stream confirmed, unless something else was agreed on since. Whatever
// differs from that was edited since; where the record does, it is carried inbound.
func (t *trip) landed(tr *rule.Transfer, link *bridge.Link, word bridge.Claim, to rule.Target) *bridge.Link {
	if len(word.Agreed) == 0 {
		return link
	}
	after, edited := tr.Landed(link, word, to)
	if len(edited) > 0 {
		t.next(tr, link.Record, edited, valuesOf(to.Row, edited))
	}
	return after
}

// stage records the write as unconfirmed before it is sent, and leaves word of it.
func (t *trip) stage(ctx context.Context, w bridge.Write, before bridge.Fields, word bridge.Claim) ([]bridge.Unconfirmed, error) {
	var us []bridge.Unconfirmed
	for _, f := range w.Set.Names() {
		us = append(us, bridge.Unconfirmed{
			Org: w.Org, Project: w.Project, Record: w.Record, Field: f, Value: w.Set[f], Before: before[f], Delivery: w.Delivery, Try: t.tries[f],
			At: t.c.d.Now(), Contact: t.with.Contact, Of: t.via.Attributes(f),
		})
	}
	t.traces = append(t.traces, word)
	if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Stage: us, Claims: []bridge.Claim{word}}); err != nil {
		return nil, fmt.Errorf("record the write before it is sent: %w", err)
	}
	again := func(u bridge.Unconfirmed) bool { // it stands as it is staged now; the others end with the row that was read
		_, ok := w.Set[u.Field]
		return ok && u.Record == w.Record && u.Try == t.tries[u.Field]
	}
	t.effects.Withdraw, t.effects.Seen = slices.DeleteFunc(t.effects.Withdraw, again), slices.DeleteFunc(t.effects.Seen, again)
	return us, nil
}

// put sends one row in company with others.
func (t *trip) put(ctx context.Context, w bridge.Write) (out bridge.Written) {
	err := t.ask(ctx, t.o.home, func() error {
		t.relieve()
		t.foreseen = nil // it is of before the write
		out = t.c.writes[t.o.project.Org].write(ctx, w, t.waited)
		return out.Err
	})
	out.Err = err
	return out
}

// failed ends a refused write: nothing of it is expected on the stream any more, unless nobody knows whether it was done.
func (t *trip) failed(ctx context.Context, tr *rule.Transfer, link *bridge.Link, f failure) error {
	if bridge.IsUncertain(f.err) {
		if err := t.doubtedClash(ctx, f.attempt); err != nil {
			return fmt.Errorf("%w; %w", f.err, err)
		}
		return f.err
	}
	if e := t.takeBack(ctx, f.staged, f.word); e != nil {
		return e
	}
	if !errors.Is(f.err, bridge.ErrNotFound) && !errors.Is(f.err, bridge.ErrConverted) {
		return f.err
	}
	return t.lost(ctx, tr, link, f.err)
}

// doubtedClash tells at once what a write comes over of which nobody knows whether it was done: by the next try the record may be another, and the word
// that this one leaves is of this record.
func (t *trip) doubtedClash(ctx context.Context, a *attempt) error {
	var lines []bridge.Story
	for _, u := range a.staged {
		if f := string(u.Field); slices.Contains(a.said.Clashed, f) && !slices.Contains(a.word.Clashed, f) {
			lines = append(lines, crossed(t.c.d.Now(), a.tr.Object, u, "both sides had changed %s, and Salesforce's answer to the platform's edit was lost"))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if err := t.c.d.Ledger.Stage(ctx, bridge.Effects{Story: lines}); err != nil {
		return fmt.Errorf("tell of an edit that may have been written over: %w", err)
	}
	return nil
}

// leftBehind tells what an earlier process may have come over on records that are others by now, and did not live to tell: nobody writes to those again.
func (t *trip) leftBehind(ctx context.Context, links []bridge.Link) error {
	if !t.w.Resumed {
		return nil
	}
	for _, l := range links {
		if l.From == "" {
			continue
		}
		word, err := t.word(ctx, l.From, t.w.Head().ID)
		if err != nil {
			return err
		}
		for _, f := range word.Clashed {
			u := bridge.Unconfirmed{Org: l.Org, Project: l.Project, Record: l.Record, Field: bridge.Field(f), Delivery: word.Delivery, Contact: l.Contact}
			t.effects.Story = append(t.effects.Story, crossed(t.c.d.Now(), l.Object, u, "both sides had changed %s when it was written, before the record became another"))
		}
	}
	return nil
}

// failure is a write that did not succeed.
type failure struct {
	*attempt
	err error
}

// lost ends a write to a record that is not there: merged, deleted, or out of sight.
func (t *trip) lost(ctx context.Context, tr *rule.Transfer, link *bridge.Link, err error) error {
	fate, e := t.fate(ctx, tr, link)
	switch {
	case e != nil:
		return e
	case fate.Conversion != bridge.Conversion{}:
		return t.follow(ctx, tr, link, fate.Conversion)
	case fate.Master != "":
		if err := t.merged(ctx, tr, link, fate.Master); err != nil {
			return err
		}
		if e := t.c.d.Ledger.Stage(ctx, bridge.Effects{
			Links: t.effects.Links, Unlinks: t.effects.Unlinks, Next: t.effects.Next, Claims: t.effects.Claims,
		}); e != nil {
			return e
		}
		return &waitError{rung(1), "the record was merged; carrying to the one that won"}
	case fate.Deleted:
		return t.parted(ctx, link)
	}
	err = bridge.Hint(err, "the record exists and the integration user cannot see it: grant View All on %s, then redrive", tr.Object)
	if t.w.Attempts < unseenTries {
		return bridge.After(err, 0)
	}
	return bridge.Permanent(err)
}

// unseenTries is how often a record is tried again that is there and cannot be written: it may have been undeleted between the two answers.
const unseenTries = 2

func fieldNames(fs bridge.Fields) []string {
	var ns []string
	for _, f := range fs.Names() {
		ns = append(ns, string(f))
	}
	return ns
}
