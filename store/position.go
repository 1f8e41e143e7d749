package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
)

// Position answers how far a topic was taken in, or bridge.ErrNotFound before its first.
func (s *Store) Position(ctx context.Context, org bridge.OrgID, t bridge.Topic) (bridge.Position, error) {
	return value[bridge.Position](ctx, s, positionKey(org, t))
}

// Positions answers those of all topics.
func (s *Store) Positions(ctx context.Context) ([]bridge.Position, error) {
	return all[bridge.Position](ctx, s, prefixPosition)
}

func all[T any](ctx context.Context, s *Store, prefix string) ([]T, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var vs []T
	err := eachValue(ctx, s, prefix, func(_ string, v *T) error {
		vs = append(vs, *v)
		return nil
	})
	return vs, err
}

// closedHoleTTL is how long a hole is shown after it was closed.
const closedHoleTTL = 30 * 24 * time.Hour

func holeKey(h *bridge.Hole) string {
	return prefixHole + join(idPart(h.Org), namePart(h.Topic), fmt.Sprintf("%016x", uint64(h.From.UnixNano())))
}

// OpenHole records a stretch of time of which events may be missing. One with the same org, topic and start is replaced.
func (s *Store) OpenHole(ctx context.Context, h bridge.Hole) error {
	return s.commitNow(ctx, func(p *plan) error { return p.put(holeKey(&h), &h, 0) })
}

// CloseHole records that rows and deletions of the hole were compared.
func (s *Store) CloseHole(ctx context.Context, h bridge.Hole) error {
	h.Closed = true
	return s.commitNow(ctx, func(p *plan) error { return p.put(holeKey(&h), &h, closedHoleTTL) })
}

// Holes answers open holes and those closed within 30 days, by start.
func (s *Store) Holes(ctx context.Context) ([]bridge.Hole, error) {
	hs, err := all[bridge.Hole](ctx, s, prefixHole)
	slices.SortStableFunc(hs, func(a, b bridge.Hole) int { return a.From.Compare(b.From) })
	return hs, err
}
