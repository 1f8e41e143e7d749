package rule_test

import (
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// The next tick is the earliest of those that go that way at a time of their own.
func TestProject_TicksWithTheFirstOfItsTransfers(t *testing.T) {
	transfer := func(id bridge.TransferID, way bridge.Direction, every time.Duration, never bool) bridge.Transfer {
		timing := bridge.Timing{Every: every, Never: never}
		return bridge.Transfer{
			ID: id, Object: "Contact", Kind: bridge.ContactTouched, Direction: way, InboundTiming: timing, OutboundTiming: timing,
			Fields: []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}},
		}
	}
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Transfers: []bridge.Transfer{
		transfer("hourly", bridge.Both, time.Hour, false), transfer("often", bridge.Inbound, 20*time.Minute, false),
		transfer("seldom", bridge.Both, 2*time.Hour, false), transfer("never", bridge.Both, 0, true), transfer("at once", bridge.Both, 0, false),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for way, want := range map[bridge.Direction]time.Duration{bridge.Inbound: 20 * time.Minute, bridge.Outbound: time.Hour} {
		if got := set.Project("p").NextTick(way, noon); !got.Equal(noon.Add(want)) {
			t.Errorf("%s at %v, want %v after noon", way, got, want)
		}
	}
}
