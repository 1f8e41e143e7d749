package main

import (
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge"
)

// TestIntake_CarriesAnEventOnceThatComesAgainAfterHalfOfItWasDurable is about an event of more records than one step holds: the position is in the last
// step, so that a crash between two brings all of it again. What was durable by then is found equal, and nothing else need be stored with the position.
func TestIntake_CarriesAnEventOnceThatComesAgainAfterHalfOfItWasDurable(t *testing.T) {
	onRig(t, []bridge.ProjectID{"support"}, func(t *testing.T, r *rig) {
		const people, half = 300, 200 // a step holds 2,000 records; where it was cut does not matter
		for i := range people {
			r.change(i, "Tan")
		}
		platform := r.platforms["support"]
		r.until("everybody is on the platform", time.Hour, func() bool { _, taken := platform.seen(); return len(taken) == people })
		var all []bridge.RecordID
		for i := range people {
			all = append(all, bridge.RecordID(bridge.LongID(fmt.Sprintf("0035g%010d", i))))
		}
		merged := func(records []bridge.RecordID) bridge.Change {
			return bridge.Change{
				Org: rigOrg, Topic: "/data/ContactChangeEvent", Event: "merged", Object: "Contact", Type: bridge.Update, Records: records,
				Version: bridge.Version{At: time.Now().Truncate(time.Second), Commit: people + 1},
				Changed: []bridge.Field{"LastName"}, Values: bridge.Fields{"LastName": bridge.TextValue("Lim")},
			}
		}
		c := merged(all[:half])
		if err := r.intake.Stream("acme").Accept(t.Context(), []bridge.Change{c}, bridge.Position{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // some of it is carried
		r.stop()
		r.start()
		c.Records = all
		pos := bridge.Position{Org: rigOrg, Topic: c.Topic, Replay: []byte{7}, At: time.Now()}
		if err := r.intake.Stream("acme").Accept(t.Context(), []bridge.Change{c}, pos); err != nil {
			t.Fatal(err)
		}
		r.until("all of it is carried", time.Hour, func() bool { return r.waiting("support") == 0 })
		_, taken := platform.seen()
		times := map[string]int{}
		for _, s := range taken[people:] {
			if s.name != "Lim" {
				t.Fatalf("%+v", s)
			}
			times[s.email]++
		}
		for i := range people {
			if times[email(i)] != 1 {
				t.Fatalf("%s was told %d times", email(i), times[email(i)])
			}
		}
		if p, err := r.store.Position(t.Context(), rigOrg, c.Topic); err != nil || len(p.Replay) != 1 {
			t.Errorf("position %+v, %v", p, err)
		}
		if l := r.letters(); len(l) != 0 {
			t.Errorf("buried %+v", l)
		}
	})
}
