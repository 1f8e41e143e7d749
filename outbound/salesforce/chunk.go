package salesforce

import (
	"context"
	"log/slog"
	"maps"
	"sync"

	"sfbridge/bridge"
)

// ChunkKeeper keeps over restarts how many rows of an object one call may hold: learning it anew costs calls that fail when the triggers of the org have
// run for as long as they may.
type ChunkKeeper interface {
	// Chunks answers what was kept, nothing where nothing was.
	Chunks(ctx context.Context) (map[bridge.Object]int, error)
	// KeepChunks makes the sizes durable, in the place of those before.
	KeepChunks(ctx context.Context, sizes map[bridge.Object]int) error
}

// chunkSizes learns how many rows of an object one call can take before its triggers run out of their limits.
type chunkSizes struct {
	keeper ChunkKeeper // nil keeps nothing
	log    *slog.Logger

	mu     sync.Mutex
	loaded bool
	sizes  map[bridge.Object]int
}

// sizeStep is by how much a size grows back after a full call that passed.
const sizeStep = 5

func newChunkSizes(keeper ChunkKeeper, log *slog.Logger) *chunkSizes {
	return &chunkSizes{keeper: keeper, log: log, loaded: keeper == nil, sizes: map[bridge.Object]int{}}
}

func (s *chunkSizes) of(ctx context.Context, o bridge.Object) int {
	s.load(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.sizes[o]; ok {
		return n
	}
	return maxRows
}

// load takes over what was kept. What cannot be read is asked for again by the next call; what was learned meanwhile counts more.
func (s *chunkSizes) load(ctx context.Context) {
	s.mu.Lock()
	loaded := s.loaded
	s.mu.Unlock()
	if loaded {
		return
	}
	kept, err := s.keeper.Chunks(ctx)
	if err != nil {
		s.log.Warn("sizes of calls were not read", "error", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = true
	for o, n := range kept {
		if _, learned := s.sizes[o]; !learned && n >= 1 && n < maxRows {
			s.sizes[o] = n
		}
	}
}

// tripped halves the size, and keeps it.
func (s *chunkSizes) tripped(ctx context.Context, o bridge.Object, rows int) {
	s.mu.Lock()
	s.sizes[o] = max(rows/2, 1)
	s.mu.Unlock()
	s.keep(ctx)
}

// passed lets the size grow back. What is kept stays the smallest until the object bears full calls again: a restart begins with care.
func (s *chunkSizes) passed(ctx context.Context, o bridge.Object, rows int) {
	s.mu.Lock()
	n, ok := s.sizes[o]
	if !ok || rows < n {
		s.mu.Unlock()
		return
	}
	n = min(n+sizeStep, maxRows)
	s.sizes[o] = n
	if n == maxRows {
		delete(s.sizes, o)
	}
	s.mu.Unlock()
	if n == maxRows {
		s.keep(ctx)
	}
}

// keep makes the sizes durable. They are a matter of calls, not of what is written, so a store that does not take them stops nobody.
func (s *chunkSizes) keep(ctx context.Context) {
	if s.keeper == nil {
		return
	}
	s.mu.Lock()
	sizes := maps.Clone(s.sizes)
	s.mu.Unlock()
	if err := s.keeper.KeepChunks(ctx, sizes); err != nil {
		s.log.Warn("sizes of calls were not kept", "error", err)
	}
}
