package courier

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// Reread makes durable what was read again because no event tells it: it enters the mirror in its turn and has carried whom it concerns, and whoever
// reads it of a parent.
func (s *Stream) Reread(ctx context.Context, all []rule.News) error {
	for part := range slices.Chunk(all, comparedAtOnce) {
		entries := make([]bridge.Entry, len(part))
		for i := range part {
			entries[i] = s.in.renewed(&part[i])
		}
		if err := s.in.journal.Append(ctx, entries, nil); err != nil {
			return fmt.Errorf("append %d rows of %s that were read again: %w", len(part), part[0].Row.Object, err)
		}
	}
	return nil
}

func (in *Intake) renewed(n *rule.News) bridge.Entry {
	r, now := &n.Row, in.now()
	e := bridge.Entry{Kind: bridge.RereadEntry, At: now, Row: r}
	cause := "reread " + now.UTC().Format(time.RFC3339Nano)
	for _, h := range n.Hits {
		e.Deliveries = append(e.Deliveries, inboundAgain(r.Org, h.Transfer, r.Record, h.Dirty, cause))
	}
	for _, t := range n.Touched {
		e.Deliveries = append(e.Deliveries, spreadDelivery(&bridge.Change{Org: r.Org, Event: cause, Object: r.Object}, r.Record, t))
	}
	return e
}
