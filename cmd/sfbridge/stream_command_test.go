package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// keep fills the store of a daemon that does not run.
func keep(t *testing.T, path string, fill func(ctx context.Context, s *store.Store) error) {
	t.Helper()
	engine, err := bolt.Open(path, engineOptions(time.Now))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error { return engine.Run(ctx) })
	s := store.New(engine, store.Options{Holder: "test"})
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	if err := fill(ctx, s); err != nil {
		t.Fatal(err)
	}
	s.Close()
	end()
	_ = g.Wait()
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCLI_TellsOfHolesAndQuarantineWhileNoDaemonRuns(t *testing.T) {
	const org, topic = "00D5e0000012345EAA", "/data/ContactChangeEvent"
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	file := beside(t, nil)
	path := filepath.Join(filepath.Dir(file), "none.db")
	keep(t, path, func(ctx context.Context, s *store.Store) error {
		pos := bridge.Position{Org: org, Topic: topic, Replay: []byte{0, 1, 0xaf}, At: at}
		if err := s.Append(ctx, nil, &pos); err != nil {
			return err
		}
		if err := s.BindOrg(ctx, "main", org, false); err != nil {
			return err
		}
		for _, h := range []bridge.Hole{
			{Org: org, Topic: topic, From: at, To: at.Add(time.Hour), Reason: "the replay id was lost", Filled: map[bridge.Object]bridge.Filled{
				"Contact": {Rows: 12, Held: "250 of 1000 records of Contact were deleted in Salesforce, and their contacts would be deleted"}}},
			{Org: org, Topic: topic, Object: "Lead", From: at.Add(2 * time.Hour), Reason: "more records changed at once\nthan events were made of"},
		} {
			if err := s.OpenHole(ctx, h); err != nil {
				return err
			}
		}
		return s.Quarantine(ctx, store.Raw{ID: "5f0c2a1e-0001", Org: org, Topic: topic, Object: "Contact", Replay: []byte{9, 8}, Schema: "abc", Payload: []byte("raw"),
			Reason: "the payload ends too early\x1b[31m", At: at, Since: at})
	})
	hole := (&bridge.Hole{Org: org, Topic: topic, From: at}).ID()
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"holes_list", []string{"holes", "list"}, 0},
		{"holes_list_json", []string{"holes", "list", "--json"}, 0},
		{"holes_approve", []string{"holes", "approve", hole, "beef"}, exitConfig},
		{"holes_approved", []string{"holes", "list"}, 0},
		{"holes_close", []string{"holes", "close", hole}, 0},
		{"holes_closed", []string{"holes", "list", "--all"}, 0},
		{"quarantine_list", []string{"quarantine", "list"}, 0},
		{"quarantine_list_json", []string{"quarantine", "list", "--json"}, 0},
		{"quarantine_show", []string{"quarantine", "show", "5f0c2a1e-0001"}, 0},
		{"quarantine_unknown", []string{"quarantine", "show", "5f0c2a1e-0002"}, exitConfig},
		{"quarantine_retry_nothing", []string{"quarantine", "retry"}, exitConfig},
		{"quarantine_retry", []string{"quarantine", "retry", "--all"}, exitEnvironment},
		{"quarantine_drop", []string{"quarantine", "drop", "5f0c2a1e-0001", "none"}, exitConfig},
		{"quarantine_empty", []string{"quarantine", "list"}, 0},
		{"replay_nowhere", []string{"replay", "--topic", topic, "--from", "yesterday"}, exitConfig},
		{"replay_unread", []string{"replay", "--topic", "/data/LeadChangeEvent", "--from", "earliest"}, exitConfig},
		{"replay_other_org", []string{"replay", "--topic", topic, "--from", "earliest", "--org", "other"}, exitConfig},
		{"replay_earliest", []string{"replay", "--topic", topic, "--from", "earliest"}, 0},
		{"replay_latest", []string{"replay", "--topic", topic, "--from", "latest", "--org", "main"}, 0},
		{"help_replay", []string{"replay", "--help"}, 0},
		{"help_quarantine", []string{"quarantine", "retry", "--help"}, 0},
		{"help_holes", []string{"holes", "approve", "--help"}, 0},
	} {
		args := c.args
		if !strings.HasPrefix(c.name, "help") {
			args = append(args, "-c", file)
		}
		code, out, errOut := command(t, args...)
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d: %s%s", c.name, code, c.code, out, errOut)
		}
		golden(t, filepath.Join("testdata", "cli", c.name+".golden"), filepath.ToSlash(out+errOut))
	}
	keep(t, path, func(ctx context.Context, s *store.Store) error {
		p, err := s.Position(ctx, org, topic)
		if p.From != bridge.Latest || len(p.Replay) != 3 {
			t.Errorf("position %+v", p)
		}
		return err
	})
}

// asks sends an operator's request to the running daemon.
func (b *bench) asks(method, path string) (int, string) {
	w := httptest.NewRecorder()
	b.app.streamRoutes().ServeHTTP(w, httptest.NewRequestWithContext(b.t.Context(), method, path, nil))
	return w.Code, w.Body.String()
}

func TestStream_AnOperatorHasQuarantinedEventsReadOnceMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 80}, nil)
		defer b.close()
		b.start()
		b.sim.org.FailSchemas(1_000_000)
		if _, err := b.sim.org.Create("Contact", map[string]any{"LastName": "Tan", "Email": "mei@example.com"}); err != nil {
			t.Fatal(err)
		}
		b.sim.org.AddFault(fakeorg.Fault{Path: "/query", Status: 503, Body: "[]"}) // no compare brings her meanwhile
		time.Sleep(30 * time.Minute)
		all, err := b.app.store.Quarantined(t.Context())
		if err != nil || len(all) != 1 || b.byEmail("mei@example.com") != nil {
			t.Fatalf("quarantined %+v, %v", all, err)
		}
		if s := b.app.snapshot(t.Context()); !strings.Contains(alarms(s), "quarantine") {
			t.Errorf("alarms %s", alarms(s))
		}
		path := "/quarantine/" + all[0].ID + "/retry"
		if code, text := b.asks(http.MethodPost, path); code != http.StatusConflict {
			t.Errorf("%d %s", code, text)
		}
		holes, err := b.app.store.Holes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range holes {
			if code, text := b.asks(http.MethodPost, "/holes/"+h.ID()+"/close"); !h.Closed && code != http.StatusOK {
				t.Errorf("%d %s", code, text)
			}
		}
		b.sim.org.ClearFaults()
		b.sim.org.HealStreams()
		time.Sleep(time.Hour)
		if b.byEmail("mei@example.com") != nil {
			t.Fatal("she came without the event")
		}
		if code, text := b.asks(http.MethodPost, path); code != http.StatusOK {
			t.Errorf("%d %s", code, text)
		}
		b.until("she is on the platform", time.Minute, func() bool { return b.byEmail("mei@example.com") != nil })
		if code, _ := b.asks(http.MethodPost, path); code != http.StatusNotFound {
			t.Errorf("%d for what is not there any more", code)
		}
	})
}

func TestStream_AnOperatorHasATopicReadFromElsewhere(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 81}, nil, func(t *testing.T, x *ordeal) {
		time.Sleep(5 * time.Minute)
		events, requests := len(x.sim.org.Events()), len(x.sim.crm.Requests())
		q := url.Values{"topic": {"/data/ContactChangeEvent"}, "from": {"earliest"}}
		if code, text := x.asks(http.MethodPost, "/topics/replay?"+q.Encode()); code != http.StatusOK {
			t.Fatalf("%d %s", code, text)
		}
		time.Sleep(time.Minute)
		if sub := x.sim.org.Subscriptions(); len(sub) != 1 || sub[0].From != "EARLIEST" || sub[0].Delivered != events {
			t.Errorf("streams %+v, %d events", sub, events)
		}
		if n := len(x.sim.crm.Requests()) - requests; n != 0 {
			t.Errorf("%d calls of the platform for what it knows", n)
		}
		for topic, from := range map[string]string{"/data/ContactChangeEvent": "nowhere", "/data/LeadChangeEvent": "latest"} {
			q := url.Values{"topic": {topic}, "from": {from}}
			if code, text := x.asks(http.MethodPost, "/topics/replay?"+q.Encode()); code != http.StatusConflict {
				t.Errorf("%s from %s: %d %s", topic, from, code, text)
			}
		}
		x.agrees("after a replay")
	})
}

// alarms are the names of what the daemon is alarmed by.
func alarms(s status.Status) string {
	var names []string
	for _, a := range s.Alarms {
		names = append(names, a.Name)
	}
	return strings.Join(names, " ")
}
