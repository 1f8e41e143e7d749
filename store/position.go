package store

import (
	"cmp"
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
	key := prefixHole + join(idPart(h.Org), namePart(h.Topic), fmt.Sprintf("%016x", uint64(h.From.UnixNano())))
	if h.Object != "" {
		key += "-" + objectPart(h.Object)
	}
	return key
}

// OpenHole records a stretch of time of which events may be missing. One with the same org, topic, object and start is replaced.
func (s *Store) OpenHole(ctx context.Context, h bridge.Hole) error {
	return s.commitNow(ctx, func(p *plan) error { return p.put(holeKey(&h), &h, 0) })
}

// FillHole records how far an object of the hole was compared, and that alone: what an operator said of the hole meanwhile stays said. A hole that was
// closed meanwhile, or opened anew for more, is bridge.ErrMoved.
func (s *Store) FillHole(ctx context.Context, h bridge.Hole, o bridge.Object) error {
	return s.commitNow(ctx, func(p *plan) error {
		kept, err := p.sameHole(&h)
		if err != nil {
			return err
		}
		if kept.Filled == nil {
			kept.Filled = map[bridge.Object]bridge.Filled{}
		}
		f := h.Filled[o]
		if kept.Approved {
			f.Held = ""
		}
		kept.Filled[o] = f
		return p.put(holeKey(kept), kept, 0)
	})
}

// sameHole is the hole as it is kept, which may know more of an operator's word.
func (p *plan) sameHole(h *bridge.Hole) (*bridge.Hole, error) {
	var kept bridge.Hole
	found, err := p.read(holeKey(h), &kept)
	if err != nil {
		return nil, err
	}
	if !found || kept.Closed || !kept.To.Equal(h.To) || kept.Whole != h.Whole || kept.Quiet != h.Quiet {
		return nil, fmt.Errorf("hole %s: %w", h.ID(), bridge.ErrMoved)
	}
	return &kept, nil
}

// ApproveHole lets a hole that is held be filled, or closes it as it is. Ids that nobody knows are bridge.ErrNotFound.
func (s *Store) ApproveHole(ctx context.Context, id string, closed bool) error {
	all, err := s.Holes(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Closed || all[i].ID() != id {
			continue
		}
		return s.commitNow(ctx, func(p *plan) error {
			var h bridge.Hole
			if found, err := p.read(holeKey(&all[i]), &h); err != nil || !found {
				return cmp.Or(err, bridge.ErrNotFound)
			}
			h.Approved = true
			for o, f := range h.Filled {
				f.Held = ""
				h.Filled[o] = f
			}
			if closed {
				h.Closed = true
				return p.put(holeKey(&h), &h, closedHoleTTL)
			}
			return p.put(holeKey(&h), &h, 0)
		})
	}
	return fmt.Errorf("hole %s: %w", id, bridge.ErrNotFound)
}

// CloseHole records that rows and deletions of the hole were compared. A hole that was closed meanwhile, or opened anew for more, is bridge.ErrMoved.
func (s *Store) CloseHole(ctx context.Context, h bridge.Hole) error {
	return s.commitNow(ctx, func(p *plan) error {
		kept, err := p.sameHole(&h)
		if err != nil {
			return err
		}
		kept.Closed = true
		return p.put(holeKey(kept), kept, closedHoleTTL)
	})
}

// Holes answers open holes and those closed within 30 days, by start.
func (s *Store) Holes(ctx context.Context) ([]bridge.Hole, error) {
	hs, err := all[bridge.Hole](ctx, s, prefixHole)
	slices.SortStableFunc(hs, func(a, b bridge.Hole) int { return a.From.Compare(b.From) })
	return hs, err
}
