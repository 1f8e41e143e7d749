package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sfbridge/bridge"
)

var oneProject = []bridge.ProjectID{"support"}

func TestFair_AnItemThatFailsAloneClimbsTheLadderAndIsBuriedAfterItsAge_P30(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{"a 503": status503(), "its own fault": errors.New("the row is locked")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onRig(t, oneProject, func(t *testing.T, r *rig) {
				p := r.platforms["support"]
				p.answer = func(_ context.Context, m *bridge.Message) error {
					if m.Set["email"].Text == email(1) {
						return failure
					}
					return nil
				}
				r.change(1, "Tan")
				for range 36 {
					time.Sleep(2 * time.Hour)
					r.change(2, time.Now().String())
				}
				calls, _ := p.seen()
				tries := of(calls, email(1))
				if n := len(tries); n < 400 || n > 700 { // 10 to the cap, then one in 7.5 minutes in the mean
					t.Errorf("%d tries in 72 hours", n)
				}
				var gaps []time.Duration
				for i := range len(tries) - 1 {
					gaps = append(gaps, tries[i+1].at.Sub(tries[i].at))
				}
				for i, g := range gaps {
					if bound := min(15*time.Minute, time.Second<<min(i, 20)); g > bound+time.Second {
						t.Errorf("gap %d is %v, more than %v", i+1, g, bound)
					}
				}
				late := slices.Sorted(slices.Values(gaps[20:]))
				if q1, q3 := late[len(late)/4], late[3*len(late)/4]; q1 < 2*time.Minute || q1 > 5*time.Minute || q3 < 10*time.Minute || q3 > 13*time.Minute {
					t.Errorf("quarters of the jitter at %v and %v, want 3:45 and 11:15", q1, q3)
				}
				if n := len(r.letters()); n != 0 || r.breaker("support").Open {
					t.Errorf("%d buried before its age, breaker %+v", n, r.breaker("support"))
				}
				time.Sleep(6 * 24 * time.Hour)
				if all := r.letters(); len(all) != 1 || !strings.Contains(all[0].Reason, "given up after") {
					t.Errorf("after nine days %d are buried: %v", len(all), all)
				}
			})
		})
	}
}

func TestFair_AThousandThatFailSpreadTheirRetries_P30(t *testing.T) {
	t.Parallel()
	n := crowdOf(t, 1000)
	onRig(t, oneProject, func(t *testing.T, r *rig) {
		p := r.platforms["support"]
		p.answer = func(context.Context, *bridge.Message) error { return errors.New("the row is locked") }
		for i := range n {
			r.change(i, "Tan")
		}
		time.Sleep(4 * time.Minute)
		calls, _ := p.seen()
		nth, slots := map[string]int{}, map[time.Time]int{}
		for _, c := range calls {
			if nth[c.email]++; nth[c.email] > 3 { // the first retry comes within a second, the second within two
				slots[c.at.Truncate(100*time.Millisecond)]++
			}
		}
		for at, many := range slots {
			if many > 50 {
				t.Errorf("%d retries in the 100 ms after %v", many, at)
			}
		}
		if len(nth) != n || len(calls) < 6*n {
			t.Errorf("%d of %d were tried, %d times", len(nth), n, len(calls))
		}
	})
}

func TestFair_ADeadPlatformIsProbedByOneAndCostsNobodyAnAttempt_P30_P32(t *testing.T) {
	t.Parallel()
	onRig(t, oneProject, func(t *testing.T, r *rig) {
		p := r.platforms["support"]
		var back atomic.Bool
		p.answer = func(context.Context, *bridge.Message) error {
			if back.Load() {
				return nil
			}
			return errRefused
		}
		for i := range 100 {
			r.change(i, "Tan")
		}
		time.Sleep(time.Minute)
		if !r.breaker("support").Open {
			t.Fatalf("after a minute the breaker is %+v", r.breaker("support"))
		}
		calls, _ := p.seen()
		if len(calls) > 100 {
			t.Errorf("%d calls in the first minute", len(calls))
		}
		time.Sleep(3 * 24 * time.Hour)
		more, _ := p.seen()
		if n := len(more) - len(calls); n < 3*24*4 || n > 3*24*12 {
			t.Errorf("%d probes in three days", n)
		}
		if n := len(r.letters()); n > 0 || r.waiting("support") != 100 {
			t.Errorf("%d were buried, %d wait", n, r.waiting("support"))
		}
		back.Store(true)
		at := r.breaker("support").Until
		r.until("everything has arrived", 16*time.Minute, func() bool { return r.waiting("support") == 0 })
		if d := time.Since(at); d > time.Second {
			t.Errorf("the last arrived %v after the probe", d)
		}
	})
}

func TestFair_TheEndOfAShortOutageWakesWhatWaitsForIt_P30(t *testing.T) {
	t.Parallel()
	onRig(t, oneProject, func(t *testing.T, r *rig) {
		p := r.platforms["support"]
		var down atomic.Bool
		p.answer = func(context.Context, *bridge.Message) error {
			if down.Load() {
				return errRefused
			}
			return nil
		}
		for i := range 300 {
			r.change(i, "Tan")
		}
		time.Sleep(time.Second)
		down.Store(true)
		for i := range 10 {
			r.change(i, "Lim")
		}
		time.Sleep(2 * time.Minute)
		if r.breaker("support").Open || r.waiting("support") != 10 {
			t.Fatalf("%d wait, breaker %+v", r.waiting("support"), r.breaker("support"))
		}
		down.Store(false)
		r.change(999, "Sato")
		r.until("all have arrived with the first that does", time.Second, func() bool { return r.waiting("support") == 0 })
	})
}

func TestFair_ABreakerSurvivesARestart_P32(t *testing.T) {
	t.Parallel()
	onRig(t, oneProject, func(t *testing.T, r *rig) {
		p := r.platforms["support"]
		p.answer = func(context.Context, *bridge.Message) error { return errRefused }
		for i := range 100 {
			r.change(i, "Tan")
		}
		time.Sleep(time.Hour)
		before := r.breaker("support")
		r.stop()
		calls, _ := p.seen()
		r.start()
		time.Sleep(time.Millisecond)
		if b := r.breaker("support"); !b.Open || !b.Until.Equal(before.Until) || b.Probes != before.Probes {
			t.Errorf("after the restart the breaker is %+v, was %+v", b, before)
		}
		time.Sleep(time.Until(before.Until) - time.Millisecond)
		if more, _ := p.seen(); len(more) != len(calls) {
			t.Errorf("%d calls before the breaker's time", len(more)-len(calls))
		}
		time.Sleep(3 * time.Millisecond)
		if more, _ := p.seen(); len(more) != len(calls)+1 {
			t.Errorf("%d calls at its time, want the probe", len(more)-len(calls))
		}
	})
}

// latencies are the slowest hundredth of how long changes took to arrive at each project, while one does as told.
func latencies(t *testing.T, sick func(context.Context, *bridge.Message) error) map[bridge.ProjectID]time.Duration {
	names := []bridge.ProjectID{"a", "b", "c", "d", "sick"}
	p99 := map[bridge.ProjectID]time.Duration{}
	onRig(t, names, func(t *testing.T, r *rig) {
		took := 200 * time.Millisecond
		for _, name := range names {
			r.platforms[name].answer = func(context.Context, *bridge.Message) error {
				time.Sleep(took)
				return nil
			}
		}
		if sick != nil {
			r.platforms["sick"].answer = sick
		}
		const n = 150
		sentAt := map[string]time.Time{}
		for i := range n {
			sentAt[email(i)] = time.Now()
			r.change(i, "Tan")
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		for _, name := range names[:4] {
			var all []time.Duration
			_, taken := r.platforms[name].seen()
			for _, s := range taken {
				all = append(all, s.at.Sub(sentAt[s.email]))
			}
			if len(all) != n {
				t.Fatalf("%d of %d arrived at %s", len(all), n, name)
			}
			slices.Sort(all)
			p99[name] = all[n*99/100]
		}
	})
	return p99
}

func TestFair_OneSickProjectOfFiveDoesNotSlowTheOthers_P32(t *testing.T) {
	t.Parallel()
	well := latencies(t, nil)
	for name, sick := range map[string]func(context.Context, *bridge.Message) error{
		"dead": func(context.Context, *bridge.Message) error { return errRefused },
		"hung": func(ctx context.Context, _ *bridge.Message) error {
			timer := time.NewTimer(30 * time.Second)
			defer timer.Stop()
			select {
			case <-timer.C:
				return bridge.Uncertain(bridge.Unavailable(context.DeadlineExceeded, 0))
			case <-ctx.Done():
				return ctx.Err()
			}
		},
		"slow": func(ctx context.Context, _ *bridge.Message) error {
			time.Sleep(10 * time.Second)
			return nil
		},
		"poisoned": func(context.Context, *bridge.Message) error { return errors.New("the row is locked") },
	} {
		for p, now := range latencies(t, sick) {
			if was := well[p]; float64(now) > 1.1*float64(was) {
				t.Errorf("%s: 99 %% of %s arrive within %v, %v while all are well", name, p, now, was)
			}
		}
	}
}

func TestFair_OnePoisonEntryInAThousandStopsNothing_P33(t *testing.T) {
	t.Parallel()
	n := crowdOf(t, 1000)
	poisoned := email(n / 2)
	run := func(t *testing.T, poison func() error) (last time.Duration, tries int, letters []bridge.DeadLetter) {
		onRig(t, oneProject, func(t *testing.T, r *rig) {
			p := r.platforms["support"]
			p.answer = func(_ context.Context, m *bridge.Message) error {
				time.Sleep(100 * time.Millisecond)
				if m.Set["email"].Text == poisoned {
					return poison()
				}
				return nil
			}
			began := time.Now()
			for i := range n {
				r.change(i, "Tan")
			}
			time.Sleep(5 * time.Minute)
			calls, taken := p.seen()
			for _, s := range taken {
				if s.email != poisoned {
					last = max(last, s.at.Sub(began))
				}
			}
			if others := len(taken) - len(of(taken, poisoned)); others != n-1 {
				t.Errorf("%d of the other %d arrived", others, n-1)
			}
			if r.breaker("support").Open {
				t.Error("the breaker is open")
			}
			tries, letters = len(of(calls, poisoned)), r.letters()
		})
		return last, tries, letters
	}
	well, _, _ := run(t, func() error { return nil })
	for name, c := range map[string]struct {
		poison  func() error
		letters int
		tries   int
		reason  string
	}{
		"a refusal":              {func() error { return bridge.Permanent(errors.New("status 422: no such country")) }, 1, 1, "no such country"},
		"a panic":                {func() error { panic("index out of range") }, 1, 1, "panic while carrying: index out of range"},
		"an error of the server": {status503, 0, 20, ""},
		"a lost answer":          {func() error { return bridge.Uncertain(errors.New("unexpected EOF")) }, 0, 20, ""},
	} {
		t.Run(name, func(t *testing.T) {
			last, tries, letters := run(t, c.poison)
			if len(letters) != c.letters || tries > c.tries || tries < 1 {
				t.Errorf("%d dead letters after %d tries", len(letters), tries)
			}
			if len(letters) == 1 && (!strings.Contains(letters[0].Reason, c.reason) || letters[0].Entry.Change == nil) {
				t.Errorf("the dead letter is %+v", letters[0])
			}
			if last > well+well/10 {
				t.Errorf("the others took %v, %v without the poison", last, well)
			}
		})
	}
}

func TestFair_APanicOfAParserIsBuriedWithItsCallback_P33(t *testing.T) {
	t.Parallel()
	onRig(t, oneProject, func(t *testing.T, r *rig) {
		r.platforms["support"].parse = func(cb bridge.Callback) (bridge.Parsed, error) {
			return bridge.Parsed{Contact: bridge.Contact{ID: bridge.ContactID(cb.Body[len(cb.Body):][0])}}, nil // beyond the end
		}
		err := r.intake.Take(t.Context(), bridge.Callback{Org: rigOrg, Project: "support", Kind: bridge.ContactTouched, Contact: "7", Event: "1", Body: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if all := r.letters(); len(all) != 1 || !strings.Contains(all[0].Reason, "panic") || string(all[0].Entry.Callback.Body) != "{}" {
			t.Errorf("buried: %+v", all)
		}
	})
}

func TestFair_ARedriveKeepsTheOrderOfItsKeyAndTwiceIsHarmless_P33(t *testing.T) {
	t.Parallel()
	onRig(t, oneProject, func(t *testing.T, r *rig) {
		p := r.platforms["support"]
		var dead atomic.Bool
		p.answer = func(_ context.Context, m *bridge.Message) error {
			if dead.Load() {
				return errRefused
			}
			if m.Set["lastName"].Text == "bad" {
				return bridge.Permanent(errors.New("status 422: a bad name"))
			}
			return nil
		}
		for i := range 50 {
			r.change(i, "first")
		}
		time.Sleep(time.Second)
		for i := range 50 {
			r.change(i, "bad")
		}
		time.Sleep(time.Second)
		letters := r.letters()
		if len(letters) != 50 {
			t.Fatalf("%d are buried, want 50", len(letters))
		}
		dead.Store(true)
		for i := range 50 {
			r.change(i, "second")
			r.change(i, "third")
		}
		var ids []string
		for _, l := range letters {
			ids = append(ids, l.ID)
		}
		slices.Reverse(ids)
		if n, err := r.store.Redrive(t.Context(), ids...); n != 50 || err != nil {
			t.Fatalf("redrove %d: %v", n, err)
		}
		if n, err := r.store.Redrive(t.Context(), ids...); n != 0 || err != nil {
			t.Fatalf("redrove %d a second time: %v", n, err)
		}
		for i := range 50 {
			r.change(i, "last")
		}
		time.Sleep(10 * time.Minute)
		dead.Store(false)
		r.until("everything has arrived", time.Hour, func() bool { return r.waiting("support") == 0 })
		_, taken := p.seen()
		rank := map[string]int{"first": 1, "second": 2, "third": 3, "last": 4}
		for i := range 50 {
			mine := of(taken, email(i))
			for j := 1; j < len(mine); j++ {
				if rank[mine[j].name] <= rank[mine[j-1].name] {
					t.Errorf("%s got %v", email(i), mine)
				}
			}
			if len(mine) == 0 || mine[len(mine)-1].name != "last" {
				t.Errorf("%s ends with %v", email(i), mine)
			}
		}
		if n := len(r.letters()); n > 0 {
			t.Errorf("%d are buried in the end", n)
		}
	})
}

func TestFair_ARefusedLoginNeedsAttentionAndBuriesNothing_P31(t *testing.T) {
	t.Parallel()
	many := crowdOf(t, 1000)
	onRig(t, oneProject, func(t *testing.T, r *rig) {
		p := r.platforms["support"]
		var mended atomic.Bool
		p.answer = func(context.Context, *bridge.Message) error {
			if mended.Load() {
				return nil
			}
			return bridge.Unavailable(fmt.Errorf("create contact: %w", refusedLoginError{}), 0)
		}
		for i := range many {
			r.change(i, "Tan")
		}
		time.Sleep(8 * 24 * time.Hour)
		if b := r.breaker("support"); !b.Open || !b.Attention || !strings.Contains(b.Reason, "status 401") {
			t.Errorf("the breaker is %+v", b)
		}
		if n := len(r.letters()); n > 0 || r.waiting("support") != many {
			t.Errorf("%d are buried, %d wait", n, r.waiting("support"))
		}
		mended.Store(true)
		r.until("everything has arrived", 20*time.Minute, func() bool { return r.waiting("support") == 0 })
		if b := r.breaker("support"); b.Open || b.Attention {
			t.Errorf("in the end the breaker is %+v", b)
		}
	})
}

type refusedLoginError struct{}

func (refusedLoginError) Error() string     { return "status 401" }
func (refusedLoginError) NeedsPerson() bool { return true }
