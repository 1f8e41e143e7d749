package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sfbridge/bridge"
)

// childArgs makes the test binary the daemon: the whole command line, so that a test can kill it.
const childArgs = "SFBRIDGE_TEST_CHILD"

func TestMain(m *testing.M) {
	if config := os.Getenv(childArgs); config != "" {
		os.Exit(execute(context.Background(), []string{"run", "-c", config}, processConsole()))
	}
	os.Exit(m.Run())
}

// field is a daemon in a process of its own between far ends on loopback.
type field struct {
	t     *testing.T
	sim   *sim
	crowd *crowd
	file  string
	child *exec.Cmd
	out   *os.File

	secrets map[string]string // in the place of the demo's
}

func newField(t *testing.T) *field {
	t.Helper()
	return newFieldOf(t, simOptions{seed: 3})
}

// newFieldOf makes the far ends by o.
func newFieldOf(t *testing.T, o simOptions) *field {
	t.Helper()
	w := realWorld(testLog(t))
	at := simAddresses{Org: "127.0.0.1:0", PubSub: "127.0.0.1:0", Platform: "127.0.0.1:0", Store: filepath.Join(t.TempDir(), "sfbridge.db")}
	for _, to := range []*string{&at.Public, &at.Admin} {
		ln, err := w.listen(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*to = ln.Addr().String()
		_ = ln.Close()
	}
	f := &field{t: t, file: filepath.Join(t.TempDir(), "config.toml")}
	var err error
	if f.sim, err = newSim(t.Context(), w, at, o); err != nil {
		t.Fatal(err)
	}
	text, err := f.sim.toml()
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "\n[log]\nlevel = \"debug\"\n[run]\nsettle = \"1ms\"\n"...) // rest waits for what a killed process had sent
	if err := os.WriteFile(f.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if f.out, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	f.crowd = newCrowd(f.sim, w.now, 3)
	ctx, cancel := context.WithCancel(context.Background())
	var ends sync.WaitGroup
	ends.Go(func() { _ = f.sim.Run(ctx) })
	t.Cleanup(func() {
		f.kill()
		cancel()
		ends.Wait()
	})
	return f
}

// start starts the daemon and waits until it takes webhooks.
func (f *field) start() {
	f.t.Helper()
	f.launch()
	f.until("the daemon is ready", func() bool {
		res, err := http.Get("http://" + f.sim.at.Admin + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// launch starts the daemon.
func (f *field) launch() {
	f.t.Helper()
	f.child = exec.Command(os.Args[0])
	f.child.Env = append(os.Environ(), childArgs+"="+f.file)
	for name, value := range simSecrets {
		f.child.Env = append(f.child.Env, name+"="+value)
	}
	f.child.Stdout, f.child.Stderr = f.out, f.out
	for name, value := range f.secrets {
		f.child.Env = append(f.child.Env, name+"="+value)
	}
	if err := f.child.Start(); err != nil {
		f.t.Fatal(err)
	}
}

func (f *field) kill() {
	if f.child == nil {
		return
	}
	_ = f.child.Process.Kill()
	_ = f.child.Wait()
	f.child = nil
}

func (f *field) until(what string, ok func() bool) {
	f.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(60 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(f.out.Name())
			f.t.Logf("log of the daemon:\n%s", log[max(0, len(log)-6000):])
			f.crowd.explain(f.t)
			f.story()
			f.t.Fatalf("not within a minute: %s", what)
		}
	}
}

// story logs what the daemon tells of the people whose edits have not arrived.
func (f *field) story() {
	sent, waiting, dropped := f.sim.crm.Webhooks()
	f.t.Logf("webhooks: %d sent, %d waiting, %d dropped", sent, waiting, dropped)
	if res, err := http.Get("http://" + f.sim.at.Admin + "/status"); err == nil {
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		f.t.Logf("status: %s", b)
	}
	log, _ := os.ReadFile(f.out.Name())
	for _, e := range f.crowd.waiting {
		f.storyOf(string(log), e.who.record)
		f.storyOf(string(log), fmt.Sprint(e.who.contact))
	}
}

// storyOf logs what the daemon tells of one record or contact.
func (f *field) storyOf(log, key string) {
	if key == "" || key == "0" {
		return
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, key) {
			f.t.Log(strings.TrimSpace(line))
		}
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Second)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.sim.at.Admin+"/status/tail?key="+key, nil)
	r.Header.Set("Accept", "application/x-ndjson")
	r.Header.Set("Last-Event-ID", "0")
	if res, err := http.DefaultClient.Do(r); err == nil {
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		f.t.Logf("story of %s:\n%s", key, b)
	}
}

// odd logs what the daemon tells of whoever is named in what is wrong at the end.
func (f *field) odd(wrong []string) {
	log, _ := os.ReadFile(f.out.Name())
	told := map[string]bool{}
	for _, text := range wrong {
		for _, key := range idsIn.FindAllString(text, -1) {
			if !told[key] && len(told) < 8 {
				f.storyOf(string(log), key)
			}
			told[key] = true
		}
	}
}

// idsIn finds ids of records and contacts.
var idsIn = regexp.MustCompile(`\b(003[0-9A-Za-z]{15}|9[0-9]{4})\b`)

// work lets people make so many edits, both ways in turn.
func (f *field) work(edits int) {
	f.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n, deadline := 0, time.Now().Add(30*time.Second); n < edits; <-tick.C {
		way := bridge.Inbound
		if n%2 == 1 {
			way = bridge.Outbound
		}
		var err error
		made := true
		if n%20 < 2 {
			err = f.crowd.join(way)
		} else {
			made, err = f.crowd.work(way, true)
		}
		switch {
		case err != nil:
			f.t.Fatal(err)
		case made:
			n++
		case time.Now().Before(deadline):
			f.crowd.meet() // somebody may be known at both ends by now
		default:
			f.t.Fatalf("only %d edits in half a minute: nothing arrives", n)
		}
	}
}

// rest waits until the far ends have carried out what a killed daemon had sent them. A request that is carried out after the next daemon has looked is
// nobody's to prevent, and no edit is made in the meantime.
func (f *field) rest() {
	f.t.Helper()
	quiet := 0
	f.until("the far ends have carried out what was sent", func() bool {
		quiet++
		if f.sim.flying.Load() > 0 {
			quiet = 0
		}
		return quiet >= 25 // a request may have been sent and not be taken in yet
	})
}

// strangers are records and contacts that nobody of the crowd is: doubles whose identity was edited since.
func (c *crowd) strangers() (all []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ours := map[string]bool{}
	for _, p := range c.people {
		ours[p.record], ours[fmt.Sprint(p.contact)] = true, true
	}
	for _, r := range c.sim.org.Rows("Contact") {
		if id, _ := r["Id"].(string); !ours[id] {
			all = append(all, fmt.Sprintf("record %s, %v, is nobody's", id, r["Email"]))
		}
	}
	for _, k := range c.sim.crm.Contacts() {
		if !ours[fmt.Sprint(k.ID)] {
			all = append(all, fmt.Sprintf("contact %d, %s, is nobody's", k.ID, k.Get("email")))
		}
	}
	return all
}

// idleSaves counts the saves of a record that change nothing: writes that were made again.
func (f *field) idleSaves() *atomic.Int64 {
	var idle atomic.Int64
	last := map[any]string{}
	f.sim.org.OnSave("Contact", func(values map[string]any) {
		id := values["Id"]
		if id == nil {
			return // it is about to be created
		}
		now := fmt.Sprint(values["FirstName"], values["LastName"], values["Email"], values["MobilePhone"], values["Birthdate"], values["Messaging_Id__c"])
		if last[id] == now {
			idle.Add(1)
		}
		last[id] = now
	})
	return &idle
}

// rounds is how often a daemon is killed; SFBRIDGE_ROUNDS raises it.
func rounds(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("SFBRIDGE_ROUNDS")); err == nil {
		return n
	}
	return usual
}

func TestDaemon_StopsInOrderWhenItIsAskedTo(t *testing.T) {
	f := newField(t)
	f.start()
	f.until("the streams are open", func() bool { return len(f.sim.org.Subscriptions()) > 0 })
	f.work(60)
	f.until("the first edits have arrived", f.crowd.settled)
	f.crowd.meet()
	for round := range 3 {
		f.work(60)
		began := time.Now()
		if err := f.child.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := f.child.Wait(); err != nil {
			t.Errorf("round %d: the daemon ended with %v, want exit code 0", round, err)
		}
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("round %d: the stop took %v, more than the grace", round, d)
		}
		f.start()
	}
	f.work(60)
	f.until("every edit has arrived", f.crowd.settled)
	if all, lost := f.crowd.unequal(); len(all) > 0 || len(lost) > 0 {
		t.Errorf("lost %v, %d fields differ, first %q", lost, len(all), all[:min(5, len(all))])
	}
	if all := f.crowd.twice(); len(all) > 0 {
		t.Errorf("%d people are doubled, first %s", len(all), all[0])
	}
	if n := f.crowd.tally(bridge.Inbound).arrived; n < 50 {
		t.Errorf("only %d edits arrived", n)
	}
}

func TestDaemon_LosesAndDoublesNothingWhenItIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some 20 s")
	}
	t.Parallel()
	f := newField(t)
	idle := f.idleSaves()
	n := rounds(20)
	if raced { // the gate has its rounds in a step without the detector
		n = min(n, 8)
	}
	closed := 0
	for round := range n {
		f.start()
		if round == 0 { // a first run begins where it listens: what came before it is a hole, and shown as one
			f.until("the streams are open", func() bool { return len(f.sim.org.Subscriptions()) > 0 })
			f.work(40)
			f.until("the first edits have arrived", f.crowd.settled)
		}
		f.crowd.meet()
		before := f.crowd.tally(bridge.Inbound).arrived + f.crowd.tally(bridge.Outbound).arrived
		f.work(30 + rand.IntN(60))
		for _, c := range f.sim.crm.Contacts()[:min(2, len(f.sim.crm.Contacts()))] {
			if err := f.sim.crm.CloseConversation(c.ID, fmt.Sprint("round ", round), "closed"); err != nil {
				t.Fatal(err)
			}
			closed++
		}
		after := f.crowd.tally(bridge.Inbound).arrived + f.crowd.tally(bridge.Outbound).arrived
		if after-before < 3 {
			t.Logf("round %d: only %d edits arrived before the kill", round, after-before)
		}
		f.kill()
		f.rest()
	}
	f.start()
	f.work(60)
	f.until("every edit has arrived", f.crowd.settled)
	f.until("every closed conversation is a task", func() bool { return len(f.sim.org.Rows("Task")) >= closed })
	f.until("no webhook waits", func() bool { _, waiting, _ := f.sim.crm.Webhooks(); return waiting == 0 })
	if all, lost := f.crowd.unequal(); len(all) > 0 || len(lost) > 0 {
		t.Errorf("lost %v, %d fields differ, first %q", lost, len(all), all[:min(5, len(all))])
		f.odd(all)
	}
	if len(f.crowd.behind) > 0 {
		t.Errorf("%d values came after newer ones, first %s", len(f.crowd.behind), f.crowd.behind[0])
	}
	if all := append(f.crowd.twice(), f.crowd.strangers()...); len(all) > 0 {
		t.Errorf("%d people are doubled: %q", len(all), all)
		f.odd(all)
	}
	if got := len(f.sim.org.Rows("Task")); got != closed {
		t.Errorf("%d tasks for %d closed conversations", got, closed)
	}
	in, out := f.crowd.tally(bridge.Inbound), f.crowd.tally(bridge.Outbound)
	t.Logf("%d kills: %d of %d inbound and %d of %d outbound edits arrived", n, in.arrived, in.made, out.arrived, out.made)
	saves, messages := idle.Load(), f.crowd.repeats
	t.Logf("%d saves changed nothing and %d messages said what was said before", saves, messages)
	if most := n * 64; int(saves)+messages > most {
		t.Errorf("more than %d calls were made again: one worker each per kill", most)
	}
	if in.arrived < 50 || out.arrived < 50 {
		t.Errorf("too little work to prove anything")
	}
}

// startHidden starts the daemon and waits until its admin listener asks for the token.
func (f *field) startHidden() {
	f.t.Helper()
	f.launch()
	f.until("the daemon serves", func() bool { return f.get("/livez") == http.StatusOK })
}

// pageAs is a page of the admin listener, asked for with a token.
func (f *field) pageAs(path, token string) string {
	r, err := http.NewRequest(http.MethodGet, "http://"+f.sim.at.Admin+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	var b bytes.Buffer
	_, _ = b.ReadFrom(res.Body)
	return b.String()
}
