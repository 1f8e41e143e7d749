package courier

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sfbridge/bridge"
)

// Breaker is the state of a destination's breaker as it survives a restart.
type Breaker struct {
	Open   bool      `json:"open"`
	Probes int       `json:"probes,omitempty"` // that failed since it opened
	Until  time.Time `json:"until,omitzero"`   // nobody calls before; then, if it is open, one probe may
	Since  time.Time `json:"since,omitzero"`   // when it opened
	Reason string    `json:"reason,omitempty"` // the failure that shut it
	// Attention reports that only a person can mend the reason: a login that is refused, a right that is missing.
	Attention bool `json:"attention,omitempty"`
}

// gate is the breaker of one destination of one project, and its pause. Only failures of the destination count. Nobody waits inside: whoever comes to a
// shut gate holds locks, gives his work back and goes.
type gate struct {
	outlet bridge.Outlet
	now    bridge.Now

	mu       sync.Mutex
	state    Breaker
	calls    window
	streak   streak
	probing  bool          // the call that looks whether the destination is back is under way
	scouting bool          // somebody is on his way to be it
	returns  time.Time     // when the latest of those who found the gate shut comes back
	since    time.Time     // when it opened last, zero where it never was shut
	changed  chan struct{} // closed when the gate may have become passable
}

func newGate(o bridge.Outlet, now bridge.Now) *gate {
	return &gate{outlet: o, now: now, changed: make(chan struct{})}
}

// shutError says that a destination is not called now. It costs the item nothing.
type shutError struct {
	gate   *gate
	reason string
}

func (e *shutError) Error() string { return "not called now: " + e.reason }

// failedCallError is an error of a call that the gate counted as a failure of the destination.
type failedCallError struct {
	error
	gate *gate
}

func (e *failedCallError) Unwrap() error { return e.error }

// enter lets a call pass, or answers a shutError. Behind an open breaker one call at a time passes, as the probe.
func (g *gate) enter() (probe bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.state.Until.After(g.now()), g.state.Open && g.probing:
		return false, &shutError{g, g.state.Reason}
	case g.state.Open:
		g.probing = true
		return true, nil
	}
	return false, nil
}

// ending is how a call ended: failure is nil unless the destination failed, pause a wait that it named.
type ending struct {
	probe   bool
	lane    string
	failure error
	pause   time.Duration
}

// leave counts a call that ended. It answers the state, and whether that must be kept.
func (g *gate) leave(e ending) (now Breaker, changed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at, was := g.now(), g.state
	g.probing = g.probing && !e.probe
	g.calls.note(at, e)
	back := g.streak.note(e)
	switch {
	case e.failure == nil && (e.probe || !was.Open && !was.Until.After(at)):
		g.state = Breaker{}
		if was.Open {
			g.calls = window{}
		}
		if was != g.state {
			g.since = at
		}
	case e.failure == nil:
	case e.probe:
		g.state.Probes++
		g.shut(at, e, rung(g.state.Probes+2))
	case !was.Open && g.calls.failing(at):
		g.state.Open, g.state.Since = true, at
		g.shut(at, e, rung(2))
	case e.pause > 0:
		g.shut(at, e, 0)
	}
	if g.state == was && !e.probe && !back {
		return g.state, false
	}
	g.notify()
	return g.state, true
}

// shut keeps calls away for the wait, or for what the destination asked for.
func (g *gate) shut(at time.Time, e ending, wait time.Duration) {
	g.state.Until = later(g.state.Until, at.Add(max(wait, e.pause)))
	g.state.Reason, g.state.Attention = e.failure.Error(), needsPerson(e.failure)
}

// abandon ends a call of which nothing is learnt.
func (g *gate) abandon(probe bool) {
	if !probe {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing = false
	g.notify()
}

func (g *gate) notify() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// approach waits, with nothing in hand, until work for the destination is worth taking. Behind an open breaker one at a time may take some, the scout,
// who must come back.
func (g *gate) approach(ctx context.Context) (scout bool, err error) {
	for {
		scout, wait, changed := g.look()
		if wait == 0 {
			return scout, ctx.Err()
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
			timer.Stop()
			return false, ctx.Err()
		}
		timer.Stop()
	}
}

// look answers how long to wait at most, 0 for nothing.
func (g *gate) look() (scout bool, wait time.Duration, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch wait := g.state.Until.Sub(g.now()); {
	case wait > 0:
		return false, wait, g.changed
	case !g.state.Open:
		return false, 0, nil
	case g.scouting || g.probing:
		return false, ladderCap, g.changed
	}
	g.scouting = true
	return true, 0, nil
}

// back ends a scout's way.
func (g *gate) back() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.scouting = false
	g.notify()
}

// passable reports whether calls pass without being a probe.
func (g *gate) passable() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.state.Open && !g.state.Until.After(g.now())
}

// returnPace spaces those who come back to a shut gate: whatever waits behind it, the look costs little.
const returnPace = 5 * time.Millisecond

// comeBack is when work that found the gate shut shall try again, unless it is woken before.
func (g *gate) comeBack() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.returns = later(g.returns, later(g.state.Until, g.now())).Add(returnPace)
	return g.returns
}

// reachable is since when calls pass: now while they do not.
func (g *gate) reachable() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state.Open || g.state.Until.After(g.now()) {
		return g.now()
	}
	return later(g.since, g.state.Until)
}

// opened forgets who was to come back.
func (g *gate) opened() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.returns = time.Time{}
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

// ask calls a destination through its gate.
func (t *trip) ask(ctx context.Context, g *gate, call func() error) error {
	probe, err := g.enter()
	if err != nil {
		return err
	}
	counted := false
	defer func() {
		if !counted { // a stop, or a panic
			g.abandon(probe)
		}
	}()
	err = call()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	counted = true
	e := ending{probe: probe, lane: t.w.Head().Lane.Source}
	if destinationFailed(err) {
		_, e.pause = bridge.VerdictOf(err)
		e.failure, err = err, &failedCallError{err, g}
	}
	s, changed := g.leave(e)
	if !changed {
		return err
	}
	if e := t.c.keep(ctx, g, s); e != nil {
		return e
	}
	return err
}

// keep makes the state of a breaker durable, and wakes what waits for it when it closes.
func (c *Courier) keep(ctx context.Context, g *gate, s Breaker) error {
	c.figures.breaker(g.outlet, s)
	if !s.Open && s.Until.IsZero() {
		c.wake(g)
	}
	if err := c.d.Breakers.SaveBreaker(ctx, g.outlet, s); err != nil {
		return fmt.Errorf("save breaker of %s %s: %w", g.outlet.Project, g.outlet.Direction, err)
	}
	return nil
}

// destinationFailed reports whether an error is the destination's own and not that of the item: it could not be reached, was overloaded, failed or
// refused the bridge itself. What is said of one row is the row's.
func destinationFailed(err error) bool {
	verdict, _ := bridge.VerdictOf(err)
	return (verdict == bridge.Wait || bridge.IsUncertain(err)) && !ofRow(err)
}

// needsPerson reports whether only a person can mend what a destination complains of. Adapters know.
func needsPerson(err error) bool {
	var e interface{ NeedsPerson() bool }
	return errors.As(err, &e) && e.NeedsPerson()
}

// ofRow reports whether an answer is about one row and not about the call. Adapters know.
func ofRow(err error) bool {
	var e interface{ OfRow() bool }
	return errors.As(err, &e) && e.OfRow()
}
