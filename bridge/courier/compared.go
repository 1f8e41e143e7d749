package courier

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// comparedAtOnce is how many rows are appended in one call: few enough that callbacks come between.
const comparedAtOnce = 40

// Compared makes rows durable that were read because events of them may have been missed: they enter the mirror in their turn and mark their records
// for every transfer that carries them. Those that are not dirty are of a first load: they fill what the mirror does not know and mark nothing.
func (s *Stream) Compared(ctx context.Context, rows []bridge.Row, dirty bool) error {
	wants := s.in.wants[s.org]
	if wants == nil {
		return nil
	}
	for part := range slices.Chunk(rows, comparedAtOnce) {
		entries := make([]bridge.Entry, len(part))
		for i := range part {
			entries[i] = s.in.snapshot(&part[i], wants, dirty)
		}
		if err := s.in.journal.Append(ctx, entries, nil); err != nil {
			return fmt.Errorf("append %d rows of %s: %w", len(part), part[0].Object, err)
		}
	}
	return nil
}

func (in *Intake) snapshot(r *bridge.Row, wants *rule.Wants, dirty bool) bridge.Entry {
	e := bridge.Entry{Kind: bridge.SnapshotEntry, At: in.now(), Row: r}
	if !dirty {
		e.Kind = bridge.LoadEntry
		return e
	}
	edge, cause := bridge.EdgeNone, "row "+r.Version.At.UTC().Format(time.RFC3339)
	if r.Deleted {
		edge, cause = bridge.EdgeDelete, "deleted "+r.Version.At.UTC().Format(time.RFC3339)
	}
	for _, t := range wants.Inbound(r.Object) {
		d := inboundAgain(r.Org, t, r.Record, nil, cause)
		d.Edge = edge
		e.Deliveries = append(e.Deliveries, d)
	}
	return e
}
