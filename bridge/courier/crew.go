package courier

import (
	"context"
	"sync"

	"sfbridge/bridge"
)

// crew bounds how much is carried at a time over all projects. What is free goes to the waiting project that has least, so that one whose calls take long
// does not take what the others need.
type crew struct {
	mu      sync.Mutex
	free    int
	busy    map[bridge.ProjectID]int
	waiting map[bridge.ProjectID][]chan struct{} // closed when a place was given
}

func newCrew(n int) *crew {
	return &crew{free: n, busy: map[bridge.ProjectID]int{}, waiting: map[bridge.ProjectID][]chan struct{}{}}
}

// join waits for a place.
func (c *crew) join(ctx context.Context, p bridge.ProjectID) error {
	c.mu.Lock()
	if c.free > 0 {
		c.free--
		c.busy[p]++
		c.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	c.waiting[p] = append(c.waiting[p], turn)
	c.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		return ctx.Err() // the place that may come is not needed: a stop ends all
	}
}

// leave gives a place back.
func (c *crew) leave(p bridge.ProjectID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy[p]--
	next, least := bridge.ProjectID(""), 0
	for w, turns := range c.waiting {
		if n := c.busy[w]; len(turns) > 0 && (next == "" || n < least || n == least && w < next) {
			next, least = w, n
		}
	}
	if next == "" {
		c.free++
		return
	}
	turns := c.waiting[next]
	c.busy[next]++
	c.waiting[next] = turns[1:]
	close(turns[0])
}
