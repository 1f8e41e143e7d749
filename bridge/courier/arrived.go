package courier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// arrived is the link with what an earlier try of this delivery has put on the platform, as far as the contact holds it: the baseline, had that try lived
// to say so. Without it a record that went back to what was agreed on before would leave the contact as the earlier try made it.
func (t *trip) arrived(ctx context.Context, tr *rule.Transfer, link *bridge.Link) (*bridge.Link, error) {
	sent, told := t.c.doubts.sent(t.w.Head()), t.toldBefore(tr)
	if tr.Shadow || t.o.platform.Fetcher == nil || !tr.MayHave(link, told, sent) {
		return link, nil
	}
	c, err := t.contactNow(ctx, link)
	if err != nil || c == nil {
		return link, err
	}
	there, past := tr.Arrived(link, c.Values, told, sent), tr.Passed(link, c.Values, told, sent)
	if len(there) == 0 && len(past) == 0 {
		return link, nil
	}
	after := t.replaced(link, there)
	for a, values := range past {
		for _, v := range values {
			after.Replaced[a] = after.Replaced[a].Replace(v, t.c.d.Now())
		}
	}
	after.Baseline = maps.Clone(link.Baseline)
	if after.Baseline == nil {
		after.Baseline = agreement{}
	}
	maps.Copy(after.Baseline, there)
	return after, nil
}

// toldBefore is what an earlier process may have sent.
func (t *trip) toldBefore(tr *rule.Transfer) []bridge.Fields {
	if !t.w.Resumed {
		return nil
	}
	return tr.AsAccount(t.w.Told)
}

// contactNow is the contact as it is, read once; nil where it is gone: the message itself will tell.
func (t *trip) contactNow(ctx context.Context, link *bridge.Link) (*bridge.Contact, error) {
	if t.looked != nil && t.looked.ID == link.Contact {
		return t.looked, nil
	}
	var c bridge.Contact
	err := t.ask(ctx, t.o.toward, func() (err error) {
		c, err = t.o.platform.Fetcher.Fetch(ctx, link.Contact)
		return err
	})
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at contact %s before it is written: %w", link.Contact, err)
	}
	t.looked = &c
	return t.looked, nil
}

// spare looks at the contact before a message goes out that may have gone out before: what it holds already is not sent again, and what somebody
// wrote on the platform since stands; his callback carries it.
func (t *trip) spare(ctx context.Context, tr *rule.Transfer, row *bridge.Row, link *bridge.Link, j *rule.Judged) error {
	if t.o.platform.Fetcher == nil || !t.w.Resumed && !t.c.doubts.about(t.w.Head()) {
		return nil
	}
	c, err := t.contactNow(ctx, link)
	if err != nil || c == nil {
		return err
	}
	tr.Spare(j, c.Values, link, t.ours)
	if len(j.Conflicts) == 0 || !t.w.Resumed {
		return nil
	}
	if t.c.d.Now().Sub(t.c.began) < settling || t.c.doubts.first(t.w.Head(), row.Version) {
		return &waitError{settling / 4, "what the stream brings after a start may tell that the platform's value is our own"}
	}
	return nil
}

// settling is how long after a start resumed work waits for what may tell how an earlier process ended.
const settling = 2 * time.Second
