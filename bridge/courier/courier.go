package courier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// Config is what operators may set.
type Config struct {
	// Workers is how many deliveries of one direction of a project are carried at a time; 0 is 64. What is needed is rate times the platform's latency.
	Workers int
	// Crew is how many deliveries of all projects are carried at a time; 0 is 512. The projects share it evenly where it does not do.
	Crew int
	// Linger is how long a row waits for company before a Collections call that has room; 0 sends at once.
	Linger time.Duration
	// Calls is how many calls of writes to one org are in flight at most; 0 is 5.
	Calls int
	// Grace is how long carries under way may take to end after a stop was asked for; 0 is 20 s.
	Grace time.Duration
	// ConfirmWithin is how long the stream may take to confirm a write before the record is read; 0 is 30 s.
	ConfirmWithin time.Duration
	// Settle is how long after a start what waits from before is left alone; 0 is 2 s. What a killed process had sent may arrive that long, and whoever
	// carried before it would find his values overwritten by older ones.
	Settle time.Duration
	// AtOnce has nothing wait for the time of its transfer.
	AtOnce bool
}

// Platform is a connector's abilities. Finder and Fetcher are nil where the platform cannot.
type Platform struct {
	Sender  bridge.Sender
	Finder  bridge.Finder
	Fetcher bridge.Fetcher
	Parser  bridge.Parser
	Workers int // of this project; 0 is Config.Workers
}

// Org is a Salesforce org's two sides.
type Org struct {
	Writer bridge.Writer
	Reader bridge.Reader
	Linger func() time.Duration // how long a row waits for company now; nil is Config.Linger
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
	crew    *crew
	figures *figures
	watch   *watch

	doubts *doubts
	yields yields

	began time.Time // when Run was called
}

// outlet is one direction of one project.
type outlet struct {
	bridge.Outlet
	project  *rule.Project
	platform Platform
	org      Org
	toward   *gate // the platform's
	home     *gate // the org's, for this project: what one sends does not stop the others
	posts    posts
	late     chan struct{} // holds one while something that waits for its time may have missed it
}

// ahead is the gate that every delivery of the outlet has before it.
func (o *outlet) ahead() *gate {
	if o.Direction == bridge.Inbound {
		return o.toward
	}
	return o.home
}

// New makes a courier over what d holds. It starts nothing.
func New(cfg Config, d Deps) (*Courier, error) {
	cfg = cfg.filled()
	c := &Courier{
		cfg: cfg, d: d, locks: newLocks(), doubts: newDoubts(d.Now), wants: map[string]*rule.Wants{}, writes: map[string]*pool{},
		crew: newCrew(cfg.Crew), figures: newFigures(d.Registerer),
	}
	c.watch = newWatch(d.Ledger, d.Rules, cfg.ConfirmWithin)
	for name, org := range d.Orgs {
		c.wants[name] = d.Rules.Wants(name)
		c.writes[name] = newPool(cfg, org)
	}
	for _, p := range d.Rules.Projects() {
		platform, ok := d.Platforms[p.ID]
		org, known := d.Orgs[p.Org]
		if !ok || !known {
			return nil, fmt.Errorf("project %s: no platform or no org %q to carry to", p.ID, p.Org)
		}
		if platform.Workers == 0 {
			platform.Workers = cfg.Workers
		}
		toward := c.gate(bridge.Outlet{Project: p.ID, Direction: bridge.Inbound})
		home := c.gate(bridge.Outlet{Project: p.ID, Direction: bridge.Outbound})
		for _, way := range []bridge.Direction{bridge.Inbound, bridge.Outbound} {
			c.outlets = append(c.outlets, &outlet{
				Outlet: bridge.Outlet{Project: p.ID, Direction: way}, project: p, platform: platform, org: org, toward: toward, home: home,
				late: make(chan struct{}, 1),
			})
		}
	}
	return c, nil
}

// filled is the configuration with its defaults.
func (cfg Config) filled() Config {
	cfg.Workers = cmp.Or(cfg.Workers, 64)
	cfg.Crew = cmp.Or(cfg.Crew, 512)
	cfg.Calls = cmp.Or(cfg.Calls, 5)
	cfg.ConfirmWithin = cmp.Or(cfg.ConfirmWithin, 30*time.Second)
	cfg.Grace = cmp.Or(cfg.Grace, 20*time.Second)
	cfg.Settle = cmp.Or(cfg.Settle, 2*time.Second)
	return cfg
}

// gate makes the gate of a destination: a project's platform is that of its inbound outlet, its org that of the outbound one.
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
		aid(func(ctx context.Context) error { return c.tick(ctx, o) })
		o.man(&carriers, func() error {
			err := c.carryAll(taking, working, o)
			if err != nil {
				stop()
			}
			return err
		})
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

// carryAll carries one delivery after the other, until somebody has taken the post. Otherwise only a stop or a store that fails ends it.
func (c *Courier) carryAll(taking, working context.Context, o *outlet) error {
	for {
		if relieved, err := c.carryNext(taking, working, o); relieved || err != nil {
			return err
		}
	}
}

// carryNext waits, with nothing in hand, while the destination is not to be called: what waits for it stays in the journal.
func (c *Courier) carryNext(taking, working context.Context, o *outlet) (relieved bool, err error) {
	scout, err := o.ahead().approach(taking)
	if err != nil {
		return false, err
	}
	if scout {
		defer o.ahead().back()
	}
	w, err := c.d.Journal.Next(taking, o.Outlet)
	if err != nil {
		return false, err
	}
	if wait := c.settles(&w); wait > 0 {
		d := bridge.Deferral{Until: c.d.Now().Add(wait), Reason: "what an earlier process sent may be under way still", Volatile: true}
		return false, c.d.Journal.Defer(working, w, d)
	}
	if err := c.crew.join(taking, o.Project); err != nil {
		return false, err
	}
	t := &trip{c: c, o: o, w: w}
	defer func() {
		if !t.relieved {
			c.crew.leave(o.Project)
		}
	}()
	if err = c.carry(working, t); err == nil {
		t.missed()
	}
	if t.relieved {
		o.posts.end()
	}
	return t.relieved, err
}

// settles is how long work is to be left alone, since an earlier process may have sent what is not there yet.
func (c *Courier) settles(w *bridge.Work) time.Duration {
	age := c.d.Now().Sub(c.began)
	if !w.Resumed || age < 0 || age >= c.cfg.Settle {
		return 0
	}
	return max(lookAgain, c.cfg.Settle-age)
}

// carry carries the work and tells the journal how it ended.
func (c *Courier) carry(ctx context.Context, t *trip) error {
	defer func() { t.held.release() }()
	err := t.run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return c.settle(ctx, t, err)
}

// settle ends the work by the verdict over err.
func (c *Courier) settle(ctx context.Context, t *trip, err error) error {
	if err != nil {
		c.d.Log.Debug("delivery not carried", "project", t.o.Project, "direction", t.o.Direction, "delivery", t.w.Head().ID, "error", err)
	}
	if wait, ok := errors.AsType[*waitError](err); ok {
		_, echo := errors.AsType[*echoError](err)
		return c.d.Journal.Defer(ctx, t.w, bridge.Deferral{Until: c.d.Now().Add(wait.d), Reason: wait.reason, Volatile: true, Echo: echo})
	}
	if shut, ok := errors.AsType[*shutError](err); ok {
		return c.giveBack(ctx, t, shut.gate, err)
	}
	verdict, _ := bridge.VerdictOf(err)
	c.doubts.note(t.w.Head(), verdict, bridge.IsUncertain(err), t.sent)
	c.figures.carried(t.o.Outlet, verdict)
	if verdict == bridge.Done || verdict == bridge.Bury {
		if err := t.yield(ctx); err != nil {
			return err
		}
	}
	switch verdict {
	case bridge.Done:
		t.effects.Unclaim = slices.Concat(t.claimed, t.traces) // whoever was to be created is linked, or nobody will create him for this
		return c.d.Journal.Settle(ctx, t.w, t.effects)
	case bridge.Bury:
		return c.bury(ctx, t, err)
	default:
		return c.again(ctx, t, err)
	}
}

// Forget ends what the courier keeps in mind of a delivery that an operator took away.
func (c *Courier) Forget(d *bridge.Delivery) { c.doubts.note(d, bridge.Bury, false, nil) }

func (c *Courier) bury(ctx context.Context, t *trip, err error) error {
	t.tell(bridge.Buried, "", nil, err.Error())
	c.d.Log.Warn("delivery buried", "project", t.o.Project, "delivery", t.w.Head().ID, "reason", err.Error())
	return c.d.Journal.Bury(ctx, t.w, err.Error(), t.buried())
}

// again has the work carried once more, unless it has failed for too long by its own fault. What a shut destination costs is free, and so is what only
// a person can mend; a destination that fails with this item and serves others counts for the item.
func (c *Courier) again(ctx context.Context, t *trip, err error) error {
	call, failed := errors.AsType[*failedCallError](err)
	if failed && !call.gate.passable() {
		return c.giveBack(ctx, t, call.gate, err)
	}
	verdict, d := bridge.VerdictOf(err)
	now, n := c.d.Now(), t.w.Attempts+1
	if verdict == bridge.Wait && (d > 0 || needsPerson(err)) {
		return c.d.Journal.Defer(ctx, t.w, bridge.Deferral{Until: now.Add(max(d, rung(attentionRung))), Reason: err.Error(), Volatile: true})
	}
	if spent(n) > itemAge {
		return c.bury(ctx, t, fmt.Errorf("given up after %d tries over 7 days: %w", n, err))
	}
	return c.d.Journal.Defer(ctx, t.w, bridge.Deferral{
		Until: now.Add(max(d, rung(n))), Failed: true, Reason: err.Error(), Volatile: verdict == bridge.Wait && n%savedEvery != 0,
	})
}

const (
	// attentionRung is where on the ladder an item stands that the destination refuses to the bridge itself.
	attentionRung = 6
	// savedEvery is how many failures of a destination a restart may forget at most; in between an item is woken when the destination is back.
	savedEvery = 16
)

// giveBack gives work back until its destination is to be called again. It costs the item nothing.
func (c *Courier) giveBack(ctx context.Context, t *trip, g *gate, err error) error {
	c.figures.carried(t.o.Outlet, bridge.Wait)
	if err := c.d.Journal.Defer(ctx, t.w, bridge.Deferral{Until: g.comeBack(), Reason: err.Error(), Volatile: true}); err != nil {
		return err
	}
	if g.passable() { // it opened meanwhile, and woke the others
		c.wake(g)
	}
	return nil
}

// waker is an optional ability of a journal.
type waker interface {
	// Wake ends the volatile deferrals of an outlet.
	Wake(o bridge.Outlet)
}

// wake has what waits for a destination that is back carried at once.
func (c *Courier) wake(g *gate) {
	g.opened()
	journal, ok := c.d.Journal.(waker)
	if !ok {
		return
	}
	for _, o := range c.outlets {
		if o.toward == g || o.home == g {
			journal.Wake(o.Outlet)
		}
	}
}

// Destination is the state of one destination for people: a project's platform by its inbound outlet, its org by the outbound one.
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

// echoError is a wait for one of our own writes to the record. It ends as soon as nobody awaits that any more.
type echoError struct{ waitError }

func (e *echoError) Unwrap() error { return &e.waitError }
