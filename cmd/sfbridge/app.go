package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/rest"
	"sfbridge/bridge/rule"
	"sfbridge/bridge/status"
	"sfbridge/outbound"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// world is what the daemon meets outside: the network and the clock. Tests and the demo have their own.
type world struct {
	listen func(ctx context.Context, address string) (net.Listener, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error) // nil for the real network
	now    bridge.Now
	log    *slog.Logger

	acceptEmptyStore bool                                             // start afresh where the store was and is gone
	openStore        func(string, int, os.FileMode) (*os.File, error) // opens the store's file; nil for os.OpenFile
	reached          func(bolt.Point, []string)                       // is told of the points of the store's life; nil for nobody
	secrets          *vault                                           // rereads secrets; nil keeps them as they were read
	hold             func(rest.Held)                                  // takes what would change either side, which is then not sent; nil sends
}

func realWorld(log *slog.Logger) world {
	listen := func(ctx context.Context, address string) (net.Listener, error) {
		var lc net.ListenConfig
		return lc.Listen(ctx, "tcp", address)
	}
	return world{listen: listen, now: time.Now, log: log}
}

// app is the daemon: what there is, wired. It is run once.
type app struct {
	cfg     *Config
	world   world
	metrics *prometheus.Registry
	rules   *rule.Set
	engine  *bolt.DB
	timed   *timedEngine
	store   *store.Store
	orgs    map[string]*orgLine
	lines   map[bridge.ProjectID]*projectLine
	courier *courier.Courier
	intake  *courier.Intake
	meter   *status.Meter
	started time.Time
	state   atomic.Value // string: starting, running or stopping
}

// newApp opens the store and builds everything over it. Nothing is called and nothing runs yet.
func newApp(cfg *Config, w world) (*app, error) {
	rules, err := rule.Compile(cfg.nouns())
	if err != nil {
		return nil, &exitError{exitConfig, err}
	}
	o := daemonOptions(cfg, w.now)
	o.AcceptEmpty, o.OpenFile, o.Reached = w.acceptEmptyStore, w.openStore, w.reached
	engine, err := bolt.Open(cfg.Store.Path, o)
	if err != nil {
		return nil, &exitError{exitEnvironment, err}
	}
	a := &app{
		cfg: cfg, world: w, metrics: prometheus.NewRegistry(), rules: rules, engine: engine, orgs: map[string]*orgLine{},
		lines: map[bridge.ProjectID]*projectLine{}, meter: status.NewMeter(w.now), started: w.now(),
	}
	a.state.Store("starting")
	for _, n := range engine.Notes() {
		w.log.Warn("the store is not as it should be", "found", n.Text, "at", n.At)
	}
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.timed = newTimedEngine(engine, a.metrics)
	a.store = store.New(a.timed, store.Options{Now: w.now, Holder: "sfbridge"})
	meterStore(a.store, cfg.Store.Path, a.metrics)
	a.meterTiming()
	if err := a.wire(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

// wire builds the lines to both sides and the courier between them.
func (a *app) wire() error {
	orgs, platforms := map[string]courier.Org{}, map[bridge.ProjectID]courier.Platform{}
	for _, name := range slices.Sorted(maps.Keys(a.cfg.Orgs)) {
		line, err := a.newOrg(name, a.cfg.Orgs[name])
		if err != nil {
			return fmt.Errorf("org.%s: %w", name, err)
		}
		a.orgs[name] = line
		orgs[name] = courier.Org{Writer: line.client, Reader: line.client, Linger: line.client.Linger}
	}
	for _, p := range a.rules.Projects() {
		line, err := a.newProject(p)
		if err != nil {
			return fmt.Errorf("project.%s: %w", p.ID, err)
		}
		a.lines[p.ID] = line
		platforms[p.ID] = line.platform
	}
	ours := courier.Ours{Client: "sfbridge", User: a.runningUser}
	a.intake = courier.NewIntake(a.store, a.rules, ours, a.world.now)
	var err error
	a.courier, err = courier.New(courier.Config{Grace: a.cfg.Run.Grace, Crew: a.cfg.Run.Workers, Settle: a.cfg.Run.Settle}, courier.Deps{
		Journal: a.store, Ledger: a.store, Mirror: a.store, Folding: a.store, Breakers: a.store, Rules: a.rules, Platforms: platforms, Orgs: orgs,
		Now: a.world.now, Log: a.world.log, Registerer: a.metrics,
	})
	return err
}

// Run serves until ctx ends, then stops in order: intakes first, then what is in flight within the grace, the store last. It returns nil after a stop
// that was asked for.
func (a *app) Run(ctx context.Context) error {
	defer func() { _ = a.close() }()
	public, admin, err := a.listeners(ctx)
	if err != nil {
		return &exitError{exitEnvironment, err}
	}
	base, end := context.WithCancel(context.WithoutCancel(ctx))
	var engine errgroup.Group
	engine.Go(func() error { return a.engine.Run(base) })
	defer func() {
		end()
		_ = engine.Wait()
	}()
	if err := a.store.Open(base); err != nil {
		return &exitError{exitEnvironment, fmt.Errorf("open the store: %w", err)}
	}
	defer a.store.Close()
	if err := a.remember(base); err != nil {
		return &exitError{exitEnvironment, err}
	}
	if err := a.unshadow(base); err != nil {
		return &exitError{exitEnvironment, err}
	}
	return a.serve(ctx, base, public, admin)
}

// serve runs every part. The admin listener outlives the others, so that a stop can be watched.
func (a *app) serve(ctx, base context.Context, public, admin net.Listener) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watched, unwatch := context.WithCancel(base)
	defer unwatch()
	var parts, watch errgroup.Group
	part := func(run func(context.Context) error) {
		parts.Go(func() error {
			err := run(ctx)
			if err != nil && !errors.Is(err, context.Canceled) {
				stop(err)
				return err
			}
			return nil
		})
	}
	watch.Go(func() error { return a.serveAdmin(watched, admin) })
	watch.Go(func() error { return a.meter.Run(watched, stories{a.store}) })
	part(a.courier.Run)
	part(func(ctx context.Context) error { return a.hooks(ctx, public) })
	part(a.poisoned)
	if a.world.secrets != nil {
		part(a.world.secrets.Run)
	}
	for _, o := range a.orgs {
		part(func(ctx context.Context) error { return a.follow(ctx, o) })
	}
	a.state.Store("running")
	a.world.log.Info("running", "public", public.Addr().String(), "admin", admin.Addr().String())
	<-ctx.Done()
	a.state.Store("stopping")
	a.world.log.Info("stopping", "grace", a.cfg.Run.Grace.String())
	err := parts.Wait()
	unwatch()
	_ = watch.Wait()
	if coded, ok := errors.AsType[*exitError](err); ok {
		return &exitError{coded.code, err} // a part knows better than we do
	}
	if err != nil {
		return &exitError{exitBug, err}
	}
	return nil
}

// poisoned ends the daemon when the disk failed it: the outcome of a commit is unknown then, and only a new start can tell.
func (a *app) poisoned(ctx context.Context) error {
	select {
	case err := <-a.engine.Failed():
		return fmt.Errorf("store failed: %w", err)
	case <-ctx.Done():
		return nil
	}
}

func (a *app) listeners(ctx context.Context) (public, admin net.Listener, err error) {
	if public, err = a.world.listen(ctx, a.cfg.Listen.Public); err != nil {
		return nil, nil, bridge.Hint(fmt.Errorf("listen.public: %w", err), "free the address or name another one")
	}
	if admin, err = a.world.listen(ctx, a.cfg.Listen.Admin); err != nil {
		return nil, nil, errors.Join(bridge.Hint(fmt.Errorf("listen.admin: %w", err), "free the address or name another one"), public.Close())
	}
	return public, admin, nil
}

// hooks serves the webhooks of all projects.
func (a *app) hooks(ctx context.Context, ln net.Listener) error {
	sources := map[string]outbound.Source{}
	for id, l := range a.lines {
		sources[string(id)] = outbound.Source{Project: id, Org: l.org.ID, Hook: l.hook}
	}
	server, err := outbound.New(outbound.Config{Grace: a.cfg.Run.Grace}, outbound.Deps{
		Inbox: a.intake, Sources: sources, Ready: a.writable, Now: a.world.now, Log: a.world.log, Registerer: a.metrics,
	})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	return server.Run(ctx, ln)
}

// writable says why nothing can be made durable now.
func (a *app) writable() error {
	if h := a.store.Health(context.Background()); !h.Writable || h.Full != "" {
		return fmt.Errorf("store: %s", cmp.Or(h.Err, h.Full))
	}
	return nil
}

func (a *app) close() error {
	var faults []error
	for _, o := range a.orgs {
		faults = append(faults, o.close())
	}
	for _, l := range a.lines {
		faults = append(faults, l.close())
	}
	return errors.Join(append(faults, a.engine.Close())...)
}
