package courier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// Config is what operators may set.
type Config struct {
	// Workers is how many deliveries of one outlet are carried at a time; 0 is 64. What is needed is rate times the platform's latency.
	Workers int
	// Linger is how long a row waits for company before a Collections call that has room; 0 sends at once.
	Linger time.Duration
	// Calls is how many calls of writes to one org are in flight at most; 0 is 5.
	Calls int
	// Grace is how long carries under way may take to end after a stop was asked for; 0 is 20 s.
	Grace time.Duration
	// ConfirmWithin is how long the stream may take to confirm a write before the record is read; 0 is 30 s.
	ConfirmWithin time.Duration
}

// Platform is a connector's abilities. Finder and Fetcher are nil where the platform cannot.
type Platform struct {
	Sender  bridge.Sender
	Finder  bridge.Finder
	Fetcher bridge.Fetcher
	Parser  bridge.Parser
}

// Org is a Salesforce org's two sides.
type Org struct {
	Writer bridge.Writer
	Reader bridge.Reader
}

// Breakers keeps breakers over a restart.
type Breakers interface {
	// LoadBreaker reads the state of an outlet's breaker into s; without one it leaves s as it is.
	LoadBreaker(ctx context.Context, o bridge.Outlet, s any) error
	// SaveBreaker makes it durable.
	SaveBreaker(ctx context.Context, o bridge.Outlet, s any) error
}

// Deps is what the courier stands on. All are needed but Registerer.
type Deps struct {
	Journal    bridge.Journal
	Ledger     bridge.Ledger
	Mirror     bridge.Mirror
	Folding    bridge.Folding
	Breakers   Breakers
	Rules      *rule.Set
	Platforms  map[bridge.ProjectID]Platform
	Orgs       map[string]Org // by the configured name
	Now        bridge.Now
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil for none
}

// Courier carries due deliveries. Make it with New, run it once.
type Courier struct {
	cfg     Config
	d       Deps
	locks   *locks
	outlets []*outlet
	wants   map[string]*rule.Wants // by org
	writes  map[string]*pool       // by org
	gates   []*gate
	figures *figures
	watch   *watch

	mu    sync.Mutex
	doubt map[bridge.DeliveryID]bool // carried with an outcome that nobody knows

	stopping <-chan struct{} // closed once nothing more is taken
	began    time.Time       // when Run was called
}

// outlet is one direction of one project.
type outlet struct {
	bridge.Outlet
	project  *rule.Project
	platform Platform
	org      Org
	toward   *gate // the platform's
	home     *gate // the org's
}

// New makes a courier over what d holds. It starts nothing.
func New(cfg Config, d Deps) (*Courier, error) {
	if cfg.Workers == 0 {
		cfg.Workers = 64
	}
	if cfg.Calls == 0 {
		cfg.Calls = 5
	}
	if cfg.ConfirmWithin == 0 {
		cfg.ConfirmWithin = 30 * time.Second
	}
	if cfg.Grace == 0 {
		cfg.Grace = 20 * time.Second
	}
	c := &Courier{cfg: cfg, d: d, locks: newLocks(), doubt: map[bridge.DeliveryID]bool{}, wants: map[string]*rule.Wants{}, writes: map[string]*pool{}, figures: newFigures(d.Registerer)}
	c.watch = newWatch(d.Ledger, cfg.ConfirmWithin)
	homes := map[string]*gate{}
	for name, org := range d.Orgs {
		c.wants[name] = d.Rules.Wants(name)
		c.writes[name] = newPool(cfg, org.Writer)
		homes[name] = c.gate(bridge.Outlet{Project: bridge.ProjectID(name), Direction: bridge.Outbound})
	}
	for _, p := range d.Rules.Projects() {
		platform, ok := d.Platforms[p.ID]
		org, known := d.Orgs[p.Org]
		if !ok || !known {
			return nil, fmt.Errorf("project %s: no platform or no org %q to carry to", p.ID, p.Org)
		}
		toward := c.gate(bridge.Outlet{Project: p.ID, Direction: bridge.Inbound})
		for _, way := range []bridge.Direction{bridge.Inbound, bridge.Outbound} {
			c.outlets = append(c.outlets, &outlet{bridge.Outlet{Project: p.ID, Direction: way}, p, platform, org, toward, homes[p.Org]})
		}
	}
	return c, nil
}

// gate makes the gate of a destination: a project's platform by {project, inbound}, an org by {its name, outbound}.
func (c *Courier) gate(o bridge.Outlet) *gate {
	g := newGate(o, c.d.Now)
	c.gates = append(c.gates, g)
	return g
}

// Run folds and carries until ctx ends. Then nothing more is taken from the journal, and what is under way has the grace to end; what has not ended by
// then is cut off, stays in the journal and is carried again. It returns after the last carrier.
func (c *Courier) Run(ctx context.Context) error {
	for _, g := range c.gates {
		if err := c.d.Breakers.LoadBreaker(ctx, g.outlet, &g.state); err != nil {
			return fmt.Errorf("load breaker of %s %s: %w", g.outlet.Project, g.outlet.Direction, err)
		}
	}
	c.began = c.d.Now()
	taking, stop := context.WithCancel(ctx)
	defer stop()
	working, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	c.stopping = taking.Done()
	var support, carriers errgroup.Group
	aid := func(run func(context.Context) error) {
		support.Go(func() error {
			defer stop() // without its aids no carrier goes on
			return run(working)
		})
	}
	aid(c.foldAll)
	aid(c.watch.Run)
	for _, p := range c.writes {
		aid(p.Run)
	}
	aid(func(working context.Context) error { return c.grace(taking, working, cut) })
	for _, o := range c.outlets {
		for range c.cfg.Workers {
			carriers.Go(func() error {
				defer stop()
				return c.carryAll(taking, working, o)
			})
		}
	}
	err := carriers.Wait()
	cut()
	return firstFault(support.Wait(), err)
}

// grace cuts off what is under way once the grace after a stop is over.
func (c *Courier) grace(taking, working context.Context, cut func()) error {
	select {
	case <-taking.Done():
	case <-working.Done():
		return nil
	}
	timer := time.NewTimer(c.cfg.Grace)
	defer timer.Stop()
	select {
	case <-timer.C:
		cut()
	case <-working.Done():
	}
	return nil
}

// firstFault is the first error that is not a stop.
func firstFault(errs ...error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, bridge.ErrClosed) {
			return err
		}
	}
	return nil
}

// carryAll carries one delivery after the other. Only a stop or a store that fails ends it.
func (c *Courier) carryAll(taking, working context.Context, o *outlet) error {
	for {
		w, err := c.d.Journal.Next(taking, o.Outlet)
		if err != nil {
			return err
		}
		if err := c.carry(working, o, w); err != nil {
			return err
		}
	}
}

// carry carries w and tells the journal how it ended.
func (c *Courier) carry(ctx context.Context, o *outlet, w bridge.Work) error {
	t := &trip{c: c, o: o, w: w}
	defer func() { t.held.release() }()
	err := t.run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, errStopping) {
		return context.Canceled // it stays in the journal, as the head of its lane
	}
	return c.settle(ctx, t, err)
}

// settle ends the work by the verdict over err.
func (c *Courier) settle(ctx context.Context, t *trip, err error) error {
	now := c.d.Now()
	var wait *waitError
	if err != nil {
		c.d.Log.Debug("delivery not carried", "project", t.o.Project, "direction", t.o.Direction, "delivery", t.w.Head().ID, "error", err)
	}
	if errors.As(err, &wait) {
		return c.d.Journal.Defer(ctx, t.w, bridge.Deferral{Until: now.Add(wait.d), Reason: wait.reason, Volatile: true})
	}
	verdict, d := bridge.VerdictOf(err)
	c.remember(t.w.Head().ID, verdict, bridge.IsUncertain(err))
	if verdict == bridge.Retry || verdict == bridge.RetryAt {
		if spent(t.w.Attempts+1) > itemAge {
			verdict, err = bridge.Bury, fmt.Errorf("given up after %d tries over 7 days: %w", t.w.Attempts+1, err)
		}
	}
	c.figures.carried(t.o.Outlet, verdict)
	switch verdict {
	case bridge.Done:
		t.effects.Unclaim = slices.Concat(t.claimed, t.traces) // whoever was to be created is linked, or nobody will create him for this
		return c.d.Journal.Settle(ctx, t.w, t.effects)
	case bridge.Bury:
		t.tell(bridge.Buried, "", nil, err.Error())
		c.d.Log.Warn("delivery buried", "project", t.o.Project, "delivery", t.w.Head().ID, "reason", err.Error())
		return c.d.Journal.Bury(ctx, t.w, err.Error(), t.buried())
	case bridge.Wait:
		return c.d.Journal.Defer(ctx, t.w, bridge.Deferral{Until: now.Add(max(d, rung(1))), Reason: err.Error(), Volatile: true})
	default:
		return c.d.Journal.Defer(ctx, t.w, bridge.Deferral{Until: now.Add(max(d, rung(t.w.Attempts+1))), Failed: true, Reason: err.Error()})
	}
}

// remember keeps in mind that nobody knows how a carry ended, until it ended for certain.
func (c *Courier) remember(id bridge.DeliveryID, v bridge.Verdict, uncertain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case v == bridge.Done || v == bridge.Bury:
		delete(c.doubt, id)
	case uncertain:
		c.doubt[id] = true
	}
}

func (c *Courier) doubtful(id bridge.DeliveryID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doubt[id]
}

// Destination is the state of one destination for people: a project's platform by {project, inbound}, an org by {its name, outbound}.
type Destination struct {
	bridge.Outlet
	Breaker Breaker `json:"breaker"`
}

// Status is the state of all destinations.
func (c *Courier) Status() []Destination {
	all := make([]Destination, 0, len(c.gates))
	for _, g := range c.gates {
		all = append(all, Destination{g.outlet, g.status()})
	}
	return all
}

// waitError says that the work must wait a moment for something that is on its way. It costs nothing.
type waitError struct {
	d      time.Duration
	reason string
}

func (e *waitError) Error() string { return e.reason }
