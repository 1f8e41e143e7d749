package pubsub

import (
	"context"
	"math/rand/v2"
	"time"
)

// ladder is a row of growing waits: the n-th is drawn evenly between floor and base doubled n times, and never above top.
type ladder struct{ floor, base, top time.Duration }

// maxDoublings keeps the doubling inside a duration.
const maxDoublings = 24

func (l ladder) wait(n int) time.Duration {
	high := min(l.top, l.base<<min(n, maxDoublings))
	if high <= l.floor {
		return l.floor
	}
	return l.floor + rand.N(high-l.floor+1)
}

// pause waits and reports whether it came to its end before the context did.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
