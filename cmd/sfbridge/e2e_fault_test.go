package main

import (
	"net/http"
	"testing"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// trials are what goes wrong at either end while people work, one after the other.
var trials = []struct {
	name  string
	begin func(x *ordeal)
	end   func(x *ordeal) // heals what ClearFaults and the zero Faults do not
}{
	{"nothing", func(*ordeal) {}, nil},
	{"webhooks come twice and out of order", func(x *ordeal) {
		x.sim.crm.SetFaults(respondiotest.Faults{Duplicate: 0.5, Reorder: 0.5})
	}, nil},
	{"the platform loses answers", func(x *ordeal) { x.sim.crm.SetFaults(respondiotest.Faults{Lose: 0.2}) }, nil},
	{"the platform is overloaded", func(x *ordeal) { x.sim.crm.SetFaults(respondiotest.Faults{Limited: true}) }, nil},
	{"the platform is down", func(x *ordeal) { x.sim.crm.SetFaults(respondiotest.Faults{Down: true}) }, nil},
	{"the platform is slow", func(x *ordeal) {
		x.sim.crm.SetFaults(respondiotest.Faults{Latency: 700 * time.Millisecond, Reorder: 0.3})
	}, nil},
	{"Salesforce loses answers", func(x *ordeal) {
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Share: 0.3, Seed: 5, Cut: fakeorg.CutAfter})
	}, nil},
	{"Salesforce cuts calls", func(x *ordeal) {
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Share: 0.3, Seed: 5, Cut: fakeorg.CutBefore})
	}, nil},
	{"rows are locked", func(x *ordeal) {
		x.fault(fakeorg.Fault{Object: "Contact", Share: 0.5, Seed: 6, Code: "UNABLE_TO_LOCK_ROW", Message: "unable to obtain exclusive access to this record"})
	}, nil},
	{"sessions end", func(x *ordeal) { x.sim.org.Revoke("") }, func(x *ordeal) { x.sim.org.Revoke("") }},
	{"Salesforce is in maintenance", func(x *ordeal) { x.sim.org.Maintain(true) }, func(x *ordeal) { x.sim.org.Maintain(false) }},
	{"Salesforce is slow", func(x *ordeal) {
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Delay: fakeorg.Duration(2 * time.Second)})
	}, nil},
	{"Salesforce fails", func(x *ordeal) {
		x.fault(fakeorg.Fault{Path: "/services/data", Method: http.MethodPatch, Share: 0.5, Seed: 3, Status: http.StatusInternalServerError})
	}, nil},
	{"the stream is silent", func(x *ordeal) { x.sim.org.Stall() }, func(x *ordeal) { x.sim.org.Unstall() }},
}

// TestBridge_EndsEqualWhenBothEndsEditTheSamePeople lets people edit each other's edits before, during and after every trial.
func TestBridge_EndsEqualWhenBothEndsEditTheSamePeople(t *testing.T) {
	for i, trial := range trials {
		t.Run(trial.name, func(t *testing.T) {
			t.Parallel()
			edits := crowdOf(t, 60)
			step := time.Minute / time.Duration(edits)
			undergo(t, simOptions{seed: uint64(i)}, nil, func(t *testing.T, x *ordeal) {
				x.clash(edits, step)
				trial.begin(x)
				x.clash(edits, step)
				x.heal()
				if trial.end != nil {
					trial.end(x)
				}
				x.clash(edits, step)
				x.agrees(trial.name)
			})
		})
	}
}

// TestBridge_EndsEqualWhenItIsRestartedUnderATrial stops the daemon while the trial lasts and people go on.
func TestBridge_EndsEqualWhenItIsRestartedUnderATrial(t *testing.T) {
	for i, trial := range trials {
		t.Run(trial.name, func(t *testing.T) {
			t.Parallel()
			edits := crowdOf(t, 40)
			step := 12 * time.Second / time.Duration(edits)
			undergo(t, simOptions{seed: uint64(100 + i)}, nil, func(t *testing.T, x *ordeal) {
				trial.begin(x)
				x.clash(edits, step)
				x.stop()
				x.clash(edits/2, step)
				x.heal()
				if trial.end != nil {
					trial.end(x)
				}
				x.start()
				x.clash(edits, step)
				x.agrees(trial.name)
			})
		})
	}
}
