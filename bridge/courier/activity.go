package courier

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// activity appends what happened with a contact: one row a callback, under the callback's own id, so that a repeat changes nothing.
func (t *trip) activity(ctx context.Context) error {
	head, cb := t.w.Head(), t.w.Entry.Callback
	tr := t.o.project.Transfer(head.Transfer)
	if tr == nil || cb == nil {
		return bridge.Permanent(bridge.Hint(fmt.Errorf("transfer %s is no longer configured", head.Transfer), "configure it again and redrive, or drop"))
	}
	if t.later(tr) {
		return nil
	}
	p, err := t.o.platform.Parser.Parse(*cb)
	if err != nil {
		return fmt.Errorf("read the callback: %w", err)
	}
	who, err := t.who(ctx, tr, bridge.ContactID(head.Lane.Source))
	if err != nil {
		return err
	}
	if who == "" && tr.Who != "" && t.awaits() {
		return nil
	}
	if who == "" && tr.NoRecord == bridge.SkipIt && tr.Shadow {
		t.tell(bridge.Shadowed, "", nil, "the contact is linked to no record; he may be once the shadow ends")
		return nil
	}
	if who == "" && tr.NoRecord == bridge.SkipIt {
		t.tell(bridge.Skipped, "", nil, "the contact is linked to no record")
		return nil
	}
	w, err := t.activityRow(tr, p, who, cb)
	if err != nil {
		return err
	}
	if tr.Shadow {
		t.tell(bridge.Shadowed, w.Op, fieldNames(w.Set), "")
		return nil
	}
	if done, err := t.there(ctx, tr, w); err != nil || done {
		return err
	}
	if err := t.onlyOnce(ctx, tr); err != nil {
		return err
	}
	out, err := t.putCreated(ctx, tr, w, &rule.Judged{Fields: bridge.Fields{}})
	switch {
	case err != nil:
		return err
	case out.Err != nil:
		return t.mayRepeat(ctx, out.Err)
	}
	t.tell(bridge.Sent, w.Op, fieldNames(w.Set), out.Note)
	t.effects.Story[len(t.effects.Story)-1].Record = out.Record
	return nil
}

// there reports whether an earlier try wrote the activity. An upsert of a row that is there is no harmless repeat: fields that can only be set when a row is
// created, such as TaskSubtype, are refused then.
func (t *trip) there(ctx context.Context, tr *rule.Transfer, w bridge.Write) (bool, error) {
	if tr.Key == "" || !t.retried() {
		return false, nil
	}
	found, err := t.matchBy(ctx, tr, bridge.Fields{tr.Key: bridge.TextValue(w.KeyValue)})
	if err != nil || len(found) == 0 {
		return false, err
	}
	t.tell(bridge.Same, "", nil, "an earlier try wrote it")
	t.effects.Story[len(t.effects.Story)-1].Record = found[0]
	return true, nil
}

// onlyOnce claims the row of an activity that has no external id: it cannot be looked up, so whoever finds the claim standing knows that it may have
// been sent, and a person decides.
func (t *trip) onlyOnce(ctx context.Context, tr *rule.Transfer) error {
	if tr.Key != "" {
		return nil
	}
	head := t.w.Head()
	claim := bridge.Claim{
		Org: t.org(), Project: t.o.Project, Identity: "once-" + string(head.ID), Sent: true, At: t.c.d.Now(),
		Delivery: bridge.DeliveryID(rand.Text()), // another one for each try: a claim of one's own would not be in the way
	}
	t.claimed = []bridge.Claim{claim}
	held, err := t.c.d.Ledger.Take(ctx, t.claimed)
	if err != nil {
		return fmt.Errorf("claim the activity: %w", err)
	}
	if len(held) > 0 {
		return bridge.Permanent(bridge.Hint(errors.New("nobody knows whether the activity was written"),
			"look whether it is there, then drop or redrive; a transfer with a key writes each activity once by itself"))
	}
	return nil
}

// mayRepeat gives the claims back where nothing was written for certain.
func (t *trip) mayRepeat(ctx context.Context, err error) error {
	if bridge.IsUncertain(err) || len(t.claimed) == 0 {
		return err
	}
	if e := t.c.d.Ledger.Stage(ctx, bridge.Effects{Unclaim: t.claimed}); e != nil {
		return fmt.Errorf("give the claim back: %w", e)
	}
	return err
}

// who is the record that the contact is linked to, "" for none.
func (t *trip) who(ctx context.Context, tr *rule.Transfer, c bridge.ContactID) (bridge.RecordID, error) {
	if tr.Who == "" {
		return "", nil
	}
	links, err := t.c.d.Ledger.LinksTo(ctx, t.org(), t.o.Project, c)
	if err != nil || len(links) == 0 {
		return "", err
	}
	for i := range links {
		if links[i].Object != leadObject {
			return links[i].Record, nil
		}
	}
	return t.whoNow(ctx, tr, &links[0])
}

// whoNow is the lead of a link, once one that was converted is followed: nothing is added to that any more.
func (t *trip) whoNow(ctx context.Context, tr *rule.Transfer, link *bridge.Link) (bridge.RecordID, error) {
	row, err := t.mirrored(ctx, link.Object, link.Record)
	if err != nil {
		return "", err
	}
	leads := t.o.project.Leads()
	into, converted := rule.ConvertedInto(row.Values)
	if !converted || tr.Shadow || len(leads) == 0 {
		return link.Record, nil
	}
	if err := t.need(t.contactLock(link.Contact), t.recordLock(link.Record)); err != nil {
		return "", err
	}
	return "", t.follow(ctx, leads[0], link, into)
}

func (t *trip) activityRow(tr *rule.Transfer, p bridge.Parsed, who bridge.RecordID, cb *bridge.Callback) (bridge.Write, error) {
	said := maps.Clone(p.Contact.Values)
	if said == nil {
		said = bridge.Attributes{}
	}
	maps.Copy(said, p.Activity)
	j, err := tr.Outbound(said, nil, rule.Target{})
	if err != nil {
		return bridge.Write{}, bridge.Permanent(err)
	}
	w := t.write(tr, bridge.OpCreate, j.Fields)
	for f, v := range tr.Set {
		if _, ok := w.Set[f]; !ok {
			w.Set[f] = v
		}
	}
	if who != "" {
		w.Set[tr.Who] = bridge.TextValue(string(who))
	}
	if tr.Key != "" {
		w.Op, w.Key, w.KeyValue = bridge.OpUpsert, tr.Key, cb.Event
	}
	w.Terms = terms(&tr.Creation, said)
	return w, nil
}
