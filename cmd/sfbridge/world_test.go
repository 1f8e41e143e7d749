package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/store"
)

// memNet is a network in memory: listeners by address, connections over net.Pipe. It lives in a bubble.
type memNet struct {
	mu sync.Mutex
	by map[string]*memListener
}

type memListener struct {
	net  *memNet
	at   string
	in   chan net.Conn
	done chan struct{}
	once sync.Once
}

func newMemNet() *memNet { return &memNet{by: map[string]*memListener{}} }

func (n *memNet) listen(_ context.Context, at string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.by[at] != nil {
		return nil, fmt.Errorf("address %s is taken", at)
	}
	l := &memListener{net: n, at: at, in: make(chan net.Conn), done: make(chan struct{})}
	n.by[at] = l
	return l, nil
}

func (n *memNet) dial(ctx context.Context, _, at string) (net.Conn, error) {
	n.mu.Lock()
	l := n.by[at]
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "mem", Err: fmt.Errorf("connection refused by %s", at)}
	}
	near, far := net.Pipe()
	select {
	case l.in <- far:
		return near, nil
	case <-l.done:
		return nil, &net.OpError{Op: "dial", Net: "mem", Err: fmt.Errorf("connection refused by %s", at)}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.in:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.net.mu.Lock()
		delete(l.net.by, l.at)
		l.net.mu.Unlock()
	})
	return nil
}

func (l *memListener) Addr() net.Addr { return memAddr(l.at) }

type memAddr string

func (a memAddr) Network() string { return "mem" }
func (a memAddr) String() string  { return string(a) }

// bench is a whole world in a bubble: the far ends run, the daemon is started and stopped at will.
type bench struct {
	t    *testing.T
	w    world
	sim  *sim
	cfg  *Config
	end  context.CancelFunc
	run  sync.WaitGroup
	stop func()
	app  *app

	crowd *crowd
}

var memAddresses = simAddresses{
	Public: "127.0.0.1:1", Admin: "127.0.0.1:2", Org: "127.0.0.1:3", PubSub: "127.0.0.1:4", Platform: "127.0.0.1:5",
}

// newBench must be called inside a bubble; change may alter the configuration.
func newBench(t *testing.T, o simOptions, change func(*Config)) *bench {
	t.Helper()
	n := newMemNet()
	b := &bench{t: t, w: world{listen: n.listen, dial: n.dial, now: time.Now, log: testLog(t)}}
	at := memAddresses
	at.Store = filepath.Join(t.TempDir(), "sfbridge.db")
	ctx, end := context.WithCancel(t.Context())
	b.end = end
	var err error
	if b.sim, err = newSim(ctx, b.w, at, o); err != nil {
		t.Fatal(err)
	}
	b.run.Go(func() { _ = b.sim.Run(ctx) })
	if b.cfg, err = b.sim.config(); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(b.cfg)
	}
	return b
}

// testLog drops the daemon's log unless the test is verbose.
func testLog(t *testing.T) *slog.Logger {
	if !testing.Verbose() {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// start starts the daemon and waits until it listens to both sides.
func (b *bench) start() *app {
	b.t.Helper()
	a, err := newApp(b.cfg, b.w)
	if err != nil {
		b.t.Fatal(err)
	}
	b.app = a
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	b.stop = func() {
		b.t.Helper()
		cancel()
		if err := <-done; err != nil {
			b.t.Errorf("the daemon ended with %v", err)
		}
		b.stop = func() {}
	}
	b.until("the daemon listens to Salesforce", 2*time.Minute, func() bool {
		return a.state.Load() == "running" && len(b.sim.org.Subscriptions()) > 0 && a.anchored()
	})
	return a
}

// close stops everything; a bubble ends only then.
func (b *bench) close() {
	if b.stop != nil {
		b.stop()
	}
	b.end()
	b.run.Wait()
	synctest.Wait()
}

// until waits in virtual time.
func (b *bench) until(what string, most time.Duration, ok func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(most)
	for !ok() {
		if time.Now().After(deadline) {
			b.explain()
			b.t.Fatalf("not within %v: %s", most, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// explain logs what the daemon is about: its state and its last stories.
func (b *bench) explain() {
	if b.app == nil {
		return
	}
	state, err := json.Marshal(b.app.snapshot(b.t.Context()))
	b.t.Logf("state: %s %v", state, err)
	lines, err := b.app.store.Stories(b.t.Context(), store.StoryFilter{}, 12)
	for _, l := range lines {
		text, _ := json.Marshal(l)
		b.t.Logf("story: %s", text)
	}
	if err != nil {
		b.t.Logf("stories: %v", err)
	}
	if b.crowd != nil {
		b.crowd.explain(b.t)
	}
}

// explain logs the edits that have not arrived.
func (c *crowd) explain(t *testing.T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for m, e := range c.waiting {
		row, _ := c.sim.org.Row("Contact", e.who.record)
		contact, _ := c.sim.crm.Contact(e.who.contact)
		t.Logf("waiting: %s %s %s of %s/%d since %v; there is %v and %q", m, e.way, e.field, e.who.record, e.who.contact, e.at,
			row[e.field], contact.Get(attributes[e.field]))
	}
}

// anchored reports whether every topic has a position.
func (a *app) anchored() bool {
	for _, o := range a.orgs {
		o.mu.Lock()
		streams := o.streams
		o.mu.Unlock()
		if len(streams) == 0 {
			return false
		}
		for _, s := range streams {
			if len(s.Status().Position.Replay) == 0 {
				return false
			}
		}
	}
	return true
}

// byEmail finds a contact on the platform.
func (b *bench) byEmail(email string) *respondiotest.Contact {
	for _, c := range b.sim.crm.Contacts() {
		if c.Get("email") == email {
			return &c
		}
	}
	return nil
}

// record finds a living Contact of Salesforce.
func (b *bench) record(email string) map[string]any {
	for _, r := range b.sim.org.Rows("Contact") {
		if r["Email"] == email {
			return r
		}
	}
	return nil
}
