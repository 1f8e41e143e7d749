package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// theatre is the daemon as it is delivered, between two far ends and on a real file, in a bubble. Its processes come and go.
type theatre struct {
	*bench
	play     *play
	dice     *dice
	trace    *chronicle
	projects []bridge.ProjectID
	fars     map[bridge.ProjectID]*respondiotest.Fake
	life     *process
	lives    []work // what each process did, the last one excepted

	gone    map[string]string    // people whose record was deleted, with it; "" where it was merged away
	won     map[string]bool      // people whose record another was merged into
	marks   map[string]string    // whose note a mark was written into
	joined  int                  // people who came
	at      map[string]saved     // records as they were saved last; guarded by trace.mu
	saves   int                  // records that the bridge saved; guarded by trace.mu
	notes   map[string][]string  // marks by record and field in the order of their saving; guarded by trace.mu
	wire    atomic.Pointer[wire] // of the process that was started last
	storm   atomic.Bool          // a platform was called without end
	dropped map[string]bool      // people whose contacts were deleted

	ordered  work                                  // what users have asked the bridge to write; guarded by trace.mu
	*witness                                       // guarded by trace.mu
	seen     map[bridge.ProjectID]map[uint64]saved // contacts as they were last; guarded by trace.mu
	met      map[string]bool                       // people who are linked everywhere; guarded by trace.mu
}

// process is one process.
type process struct {
	wire *wire
	app  *app
	stop context.CancelFunc
	done chan error
	from work // the far ends' counts when it began
}

// work counts what the bridge wrote at the far ends.
type work struct{ near, far int }

type saved map[string]string

// chronicle is what happened, each line with its time.
type chronicle struct {
	mu    sync.Mutex
	lines []string
}

func (t *chronicle) add(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addLocked(format, args...)
}

func (t *chronicle) addLocked(format string, args ...any) {
	t.lines = append(t.lines, stamp(time.Now())+" "+fmt.Sprintf(format, args...))
}

// Write takes the daemon's log.
func (t *chronicle) Write(line []byte) (int, error) {
	t.add("log %s", strings.TrimSpace(string(line)))
	return len(line), nil
}

// wholePairs are the pairs beside those of the demo. Near notes are edited in Salesforce alone, far notes in the first workspace alone.
var wholePairs = []PairConfig{
	{Salesforce: "Tag__c", Platform: "custom.tag"},
	{Salesforce: "Near_Note__c", Platform: "custom.near_note"},
	{Salesforce: "Far_Note__c", Platform: "custom.far_note"},
	{Salesforce: "Credit_Limit__c", Platform: "custom.score"},
}

// wholeKey is the external id field of a project.
func wholeKey(p bridge.ProjectID) string {
	if p == "sales" {
		return "Messaging_Sales__c"
	}
	return "Messaging_Id__c"
}

func wholeSeed() *fakeorg.Seed {
	text := func(name string) fakeorg.FieldSeed {
		return fakeorg.FieldSeed{Name: name, Label: name, Type: "string", Length: 80}
	}
	key := text(wholeKey("sales"))
	key.ExternalID, key.Unique = true, true
	s := simSeed()
	s.Objects = append(s.Objects, fakeorg.ObjectSeed{Name: "Contact", Fields: []fakeorg.FieldSeed{
		text("Tag__c"), text("Near_Note__c"), text("Far_Note__c"), key,
	}}, fakeorg.ObjectSeed{Name: "Lead", Fields: []fakeorg.FieldSeed{text("Tag__c")}})
	return s
}

func wholeFields() []respondiotest.Field {
	return append(respondiotest.Fields(), respondiotest.Field{Name: "tag", Type: "text"}, respondiotest.Field{Name: "near_note", Type: "text"}, respondiotest.Field{Name: "far_note", Type: "text"})
}

// shelf is a folder in memory where there is one: the daemon waits for the disk at every commit, and a play waits with it.
func shelf(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "sfbridge-play")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// configure has every project carry every field of a person both ways.
func (w *theatre) configure(cfg *Config) {
	cfg.Store.Path = filepath.Join(shelf(w.t), "sfbridge.db")
	first := cfg.Projects["support"]
	first.Region = "MY"
	first.Transfers[0].Fields = append(first.Transfers[0].Fields, wholePairs...)
	if len(w.projects) == 2 {
		section := *first.Section.(*respondioSection)
		section.BaseURL = "http://" + secondPlatform + "/v2"
		second := *first
		second.Section, second.Transfers = &section, slices.Clone(first.Transfers[:1])
		second.Transfers[0].Key = wholeKey("sales")
		cfg.Projects["sales"] = &second
	}
	if w.play.leads {
		for _, p := range cfg.Projects {
			p.Transfers = leadsOf(p.Transfers)
		}
	}
}

// newTheatre makes the far ends of a play. It must be called inside a bubble.
func newTheatre(t *testing.T, p *play) *theatre {
	t.Helper()
	w := &theatre{
		play: p, dice: &dice{luck: p.seed, rolled: map[string]int{}}, trace: &chronicle{}, fars: map[bridge.ProjectID]*respondiotest.Fake{},
		projects: []bridge.ProjectID{"support", "sales"}[:p.projects], gone: map[string]string{}, won: map[string]bool{}, marks: map[string]string{},
		at: map[string]saved{}, notes: map[string][]string{}, dropped: map[string]bool{}, met: map[string]bool{},
	}
	w.watches()
	w.bench = &bench{t: t}
	w.bench = newBench(t, simOptions{seed: p.seed, org: fakeorg.Options{Seed: wholeSeed()}, fields: wholeFields()}, w.configure)
	w.w.log = slog.New(slog.NewTextHandler(w.trace, &slog.HandlerOptions{Level: p.level}))
	w.fars["support"] = w.sim.crm
	w.sim.heard(w.asked("support"))
	if p.projects == 2 {
		w.fars["sales"] = w.openSales()
	}
	w.sim.org.OnSave("Contact", w.save)
	return w
}

// openSales runs the second workspace.
func (w *theatre) openSales() *respondiotest.Fake {
	ctx, end := context.WithCancel(w.t.Context())
	ln, err := w.w.listen(ctx, secondPlatform)
	if err != nil {
		w.t.Fatal(err)
	}
	hooks := &http.Client{Transport: &http.Transport{DialContext: w.w.dial}}
	f := respondiotest.New(respondiotest.Options{
		Now: w.w.now, Seed: w.play.seed + 1, CustomFields: wholeFields(), Target: "http://" + w.sim.at.Public + "/hooks/sales", Arrived: w.asked("sales"),
		Send: func(_ context.Context, r *http.Request) (*http.Response, error) { return hooks.Do(r) },
	})
	server := &http.Server{Handler: f.Handler(), ReadHeaderTimeout: time.Minute}
	w.run.Go(func() { _ = server.Serve(ln) })
	w.run.Go(func() { _ = f.Run(ctx) })
	over := w.end
	w.end = func() {
		over()
		end()
		_ = server.Close()
	}
	return f
}

// mostCalls is more than any play needs of one platform; beyond it the process is cut off, before it fills the memory with asking.
const mostCalls = 2000

// asked traces the calls of a platform.
func (w *theatre) asked(p bridge.ProjectID) func(respondiotest.Request) {
	var calls atomic.Int64
	return func(r respondiotest.Request) {
		w.trace.add("%s %d: %s %s %s", p, r.Status, r.Op, r.Path, r.Body)
		w.came(p, &r)
		if calls.Add(1) == mostCalls {
			w.storm.Store(true)
			w.wire.Load().cut()
		}
	}
}

// save is the org's automation: who asks for it by his first name gets a mark, so that what was written is not what is stored. It notes what is saved.
func (w *theatre) save(values map[string]any) {
	if first, _ := values["FirstName"].(string); strings.HasPrefix(first, "auto") && !strings.HasSuffix(first, "!") {
		values["FirstName"] = first + "!"
	}
	w.trace.mu.Lock()
	defer w.trace.mu.Unlock()
	id := fmt.Sprint(values["Id"])
	ours := values["LastModifiedById"] == w.sim.org.IntegrationUser()
	if ours {
		w.saves++
	}
	old, now, changed := w.at[id], saved{}, []string{}
	for field := range wholeAttributes {
		now[field] = shown(values[field])
		if now[field] != old[field] {
			changed = append(changed, fmt.Sprintf("%s=%q", field, now[field]))
		}
	}
	for _, field := range []string{"Near_Note__c", "Far_Note__c"} {
		if now[field] != old[field] {
			w.notes[id+" "+field] = append(w.notes[id+" "+field], now[field])
		}
	}
	slices.Sort(changed)
	w.kept(w.at[id], now, ours)
	w.at[id] = now
	w.trace.addLocked("saved %s (%s) by the bridge %t: %s", id, now["Tag__c"], ours, strings.Join(changed, " "))
}

// shown is a value of Salesforce as text.
func shown(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// done counts what the bridge wrote so far.
func (w *theatre) done() (n work) {
	w.trace.mu.Lock()
	n.near = w.saves
	w.trace.mu.Unlock()
	for _, f := range w.fars {
		for _, r := range f.Requests() {
			if r.Status/100 == 2 && r.Method != http.MethodGet && r.Op != "list" {
				n.far++
			}
		}
	}
	return n
}

// begin starts a process and waits until it takes webhooks.
func (w *theatre) begin() {
	w.t.Helper()
	w.trace.add("START")
	l := &process{wire: &wire{dice: w.dice, most: w.play.lag}, done: make(chan error, 1), from: w.done()}
	w.wire.Store(l.wire)
	a, err := newApp(w.cfg, l.wire.world(w.w))
	if err != nil {
		w.t.Fatal(err)
	}
	var ctx context.Context
	ctx, l.stop = context.WithCancel(w.t.Context())
	go func() { l.done <- a.Run(ctx) }()
	l.app, w.app, w.life = a, a, l
	w.until("the daemon runs", time.Minute, func() bool { return a.state.Load() == "running" })
}

// finish ends the process: as it was asked to, or as a signal 9 ends it.
func (w *theatre) finish(abrupt bool) {
	l := w.life
	if l == nil {
		return
	}
	w.trace.add("STOP abrupt %t", abrupt)
	if abrupt {
		l.wire.cut()
	}
	l.stop()
	if err := <-l.done; err != nil && !abrupt && !w.storm.Load() {
		w.t.Errorf("the daemon ended with %v", err)
	}
	now := w.done()
	w.lives = append(w.lives, work{now.near - l.from.near, now.far - l.from.far})
	w.trace.add("STOPPED after %+v", w.lives[len(w.lives)-1])
	w.life, w.app = nil, nil
}

// shut ends everything; a bubble ends only then.
func (w *theatre) shut() {
	w.finish(false)
	w.close()
}
