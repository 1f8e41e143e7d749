package store

import (
	"context"
	"errors"
	"time"

	"sfbridge/bridge"
)

func beatKey(org bridge.OrgID) string { return prefixBeat + idPart(org) }

// Beat answers the longest pause between two messages of an org's healthy streams, 0 where none was kept.
func (s *Store) Beat(ctx context.Context, org bridge.OrgID) (time.Duration, error) {
	d, err := value[time.Duration](ctx, s, beatKey(org))
	if errors.Is(err, bridge.ErrNotFound) || errors.Is(err, ErrCorrupt) {
		return 0, nil // it is learned again
	}
	return d, err
}

// KeepBeat makes it durable.
func (s *Store) KeepBeat(ctx context.Context, org bridge.OrgID, d time.Duration) error {
	return s.commitNow(ctx, func(p *plan) error { return p.put(beatKey(org), d, 0) })
}
