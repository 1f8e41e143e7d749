package rule_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func TestCorrect_LetsNoStaleValueStand(t *testing.T) {
	at := func(sec int, commit int64) bridge.Version {
		return bridge.Version{At: time.Unix(int64(sec), 0), Commit: commit}
	}
	values := func(a, b string) bridge.Fields {
		return bridge.Fields{"A": bridge.TextValue(a), "B": bridge.TextValue(b)}
	}
	for name, c := range map[string]struct {
		known, read, want bridge.Row
		missed            bool
	}{
		"a record never heard of": {
			bridge.Row{}, bridge.Row{Version: at(5, 0), Values: values("1", "2")}, bridge.Row{Version: at(5, 0), Values: values("1", "2")}, true},
		"a newer row replaces": {
			bridge.Row{Version: at(4, 9), Values: bridge.Fields{"A": bridge.TextValue("0"), "C": bridge.TextValue("3")}},
			bridge.Row{Version: at(5, 0), Values: values("1", "2")}, bridge.Row{Version: at(5, 0), Values: values("1", "2")}, true},
		"an event of the same second makes what differs unknown": {
			bridge.Row{Version: at(5, 9), Values: values("0", "2")}, bridge.Row{Version: at(5, 0), Values: values("1", "2")},
			bridge.Row{Version: at(5, 9), Values: bridge.Fields{"B": bridge.TextValue("2")}, Forgotten: []bridge.Field{"A"}}, true},
		"a newer event too": {
			bridge.Row{Version: at(7, 9), Values: values("1", "new")}, bridge.Row{Version: at(5, 0), Values: values("1", "2")},
			bridge.Row{Version: at(7, 9), Values: bridge.Fields{"A": bridge.TextValue("1")}, Forgotten: []bridge.Field{"B"}}, true},
		"what is equal stays": {
			bridge.Row{Version: at(5, 9), Values: values("1", "2")}, bridge.Row{Version: at(5, 0), Values: values("1", "2")},
			bridge.Row{Version: at(5, 9), Values: values("1", "2")}, false},
		"a deletion that is newer": {
			bridge.Row{Version: at(4, 9), Values: values("1", "2")}, bridge.Row{Version: at(5, 0), Deleted: true}, bridge.Row{Version: at(5, 0), Deleted: true}, true},
		"a deletion that was undone since": {
			bridge.Row{Version: at(6, 9), Values: values("1", "2")}, bridge.Row{Version: at(5, 0), Deleted: true},
			bridge.Row{Version: at(6, 9), Values: values("1", "2")}, false},
		"a deletion and an event of one second": {
			bridge.Row{Version: at(5, 9), Values: values("1", "2")}, bridge.Row{Version: at(5, 0), Deleted: true},
			bridge.Row{Version: at(5, 9), Forgotten: []bridge.Field{bridge.AllFields}}, true},
		"a tombstone and an undelete that is newer": {
			bridge.Row{Version: at(4, 9), Deleted: true}, bridge.Row{Version: at(5, 0), Values: values("1", "2")},
			bridge.Row{Version: at(5, 0), Values: values("1", "2")}, true},
		"a tombstone that is newer": {
			bridge.Row{Version: at(6, 9), Deleted: true}, bridge.Row{Version: at(5, 0), Values: values("1", "2")}, bridge.Row{Version: at(6, 9), Deleted: true}, false},
		"a tombstone that stands": {
			bridge.Row{Version: at(4, 9), Deleted: true}, bridge.Row{Version: at(5, 0), Deleted: true}, bridge.Row{Version: at(5, 0), Deleted: true}, false},
	} {
		if d := cmp.Diff(c.want, rule.Correct(c.known, c.read)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if got := rule.Missed(c.known, c.read); got != c.missed {
			t.Errorf("%s: missed is %v", name, got)
		}
	}
}
