package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/bridge/status"
)

// ask calls the daemon's admin listener inside the bubble and answers the body.
func (b *bench) ask(method, path string) (int, []byte) {
	b.t.Helper()
	transport := &http.Transport{DialContext: b.w.dial, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(b.t.Context(), method, "http://"+memAddresses.Admin+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, body
}

// why asks the daemon what happened to a key.
func (b *bench) why(key string) status.Why {
	b.t.Helper()
	code, body := b.ask(http.MethodGet, "/why?key="+url.QueryEscape(key))
	var y status.Why
	if err := json.Unmarshal(body, &y); err != nil || code != http.StatusOK {
		b.t.Fatalf("why %s = %d %s %v", key, code, body, err)
	}
	return y
}

// whatOf lists the kinds of steps.
func whatOf(y *status.Why) (all []string) {
	for _, s := range y.Steps {
		all = append(all, s.What)
	}
	return all
}

func TestWhy_TellsTheSameStoryByEveryKey(t *testing.T) {
	t.Parallel()
	malaysia := func(cfg *Config) { cfg.Projects["support"].Region = "MY" }
	synctestBench(t, simOptions{seed: 43}, malaysia, func(t *testing.T, b *bench) {
		b.start()
		record, err := b.sim.org.Create("Contact", map[string]any{"FirstName": "Mei", "LastName": "Tan", "Email": "mei@example.com", "MobilePhone": "+60 12-345 6789"})
		if err != nil {
			t.Fatal(err)
		}
		b.until("she is on the platform", time.Minute, func() bool { return b.byEmail("mei@example.com") != nil })
		c := b.byEmail("mei@example.com")
		time.Sleep(5 * time.Second)
		if _, err := b.sim.crm.Edit(c.ID, map[string]string{"lastName": "Lim"}); err != nil {
			t.Fatal(err)
		}
		stranger := b.sim.crm.Create(map[string]string{"firstName": "Zoe", "email": "zoe@example.com"})
		time.Sleep(time.Minute)
		first := b.why(record)
		for _, key := range []string{record[:15], fmt.Sprint(c.ID), "+60123456789", "0060 12 345 67 89", "012-345 6789", "MEI@example.com", " mei@example.com "} {
			y := b.why(key)
			y.Key = first.Key
			if diff := cmp.Diff(first, y); diff != "" {
				t.Errorf("by %q (-record id +this key):\n%s", key, diff)
			}
		}
		tellsOfMei(t, &first, record, fmt.Sprint(c.ID))
		zoe := b.why("zoe@example.com")
		if len(zoe.Steps) == 0 || slices.ContainsFunc(zoe.Steps, func(s status.Step) bool { return string(s.Record) == record }) {
			t.Errorf("the stranger's story is %+v", zoe.Steps)
		}
		if y := b.why("nobody@example.com"); len(y.Steps)+len(y.Pairs) > 0 {
			t.Errorf("nobody's story is %+v", y)
		}
		b.stop()
		withDeadStore(t, b, func(a asker) {
			y, err := a.Why(t.Context(), fmt.Sprint(c.ID))
			y.Key = first.Key
			y.Filled()
			if diff := cmp.Diff(first, y); err != nil || diff != "" {
				t.Errorf("of the closed store: %v %s", err, diff)
			}
			if y, err := a.Why(t.Context(), fmt.Sprint(stranger.ID)); err != nil || len(y.Steps) != len(zoe.Steps) {
				t.Errorf("the stranger's story of the closed store has %d steps, %v", len(y.Steps), err)
			}
		})
	})
}

// withDeadStore opens the store of a daemon that has stopped.
func withDeadStore(t *testing.T, b *bench, do func(asker)) {
	t.Helper()
	err := withStore(context.WithoutCancel(t.Context()), b.cfg, func(l letters) error {
		do(asker{l.store, b.app.rules, time.Now})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tellsOfMei demands the story of a creation inbound, an edit outbound, and their echoes.
func tellsOfMei(t *testing.T, y *status.Why, record, contact string) {
	t.Helper()
	linked := slices.ContainsFunc(y.Pairs, func(p status.Pair) bool {
		return string(p.Record) == record && string(p.Contact) == contact && p.Since != nil
	})
	if !linked {
		t.Errorf("the link is not told: %+v", y.Pairs)
	}
	what := whatOf(y)
	if len(what) < 4 || what[0] != "arrived" || what[1] != "judged" || what[2] != "sent" || what[3] != "answered" {
		t.Errorf("the story begins with %v", what)
	}
	at := slices.IsSortedFunc(y.Steps, func(a, b status.Step) int { return a.At.Compare(b.At) })
	out := slices.IndexFunc(y.Steps, func(s status.Step) bool { return s.What == "sent" && s.Direction == bridge.Outbound })
	if !at || out < 0 || string(y.Steps[out].Record) != record || y.Steps[out].Op != bridge.OpUpdate || !slices.Equal(y.Steps[out].Fields, []string{"LastName"}) {
		t.Fatalf("in order %v, the edit outbound is step %d of %+v", at, out, y.Steps)
	}
	judged := y.Steps[out-1]
	if !slices.Contains(judged.Judged, status.Judged{Field: "lastName", Target: "LastName", Is: bridge.Differs}) ||
		!slices.Contains(judged.Judged, status.Judged{Field: "email", Target: "Email", Is: bridge.Agrees}) {
		t.Errorf("the rulings on the edit are %+v", judged.Judged)
	}
	echo := slices.ContainsFunc(y.Steps[out:], func(s status.Step) bool {
		return slices.Contains(s.Judged, status.Judged{Field: "LastName", Target: "lastName", Is: bridge.Echo})
	})
	if !echo {
		t.Errorf("the echo of the bridge's own write is not told: %+v", y.Steps[out:])
	}
	text, _ := json.Marshal(y.Steps)
	for _, value := range []string{"mei@", "Tan", "Lim", "345"} {
		if strings.Contains(strings.ReplaceAll(string(text), record, ""), value) {
			t.Errorf("the story holds the value %s: %s", value, text)
		}
	}
}

func TestLanes_StuckOnesAreToldReleasedAndSkipped(t *testing.T) {
	t.Parallel()
	synctestBench(t, simOptions{seed: 44}, nil, func(t *testing.T, b *bench) {
		b.start()
		record, err := b.sim.org.Create("Contact", map[string]any{"LastName": "Tan", "Email": "mei@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		b.until("she is on the platform", time.Minute, func() bool { return b.byEmail("mei@example.com") != nil })
		time.Sleep(5 * time.Second)
		b.sim.crm.SetFaults(respondiotest.Faults{Lose: 1})
		b.edit(record, "Lim")
		stuck := func() (all struct{ Lanes []status.Lane }) {
			code, body := b.ask(http.MethodGet, "/lanes")
			if err := json.Unmarshal(body, &all); err != nil || code != http.StatusOK {
				t.Fatalf("%d %s %v", code, body, err)
			}
			return all
		}
		head := func() (l status.Lane) {
			b.until("the lane is stuck", 10*time.Minute, func() bool {
				for _, one := range stuck().Lanes {
					if one.Source == record && one.State == "deferred" && one.Failed > 1 {
						l = one
					}
				}
				return l.ID != ""
			})
			return l
		}
		lane := head()
		if lane.Source != record || lane.Reason == "" || lane.Next == nil || lane.AgeS <= 0 {
			t.Errorf("the stuck lane is %+v", lane)
		}
		y := b.why(record)
		if !slices.ContainsFunc(y.Waiting, func(l status.Lane) bool { return l.ID == lane.ID && len(l.Heard) == 1 }) {
			t.Errorf("why does not tell of the lane: %+v", y.Waiting)
		}
		b.act("/lanes/"+lane.ID+"/skip", http.StatusOK)
		b.act("/lanes/"+lane.ID+"/release", http.StatusNotFound)
		b.sim.crm.SetFaults(respondiotest.Faults{})
		if _, body := b.ask(http.MethodGet, "/dead-letters/"+lane.ID); !strings.Contains(string(body), skipped) {
			t.Errorf("the letter is %s", body)
		}
		b.act("/dead-letters/"+lane.ID+"/redrive", http.StatusOK)
		b.until("the redriven one is on the platform", time.Minute, func() bool { return b.byEmail("mei@example.com").Get("lastName") == "Lim" })
		time.Sleep(time.Second)
		for _, want := range []string{"skipped by operator", "redriven by operator"} {
			if y := b.why(record); !slices.ContainsFunc(y.Steps, func(s status.Step) bool { return s.What == "operator" && s.Text == want && s.Letter != "" }) {
				t.Errorf("%q is not told", want)
			}
		}
		if y := b.why(record); !slices.Contains(whatOf(&y), "held up") {
			t.Errorf("what held it up is not told: %v", whatOf(&y))
		}
	})
}

func (b *bench) edit(record, lastName string) {
	b.t.Helper()
	if err := b.sim.org.Update("Contact", record, map[string]any{"LastName": lastName}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) act(path string, want int) {
	b.t.Helper()
	if code, body := b.ask(http.MethodPost, path); code != want {
		b.t.Errorf("%s = %d %s, want %d", path, code, body, want)
	}
}

func TestWhy_ReadsTheStoreWhileNoDaemonRuns(t *testing.T) {
	file := beside(t, nil)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "none.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := command(t, "why", "mei@example.com", "-c", file); code != 0 || !strings.HasPrefix(out, "Nothing is known") {
		t.Errorf("why = %d %q %q", code, out, errOut)
	}
	if code, _, errOut := command(t, "lanes", "list", "-c", file); code != exitEnvironment || !strings.Contains(errOut, "no daemon answers") {
		t.Errorf("lanes = %d %q", code, errOut)
	}
	rules, err := localRules(filepath.Join("..", "..", "config.example.toml"))
	if err != nil || rules.Project("support") == nil {
		t.Errorf("the rules of the example: %v", err)
	}
}

func TestCLI_AsksWhyAndFreesLanes(t *testing.T) {
	var acts []string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /why", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("key") != "+60 12-345" {
			t.Errorf("asked for %s", r.URL.RawQuery)
		}
		_ = json.NewEncoder(w).Encode(status.Why{Steps: []status.Step{{What: "sent", Fields: []string{"Email"}}}})
	})
	mux.HandleFunc("GET /lanes", func(w http.ResponseWriter, r *http.Request) {
		lanes := []status.Lane{{ID: "a1", Project: "support", Source: "003", State: "in hand", Reason: "503\nmore", Failed: 4, Behind: 12, AgeS: 61}}
		if r.URL.Query().Get("limit") == "7" {
			lanes = nil
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"lanes": lanes})
	})
	mux.HandleFunc("POST /lanes/{id}/{act}", func(w http.ResponseWriter, r *http.Request) {
		acts = append(acts, r.PathValue("act")+" "+r.PathValue("id"))
		switch r.PathValue("id") {
		case "gone":
			http.Error(w, "no lane waits with such a head", http.StatusNotFound)
		case "busy":
			http.Error(w, "it is being carried at this moment; look again", http.StatusConflict)
		default:
			_, _ = w.Write([]byte("{}"))
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	file := beside(t, server)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"why", "+60 12-345"}, 0, "sent  Email"},
		{[]string{"why", "+60 12-345", "--json"}, 0, `"pairs": []`},
		{[]string{"lanes", "list"}, 0, "a1  1m1s  support             003  4       12      in hand   503\n"},
		{[]string{"lanes", "list", "--limit", "7"}, 0, "No lane is stuck."},
		{[]string{"lanes", "list", "--json"}, 0, `"behind": 12`},
		{[]string{"lanes", "release", "a1"}, 0, "1 released"},
		{[]string{"lanes", "skip", "a1", "gone"}, exitConfig, "1 skipped"},
		{[]string{"lanes", "skip", "busy"}, exitEnvironment, "0 skipped"},
	} {
		code, out, errOut := command(t, append(c.args, "-c", file)...)
		if code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%v = %d %q %q, want %d and %q", c.args, code, out, errOut, c.code, c.want)
		}
	}
	if got := strings.Join(acts, ", "); got != "release a1, skip a1, skip gone, skip busy" {
		t.Errorf("acts = %s", got)
	}
}

func TestStatus_SaysWhatIsInShadow(t *testing.T) {
	var out strings.Builder
	printStatus(&out, &status.Status{Outlets: []status.Outlet{{Project: "support", Shadow: []bridge.TransferID{"contacts", "calls"}, Shadowed: new(int64(3))}}})
	if want := "shadow: contacts, calls send nothing, 3 out of sync by that"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is not in %s", want, out.String())
	}
}

func TestPrintWhy_IsATableForPeople(t *testing.T) {
	var out strings.Builder
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	next := at.Add(time.Minute)
	y := status.Why{
		Pairs: []status.Pair{{Project: "support", Object: "Contact", Record: "003", Contact: "17", Since: &at}, {Project: "support", Contact: "18"}},
		Steps: []status.Step{
			{At: at, What: "arrived", Project: "support", Direction: bridge.Inbound, Transfer: "contacts", Record: "003", Contact: "17", Text: "change UPDATE", Event: "e1", Fields: []string{"Email"}},
			{At: at, What: "judged", Judged: []status.Judged{{Field: "Email", Target: "email", Is: bridge.Differs}, {Field: "Phone", Target: "phone", Is: bridge.Agrees}}},
			{At: at, What: "sent", Op: bridge.OpUpdate, Fields: []string{"email"}},
			{At: at, What: "buried", Text: "no\x1b[31m\nmore", Letter: "a1"},
		},
		Waiting: []status.Lane{{ID: "b2", Project: "support", Direction: bridge.Outbound, Source: "17", State: "deferred", Failed: 2, Reason: "503", Next: &next, Behind: 3, TakenIn: at}},
		More:    true,
	}
	printWhy(&console{out: &out}, &y)
	golden(t, filepath.Join("testdata", "cli", "why.golden"), out.String())
}
