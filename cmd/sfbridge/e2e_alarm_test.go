package main

import (
	"strings"
	"testing"
	"time"

	"sfbridge/pubsub/fakeorg"
)

// TestBridge_ShowsADeadStreamWithinAMinute holds the time from a fault to its alarm.
func TestBridge_ShowsADeadStreamWithinAMinute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  func(x *ordeal)
		alarm  string
		state  string
		within time.Duration
	}{
		"no service": {func(x *ordeal) { x.sim.org.StreamFault("service.unavailable", 1_000) }, "topic-troubled", "connecting", time.Minute},
		"a connection that breaks": {func(x *ordeal) {
			x.sim.org.CloseStreams(14, "gone")
			x.sim.org.StreamFault("subscription.internal.error", 1_000)
		}, "topic-troubled", "connecting", time.Minute},
		"a refused session": {func(x *ordeal) { x.sim.org.StreamFault("service.auth.error", 1_000) }, "auth-lost", "auth-failed", time.Minute},
		"a right that is gone": {func(x *ordeal) {
			x.sim.org.HideFrom("Contact")
			x.sim.org.CloseStreams(0, "")
		}, "topic-stopped", "stopped-needs-admin", time.Minute},
		"deliveries used up": {func(x *ordeal) {
			x.sim.org.Allocation(1)
			x.sim.org.CloseStreams(14, "")
		}, "events-used-up", "paused-limit", time.Minute},
		"silence": {func(x *ordeal) { x.sim.org.Stall() }, "topic-troubled", "stalled", 150*time.Second + time.Minute},
		"no schema": {func(x *ordeal) {
			if err := x.sim.org.AddField("Contact", fakeorg.FieldSeed{Name: "Late__c", Type: "string", Length: 9}, "Title"); err != nil {
				x.t.Fatal(err)
			}
			x.sim.org.FailSchemas(1_000)
			x.edit(x.c.people[0].record, map[string]any{"Title": "Head"})
		}, "topic-troubled", "live", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undergo(t, simOptions{seed: 75}, nil, func(t *testing.T, x *ordeal) {
				x.filled("the first run")
				if a := alarms(x.app.snapshot(t.Context())); a != "" {
					t.Fatalf("alarms before the fault: %s", a)
				}
				c.fault(x)
				began := time.Now()
				for !strings.Contains(alarms(x.app.snapshot(t.Context())), c.alarm) {
					if time.Sleep(time.Second); time.Since(began) > c.within {
						t.Fatalf("no alarm %s within %v, but %q", c.alarm, c.within, alarms(x.app.snapshot(t.Context())))
					}
				}
				if st := x.app.snapshot(t.Context()).Topics[0]; st.State != c.state {
					t.Errorf("state %s, want %s", st.State, c.state)
				}
				x.sim.org.HealStreams()
				x.sim.org.ShowTo("Contact")
				x.sim.org.Allocation(0)
				// a stream whose deliveries are used up is tried again within the hour
				x.until("the alarm is over", time.Hour+5*time.Minute, func() bool { return alarms(x.app.snapshot(t.Context())) == "" })
				x.clash(5, time.Second)
				x.agrees("after the alarm")
			})
		})
	}
}
