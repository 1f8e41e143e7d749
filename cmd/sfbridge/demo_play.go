package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

const (
	demoPeople = 24                     // who are there before anybody edits
	demoFeed   = 120 * time.Millisecond // least time between two lines of the feed
	demoDrain  = 20 * time.Second       // for the last edits to arrive
	demoStart  = 30 * time.Second       // for the daemon to listen to both sides
)

// stage is the demo's world: everything on loopback, the store in a folder that goes with it.
type stage struct {
	dir   string
	rate  int // edits a second each way
	sim   *sim
	app   *app
	crowd *crowd
}

// playDemo starts both simulators and the daemon between them, lets people work at both ends until ctx ends, and counts at the far ends what arrived.
func playDemo(ctx context.Context, d *demoCommand, c *console) (*demoReport, error) {
	level := slog.LevelError
	if d.JSON {
		level = slog.LevelError + 1
	}
	s, err := setStage(ctx, slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level})))
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(s.dir) }()
	feed := newFeed(d, c)
	s.crowd.tell, s.rate = feed.tell, d.Rate
	if err := s.Run(ctx, feed); err != nil {
		return nil, err
	}
	return s.report(), nil
}

// Run runs both far ends and the daemon between them, lets people work until ctx ends, and stops all in order.
func (s *stage) Run(ctx context.Context, feed *feed) error {
	far, end := context.WithCancel(context.WithoutCancel(ctx))
	near, stop := context.WithCancel(context.WithoutCancel(ctx))
	var ends, daemon errgroup.Group
	ends.Go(func() error { return s.sim.Run(far) })
	daemon.Go(func() error {
		defer stop() // a daemon that ends by itself ends the wait for it
		return s.app.Run(near)
	})
	err := s.play(ctx, feed)
	stop()
	err = errors.Join(err, daemon.Wait())
	end()
	_ = ends.Wait() // they were stopped in the middle of whatever they did
	return err
}

// setStage opens all listeners and builds both far ends and the daemon.
func setStage(ctx context.Context, log *slog.Logger) (*stage, error) {
	s := &stage{}
	var err error
	if s.dir, err = os.MkdirTemp("", "sfbridge-demo-"); err != nil {
		return nil, &exitError{exitEnvironment, err}
	}
	w := realWorld(log)
	at := simAddresses{Org: "127.0.0.1:0", PubSub: "127.0.0.1:0", Platform: "127.0.0.1:0", Store: filepath.Join(s.dir, "sfbridge.db")}
	opened := map[string]net.Listener{}
	for _, to := range []*string{&at.Public, &at.Admin} { // their ports must be known before the configuration is
		ln, err := w.listen(ctx, "127.0.0.1:0")
		if err != nil {
			return nil, &exitError{exitEnvironment, err}
		}
		*to = ln.Addr().String()
		opened[*to] = ln
	}
	if s.sim, err = newSim(ctx, w, at, simOptions{seed: uint64(os.Getpid()), org: fakeorg.Options{DeliveryMax: -1}}); err != nil {
		return nil, &exitError{exitEnvironment, err}
	}
	cfg, err := s.sim.config()
	if err != nil {
		return nil, err
	}
	w.listen = func(_ context.Context, address string) (net.Listener, error) { return opened[address], nil }
	s.crowd = newCrowd(s.sim, w.now, s.sim.seed)
	if s.app, err = newApp(cfg, w); err != nil {
		return nil, err
	}
	return s, nil
}

// play waits for the daemon, lets people work until ctx ends, and then for the last edits to arrive.
func (s *stage) play(ctx context.Context, feed *feed) error {
	if err := s.await(ctx, demoStart, s.live); err != nil {
		return fmt.Errorf("the daemon does not listen to Salesforce: %w", err)
	}
	feed.start(s.sim.at)
	if err := s.work(ctx); err != nil {
		return err
	}
	feed.stop()
	_ = s.await(context.WithoutCancel(ctx), demoDrain, s.crowd.settled) // what has not arrived by then is counted as lost
	return nil
}

// live reports whether the daemon runs and its streams are open at the org.
func (s *stage) live() bool {
	return s.app.state.Load() == "running" && len(s.sim.org.Subscriptions()) >= len(s.app.rules.Wants("acme").Objects())
}

func (s *stage) await(ctx context.Context, most time.Duration, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// work lets people come and edit, both ways in turn.
func (s *stage) work(ctx context.Context) error {
	tick := time.NewTicker(time.Second / time.Duration(2*s.rate))
	defer tick.Stop()
	for n := 0; ; n++ {
		way := bridge.Inbound
		if n%2 == 1 {
			way = bridge.Outbound
		}
		var err error
		if n < demoPeople || n%100 < 2 {
			err = s.crowd.join(way)
		} else {
			if n%10 == 4 {
				s.crowd.meet()
			}
			_, err = s.crowd.work(way, true)
		}
		if err != nil {
			return fmt.Errorf("edit at a far end: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// report counts at the far ends.
func (s *stage) report() *demoReport {
	_, lost := s.crowd.unequal()
	r := &demoReport{APICalls: int(s.sim.org.APICalls())}
	in, out := s.crowd.tally(bridge.Inbound), s.crowd.tally(bridge.Outbound)
	r.Inbound = demoInbound{in.made, in.arrived, lost[bridge.Inbound], timesOf(in.took)}
	r.Outbound = demoOutbound{out.made, out.arrived, lost[bridge.Outbound], timesOf(out.took)}
	return r
}
