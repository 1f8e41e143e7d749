package store

import (
	"context"

	"sfbridge/bridge"
)

// paceBound is how many entries wait for the folder before a stream waits too: what is not folded costs ten times the memory of what only waits to be
// carried, and Salesforce keeps events for days.
const paceBound = 20_000

// pace holds the changes of a stream back while the folder is far behind. Callbacks are taken in whatever the folder does.
func (s *Store) pace(ctx context.Context, entries []bridge.Entry) error {
	if len(entries) == 0 || entries[0].Kind == bridge.CallbackEntry {
		return nil
	}
	for {
		s.mu.Lock()
		if !s.folding || len(s.fresh) < paceBound {
			s.mu.Unlock()
			return nil
		}
		if s.caught == nil {
			s.caught = make(chan struct{})
		}
		caught := s.caught
		s.mu.Unlock()
		select {
		case <-caught:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closed:
			return ErrClosed
		}
	}
}

// caughtLocked lets streams go on once half of the bound is free.
func (s *Store) caughtLocked() {
	if s.caught != nil && len(s.fresh) < paceBound/2 {
		close(s.caught)
		s.caught = nil
	}
}
