package rule_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func at(sec int, commit int64) bridge.Version {
	return bridge.Version{At: time.Date(2026, 11, 21, 10, 0, sec, 0, time.UTC), Commit: commit, Sequence: 1}
}

func TestFold_AppliesEachTypeAndSkipsWhatIsOlder(t *testing.T) {
	known := bridge.Row{Version: at(10, 100), Values: bridge.Fields{"A": text("1"), "B": text("2")}}
	for _, c := range []struct {
		name   string
		change bridge.Change
		want   bridge.Fields
		gone   bool
	}{
		{"update", bridge.Change{Type: bridge.Update, Version: at(11, 101), Changed: []bridge.Field{"A"}, Values: bridge.Fields{"A": text("3")}}, bridge.Fields{"A": text("3"), "B": text("2")}, false},
		{"cleared", bridge.Change{Type: bridge.Update, Version: at(11, 101), Changed: []bridge.Field{"A"}, Values: bridge.Fields{"A": bridge.NullValue()}}, bridge.Fields{"A": bridge.NullValue(), "B": text("2")}, false},
		{"context is no change", bridge.Change{Type: bridge.Update, Version: at(11, 101), Values: bridge.Fields{"A": text("9")}}, bridge.Fields{"A": text("1"), "B": text("2")}, false},
		{"to be read again", bridge.Change{Type: bridge.Update, Version: at(11, 101), Reread: []bridge.Field{"A"}}, bridge.Fields{"B": text("2")}, false},
		{"older", bridge.Change{Type: bridge.Update, Version: at(10, 99), Changed: []bridge.Field{"A"}, Values: bridge.Fields{"A": text("0")}}, bridge.Fields{"A": text("1"), "B": text("2")}, false},
		{"equal, and otherwise than what may have been read since", bridge.Change{Type: bridge.Update, Version: at(10, 100), Changed: []bridge.Field{"A", "B"}, Values: bridge.Fields{"A": text("4"), "B": text("2")}}, bridge.Fields{"B": text("2")}, false},
		{"equal, and of what nobody knew", bridge.Change{Type: bridge.Update, Version: at(10, 100), Changed: []bridge.Field{"C"}, Values: bridge.Fields{"C": text("5")}}, bridge.Fields{"A": text("1"), "B": text("2"), "C": text("5")}, false},
		{"delete", bridge.Change{Type: bridge.Delete, Version: at(11, 101)}, nil, true},
		{"gap", bridge.Change{Type: bridge.GapUpdate, Version: at(11, 101)}, nil, false},
		{"unknown symbol", bridge.Change{Type: "SHRUG", Version: at(11, 101)}, nil, false},
	} {
		got := rule.Fold(known, &c.change)
		if d := cmp.Diff(c.want, got.Values); d != "" || got.Deleted != c.gone {
			t.Errorf("%s: deleted %v (-want +got):\n%s", c.name, got.Deleted, d)
		}
	}
	if known.Values["A"] != text("1") {
		t.Error("Fold changed the row it was given")
	}
}

func TestMerge_FillsTheUnknownAndYieldsToNewerEvents(t *testing.T) {
	known := bridge.Row{Version: at(10, 100), Values: bridge.Fields{"A": text("event")}}
	read := bridge.Row{Version: bridge.Version{At: at(10, 0).At}, Values: bridge.Fields{"A": text("rest"), "B": text("rest")}}
	got := rule.Merge(known, read)
	if d := cmp.Diff(bridge.Fields{"A": text("event"), "B": text("rest")}, got.Values); d != "" {
		t.Errorf("same second (-want +got):\n%s", d)
	}
	read.Version.At = at(12, 0).At
	if got := rule.Merge(known, read); got.Values["A"] != text("rest") {
		t.Errorf("a newer row did not replace: %v", got.Values)
	}
	delete(read.Values, "A") // told by an event of before, which is yet to come: it would pass for older than the row
	if got := rule.Merge(known, read); got.Values["A"].Known() {
		t.Errorf("what a newer row does not tell is still taken for known: %v", got.Values)
	}
}

// An edit of the second in which the last event was made is read before its own event comes, and the stream brings that last event again: what it says is
// older than what was read.
func TestFold_TakesNoEventThatComesAgainForNewerThanWhatWasRead(t *testing.T) {
	first := bridge.Change{Type: bridge.Update, Version: at(10, 100), Changed: []bridge.Field{"A"}, Values: bridge.Fields{"A": text("first")}}
	read := bridge.Row{Version: bridge.Version{At: at(10, 0).At}, Values: bridge.Fields{"A": text("second")}}
	for name, fold := range map[string]func(bridge.Row, *bridge.Change) bridge.Row{"a row": rule.Fold, "a row of two halves": rule.FoldHalf} {
		row := rule.Merge(rule.Correct(fold(bridge.Row{}, &first), read), read)
		if row.Values["A"] != text("second") {
			t.Fatalf("%s: it was read, and says %v", name, row.Values)
		}
		if row = fold(row, &first); row.Values["A"].Known() {
			t.Errorf("%s: the first event came again, and it says %v", name, row.Values)
		}
		second := bridge.Change{Type: bridge.Update, Version: at(10, 101), Changed: []bridge.Field{"A"}, Values: bridge.Fields{"A": text("second")}}
		if row = fold(row, &second); row.Values["A"].Known() {
			t.Errorf("%s: nobody can say whether what was read is newer than the second event, and it says %v", name, row.Values)
		}
		row = rule.Merge(row, read)
		if row = fold(row, &second); row.Values["A"] != text("second") {
			t.Errorf("%s: it was read again, and says %v", name, row.Values)
		}
		third := bridge.Change{Type: bridge.Update, Version: at(11, 102), Changed: []bridge.Field{"A"}, Values: bridge.Fields{"A": text("third")}}
		if row = fold(row, &third); row.Values["A"] != text("third") {
			t.Errorf("%s: an event of the next second came, and it says %v", name, row.Values)
		}
	}
}

// What was read beside an event of the same second is as old as it was read until the stream is past that second, field by field.
func TestFold_KeepsApartWhatWasReadInTheSecondOfTheLatestEvent(t *testing.T) {
	update := func(second, commit int, f bridge.Field, value string) *bridge.Change {
		return &bridge.Change{Type: bridge.Update, Version: at(second, int64(commit)), Changed: []bridge.Field{f}, Values: bridge.Fields{f: text(value)}}
	}
	read := func(second int, b string) bridge.Row {
		return bridge.Row{Version: bridge.Version{At: at(second, 0).At}, Values: bridge.Fields{"A": text("read"), "B": text(b)}}
	}
	known := rule.Fold(bridge.Row{}, update(10, 100, "A", "told"))
	row := rule.Merge(known, read(10, "first"))
	if row.Values["A"] != text("told") || row.Values["B"] != text("first") || row.Version != known.Version {
		t.Fatalf("it was read in the second of an event, and says %v of %v", row.Values, row.Version)
	}
	if row = rule.Merge(row, read(10, "second")); row.Values["B"] != text("second") {
		t.Errorf("read once more in that second, it says %v", row.Values)
	}
	if got := rule.Merge(row, read(9, "older")); got.Values["B"] != text("second") {
		t.Errorf("read as of the second before, it says %v", got.Values)
	}
	told := rule.Fold(row, update(10, 101, "A", "later"))
	if told.Values["A"] != text("later") || told.Values["B"] != text("second") || told.Since == nil {
		t.Errorf("an event of that second told of another field, and it says %v", told)
	}
	if told = rule.Fold(told, update(10, 102, "B", "older")); told.Values["B"].Known() {
		t.Errorf("an event of that second says otherwise, and it says %v", told.Values)
	}
	if told = rule.Fold(told, update(11, 103, "B", "newer")); told.Values["B"] != text("newer") || told.Since != nil {
		t.Errorf("the stream is past that second, and it says %v", told)
	}
	row.Since["B"] = bridge.Version{At: at(20, 0).At} // the mirror keeps what is newer than its row so
	if told = rule.Fold(row, update(12, 104, "B", "older")); told.Values["B"] != text("second") {
		t.Errorf("what was read ahead gave way to an older event: %v", told)
	}
	if got := rule.Merge(told, read(12, "older")); got.Values["B"] != text("second") {
		t.Errorf("what was read ahead gave way to an older reading: %v", got)
	}
	for _, kind := range []bridge.ChangeType{bridge.Create, bridge.GapUpdate, bridge.Delete} {
		if got := rule.Fold(told, &bridge.Change{Type: kind, Version: at(13, 105)}); got.Since != nil {
			t.Errorf("%s: %v", kind, got)
		}
	}
}

// Who reads a record knows of nothing newer, whatever the stream has told of that second.
func TestSee_TakesWhatWasReadAfterTheLatestEvent(t *testing.T) {
	update := func(commit int64, value string) *bridge.Change {
		return &bridge.Change{Type: bridge.Update, Version: at(10, commit), Changed: []bridge.Field{"A"}, Values: bridge.Fields{"A": text(value)}}
	}
	read := bridge.Row{Version: bridge.Version{At: at(10, 0).At}, Values: bridge.Fields{"A": text("read")}}
	known := rule.Fold(bridge.Row{}, update(100, "told"))
	if row := rule.See(known, read); row.Values["A"] != text("read") || rule.Fold(row, update(101, "older")).Values["A"].Known() {
		t.Errorf("%v, and after another event of that second %v", row, rule.Fold(row, update(101, "older")))
	}
	if row := rule.See(rule.Fold(bridge.Row{}, update(100, "read")), read); rule.Fold(row, update(101, "later")).Values["A"] != text("later") {
		t.Errorf("what was read agrees with the latest event, and the next one left %v", rule.Fold(row, update(101, "later")))
	}
	known.Since = map[bridge.Field]bridge.Version{"A": at(11, 102)}
	if row := rule.See(known, read); row.Values["A"] != text("told") {
		t.Errorf("the other half told of a later second, and it says %v", row)
	}
}

// A person account that got another owner says nothing of him by the name of the one before.
func TestFoldHalf_ForgetsWhatWasReadOfAnotherParent(t *testing.T) {
	row := bridge.Row{Version: at(10, 100), Values: bridge.Fields{"OwnerId": text("005A"), "Owner.Name": text("Ann"), "Parent__r.Name": text("kept")}}
	for name, c := range map[string]bridge.Change{
		"told":   {Type: bridge.Update, Version: at(11, 101), Changed: []bridge.Field{"OwnerId"}, Values: bridge.Fields{"OwnerId": text("005B")}},
		"hidden": {Type: bridge.Update, Version: at(11, 101), Changed: []bridge.Field{"OwnerId"}, Reread: []bridge.Field{"OwnerId"}},
		"same":   {Type: bridge.Update, Version: at(11, 101), Changed: []bridge.Field{"OwnerId"}, Values: bridge.Fields{"OwnerId": text("005A")}},
		"late":   {Type: bridge.Update, Version: at(9, 99), Changed: []bridge.Field{"OwnerId"}, Values: bridge.Fields{"OwnerId": text("005C")}},
	} {
		got := rule.FoldHalf(row, &c)
		if want := name == "same" || name == "late"; got.Values["Owner.Name"].Known() != want || got.Values["Parent__r.Name"] != text("kept") {
			t.Errorf("%s: %v", name, got.Values)
		}
	}
}

// A record is read in the second of several edits before the stream tells of them: none of their events puts an older value back, whichever the mirror knew
// already, and what they leave open is unknown.
func TestFold_TakesNoEventOfASecondForNewerThanWhatWasReadInIt(t *testing.T) {
	event := func(kind bridge.ChangeType, second, commit int, value string) *bridge.Change {
		return &bridge.Change{Type: kind, Version: at(second, int64(commit)), Changed: []bridge.Field{"A"}, Values: bridge.Fields{"A": text(value)}}
	}
	read := bridge.Row{Version: bridge.Version{At: at(10, 0).At}, Values: bridge.Fields{"A": text("newest"), "B": text("newest")}}
	hidden := event(bridge.Update, 10, 101, "")
	hidden.Values, hidden.Reread = nil, []bridge.Field{"A"}
	for name, fold := range map[string]func(bridge.Row, *bridge.Change) bridge.Row{"a row": rule.Fold, "a row of two halves": rule.FoldHalf} {
		for _, c := range []struct {
			is     string
			known  bridge.Row
			events []*bridge.Change
			want   bridge.Value
		}{
			{"nothing was known", bridge.Row{}, []*bridge.Change{event(bridge.Update, 10, 101, "older"), event(bridge.Update, 10, 102, "old")}, bridge.Value{}},
			{"it was created in that second", bridge.Row{}, []*bridge.Change{event(bridge.Create, 10, 101, "older")}, bridge.Value{}},
			{"the event agrees", bridge.Row{}, []*bridge.Change{event(bridge.Update, 10, 103, "newest")}, text("newest")},
			{"the event does not say what it changed", bridge.Row{}, []*bridge.Change{hidden}, bridge.Value{}},
			{"an event of it was known, and another field", fold(bridge.Row{}, &bridge.Change{Type: bridge.Update, Version: at(10, 100), Changed: []bridge.Field{"C"},
				Values: bridge.Fields{"C": text("told")}}), []*bridge.Change{event(bridge.Update, 10, 101, "older")}, bridge.Value{}},
			{"the record ended", bridge.Row{}, []*bridge.Change{{Type: bridge.Delete, Version: at(10, 104)}}, bridge.Value{}},
			{"it is told of a later second", bridge.Row{}, []*bridge.Change{event(bridge.Update, 10, 101, "older"), event(bridge.Update, 11, 105, "later")}, text("later")},
		} {
			row := rule.Merge(c.known, read)
			for _, e := range c.events {
				row = fold(row, e)
			}
			if told := fold(rule.Merge(c.known, read), &bridge.Change{Type: bridge.Update, Version: at(10, 106), Changed: []bridge.Field{"D"},
				Values: bridge.Fields{"D": text("told")}}); told.Values["D"] != text("told") || told.Values["A"] != text("newest") {
				t.Errorf("%s, %s: what was not read is told, and it says %v", name, c.is, told.Values)
			}
			if row.Values["A"] != c.want || row.Deleted != (c.events[0].Type == bridge.Delete) {
				t.Errorf("%s, %s: %v, deleted %t, want %v", name, c.is, row.Values, row.Deleted, c.want)
			}
		}
	}
}
