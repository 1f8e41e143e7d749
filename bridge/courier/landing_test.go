package courier

import (
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func TestTrip_TellsOfAWriteThatMayHaveComeBetweenWhatALateStreamIsYetToTell(t *testing.T) {
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Transfers: []bridge.Transfer{{
		ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Fields: []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	text := bridge.TextValue
	write := bridge.Unconfirmed{Project: "p", Record: "003", Field: "LastName", Value: text("ours"), Before: text("before"), Delivery: "d"}
	for name, c := range map[string]struct {
		now, told, passed bridge.Value
		want              int
	}{
		"the stream is behind":                           {text("theirs"), text("before"), bridge.Value{}, 1},
		"the stream told nothing":                        {text("theirs"), bridge.Value{}, bridge.Value{}, 1},
		"the stream told what stands and nothing before": {text("theirs"), text("theirs"), bridge.Value{}, 0},
		"the stream told of another before what stands":  {text("theirs"), text("theirs"), text("another"), 1},
		"the stream told of another":                     {text("before"), text("another"), bridge.Value{}, 1},
		"nobody wrote":                                   {text("before"), text("before"), bridge.Value{}, 0},
		"it is there":                                    {text("ours"), text("before"), bridge.Value{}, 0},
	} {
		trip := &trip{
			c: &Courier{d: Deps{Rules: set, Now: time.Now, Ledger: wordbook{}}, watch: newWatch(wordbook{}, set, time.Minute)}, o: &outlet{project: set.Project("p")},
			w: bridge.Work{Deliveries: []bridge.Delivery{{ID: "e", Lane: bridge.Lane{Project: "p"}}}},
		}
		row := bridge.Row{Record: "003", Object: "Contact", Values: bridge.Fields{"LastName": c.now}}
		if c.told.Known() {
			row.Behind = bridge.Fields{"LastName": c.told}
		}
		if c.passed.Known() {
			row.Passed = bridge.Fields{"LastName": c.passed}
		}
		if err := trip.withdraw(t.Context(), set.Project("p").Transfers[0], row, []bridge.Unconfirmed{write}); err != nil {
			t.Fatal(err)
		}
		if got := len(trip.effects.Story); got != c.want {
			t.Errorf("%s: told %d lines, want %d", name, got, c.want)
		}
	}
}
