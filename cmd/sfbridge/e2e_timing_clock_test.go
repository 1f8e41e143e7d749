package main

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
)

// clocked runs a test of a bridge whose contacts go at a time by a clock that may be set.
func clocked(t *testing.T, inbound string, test func(b *bench, set func(ahead time.Duration))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{}, func(c *Config) { c.Projects["support"].Transfers[0].TimingInbound = inbound })
		defer b.close()
		var ahead atomic.Int64
		b.w.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		b.start()
		test(b, func(d time.Duration) { ahead.Store(int64(d)) })
	})
}

func TestBridge_WaitsForNoClockThatWasAheadForAWhile_P16(t *testing.T) {
	t.Parallel()
	clocked(t, "daily 02:00 UTC", func(b *bench, set func(time.Duration)) {
		b.at(0, 20)
		b.person("mei@example.com")
		b.at(0, 25)
		b.waits(bridge.Inbound, 1)
		set(99 * 365 * 24 * time.Hour)
		b.until("what waits goes when the clock says so", 2*time.Minute, func() bool { return b.byEmail("mei@example.com") != nil })
		b.at(0, 30)
		b.person("ann@example.com")
		time.Sleep(time.Minute)
		if o := b.shadowed(bridge.Inbound); *o.Timed != 1 {
			t.Errorf("%d wait for their time", *o.Timed)
		}
		set(0)
		b.at(1, 59)
		if n := len(b.sim.crm.Contacts()); n != 1 {
			t.Errorf("%d contacts ahead of the hour", n)
		}
		b.at(2, 1)
		if b.byEmail("ann@example.com") == nil {
			b.explain()
			t.Error("who came while the clock was ahead waits for that year")
		}
	})
}

func TestBridge_CarriesByWhateverTheClockSaysAndNothingTwice_P16(t *testing.T) {
	t.Parallel()
	clocked(t, "daily 02:00 UTC", func(b *bench, set func(time.Duration)) {
		b.at(1, 58)
		mei := b.person("mei@example.com")
		b.at(2, 1)
		if b.byEmail("mei@example.com") == nil {
			t.Fatal("she was not sent at the hour")
		}
		time.Sleep(time.Minute)
		n := b.messages()
		set(-time.Hour) // 01:02 by the clock
		b.change(mei, map[string]any{"LastName": "Lim"})
		b.at(2, 55)
		if b.messages() != n {
			t.Error("sent ahead of the hour")
		}
		b.waits(bridge.Inbound, 1)
		set(-24 * time.Hour)
		b.at(3, 1)
		if b.messages() != n {
			t.Error("sent ahead of the hour")
		}
		set(0) // over the hour
		b.at(3, 3)
		if c := b.byEmail("mei@example.com"); c.Get("lastName") != "Lim" || b.messages() != n+1 {
			b.explain()
			t.Errorf("after the hour %v, %d messages", c, b.messages()-n)
		}
	})
}
