package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
)

// Variables of the test of a tick: how many deliveries wait for it, and for a child the folder.
const (
	timedCount = "SFBRIDGE_TIMED"
	timedStore = "SFBRIDGE_TEST_TIMED_STORE"
)

// TestTimed_HandsOverWhatWaitsWithoutMuchMemoryOrMakingWebhooksWait measures a tick at which SFBRIDGE_TIMED deliveries go, 100,000 being the bar, in a
// process of its own: how long it takes until all are handed over and carried, the memory, and how long callbacks take to be durable meanwhile.
func TestTimed_HandsOverWhatWaitsWithoutMuchMemoryOrMakingWebhooksWait(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(timedCount))
	if err != nil {
		t.Skip(timedCount + " does not say how many deliveries wait")
	}
	child := exec.Command(os.Args[0], "-test.run=^TestTimedChild$", "-test.v", "-test.timeout=2h")
	child.Env = append(os.Environ(), timedStore+"="+filepath.Join(t.TempDir(), "sfbridge.db"), timedCount+"="+strconv.Itoa(n))
	out, err := child.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "waiting:") || strings.Contains(line, "_test.go") || strings.Contains(line, "panic") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil {
		t.Errorf("the child ended with %v", err)
	}
}

// TestTimedChild is the daemon of that test.
func TestTimedChild(t *testing.T) {
	if os.Getenv(timedStore) == "" {
		t.Skip("a child of another test")
	}
	n, _ := strconv.Atoi(os.Getenv(timedCount))
	var ahead atomic.Int64
	b, platform := newTimed(t, n, &ahead)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.app.Run(ctx) }()
	b.until("the daemon runs", time.Minute, func() bool { return b.app.state.Load() == "running" })
	b.tell("started")
	way := bridge.Outlet{Project: "support", Direction: bridge.Inbound}
	for from := 0; from < n; from += fillBatch {
		var cs []bridge.Change
		for i := from; i < min(n, from+fillBatch); i++ {
			cs = append(cs, waitingChange(hotEvery*i+1))
		}
		if err := b.app.intake.Stream("acme").Accept(t.Context(), cs, bridge.Position{}); err != nil {
			t.Fatal(err)
		}
		b.sample()
	}
	b.until("all wait for their time", time.Hour, func() bool { return b.app.store.Timed(way) == n })
	time.Sleep(3 * time.Second)
	b.peak = 0
	b.sample()
	b.tell("%d wait for their time", n)
	calm := b.callbacks(5*time.Second, func() bool { return false })
	now := b.app.world.now().UTC()
	ahead.Store(int64(now.Truncate(24 * time.Hour).Add(24*time.Hour - time.Second).Sub(now)))
	b.until("the tick", 2*time.Minute, func() bool { return platform.calls.Load() > 0 || b.app.store.Timed(way) < n })
	began := time.Now()
	handed := time.Duration(0)
	busy := b.callbacks(time.Hour, func() bool {
		if b.sample(); handed == 0 && b.app.store.Timed(way) == 0 {
			handed = time.Since(began)
		}
		return platform.calls.Load() >= int64(n)
	})
	b.tell("all handed over in %v and carried in %v by %d calls", handed.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), platform.calls.Load())
	b.tell("callbacks are durable in %v (p50) and %v (p99), and in %v and %v while they go", calm[len(calm)/2], calm[len(calm)*99/100], busy[len(busy)/2], busy[len(busy)*99/100])
	stop()
	if err := <-done; err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	if most := anonymousBound(n); b.peak > most {
		t.Errorf("%d MiB anonymous at the most, want %d", b.peak>>20, most>>20)
	}
}

// goodPlatform takes everything at once.
type goodPlatform struct{ calls atomic.Int64 }

// Send takes a contact.
func (p *goodPlatform) Send(_ context.Context, m bridge.Message) (bridge.ContactID, error) {
	p.calls.Add(1)
	return bridge.ContactID(m.Set["email"].Text), nil
}

func newTimed(t *testing.T, n int, ahead *atomic.Int64) (*backlog, *goodPlatform) {
	w := realWorld(slog.New(slog.DiscardHandler))
	w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s := &sim{at: simAddresses{
		Public: "127.0.0.1:0", Admin: "127.0.0.1:0", Org: "127.0.0.1:1", PubSub: "127.0.0.1:1", Platform: "127.0.0.1:1", Store: os.Getenv(timedStore), Rate: 100,
	}}
	cfg, err := s.config()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Projects["support"].Transfers[0].TimingInbound = "every 24h"
	a, err := newApp(cfg, w)
	if err != nil {
		t.Fatal(err)
	}
	b, platform, o := &backlog{t: t, n: n, app: a}, &goodPlatform{}, a.orgs["acme"]
	a.courier, err = courier.New(courier.Config{}, courier.Deps{
		Journal: a.store, Ledger: a.store, Mirror: a.store, Folding: a.store, Breakers: a.store, Rules: a.rules,
		Platforms: map[bridge.ProjectID]courier.Platform{"support": {Sender: platform}},
		Orgs:      map[string]courier.Org{"acme": {Writer: o.client, Reader: o.client}}, Now: w.now, Log: w.log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b, platform
}

// callbacks takes fifty a second in, until it is enough, and answers how long each took to be durable, the shortest first.
func (b *backlog) callbacks(most time.Duration, enough func() bool) (took []time.Duration) {
	b.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(most); !enough() && time.Now().Before(deadline); <-tick.C {
		id := fmt.Sprint("event-", time.Now().UnixNano())
		began := time.Now()
		err := b.app.intake.Take(b.t.Context(), bridge.Callback{
			Org: "00D5g000004ABCDEA4", Project: "support", Event: id, Kind: bridge.ContactTouched, Contact: bridge.ContactID(id), Body: make([]byte, 574),
		})
		if err != nil {
			b.t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took
}
