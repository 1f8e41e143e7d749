package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/bridge/rest"
	"sfbridge/store"
)

// front stands before a platform and may answer in its place.
type front struct {
	http.Handler
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request) bool
	at     []time.Time // of all calls
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.at = append(f.at, time.Now())
	answer := f.answer
	f.mu.Unlock()
	if answer == nil || !answer(w, r) {
		f.Handler.ServeHTTP(w, r)
	}
}

func (f *front) say(answer func(w http.ResponseWriter, r *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *front) calls() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.at)
}

// behindFront runs a test of a bridge whose second project's platform has a front.
func behindFront(t *testing.T, test func(b *bench, f *front, fake *respondiotest.Fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 60}, sales)
		defer b.close()
		ln, err := b.w.listen(t.Context(), secondPlatform)
		if err != nil {
			t.Fatal(err)
		}
		fake := respondiotest.New(respondiotest.Options{Now: b.w.now, Target: "http://" + b.sim.at.Public + "/hooks/sales",
			Send: func(context.Context, *http.Request) (*http.Response, error) { return nil, io.EOF }})
		f := &front{Handler: fake.Handler()}
		server := &http.Server{Handler: f, ReadHeaderTimeout: time.Second}
		b.run.Go(func() { _ = server.Serve(ln) })
		defer func() { _ = server.Close() }()
		b.start()
		test(b, f, fake)
	})
}

// refuses answers everything with a status, as respond.io words it.
func refuses(status int, header http.Header) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for k, v := range header {
			w.Header()[k] = v
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"code":%d,"message":"no"}`, status)
		return true
	}
}

func (b *bench) create(t *testing.T, email string) {
	t.Helper()
	if _, err := b.sim.org.Create("Contact", map[string]any{"LastName": "Tan", "Email": email}); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) letters(p bridge.ProjectID) []bridge.DeadLetter {
	b.t.Helper()
	all, err := b.app.store.DeadLetters(b.t.Context(), store.LetterFilter{Project: p}, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func TestStatus_EveryOneHasOneMeaning_P31(t *testing.T) {
	for status := 100; status < 600; status++ {
		verdict, _ := bridge.VerdictOf(rest.JudgeStatus(&rest.Call{Op: "x", Repeatable: true}, &rest.Answer{Status: status, Header: http.Header{}}, "", ""))
		want := bridge.Wait // the destination's own trouble
		switch {
		case status/100 == 2:
			want = bridge.Done
		case slices.Contains([]int{401, 403, 407, 408, 425, 429}, status):
		case slices.Contains([]int{409, 412, 423}, status):
			want = bridge.Retry
		case status/100 == 4:
			want = bridge.Bury
		}
		if verdict != want {
			t.Errorf("status %d is judged %d, want %d", status, verdict, want)
		}
	}
}

func TestStatus_APermanentRefusalIsBuriedAtOnceWithItsReason_P31(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 410, 422} {
		behindFront(t, func(b *bench, f *front, _ *respondiotest.Fake) {
			f.say(refuses(status, nil))
			b.create(b.t, "mei@example.com")
			b.until("the first project has her", time.Minute, func() bool { return b.byEmail("mei@example.com") != nil })
			time.Sleep(time.Minute)
			all := b.letters("sales") // the record changes again when the first project's contact is known
			if n := len(f.calls()); n < 1 || n > 2 || len(all) != n {
				b.t.Errorf("status %d: %d dead letters after %d calls, want one each", status, len(all), n)
			}
			for _, l := range all {
				if l.Attempts != 0 || !strings.Contains(l.Reason, fmt.Sprintf("status %d", status)) {
					b.t.Errorf("buried after %d failures with %q", l.Attempts, l.Reason)
				}
			}
		})
	}
}

func TestStatus_ARefusedLoginIsAnAlarmAndNoDeadLetter_P31(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403} {
		behindFront(t, func(b *bench, f *front, fake *respondiotest.Fake) {
			f.say(refuses(status, nil))
			for i := range 40 {
				b.create(b.t, email(i))
			}
			time.Sleep(time.Hour)
			alarmed := false
			for _, a := range b.app.snapshot(b.t.Context()).Alarms {
				alarmed = alarmed || a.Name == "needs-attention"
			}
			if n := len(b.letters("sales")); n > 0 || !alarmed {
				b.t.Errorf("status %d: %d dead letters, alarm %v", status, n, alarmed)
			}
			f.say(nil)
			b.until("all arrive once the token is renewed", 16*time.Minute, func() bool { return len(fake.Contacts()) == 40 })
			if n := len(b.sim.crm.Contacts()); n != 40 {
				b.t.Errorf("the other project has %d of 40", n)
			}
		})
	}
}

func TestStatus_ARedirectIsNeverFollowed_P31(t *testing.T) {
	t.Parallel()
	behindFront(t, func(b *bench, f *front, _ *respondiotest.Fake) {
		var followed atomic.Bool
		f.say(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/elsewhere" {
				followed.Store(true)
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return true
		})
		b.create(b.t, "mei@example.com")
		time.Sleep(10 * time.Minute)
		if followed.Load() || len(f.calls()) == 0 || len(b.letters("sales")) > 0 {
			b.t.Errorf("followed: %v, %d calls, %d dead letters", followed.Load(), len(f.calls()), len(b.letters("sales")))
		}
	})
}

func TestStatus_RetryAfterIsHonouredInSecondsAndAsDate_P30(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"120", "date"} {
		for _, status := range []int{429, 503} {
			behindFront(t, func(b *bench, f *front, fake *respondiotest.Fake) {
				text := form
				if form == "date" {
					text = time.Now().Add(125 * time.Second).UTC().Format(http.TimeFormat) // she is created in less than five
				}
				f.say(refuses(status, http.Header{"Retry-After": {text}}))
				b.create(b.t, "mei@example.com")
				b.until("the platform is called", 4*time.Second, func() bool { return len(f.calls()) > 0 })
				f.say(nil)
				b.create(b.t, "ann@example.com")
				b.until("both have arrived", 10*time.Minute, func() bool { return len(fake.Contacts()) == 2 })
				calls := f.calls()
				if gap := calls[1].Sub(calls[0]); gap < 119*time.Second || gap > 127*time.Second {
					b.t.Errorf("status %d, Retry-After %s: the next call came after %v", status, text, gap)
				}
				if b.byEmail("ann@example.com") == nil {
					b.t.Error("the other project waits too")
				}
			})
		}
	}
}

// TestBridge_LooksAfterWritesOfAnEarlierProcess lets the stream fall silent before it tells a write, and restarts the daemon.
func TestBridge_LooksAfterWritesOfAnEarlierProcess(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 61}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.sim.org.Stall()
		x.write(contact, map[string]string{"lastName": "Lim"})
		open := func() (n int) {
			if err := x.app.store.EachUnconfirmed(t.Context(), func(*bridge.Unconfirmed) error { n++; return nil }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		x.until("a write is not confirmed", 10*time.Second, func() bool { return open() > 0 })
		time.Sleep(2 * time.Second)
		x.restart()
		if open() == 0 {
			t.Fatal("the restart itself confirmed it")
		}
		x.until("somebody looked after it", 2*time.Minute, func() bool { return open() == 0 })
		x.sim.org.Unstall()
		x.pair("both ends", record, contact)
	})
}

// TestBridge_LeavesAloneForAWhileWhatAnEarlierProcessMayHaveSent restarts the daemon while an edit waits for the platform: whoever killed the one before may
// have cut off a message that is still to arrive. What comes after the start goes at once.
func TestBridge_LeavesAloneForAWhileWhatAnEarlierProcessMayHaveSent(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 62}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		other, beside := x.person("Ann", "Lim", "ann@example.com")
		x.sim.crm.SetFaults(respondiotest.Faults{Down: true})
		x.edit(record, map[string]any{"LastName": "Ng"})
		time.Sleep(5 * time.Second)
		x.heal()
		x.stop()
		began := time.Now()
		x.start()
		x.edit(other, map[string]any{"LastName": "Goh"})
		x.until("a new edit has arrived", time.Minute, func() bool { return x.attribute(beside, "lastName") == "Goh" })
		if d := time.Since(began); d > time.Second {
			t.Errorf("what came after the start took %v", d)
		}
		x.until("the old one has arrived", time.Minute, func() bool { return x.attribute(contact, "lastName") == "Ng" })
		if d := time.Since(began); d < 2*time.Second || d > 4*time.Second {
			t.Errorf("what waited from before went %v after the start", d)
		}
	})
}
