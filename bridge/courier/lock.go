package courier

import (
	"context"
	"slices"
	"sync"
)

// locks gives out exclusive rights to names. Waiting is on a channel, so that nobody holds a mutex meanwhile.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the name is given back
}

func newLocks() *locks { return &locks{held: map[string]chan struct{}{}} }

// acquire takes all names, in alphabetical order so that two takers never wait for each other.
func (l *locks) acquire(ctx context.Context, names []string) (*held, error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	h := &held{l: l}
	for _, n := range names {
		if err := l.take(ctx, n); err != nil {
			h.release()
			return nil, err
		}
		h.names = append(h.names, n)
	}
	return h, nil
}

func (l *locks) take(ctx context.Context, name string) error {
	for {
		l.mu.Lock()
		busy, taken := l.held[name]
		if !taken {
			l.held[name] = make(chan struct{})
		}
		l.mu.Unlock()
		if !taken {
			return nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// held is a set of names that one carrier holds.
type held struct {
	l     *locks
	names []string
}

func (h *held) has(name string) bool { return slices.Contains(h.names, name) }

// release gives all names back; a nil set has none.
func (h *held) release() {
	if h == nil {
		return
	}
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	for _, n := range h.names {
		close(h.l.held[n])
		delete(h.l.held, n)
	}
	h.names = nil
}
