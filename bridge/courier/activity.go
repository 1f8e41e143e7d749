package courier

import (
	"context"
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
	p, err := t.o.platform.Parser.Parse(*cb)
	if err != nil {
		return fmt.Errorf("read the callback: %w", err)
	}
	who, err := t.who(ctx, tr, bridge.ContactID(head.Lane.Source))
	if err != nil {
		return err
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
	out := t.put(ctx, w)
	if out.Err != nil {
		return out.Err
	}
	t.tell(bridge.Sent, w.Op, fieldNames(w.Set), "")
	t.effects.Story[len(t.effects.Story)-1].Record = out.Record
	return nil
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
	return links[0].Record, nil
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
	return w, nil
}
