package refill

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

const (
	// defaultSettle is how long after the stream runs again reading begins: a stream may miss what is committed in its first seconds, and the list of
	// deletions knows whole minutes only.
	defaultSettle = 90 * time.Second
	defaultLook   = 15 * time.Second
	maxLook       = 15 * time.Minute
)

// Config says whose holes are filled. Zero durations are the usual ones.
type Config struct {
	Org    bridge.OrgID
	Settle time.Duration // how long after the end of a hole it is filled; 0 is 90 s
	Look   time.Duration // how often holes are looked for; 0 is 15 s
}

// Org is what a compare asks of Salesforce.
type Org interface {
	// Rights asks anew whether the object can be seen at all.
	Rights(ctx context.Context, o bridge.Object) error
	// Changed hands live rows to each, by the time at which they were written.
	Changed(ctx context.Context, q bridge.Since, each func([]bridge.Row) error) error
	// Deleted lists what was deleted since a time.
	Deleted(ctx context.Context, o bridge.Object, since time.Time) (bridge.Deletions, error)
	// Count answers how many live rows were written at a time or later; the zero time counts all.
	Count(ctx context.Context, o bridge.Object, since time.Time) (int, error)
}

// Holes keeps the holes.
type Holes interface {
	// Holes answers those that are open, and may answer closed ones.
	Holes(ctx context.Context) ([]bridge.Hole, error)
	// FillHole makes durable how far the object is compared, and nothing else of the hole.
	FillHole(ctx context.Context, h bridge.Hole, o bridge.Object) error
	// CloseHole closes it. Like FillHole it answers bridge.ErrMoved where somebody closed the hole or opened it anew since it was read.
	CloseHole(ctx context.Context, h bridge.Hole) error
}

// Sink takes the rows that say what the mirror does not hold.
type Sink interface {
	Compared(ctx context.Context, rows []bridge.Row, dirty bool) error
}

// Links finds who is linked to a record.
type Links interface {
	LinkOf(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, r bridge.RecordID) (bridge.Link, error)
}

// Deps is what a Filler stands on. Only the Registerer may be missing.
type Deps struct {
	Org     Org
	Holes   Holes
	Sink    Sink
	Mirror  bridge.Mirror
	Links   Links
	Wants   *rule.Wants
	Objects func(bridge.Topic) []bridge.Object // that a topic tells of, and somebody reads
	Now     bridge.Now
	Log     *slog.Logger

	Registerer prometheus.Registerer
}

// Filler fills the holes of one org. Make it with New, run it once.
type Filler struct {
	cfg     Config
	d       Deps
	figures *figures

	mu      sync.Mutex
	problem string
}

// New makes a filler that Run starts.
func New(cfg Config, d Deps) *Filler {
	cfg.Settle, cfg.Look = cmp.Or(cfg.Settle, defaultSettle), cmp.Or(cfg.Look, defaultLook)
	return &Filler{cfg: cfg, d: d, figures: newFigures(d.Registerer, cfg.Org)}
}

// Problem says why holes are not filled, "" where nothing is wrong. It may be called at any time.
func (f *Filler) Problem() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.problem
}

// Run fills holes as they come until the context ends, and returns nil then.
func (f *Filler) Run(ctx context.Context) error {
	for failed := 0; ; {
		err := f.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if f.tell(err); err == nil {
			failed = 0
		} else {
			failed++
		}
		timer := time.NewTimer(f.wait(err, failed))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// wait is the time until holes are looked for again.
func (f *Filler) wait(err error, failed int) time.Duration {
	if failed == 0 {
		return f.cfg.Look
	}
	high := min(maxLook, f.cfg.Look<<min(failed-1, 10))
	_, named := bridge.VerdictOf(err)
	return max(named, f.cfg.Look/2+rand.N(high))
}

func (f *Filler) tell(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	f.mu.Lock()
	was := f.problem
	f.problem = text
	f.mu.Unlock()
	if text != "" && was == "" {
		f.d.Log.Warn("hole not filled yet", "org", f.cfg.Org, "error", err)
	}
}

// work is one object to be compared, for all holes that it is a part of.
type work struct {
	object bridge.Object
	holes  []*bridge.Hole
}

// round fills what can be filled now.
func (f *Filler) round(ctx context.Context) error {
	all, err := f.d.Holes.Holes(ctx)
	if err != nil {
		return err
	}
	now, open := f.d.Now(), []*bridge.Hole(nil)
	waiting := 0
	byObject := map[bridge.Object]*work{}
	for i := range all {
		h := &all[i]
		if h.Org != f.cfg.Org || h.Closed {
			continue
		}
		if waiting++; h.To.IsZero() || now.Before(h.To.Add(f.cfg.Settle)) {
			continue
		}
		open = append(open, h)
		for _, o := range f.objects(h) {
			if done := h.Filled[o]; done.Done || done.Held != "" {
				continue
			}
			if byObject[o] == nil {
				byObject[o] = &work{object: o}
			}
			byObject[o].holes = append(byObject[o].holes, h)
		}
	}
	f.figures.open.Set(float64(waiting))
	var faults []error
	for _, o := range slices.Sorted(maps.Keys(byObject)) {
		if err := f.compare(ctx, byObject[o]); err != nil && !errors.Is(err, bridge.ErrMoved) { // it is read anew in the next round
			faults = append(faults, err)
		}
	}
	for _, h := range open {
		if err := f.close(ctx, h); err != nil && !errors.Is(err, bridge.ErrMoved) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// objects are those that the hole concerns and somebody reads.
func (f *Filler) objects(h *bridge.Hole) []bridge.Object {
	if h.Object == "" {
		return f.d.Objects(h.Topic)
	}
	if !slices.Contains(f.d.Wants.Objects(), h.Object) {
		return nil
	}
	return []bridge.Object{h.Object}
}

// close closes a hole whose objects were all compared.
func (f *Filler) close(ctx context.Context, h *bridge.Hole) error {
	rows, deleted := 0, 0
	for _, o := range f.objects(h) {
		if !h.Filled[o].Done {
			return nil
		}
		rows, deleted = rows+h.Filled[o].Rows, deleted+h.Filled[o].Deleted
	}
	if err := f.d.Holes.CloseHole(ctx, *h); err != nil {
		return err
	}
	f.d.Log.Info("hole filled", "org", f.cfg.Org, "topic", h.Topic, "from", h.From, "to", h.To, "rows", rows, "deletions", deleted)
	f.figures.closed.Inc()
	return nil
}
