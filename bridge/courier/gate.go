package courier

import (
	"context"
	"errors"
	"sync"
	"time"

	"sfbridge/bridge"
)

const (
	breakerWindow = 5 * time.Minute
	breakerCalls  = 10  // fewer calls in the window never open it by share
	breakerShare  = 0.7 // of failures
	breakerRow    = 5   // failures in a row that open it whatever the window says
)

// Breaker is the state of a destination's breaker as it survives a restart.
type Breaker struct {
	Open   bool      `json:"open"`
	Row    int       `json:"row"`              // failures in a row
	Until  time.Time `json:"until,omitzero"`   // when the next probe may go
	Since  time.Time `json:"since,omitzero"`   // when it opened
	Reason string    `json:"reason,omitempty"` // the failure that opened it
}

// errStopping ends a wait at a gate when the courier stops.
var errStopping = errors.New("the courier is stopping")

// gate is the breaker of one destination, and its pause. Only failures of the destination count.
type gate struct {
	outlet  bridge.Outlet
	mu      sync.Mutex
	now     bridge.Now
	state   Breaker
	probing bool
	calls   []call
	changed chan struct{} // closed when the gate may have become passable
}

type call struct {
	at     time.Time
	failed bool
}

func newGate(o bridge.Outlet, now bridge.Now) *gate {
	return &gate{outlet: o, now: now, changed: make(chan struct{})}
}

// enter blocks while the gate is shut. Behind an open breaker one caller at a time passes, as the probe.
// Whoever waits when stopping closes gives up.
func (g *gate) enter(ctx context.Context, stopping <-chan struct{}) error {
	for {
		wait, changed := g.try()
		if wait == 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-stopping:
			timer.Stop()
			return errStopping
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// try answers 0 where the caller may pass, else how long to wait at most.
func (g *gate) try() (time.Duration, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait := g.state.Until.Sub(g.now())
	switch {
	case wait > 0:
		return wait, g.changed
	case !g.state.Open:
		return 0, nil
	case g.probing:
		return ladderCap, g.changed
	}
	g.probing = true
	return 0, nil
}

// leave tells how a call to the destination ended and reports whether the breaker changed. err is nil unless the destination failed; pause is a wait
// that the destination named.
func (g *gate) leave(err error, pause time.Duration) (Breaker, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	was := g.state.Open
	g.probing = false
	g.note(now, err != nil)
	switch {
	case err == nil:
		g.state = Breaker{}
	case pause > 0 && !was:
		g.state.Until = later(g.state.Until, now.Add(pause))
		g.state.Row++
	default:
		g.state.Row++
		g.open(now, err)
		if pause > 0 {
			g.state.Until = later(g.state.Until, now.Add(pause))
		}
	}
	close(g.changed)
	g.changed = make(chan struct{})
	return g.state, was != g.state.Open || was
}

// open opens the breaker where the window or the row says so, and sets the time of the next try.
func (g *gate) open(now time.Time, err error) {
	failed := 0
	for _, c := range g.calls {
		if c.failed {
			failed++
		}
	}
	if g.state.Row >= breakerRow || len(g.calls) >= breakerCalls && float64(failed) >= breakerShare*float64(len(g.calls)) {
		if !g.state.Open {
			g.state.Since = now
		}
		g.state.Open, g.state.Reason = true, err.Error()
	}
	if g.state.Open {
		g.state.Until = now.Add(rung(g.state.Row))
	}
}

func (g *gate) note(now time.Time, failed bool) {
	if len(g.calls) >= 1000 {
		g.calls = append(g.calls[:0], g.calls[len(g.calls)/2:]...)
	}
	for len(g.calls) > 0 && now.Sub(g.calls[0].at) > breakerWindow {
		g.calls = g.calls[1:]
	}
	g.calls = append(g.calls, call{now, failed})
}

// status is the breaker as it stands.
func (g *gate) status() Breaker {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
