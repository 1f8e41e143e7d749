package courier

import (
	"context"
	"fmt"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

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
		if after, moved := done.word.Advance(now, &done.write); moved {
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
		return row, &echoError{waitError{wait, "the stream has not confirmed our own write yet"}}
	}
	if err := t.look(ctx, &row); err != nil {
		return row, err
	}
	return row, t.withdraw(ctx, tr, row, open)
}

// withdraw ends writes that the stream has not confirmed, now that the record was read. On one that it holds both sides agree. Of one that never came
// there, or is gone again, no word stays: nothing was agreed on by it. What the record holds instead is news, whatever this delivery is about.
func (t *trip) withdraw(ctx context.Context, tr *rule.Transfer, row bridge.Row, open []bridge.Unconfirmed) error {
	less := map[bridge.DeliveryID]bridge.Claim{}
	for i, u := range open {
		word, ok := less[u.Delivery]
		if !ok {
			var err error
			if word, err = t.word(ctx, u.Record, u.Delivery); err != nil {
				return err
			}
		}
		less[u.Delivery] = word
		if tr.SameField(u.Field, u.Value, row.Values[u.Field]) {
			t.done = append(t.done, landing{word, u})
			t.see(tr, u)
			continue
		}
		if t.between(tr, open[:i], u, &row) {
			t.effects.Story = append(t.effects.Story, cameBetween(t.c.d.Now(), tr.Object, u))
		}
		t.effects.Withdraw = append(t.effects.Withdraw, u)
		less[u.Delivery] = tr.Forget(word, u.Field)
		t.news = append(t.news, u.Field)
		if u.Before.Known() && !tr.SameField(u.Field, u.Before, row.Values[u.Field]) {
			t.ours = append(t.ours, bridge.Fields{u.Field: u.Value}) // somebody wrote after us
		}
	}
	t.spread(tr, &row)
	for _, word := range less {
		if len(word.Agreed) == 0 {
			t.traces = append(t.traces, word)
		} else {
			t.effects.Claims = append(t.effects.Claims, word)
		}
	}
	return nil
}

// between reports whether a write that the record no longer holds may have come over an edit in Salesforce: the stream told of one that it was not to
// replace, or is yet to tell what came before the value that stands, and nobody waits for that with the write.
func (t *trip) between(tr *rule.Transfer, earlier []bridge.Unconfirmed, u bridge.Unconfirmed, row *bridge.Row) bool {
	now, told := row.Values[u.Field], row.Behind[u.Field]
	over := func(was bridge.Value) bool {
		return foreign(t.c.same, earlier, u, was) && !tr.SameField(u.Field, was, now)
	}
	behind := !told.Known() || !tr.SameField(u.Field, told, now)
	return over(row.Passed[u.Field]) || over(told) || behind && u.Before.Known() && !tr.SameField(u.Field, u.Before, now)
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
	word  bridge.Claim
	write bridge.Unconfirmed
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

// open are this project's unconfirmed writes to fields that the transfer reads.
func (t *trip) open(ctx context.Context, tr *rule.Transfer, record bridge.RecordID) ([]bridge.Unconfirmed, error) {
	all, err := t.c.d.Ledger.Unconfirmed(ctx, t.org(), record)
	if err != nil {
		return nil, err
	}
	var mine []bridge.Unconfirmed
	for _, u := range all {
		if u.Told.IsZero() && u.Project == t.o.Project && tr.Reads(u.Field) {
			mine = append(mine, u)
		}
	}
	return mine, nil
}
