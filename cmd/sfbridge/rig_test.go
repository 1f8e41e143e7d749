package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/rule"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

const rigOrg = "00D5g000004ABCDEA4"

// rig is a courier over a real store, with platforms that do as they are told. It lives in a bubble.
type rig struct {
	t         *testing.T
	path      string
	rules     *rule.Set
	platforms map[bridge.ProjectID]*scripted
	store     *store.Store
	courier   *courier.Courier
	intake    *courier.Intake
	stop      func()
	commits   int64
}

// scripted is a platform whose every answer a test decides. A nil answer takes the message.
type scripted struct {
	answer func(ctx context.Context, m *bridge.Message) error
	parse  func(bridge.Callback) (bridge.Parsed, error)

	mu    sync.Mutex
	calls []sent
	taken []sent
}

// sent is one call: whom it was about, what it said and when.
type sent struct {
	email, name string
	at          time.Time
}

// Send asks the script.
func (p *scripted) Send(ctx context.Context, m bridge.Message) (bridge.ContactID, error) {
	s := sent{m.Set["email"].Text, m.Set["lastName"].Text, time.Now()}
	if m.Op == bridge.OpUpdate {
		s.email = string(m.Contact)
	}
	p.mu.Lock()
	p.calls = append(p.calls, s)
	p.mu.Unlock()
	var err error
	if p.answer != nil {
		err = p.answer(ctx, &m)
	}
	if err != nil {
		return "", err
	}
	s.at = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = append(p.taken, s)
	return bridge.ContactID(s.email), nil
}

// Parse asks the script.
func (p *scripted) Parse(cb bridge.Callback) (bridge.Parsed, error) { return p.parse(cb) }

func (p *scripted) seen() (calls, taken []sent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append(calls, p.calls...), append(taken, p.taken...)
}

// of are the calls about one contact.
func of(all []sent, email string) (some []sent) {
	for _, s := range all {
		if s.email == email {
			some = append(some, s)
		}
	}
	return some
}

// onRig runs a test in a bubble with as many projects as names.
func onRig(t *testing.T, names []bridge.ProjectID, test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, path: filepath.Join(t.TempDir(), "sfbridge.db"), platforms: map[bridge.ProjectID]*scripted{}}
		var projects []bridge.Project
		for _, name := range names {
			r.platforms[name] = &scripted{}
			projects = append(projects, bridge.Project{ID: name, Org: "acme", Transfers: []bridge.Transfer{{
				ID: "contacts", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, NoContact: bridge.CreateNew, NoRecord: bridge.SkipIt,
				Identity: []bridge.Pair{{Salesforce: "Email", Platform: "email", Format: bridge.EmailFormat}},
				Fields:   []bridge.Pair{{Salesforce: "Email", Platform: "email", Format: bridge.EmailFormat}, {Salesforce: "LastName", Platform: "lastName"}},
			}}})
		}
		var err error
		if r.rules, err = rule.Compile(projects); err != nil {
			t.Fatal(err)
		}
		r.start()
		defer func() { r.stop() }()
		test(t, r)
	})
}

func (r *rig) start() {
	r.t.Helper()
	engine, err := bolt.Open(r.path, bolt.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	var parts, disk sync.WaitGroup
	base, end := context.WithCancel(context.WithoutCancel(ctx))
	disk.Go(func() { _ = engine.Run(base) })
	r.store = store.New(engine, store.Options{Holder: "rig"})
	if err := r.store.Open(base); err != nil {
		r.t.Fatal(err)
	}
	platforms := map[bridge.ProjectID]courier.Platform{}
	for name, p := range r.platforms {
		platforms[name] = courier.Platform{Sender: p, Parser: p}
	}
	r.intake = courier.NewIntake(r.store, r.rules, courier.Ours{}, time.Now)
	r.courier, err = courier.New(courier.Config{}, courier.Deps{
		Journal: r.store, Ledger: r.store, Mirror: r.store, Folding: r.store, Breakers: r.store, Rules: r.rules, Platforms: platforms,
		Orgs: map[string]courier.Org{"acme": {}}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	parts.Go(func() {
		if err := r.courier.Run(ctx); err != nil {
			r.t.Errorf("the courier ended with %v", err)
		}
	})
	r.stop = func() {
		cancel()
		parts.Wait()
		r.store.Close()
		end()
		disk.Wait()
		if err := engine.Close(); err != nil {
			r.t.Error(err)
		}
		r.stop = func() {}
	}
}

func email(i int) string { return fmt.Sprintf("mei.%d@example.com", i) }

// change has Salesforce tell that the i-th person's last name is now name.
func (r *rig) change(i int, name string) {
	r.t.Helper()
	r.commits++
	c := bridge.Change{
		Org: rigOrg, Topic: "/data/ContactChangeEvent", Event: fmt.Sprint("event ", r.commits), Object: "Contact",
		Records: []bridge.RecordID{bridge.RecordID(bridge.LongID(fmt.Sprintf("0035g%010d", i)))}, Type: bridge.Create,
		Version: bridge.Version{At: time.Now(), Commit: r.commits},
		Values:  bridge.Fields{"LastName": bridge.TextValue(name), "Email": bridge.TextValue(email(i))},
	}
	if err := r.intake.Stream("acme").Accept(r.t.Context(), []bridge.Change{c}, bridge.Position{}); err != nil {
		r.t.Fatal(err)
	}
}

// letters are the dead letters.
func (r *rig) letters() []bridge.DeadLetter {
	r.t.Helper()
	all, err := r.store.DeadLetters(r.t.Context(), store.LetterFilter{}, 10_000)
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// breaker is that of a project's platform.
func (r *rig) breaker(p bridge.ProjectID) courier.Breaker {
	for _, d := range r.courier.Status() {
		if d.Outlet == (bridge.Outlet{Project: p, Direction: bridge.Inbound}) {
			return d.Breaker
		}
	}
	return courier.Breaker{}
}

func (r *rig) waiting(p bridge.ProjectID) int {
	return r.store.Counts().Outlets[bridge.Outlet{Project: p, Direction: bridge.Inbound}].Waiting
}

func (r *rig) until(what string, most time.Duration, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(most); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("not within %v: %s; %+v, breakers %+v", most, what, r.store.Counts(), r.courier.Status())
		}
	}
}

var errRefused = bridge.Unavailable(errors.New("dial: connection refused"), 0)

func status503() error { return bridge.Unavailable(errors.New("status 503"), 0) }
