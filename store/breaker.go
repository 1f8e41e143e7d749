package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sfbridge/bridge"
)

// SaveBreaker keeps the state of an outlet's breaker, which the courier alone understands, as JSON.
func (s *Store) SaveBreaker(ctx context.Context, o bridge.Outlet, state any) error {
	return s.commit(ctx, func(p *plan) error { return p.put(breakerKey(o), state, 0) })
}

// LoadBreaker reads what SaveBreaker kept into state; where nothing was kept, or it cannot be read, it leaves state as it is.
func (s *Store) LoadBreaker(ctx context.Context, o bridge.Outlet, state any) error {
	raw, err := value[json.RawMessage](ctx, s, breakerKey(o))
	if errors.Is(err, bridge.ErrNotFound) || errors.Is(err, ErrCorrupt) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, state); err != nil {
		return fmt.Errorf("decode breaker of %s %s: %w", o.Project, o.Direction, err)
	}
	return nil
}
