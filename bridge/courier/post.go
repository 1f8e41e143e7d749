package courier

import (
	"sync"

	"golang.org/x/sync/errgroup"
)

// maxRelieved is how many carriers of one outlet wait for a call of writes beside those at work: enough to fill all calls in flight and the next.
const maxRelieved = 6 * rowsPerCall

// posts has the carriers of an outlet relieved while they wait for their row's call: without that a call could hold no more rows than there are workers.
type posts struct {
	relief func() // sends somebody to take a post

	mu   sync.Mutex
	away int
}

// man starts the outlet's carriers.
func (o *outlet) man(g *errgroup.Group, carry func() error) {
	o.posts.relief = func() { g.Go(carry) }
	for range o.platform.Workers {
		g.Go(carry)
	}
}

// relieve lets somebody else take the post and the place in the crew, once a trip: what is left to do after the row's answer is short.
func (t *trip) relieve() {
	p := &t.o.posts
	if t.relieved || p.relief == nil || !p.begin() {
		return
	}
	t.relieved = true
	t.c.crew.leave(t.o.Project)
	p.relief()
}

func (p *posts) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away == maxRelieved {
		return false
	}
	p.away++
	return true
}

func (p *posts) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away--
}
