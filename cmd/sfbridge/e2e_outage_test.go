package main

import (
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
)

// shift lets the crowd work at both ends for a while: one edit each way in every step.
func (b *bench) shift(c *crowd, d, step time.Duration, ways ...bridge.Direction) {
	b.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(step) {
		for _, way := range ways {
			if _, err := c.work(way, true); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func (b *bench) equal(c *crowd, when string) {
	b.t.Helper()
	if all, lost := c.unequal(); len(all) > 0 || len(lost) > 0 {
		b.t.Errorf("%s: lost %v, %d fields differ, first %q", when, lost, len(all), all[:min(3, len(all))])
	}
	if len(c.behind) > 0 {
		b.t.Errorf("%s: %d values came after newer ones, first %s", when, len(c.behind), c.behind[0])
	}
	if all := c.twice(); len(all) > 0 {
		b.t.Errorf("%s: %d people are doubled, first %s", when, len(all), all[0])
	}
}

func TestBridge_EndsEqualAfterAnHourAnOutageAndARestart(t *testing.T) {
	t.Parallel()
	least := crowdOf(t, 500) // edits each way
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 1}, nil)
		defer b.close()
		c := newCrowd(b.sim, b.w.now, 1)
		b.crowd = c
		b.start()
		for range 20 {
			for _, way := range []bridge.Direction{bridge.Inbound, bridge.Outbound} {
				if err := c.join(way); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
		b.until("everybody is known at both ends", time.Minute, c.settled)
		c.meet()

		b.shift(c, time.Hour, 500*6*time.Second/time.Duration(least), bridge.Inbound, bridge.Outbound)
		b.until("the hour's edits have arrived", time.Minute, c.settled)
		b.equal(c, "after an hour")
		in, out := c.tally(bridge.Inbound).arrived, c.tally(bridge.Outbound).arrived
		t.Logf("an hour: %d changes inbound, %d outbound", in, out)
		if in < least || out < least {
			t.Fatalf("only %d and %d edits before the fault", in, out)
		}

		b.sim.crm.SetFaults(respondiotest.Faults{Refuse: true})
		requests := len(b.sim.crm.Requests())
		b.shift(c, 72*time.Hour, 10*time.Minute, bridge.Inbound)
		tries := len(b.sim.crm.Requests()) - requests
		if tries < 72*3 || tries > 72*60 {
			t.Errorf("%d calls in 72 hours of outage", tries)
		}
		waiting := len(c.waiting)
		if waiting < 30 {
			t.Fatalf("only %d edits wait for the platform", waiting)
		}
		b.sim.crm.SetFaults(respondiotest.Faults{})
		b.until("the outage's edits have arrived", 20*time.Minute, c.settled)
		b.equal(c, "after 72 hours of outage")

		b.stop()
		b.shift(c, 2*time.Minute, 10*time.Second, bridge.Inbound, bridge.Outbound) // the platform repeats a webhook for some minutes
		b.start()
		b.shift(c, 10*time.Minute, 5*time.Second, bridge.Inbound, bridge.Outbound)
		b.until("everything has arrived after a restart", 10*time.Minute, c.settled)
		b.equal(c, "after a restart")
		inAfter, outAfter := c.tally(bridge.Inbound).arrived, c.tally(bridge.Outbound).arrived
		if inAfter < in+100 || outAfter < out+50 {
			t.Errorf("only %d and %d edits after the faults", inAfter-in, outAfter-out)
		}
	})
}
