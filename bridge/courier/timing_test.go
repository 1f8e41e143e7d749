package courier

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// timetable is a journal that notes when it is asked for what is due, and has so many the next time.
type timetable struct {
	bridge.Journal
	mu     sync.Mutex
	now    bridge.Now
	atOnce bool            // everything goes at once
	asked  []time.Duration // since the start
	has    []int
	began  time.Time
}

func (t *timetable) Due(_ context.Context, o bridge.Outlet, due func(l *bridge.Later) bool) (n int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = append(t.asked, time.Since(t.began))
	if o.Direction != bridge.Inbound || due(&bridge.Later{By: "daily", Since: t.now()}) != t.atOnce {
		return 0, errors.New("what came just now is due, or what of another outlet is asked for")
	}
	if len(t.has) > 0 {
		n, t.has = t.has[0], t.has[1:]
	}
	return n, nil
}

// clocked runs a test of the clock of one outlet, from ten o'clock, with the tick at eleven.
func clocked(t *testing.T, timing string, test func(t *testing.T, o *outlet, journal *timetable, set func(ahead time.Duration))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(10 * time.Hour) // a bubble begins at midnight
		when, err := bridge.ParseTiming(timing)
		if err != nil {
			t.Fatal(err)
		}
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		journal := &timetable{now: now, began: time.Now(), atOnce: when.RealTime()}
		c := &Courier{d: Deps{Journal: journal, Now: now}}
		o := &outlet{Outlet: bridge.Outlet{Project: "p", Direction: bridge.Inbound}, late: make(chan struct{}, 1), project: &rule.Project{
			Transfers: []*rule.Transfer{
				{Transfer: bridge.Transfer{ID: "daily", Direction: bridge.Both, InboundTiming: when}}, {Transfer: bridge.Transfer{ID: "other", Direction: bridge.Both}},
				{Transfer: bridge.Transfer{ID: "never", Direction: bridge.Both, InboundTiming: bridge.Timing{Never: true}}},
				{Transfer: bridge.Transfer{ID: "out", Direction: bridge.Outbound, InboundTiming: bridge.Timing{Every: time.Minute}}},
			},
		}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.tick(ctx, o) }()
		synctest.Wait()
		test(t, o, journal, func(d time.Duration) { ahead.Store(int64(d)) })
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the clock ended with %v", err)
		}
	})
}

func (t *timetable) was(test *testing.T, want ...time.Duration) {
	test.Helper()
	synctest.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	if diff := cmp.Diff(want, t.asked); diff != "" {
		test.Errorf("asked at other times than wanted (-want +got):\n%s", diff)
	}
}

func TestTick_AsksAtItsTicksAndNeverInBetween(t *testing.T) {
	clocked(t, "daily 11:00 UTC", func(t *testing.T, _ *outlet, journal *timetable, _ func(time.Duration)) {
		journal.was(t, 0)
		time.Sleep(59 * time.Minute)
		journal.was(t, 0)
		journal.mu.Lock()
		journal.has = []int{3, 2} // what came to something on its way stays
		journal.mu.Unlock()
		time.Sleep(20 * time.Hour)
		journal.was(t, 0, time.Hour, time.Hour, time.Hour)
	})
	clocked(t, "real-time", func(t *testing.T, _ *outlet, journal *timetable, _ func(time.Duration)) {
		time.Sleep(48 * time.Hour)
		journal.was(t, 0) // what waited by another timing
	})
}

func TestTick_AsksWhenTheClockWasSet_P16(t *testing.T) {
	clocked(t, "daily 11:00 UTC", func(t *testing.T, _ *outlet, journal *timetable, set func(time.Duration)) {
		time.Sleep(10*time.Minute + time.Second)
		set(2 * time.Hour) // over the tick
		time.Sleep(2 * time.Minute)
		journal.was(t, 0, 11*time.Minute)
		set(0)
		time.Sleep(2 * time.Minute)
		journal.was(t, 0, 11*time.Minute, 13*time.Minute)
		time.Sleep(time.Hour)
		journal.was(t, 0, 11*time.Minute, 13*time.Minute, time.Hour)
	})
}

func TestTick_MissesNothingThatWasSetAsideWhileItPassed(t *testing.T) {
	clocked(t, "daily 11:00 UTC", func(t *testing.T, o *outlet, journal *timetable, _ func(time.Duration)) {
		c := &Courier{d: Deps{Now: journal.now}}
		aside := func(by bridge.TransferID) *trip {
			return &trip{c: c, o: o, effects: bridge.Effects{Later: []bridge.Later{{By: by, Since: c.d.Now()}}}}
		}
		early := aside("daily")
		early.missed()
		journal.was(t, 0)
		time.Sleep(59*time.Minute + 59*time.Second)
		held := aside("daily")
		time.Sleep(3 * time.Second)
		journal.was(t, 0, time.Hour)
		aside("daily").missed()
		journal.was(t, 0, time.Hour)
		held.missed()
		journal.was(t, 0, time.Hour, time.Hour+2*time.Second)
	})
}

func TestOutlet_TakesWhatCameWhileTheClockWasAheadForWhatCameBeforeItWasLookedAt_P16(t *testing.T) {
	when, err := bridge.ParseTiming("daily 11:00 UTC")
	if err != nil {
		t.Fatal(err)
	}
	o := &outlet{Outlet: bridge.Outlet{Direction: bridge.Inbound}, project: &rule.Project{Transfers: []*rule.Transfer{
		{Transfer: bridge.Transfer{ID: "daily", InboundTiming: when}}, {Transfer: bridge.Transfer{ID: "now"}}, {Transfer: bridge.Transfer{ID: "never", InboundTiming: bridge.Timing{Never: true}}},
	}}}
	at := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		at, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, c := range map[string]struct {
		by               bridge.TransferID
		since, last, now string
		want             bool
	}{
		"before the tick":                      {"daily", "2026-11-22 10:00", "2026-11-22 10:58", "2026-11-22 10:59", false},
		"at the tick":                          {"daily", "2026-11-22 10:00", "2026-11-22 10:59", "2026-11-22 11:00", true},
		"came at the last tick":                {"daily", "2026-11-22 11:00", "2026-11-22 11:00", "2026-11-23 10:59", false},
		"a tick was slept through":             {"daily", "2026-11-22 10:00", "", "2026-11-24 09:00", true},
		"came ahead, no tick since":            {"daily", "2099-01-01 10:00", "2026-11-22 10:58", "2026-11-22 10:59", false},
		"came ahead, at a tick":                {"daily", "2099-01-01 10:00", "2026-11-22 10:59", "2026-11-22 11:00", true},
		"came ahead, just after a start":       {"daily", "2099-01-01 10:00", "", "2026-11-22 11:00", false},
		"came ahead, as the clock is put back": {"daily", "2099-01-01 10:00", "2099-01-01 12:00", "2026-11-22 11:00", false},
		"goes at once by now":                  {"now", "2026-11-22 10:00", "", "2026-11-22 10:00", true},
		"never goes by now":                    {"never", "2026-11-22 10:00", "", "2026-11-22 10:00", true},
		"is nobody's by now":                   {"gone", "2026-11-22 10:00", "", "2026-11-22 10:00", true},
		"came ahead, goes at once by now":      {"now", "2099-01-01 10:00", "", "2026-11-22 10:00", true},
	} {
		if got := o.due(&bridge.Later{By: c.by, Since: at(c.since)}, at(c.last), at(c.now)); got != c.want {
			t.Errorf("%s: due %v, want %v", name, got, c.want)
		}
	}
}
