package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"sync/atomic"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

//go:embed demo.toml
var demoTOML string

// simSecrets are what the demo's configuration refers to.
var simSecrets = map[string]string{
	"DEMO_CLIENT_SECRET": "fakeorg-secret", "DEMO_TOKEN": "token", "DEMO_SIGNING_KEY": "signing-key-of-the-fake-000",
}

// sim is both far ends in memory: a Salesforce org and a respond.io workspace.
type sim struct {
	org  *fakeorg.Org
	crm  *respondiotest.Fake
	at   simAddresses
	lis  simListeners
	grpc *grpc.Server

	seed    uint64
	flying  atomic.Int64                                // requests that the far ends are carrying out
	arrived atomic.Pointer[func(respondiotest.Request)] // told of each call of the platform
}

// heard tells f of each call of the platform from now on.
func (s *sim) heard(f func(respondiotest.Request)) { s.arrived.Store(&f) }

// simAddresses are where everything is; all on this machine.
type simAddresses struct {
	Public, Admin, Org, PubSub, Platform, Store string
	Rate                                        float64
}

type simListeners struct{ org, pubsub, platform net.Listener }

// simOptions choose what the far ends are like.
type simOptions struct {
	rate float64 // of respond.io, calls a second of each method; 0 = any
	seed uint64
	org  fakeorg.Options
	// fields are the workspace's own fields; nil for those of a workspace for trials.
	fields []respondiotest.Field
}

// newSim makes the far ends on listeners of the world; at names the addresses to take.
func newSim(ctx context.Context, w world, at simAddresses, o simOptions) (*sim, error) {
	s := &sim{at: at, seed: o.seed, grpc: grpc.NewServer(fakeorg.ServerOptions()...)}
	var err error
	for _, l := range []struct {
		at *string
		ln *net.Listener
	}{{&s.at.Org, &s.lis.org}, {&s.at.PubSub, &s.lis.pubsub}, {&s.at.Platform, &s.lis.platform}} {
		if *l.ln, err = w.listen(ctx, *l.at); err != nil {
			return nil, fmt.Errorf("simulate the far ends: %w", err)
		}
		*l.at = (*l.ln).Addr().String()
	}
	s.at.Rate = o.rate
	if o.rate == 0 {
		s.at.Rate = 10_000
	}
	o.org.Now = w.now
	if o.org.Seed == nil {
		o.org.Seed = simSeed()
	}
	s.org = fakeorg.New(o.org)
	s.org.RegisterPubSub(s.grpc)
	s.lis.org, s.lis.pubsub = s.org.Wire().Listen(s.lis.org), s.org.Wire().Listen(s.lis.pubsub)
	hooks := &http.Client{Transport: &http.Transport{DialContext: w.dial, MaxIdleConnsPerHost: 64}}
	s.crm = respondiotest.New(respondiotest.Options{
		RatePerSecond: o.rate, Seed: o.seed, CustomFields: o.fields, Now: w.now, Target: "http://" + s.at.Public + "/hooks/support",
		Arrived: func(r respondiotest.Request) {
			if f := s.arrived.Load(); f != nil {
				(*f)(r)
			}
		},
		Send: func(_ context.Context, r *http.Request) (*http.Response, error) { return hooks.Do(r) },
	})
	return s, nil
}

// simSeed gives tasks a field for the event that caused them: by it each is written once.
func simSeed() *fakeorg.Seed {
	return &fakeorg.Seed{Name: "Acme", Objects: []fakeorg.ObjectSeed{{Name: "Task", Fields: []fakeorg.FieldSeed{
		{Name: "Messaging_Event__c", Label: "Messaging event", Type: "string", Length: 64, ExternalID: true, Unique: true},
	}}}}
}

// Run serves both far ends until ctx ends.
func (s *sim) Run(ctx context.Context) error {
	var g errgroup.Group
	for _, end := range []struct {
		ln net.Listener
		h  http.Handler
	}{{s.lis.org, s.org.Handler()}, {s.lis.platform, s.crm.Handler()}} {
		server := &http.Server{Handler: s.counted(end.h), ReadHeaderTimeout: 10 * time.Second}
		stop := context.AfterFunc(ctx, func() { _ = server.Close() })
		defer stop()
		g.Go(func() error { return unlessClosed(server.Serve(end.ln)) })
	}
	stop := context.AfterFunc(ctx, s.grpc.Stop)
	defer stop()
	g.Go(func() error { return s.grpc.Serve(s.lis.pubsub) })
	g.Go(func() error { return s.crm.Run(ctx) })
	return g.Wait()
}

// counted counts the requests under way.
func (s *sim) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.flying.Add(1)
		defer s.flying.Add(-1)
		h.ServeHTTP(w, r)
	})
}

func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// config is the demo's configuration for these far ends.
func (s *sim) config() (*Config, error) {
	text, err := s.toml()
	if err != nil {
		return nil, err
	}
	where := surroundings{
		env:  func(name string) (string, bool) { v, ok := simSecrets[name]; return v, ok },
		open: func(name string) (fs.File, error) { return nil, fs.ErrNotExist },
	}
	return parseConfig("demo.toml", text, where, ruleSyntax)
}

func (s *sim) toml() ([]byte, error) {
	t, err := template.New("demo.toml").Parse(demoTOML)
	if err != nil {
		return nil, fmt.Errorf("demo configuration: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, s.at); err != nil {
		return nil, fmt.Errorf("demo configuration: %w", err)
	}
	return b.Bytes(), nil
}
