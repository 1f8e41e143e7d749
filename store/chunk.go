package store

import (
	"context"
	"errors"

	"sfbridge/bridge"
)

func chunkKey(org bridge.OrgID) string { return prefixChunk + idPart(org) }

// Chunks answers how many rows of an object one call to an org may hold, of the objects whose triggers bear less than a call does.
func (s *Store) Chunks(ctx context.Context, org bridge.OrgID) (map[bridge.Object]int, error) {
	sizes, err := value[map[bridge.Object]int](ctx, s, chunkKey(org))
	if errors.Is(err, bridge.ErrNotFound) || errors.Is(err, ErrCorrupt) {
		return nil, nil // they are learned again
	}
	return sizes, err
}

// KeepChunks makes them durable.
func (s *Store) KeepChunks(ctx context.Context, org bridge.OrgID, sizes map[bridge.Object]int) error {
	return s.commitNow(ctx, func(p *plan) error { return p.put(chunkKey(org), sizes, 0) })
}
