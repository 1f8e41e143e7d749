package reread

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

const (
	// soon is within what time after a start begins what was due before.
	soon = 5 * time.Minute
	// maxIdle is how long nobody looks whether something is due: the wall clock may be set.
	maxIdle = time.Minute
	// leastWait and mostWait bound how long a pass that failed, or that the day's calls leave no room for, is put off.
	leastWait = 15 * time.Second
	mostWait  = 15 * time.Minute
)

var errNoRoom = errors.New("the day's API calls are forecast to run out")

// Org is what is asked of Salesforce.
type Org interface {
	// Unheard answers those of the fields that change without an event of their own.
	Unheard(ctx context.Context, o bridge.Object, fields []bridge.Field) ([]bridge.Field, error)
	// Read answers one row per id, in order; a record that cannot be seen has no version.
	Read(ctx context.Context, o bridge.Object, ids []bridge.RecordID, fields []bridge.Field) ([]bridge.Row, error)
	// Spare reports whether the day's calls leave room for one that can wait.
	Spare() bool
}

// Diary keeps how far the records of an object are read again.
type Diary interface {
	Rereading(ctx context.Context, org bridge.OrgID, o bridge.Object) (bridge.Rereading, error)
	KeepRereading(ctx context.Context, org bridge.OrgID, o bridge.Object, r bridge.Rereading) error
}

// Mirror is what is known of the records.
type Mirror interface {
	bridge.Mirror
	// Mirrored answers at most limit rows of an object that come after a record, "" for the first, and none after the last.
	Mirrored(ctx context.Context, org bridge.OrgID, o bridge.Object, after bridge.RecordID, limit int) ([]bridge.Row, error)
}

// Links finds who is linked to a record.
type Links interface {
	LinkOf(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, r bridge.RecordID) (bridge.Link, error)
}

// Sink takes what differs.
type Sink interface {
	Reread(ctx context.Context, all []rule.News) error
}

// Deps is what a Reader stands on. Only the Registerer may be missing.
type Deps struct {
	Org    Org
	Diary  Diary
	Mirror Mirror
	Links  Links
	Sink   Sink
	Lease  bridge.Lease
	Wants  *rule.Wants
	Now    bridge.Now
	Log    *slog.Logger

	Registerer prometheus.Registerer
}

// Reader reads again for one org. Make it with New, run it once.
type Reader struct {
	org     bridge.OrgID
	d       Deps
	plans   []*plan
	figures *figures

	mu      sync.Mutex
	problem string
}

// plan is one object, and what the process knows of it.
type plan struct {
	rule.Reread
	state  bridge.Rereading
	known  bool      // state was read
	begins time.Time // no earlier, whatever is due; zero for no bound
	failed int       // passes that failed in a row
	fault  error     // of the last of them
}

// New makes a reader that Run starts. Where no transfer wants anything read again, Run only waits.
func New(org bridge.OrgID, d Deps) *Reader {
	r := &Reader{org: org, d: d}
	for _, what := range d.Wants.Rereads() {
		r.plans = append(r.plans, &plan{Reread: what})
	}
	if len(r.plans) > 0 {
		r.figures = newFigures(d.Registerer, org)
	}
	return r
}

// Problem says why records are not read again, "" where nothing is wrong. It may be called at any time.
func (r *Reader) Problem() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.problem
}

// Run reads again what is due until the context ends, and returns nil then.
func (r *Reader) Run(ctx context.Context) error {
	if len(r.plans) == 0 {
		<-ctx.Done()
		return nil
	}
	for ctx.Err() == nil {
		held, err := r.d.Lease.Hold(ctx, "reread-"+string(r.org))
		if err != nil {
			r.tell(err)
			rest(ctx, leastWait)
			continue
		}
		for _, p := range r.plans {
			p.known = false // another node may have gone on meanwhile
		}
		for held.Err() == nil {
			rest(held, r.round(held))
		}
	}
	return nil
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// round does what is due and answers how long nothing else will be.
func (r *Reader) round(ctx context.Context) time.Duration {
	wait := maxIdle
	var faults []error
	for _, p := range r.plans {
		next, err := r.turn(ctx, p)
		if ctx.Err() != nil {
			return 0
		}
		if err != nil {
			next = r.putOff(p, err)
		}
		wait = min(wait, next)
		faults = append(faults, p.fault)
	}
	r.tell(errors.Join(faults...))
	return max(wait, time.Second)
}

// turn reads the records of one object again where that is due, and answers in how long it is next.
func (r *Reader) turn(ctx context.Context, p *plan) (time.Duration, error) {
	if err := r.learn(ctx, p); err != nil {
		return 0, err
	}
	now := r.d.Now()
	at := p.state.Due
	if p.begins.After(at) {
		at = p.begins
	}
	if wait := at.Sub(now); wait > 0 {
		return wait, nil
	}
	if err := r.pass(ctx, p); err != nil {
		return 0, fmt.Errorf("read %s again: %w", p.Object, err)
	}
	p.begins, p.failed, p.fault = time.Time{}, 0, nil
	next := p.state.Due.Add(p.Every)
	if next.Before(now) { // passes were missed: one stands for all of them
		next = now.Add(p.Every)
	}
	return next.Sub(now), r.keep(ctx, p, bridge.Rereading{Due: next})
}

// learn finds out when the object is due, once for each lease.
func (r *Reader) learn(ctx context.Context, p *plan) error {
	if p.known {
		return nil
	}
	state, err := r.d.Diary.Rereading(ctx, r.org, p.Object)
	if err != nil {
		return err
	}
	now := r.d.Now()
	switch {
	case state.Due.IsZero(), state.Due.Sub(now) > p.Every: // nobody has begun, or the interval is a shorter one by now
		err = r.keep(ctx, p, bridge.Rereading{Due: now.Add(rand.N(p.Every)), After: state.After})
	default:
		p.state = state
		if !state.Due.After(now) {
			p.begins = now.Add(rand.N(min(soon, p.Every)))
		}
	}
	p.known = err == nil
	return err
}

func (r *Reader) keep(ctx context.Context, p *plan, state bridge.Rereading) error {
	if err := r.d.Diary.KeepRereading(ctx, r.org, p.Object, state); err != nil {
		return fmt.Errorf("keep how far %s is read again: %w", p.Object, err)
	}
	p.state = state
	return nil
}

// putOff has a pass that failed tried later, from where it is, and answers in how long.
func (r *Reader) putOff(p *plan, err error) time.Duration {
	wait := leastWait/2 + rand.N(min(mostWait, leastWait<<min(p.failed, 10)))
	if errors.Is(err, errNoRoom) {
		wait = mostWait
	} else {
		p.failed++
	}
	_, named := bridge.VerdictOf(err)
	wait = max(wait, named)
	p.begins, p.fault = r.d.Now().Add(wait), err
	return wait
}

func (r *Reader) tell(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	r.mu.Lock()
	was := r.problem
	r.problem = text
	r.mu.Unlock()
	if text != "" && was == "" {
		r.d.Log.Warn("records not read again yet", "org", r.org, "error", err)
	}
}
