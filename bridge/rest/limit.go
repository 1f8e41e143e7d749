package rest

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/time/rate"

	"sfbridge/bridge"
)

// Waiter is a turnstile; *rate.Limiter is one.
type Waiter interface {
	// Wait blocks until the caller's turn, or answers an error when the context ends first or would.
	Wait(ctx context.Context) error
}

// limit lets a call wait for its turn. The wait is before the request's deadline starts.
func limit(next Doer, of func(op string) Waiter) Doer {
	if of == nil {
		return next
	}
	return doFunc(func(ctx context.Context, c *Call) (*Answer, error) {
		if w := of(c.Op); w != nil {
			if err := w.Wait(ctx); err != nil {
				return nil, bridge.Unavailable(fmt.Errorf("%s: wait for the rate limit: %w", c.Op, err), 0)
			}
		}
		return next.Do(ctx, c)
	})
}

// PerOp holds one limiter for each operation. It is safe for use by many at once.
type PerOp struct {
	limit rate.Limit
	burst int
	mu    sync.Mutex
	ops   map[string]*rate.Limiter
}

// NewPerOp allows perSecond requests a second of each operation, burst at once; perSecond 0 or less is no limit.
func NewPerOp(perSecond float64, burst int) *PerOp {
	p := &PerOp{limit: rate.Limit(perSecond), burst: max(burst, 1), ops: map[string]*rate.Limiter{}}
	if perSecond <= 0 {
		p.limit = rate.Inf
	}
	return p
}

// Of is the limiter of an operation, for Deps.Limit.
func (p *PerOp) Of(op string) Waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.ops[op]
	if !ok {
		l = rate.NewLimiter(p.limit, p.burst)
		p.ops[op] = l
	}
	return l
}
