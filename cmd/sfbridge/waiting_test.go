package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
)

// Variables of the waiting test: how many deliveries wait, and for a child the folder and the phase.
const (
	waitingCount = "SFBRIDGE_WAITING"
	waitingPhase = "SFBRIDGE_TEST_WAITING_PHASE"
	waitingStore = "SFBRIDGE_TEST_WAITING_STORE"
)

// waitingPipe is the file by which a child tells what reached the platform.
const waitingPipe = 3

// idleBound is what the daemon may hold, in anonymous memory, once it runs and nothing waits.
const idleBound = 16 << 20

// anonymousBound is what it may hold while n deliveries wait.
func anonymousBound(n int) int {
	if n <= 100_000 {
		return 64 << 20
	}
	return 192 << 20
}

// anonymous is the anonymous resident memory of this process in bytes, and all that is resident.
func anonymous() (anon, rss int) {
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.Atoi(f[1])
		switch f[0] {
		case "Anonymous:":
			anon = n << 10
		case "Rss:":
			rss = n << 10
		}
	}
	return anon, rss
}

// TestWaiting_HoldsADeadPlatformsBacklogOnDiskAndDrainsItInOrder_P34 fills the daemon in a process of its own, starts it again in another, and lets the
// platform come back. SFBRIDGE_WAITING sets how many deliveries wait; the bar is a million. It takes as long as folding and carrying them takes.
func TestWaiting_HoldsADeadPlatformsBacklogOnDiskAndDrainsItInOrder_P34(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a while")
	}
	n := 10_000
	if text := os.Getenv(waitingCount); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	if raced {
		t.Skip("the race detector takes several times the memory; the gate measures in a step without it")
	}
	path := filepath.Join(t.TempDir(), "sfbridge.db")
	for _, phase := range []string{"fill", "drain"} {
		far := &arrivals{last: map[string]int{}}
		waitingPhaseOf(t, phase, path, n, far)
		if phase == "drain" {
			far.check(t, n)
		}
	}
}

// waitingPhaseOf runs the daemon of one phase and hears what it sends. What the platform knows is kept here, so that the child is the daemon alone.
func waitingPhaseOf(t *testing.T, phase, path string, n int, far *arrivals) {
	t.Helper()
	in, sent, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestWaitingChild$", "-test.v", "-test.timeout=6h")
	child.Env = append(os.Environ(), waitingPhase+"="+phase, waitingStore+"="+path, waitingCount+"="+strconv.Itoa(n))
	child.ExtraFiles = []*os.File{sent}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = child.Stdout
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	_ = sent.Close()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		far.hear(in)
	}()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text := lines.Text(); strings.Contains(text, "waiting:") || strings.Contains(text, "_test.go") || strings.Contains(text, "panic") {
			t.Log(text)
		}
	}
	<-heard
	if err := child.Wait(); err != nil {
		t.Fatalf("%s: %v", phase, err)
	}
}

// TestWaitingChild is the daemon of one phase.
func TestWaitingChild(t *testing.T) {
	phase := os.Getenv(waitingPhase)
	if phase == "" {
		t.Skip("a child of another test")
	}
	n, _ := strconv.Atoi(os.Getenv(waitingCount))
	b := newBacklog(t, n)
	began := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.app.Run(ctx) }()
	b.until("the daemon runs", 10*time.Minute, func() bool { return b.app.state.Load() == "running" })
	b.tell("started after %v", time.Since(began).Round(time.Millisecond))
	if phase == "fill" && b.first > idleBound {
		t.Errorf("%d MiB anonymous before anything waits, want %d", b.first>>20, idleBound>>20)
	}
	if phase == "fill" {
		b.fill()
		b.tell("%d filled in %v", n, time.Since(began).Round(time.Second))
	}
	b.until("all deliveries wait", time.Hour, func() bool {
		c := b.app.store.Counts()
		return c.Unfolded == 0 && c.Outlets[bridge.Outlet{Project: "support", Direction: bridge.Inbound}].Waiting == n
	})
	time.Sleep(3 * time.Second)
	b.tell("%d wait", n)
	if phase == "drain" {
		began = time.Now()
		b.platform.back.Store(true)
		b.until("all deliveries are carried", 3*time.Hour, func() bool {
			return b.app.store.Counts().Outlets[bridge.Outlet{Project: "support", Direction: bridge.Inbound}].Waiting == 0
		})
		b.tell("drained in %v by %d calls", time.Since(began).Round(time.Second), b.platform.calls.Load())
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	if most := anonymousBound(n); b.peak > most {
		t.Errorf("%d MiB anonymous at the most, want %d", b.peak>>20, most>>20)
	}
}

// backlog is a daemon whose platform is dead.
type backlog struct {
	t        *testing.T
	n        int
	app      *app
	platform *deadPlatform
	first    int // anonymous memory before anything waited
	peak     int
}

func newBacklog(t *testing.T, n int) *backlog {
	w := realWorld(slog.New(slog.DiscardHandler))
	s := &sim{at: simAddresses{
		Public: "127.0.0.1:0", Admin: "127.0.0.1:0", Org: "127.0.0.1:1", PubSub: "127.0.0.1:1", Platform: "127.0.0.1:1", Store: os.Getenv(waitingStore), Rate: 100,
	}}
	cfg, err := s.config()
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(cfg, w)
	if err != nil {
		t.Fatal(err)
	}
	b := &backlog{t: t, n: n, app: a, platform: &deadPlatform{to: os.NewFile(waitingPipe, "platform")}}
	o := a.orgs["acme"]
	a.courier, err = courier.New(courier.Config{}, courier.Deps{
		Journal: a.store, Ledger: a.store, Mirror: a.store, Folding: a.store, Breakers: a.store, Rules: a.rules,
		Platforms: map[bridge.ProjectID]courier.Platform{"support": {Sender: b.platform}},
		Orgs:      map[string]courier.Org{"acme": {Writer: o.client, Reader: o.client}}, Now: w.now, Log: w.log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tell prints a figure with the memory of the moment.
func (b *backlog) tell(format string, args ...any) {
	anon, rss := anonymous()
	if b.first == 0 {
		b.first = anon
	}
	fmt.Printf("waiting: %s; anonymous %d MiB (at the most %d, %d bytes a delivery), resident %d MiB\n",
		fmt.Sprintf(format, args...), anon>>20, max(anon, b.peak)>>20, (anon-b.first)/b.n, rss>>20)
}

func (b *backlog) until(what string, most time.Duration, ok func() bool) {
	b.t.Helper()
	tick := time.NewTicker(100*time.Millisecond + time.Duration(b.n)*time.Microsecond) // counting and measuring take as long as much waits
	defer tick.Stop()
	for deadline := time.Now().Add(most); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			b.t.Fatalf("not within %v: %s; %+v", most, what, b.app.store.Counts())
		}
		b.sample()
	}
}

func (b *backlog) sample() {
	anon, _ := anonymous()
	b.peak = max(b.peak, anon)
}

const (
	fillers   = 4
	fillBatch = 100
	// hot is how often one record in a hundred batches changes again.
	hotEvery = 10
)

// fill appends changes of as many records, of which some change again and again.
func (b *backlog) fill() {
	var wg sync.WaitGroup
	for f := range fillers {
		wg.Go(func() {
			for from := f * fillBatch; from < b.n; from += fillers * fillBatch {
				var cs []bridge.Change
				for i := from; i < min(b.n, from+fillBatch); i++ {
					cs = append(cs, waitingChange(i))
				}
				if err := b.app.intake.Stream("acme").Accept(b.t.Context(), cs, bridge.Position{}); err != nil {
					b.t.Error(err)
					return
				}
				if f == 0 {
					b.sample()
				}
			}
		})
	}
	wg.Wait()
}

// waitingChange is the i-th change: every tenth is of a record that each filler changes again and again, every other of a record of its own.
func waitingChange(i int) bridge.Change {
	record, version := i+1_000_000, 0
	if i%hotEvery == 0 {
		filler := i / fillBatch % fillers
		record, version = filler*100+i/10%10+1, i // ten records a filler; the changes of one come in order
	}
	at := time.Unix(1_780_000_000+int64(i/100), 0).UTC()
	text := func(s string) bridge.Value { return bridge.TextValue(s) }
	return bridge.Change{
		Org: "00D5g000004ABCDEA4", Topic: "/data/ContactChangeEvent", Event: fmt.Sprintf("11111111-2222-3333-4444-%012d", i), Object: "Contact",
		Records: []bridge.RecordID{bridge.RecordID(bridge.LongID(fmt.Sprintf("0035g%010d", record)))}, Type: bridge.Create,
		Version: bridge.Version{At: at, Commit: int64(i + 1)},
		Values: bridge.Fields{
			"FirstName": text("Mei"), "LastName": text(fmt.Sprint(version)), "Email": text(fmt.Sprintf("mei.%d@example.com", record)),
			"MobilePhone": bridge.NullValue(), "Birthdate": bridge.NullValue(), "Messaging_Id__c": bridge.NullValue(),
		},
	}
}

// deadPlatform refuses everything until it comes back, and then tells the parent a line for each contact it gets.
type deadPlatform struct {
	back  atomic.Bool
	calls atomic.Int64
	to    io.Writer
}

// Send takes a contact.
func (p *deadPlatform) Send(_ context.Context, m bridge.Message) (bridge.ContactID, error) {
	if !p.back.Load() {
		return "", bridge.Unavailable(errors.New("connection refused"), 0)
	}
	id := m.Set["email"].Text
	if m.Op == bridge.OpUpdate {
		id = string(m.Contact)
	}
	p.calls.Add(1)
	if _, err := fmt.Fprintf(p.to, "%s %s\n", id, m.Set["lastName"].Text); err != nil { // shorter than what a pipe takes at once
		return "", err
	}
	return bridge.ContactID(id), nil
}

// arrivals are what reached the platform, in the order in which it did.
type arrivals struct {
	last  map[string]int // version by e-mail
	count int
	wrong []string // what came out of order, or could not be read
}

func (a *arrivals) hear(in io.Reader) {
	for lines := bufio.NewScanner(in); lines.Scan(); a.count++ {
		id, text, _ := strings.Cut(lines.Text(), " ")
		version, err := strconv.Atoi(text)
		if last, known := a.last[id]; known && version <= last || err != nil {
			a.wrong = append(a.wrong, lines.Text())
		}
		a.last[id] = version
	}
}

// check compares what arrived with what was sent.
func (a *arrivals) check(t *testing.T, n int) {
	t.Helper()
	want := map[string]int{}
	for i := range n {
		c := waitingChange(i)
		version, _ := strconv.Atoi(c.Values["LastName"].Text)
		want[c.Values["Email"].Text] = max(want[c.Values["Email"].Text], version)
	}
	for id, version := range want {
		if got, ok := a.last[id]; !ok || got != version {
			t.Fatalf("%s is at version %d (there: %v), want %d", id, got, ok, version)
		}
	}
	if len(a.last) != len(want) || len(a.wrong) > 0 {
		t.Errorf("%d contacts arrived, want %d; out of order: %q", len(a.last), len(want), a.wrong[:min(5, len(a.wrong))])
	}
	t.Logf("%d contacts by %d calls, %d out of order", len(a.last), a.count, len(a.wrong))
}
