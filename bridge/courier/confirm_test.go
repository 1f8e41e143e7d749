package courier

import (
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// confirming are the rules of projects that carry last names both ways.
func confirming(t *testing.T, projects ...bridge.ProjectID) *rule.Set {
	t.Helper()
	var all []bridge.Project
	for _, p := range projects {
		all = append(all, bridge.Project{ID: p, Org: "acme", Transfers: []bridge.Transfer{{
			ID: "contacts", Object: "Contact", Direction: bridge.Both, Identity: []bridge.Pair{{Salesforce: "Email", Platform: "email"}},
			Fields: []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}},
		}}})
	}
	rules, err := rule.Compile(all)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// awaiting is a fold for which one write of a last name is to be told.
func awaiting(rules *rule.Set, key rowKey) (*bridge.Row, *fold) {
	text := bridge.TextValue
	row := &bridge.Row{Org: key.org, Object: key.object, Record: key.record, Version: bridge.Version{At: time.Unix(1, 0), Commit: 1}, Values: bridge.Fields{"LastName": text("before")}}
	return row, &fold{
		c: &Courier{d: Deps{Rules: rules, Now: time.Now}}, rows: map[rowKey]*bridge.Row{key: row}, told: map[clash]bool{},
		open: map[rowKey][]bridge.Unconfirmed{key: {{Org: key.org, Project: "p", Record: "r", Field: "LastName", Value: text("ours"), Before: text("before"), Delivery: "d"}}},
	}
}

// A write of ours came over an edit in Salesforce that nobody knew of. The stream tells both later: the edit first, then the write. Whether the record was
// read before that, in between or not at all, the story has one line of it.
func TestConfirm_TellsOfTheEditThatAWriteCameOver(t *testing.T) {
	rules := confirming(t, "p")
	const rigOrg = bridge.OrgID("00D000000000001EAA")
	text := bridge.TextValue
	at := func(s int) bridge.Version { return bridge.Version{At: time.Unix(int64(s), 0), Commit: int64(s)} }
	read := func(s int) bridge.Version { return bridge.Version{At: time.Unix(int64(s), 0)} }
	said := func(s int, name string) *bridge.Change {
		return &bridge.Change{Org: rigOrg, Object: "Contact", Records: []bridge.RecordID{"r"}, Type: bridge.Update, Version: at(s),
			Values: bridge.Fields{"LastName": text(name)}, Changed: []bridge.Field{"LastName"}, Origin: bridge.Origin{Ours: name == "ours"}}
	}
	key := rowKey{rigOrg, "Contact", "r"}
	for _, c := range []struct {
		name  string
		row   bridge.Row // as the mirror has it
		told  []*bridge.Change
		lines int
	}{
		{"nobody edited", bridge.Row{Version: at(1), Values: bridge.Fields{"LastName": text("before")}}, []*bridge.Change{said(9, "ours")}, 0},
		{"the record was not read", bridge.Row{Version: at(1), Values: bridge.Fields{"LastName": text("before")}}, []*bridge.Change{said(5, "theirs"), said(9, "ours")}, 1},
		{"it was read before the write", bridge.Row{Version: read(7), Values: bridge.Fields{"LastName": text("theirs")}}, []*bridge.Change{said(5, "theirs"), said(9, "ours")}, 1},
		{"it was read after the write", bridge.Row{Version: read(10), Values: bridge.Fields{"LastName": text("ours")}}, []*bridge.Change{said(5, "theirs"), said(9, "ours")}, 1},
		{"it was read after the write, and nobody edited", bridge.Row{Version: read(10), Values: bridge.Fields{"LastName": text("ours")}}, []*bridge.Change{said(5, "before"), said(9, "ours")}, 0},
		{"it was read after somebody edited before and once more", bridge.Row{Version: read(12), Values: bridge.Fields{"LastName": text("newest")}}, []*bridge.Change{said(5, "theirs"), said(9, "ours"), said(11, "newest")}, 1},
		{"it was read after somebody took his edit back and edited once more", bridge.Row{Version: read(12), Values: bridge.Fields{"LastName": text("newest")}}, []*bridge.Change{said(5, "theirs"), said(6, "before"), said(9, "ours"), said(11, "newest")}, 0},
		{"it was read after somebody edited once more", bridge.Row{Version: read(12), Values: bridge.Fields{"LastName": text("newest")}}, []*bridge.Change{said(9, "ours"), said(11, "newest")}, 0},
	} {
		row := c.row
		row.Org, row.Object, row.Record = key.org, key.object, key.record
		f := fold{
			c: &Courier{d: Deps{Rules: rules, Now: time.Now}}, rows: map[rowKey]*bridge.Row{key: &row}, told: map[clash]bool{},
			open: map[rowKey][]bridge.Unconfirmed{key: {{Org: key.org, Project: "p", Record: "r", Field: "LastName", Value: text("ours"), Before: text("before"), Delivery: "d"}}},
		}
		for _, change := range c.told {
			if err := f.entry(t.Context(), &bridge.Entry{Change: change}); err != nil {
				t.Fatal(err)
			}
		}
		if len(f.story) != c.lines || len(f.confirmed) != 1 {
			t.Errorf("%s: %d lines, want %d; %d confirmed", c.name, len(f.story), c.lines, len(f.confirmed))
		}
		if n := len(row.Behind); n > 0 {
			t.Errorf("%s: the write is told, and %d fields are kept in mind for it", c.name, n)
		}
	}
}

// Two projects bring the same value, and somebody edits in between: the first event is of the first project's write alone, and the edit that the second
// came over is told.
func TestConfirm_EndsTheWritesOfOneProjectByOneEvent(t *testing.T) {
	const org = bridge.OrgID("00D000000000001EAA")
	rules := confirming(t, "p", "q")
	text := bridge.TextValue
	key := rowKey{org, "Contact", "r"}
	row := bridge.Row{Org: org, Object: "Contact", Record: "r", Version: bridge.Version{At: time.Unix(1, 0), Commit: 1}, Values: bridge.Fields{"LastName": text("before")}}
	wrote := func(p bridge.ProjectID, d bridge.DeliveryID) bridge.Unconfirmed {
		return bridge.Unconfirmed{Org: org, Project: p, Record: "r", Field: "LastName", Value: text("ours"), Before: text("before"), Delivery: d}
	}
	f := fold{
		c: &Courier{d: Deps{Rules: rules, Now: time.Now}}, rows: map[rowKey]*bridge.Row{key: &row}, told: map[clash]bool{},
		open: map[rowKey][]bridge.Unconfirmed{key: {wrote("p", "first"), wrote("q", "second")}},
	}
	for i, name := range []string{"ours", "theirs", "ours"} {
		change := &bridge.Change{
			Org: org, Object: "Contact", Records: []bridge.RecordID{"r"}, Type: bridge.Update, Version: bridge.Version{At: time.Unix(int64(i+5), 0), Commit: int64(i + 5)},
			Values: bridge.Fields{"LastName": text(name)}, Changed: []bridge.Field{"LastName"},
		}
		if err := f.entry(t.Context(), &bridge.Entry{Change: change}); err != nil {
			t.Fatal(err)
		}
		if i < 2 && (len(f.confirmed) != 1 || f.confirmed[0].Delivery != "first" || len(f.story) != 0) {
			t.Fatalf("after %q: confirmed %v, %d lines", name, f.confirmed, len(f.story))
		}
	}
	if len(f.confirmed) != 2 || len(f.story) != 1 || f.story[0].Delivery != "second" {
		t.Errorf("confirmed %v, told %v", f.confirmed, f.story)
	}
}

// A user gives the value that our write is about to bring, and edits once more before it arrives: his first event is not the write's, and the edit that
// the write came over is told. What is certainly ours ends the wait.
func TestConfirm_TellsOfTheEditBetweenAUsersEqualValueAndTheWrite(t *testing.T) {
	rules := confirming(t, "p")
	text, key := bridge.TextValue, rowKey{"00D000000000001EAA", "Contact", "r"}
	type event struct {
		name string
		ours bool
	}
	for _, c := range []struct {
		name  string
		told  []event
		lines int
		kept  bool // the last of them leaves the write to be told
	}{
		{"he edits once more", []event{{"ours", false}, {"theirs", false}, {"ours", true}}, 1, false},
		{"he edits once more, and nobody knows whose the last is", []event{{"ours", false}, {"theirs", false}, {"ours", false}}, 1, false},
		{"he does not", []event{{"ours", false}, {"ours", true}}, 0, false},
		{"the write is yet to come", []event{{"ours", false}, {"theirs", false}}, 0, true},
		{"the first is the write's own", []event{{"ours", true}, {"theirs", false}, {"ours", false}}, 0, false},
	} {
		_, f := awaiting(rules, key)
		for i, e := range c.told {
			change := &bridge.Change{
				Org: key.org, Object: "Contact", Records: []bridge.RecordID{"r"}, Type: bridge.Update, Version: bridge.Version{At: time.Unix(int64(i+5), 0), Commit: int64(i + 5)},
				Values: bridge.Fields{"LastName": text(e.name)}, Changed: []bridge.Field{"LastName"}, Origin: bridge.Origin{Ours: e.ours},
			}
			if err := f.entry(t.Context(), &bridge.Entry{Change: change}); err != nil {
				t.Fatal(err)
			}
		}
		if len(f.story) != c.lines || len(f.confirmed) != 1 || f.confirmed[0].Told.IsZero() == c.kept {
			t.Errorf("%s: %d lines, want %d; confirmed %v, want it kept: %t", c.name, len(f.story), c.lines, f.confirmed, c.kept)
		}
	}
}

// A write is to be told, and its own event may be merged into another's: what gave way meanwhile is kept, for as long as somebody may ask.
func TestConfirm_KeepsWhatAWriteMayHaveComeOver(t *testing.T) {
	rules := confirming(t, "p")
	text, key := bridge.TextValue, rowKey{"00D000000000001EAA", "Contact", "r"}
	for _, c := range []struct {
		name, told, kept string
		lines            int
	}{
		{"he edits once", "theirs", "", 0},
		{"he edits twice", "theirs newest", "theirs", 0},
		{"he edits three times, and takes it back", "theirs before newest", "theirs", 0},
		{"what was before gives way", "before theirs", "", 0},
		{"the write comes after both", "theirs newest ours", "", 1},
		{"the write comes first", "ours theirs newest", "", 0},
		{"the record's values are not told after the first", "theirs ? ours", "", 1},
		{"he edits twice, and the record ends", "theirs newest -", "", 1},
		{"he edits once, and the record ends", "theirs -", "", 0},
	} {
		row, f := awaiting(rules, key)
		for i, name := range strings.Fields(c.told) {
			change := &bridge.Change{
				Org: key.org, Object: "Contact", Records: []bridge.RecordID{"r"}, Type: bridge.Update, Version: bridge.Version{At: time.Unix(int64(i+5), 0), Commit: int64(i + 5)},
				Values: bridge.Fields{"LastName": text(name)}, Changed: []bridge.Field{"LastName"}, Origin: bridge.Origin{Ours: name == "ours"},
			}
			if kind, ok := map[string]bridge.ChangeType{"?": bridge.GapUpdate, "-": bridge.Delete}[name]; ok {
				change.Type, change.Values, change.Changed = kind, nil, nil
			}
			if err := f.entry(t.Context(), &bridge.Entry{Change: change}); err != nil {
				t.Fatal(err)
			}
		}
		if len(f.story) != c.lines || row.Passed["LastName"].Text != c.kept {
			t.Errorf("%s: %d lines and %v kept, want %d and %q", c.name, len(f.story), row.Passed, c.lines, c.kept)
		}
	}
}

// The record is read in the second in which somebody edits it and our write comes over that, before the stream tells of either.
func TestConfirm_TellsOfWhatAWriteCameOverWithinASecond(t *testing.T) {
	rules := confirming(t, "p")
	text := bridge.TextValue
	key := rowKey{"00D000000000001EAA", "Contact", "r"}
	said := func(commit int64, name string) *bridge.Change {
		return &bridge.Change{
			Org: key.org, Object: key.object, Records: []bridge.RecordID{key.record}, Type: bridge.Update, Version: bridge.Version{At: time.Unix(9, 0), Commit: commit},
			Values: bridge.Fields{"LastName": text(name)}, Changed: []bridge.Field{"LastName"}, Origin: bridge.Origin{Ours: strings.HasPrefix(name, "ours")},
		}
	}
	by := func(c *bridge.Change, ours bool) *bridge.Change { c.Origin.Ours = ours; return c }
	earlier := bridge.Unconfirmed{Org: key.org, Project: "p", Record: key.record, Field: "LastName", Value: text("ours first"), Before: text("before"), Delivery: "c"}
	for _, c := range []struct {
		name  string
		read  string // in the second of the events
		open  []bridge.Unconfirmed
		told  []*bridge.Change
		lines int
	}{
		{"it was read after our write", "ours", nil, []*bridge.Change{said(1, "theirs"), said(2, "ours")}, 1},
		{"it was read before our write", "theirs", nil, []*bridge.Change{said(1, "theirs"), said(2, "ours")}, 1},
		{"nobody edited", "ours", nil, []*bridge.Change{said(1, "before"), said(2, "ours")}, 0},
		{"somebody edited twice", "ours", nil, []*bridge.Change{said(1, "theirs"), said(2, "theirs too"), said(3, "ours")}, 1},
		{"we wrote both", "ours", []bridge.Unconfirmed{earlier}, []*bridge.Change{said(1, "ours first"), said(2, "ours")}, 0},
		{"somebody wrote both", "ours", []bridge.Unconfirmed{earlier}, []*bridge.Change{by(said(1, "ours first"), false), by(said(2, "ours"), false)}, 0},
	} {
		row, f := awaiting(rules, key)
		row.Version, row.Values = bridge.Version{At: time.Unix(9, 0)}, bridge.Fields{"LastName": text(c.read)}
		f.open[key][0].Value, f.open[key][0].Before = text("ours"), text("before")
		if c.open != nil {
			f.open[key][0].Before = text("ours first")
			f.open[key] = append(c.open, f.open[key]...)
		}
		for _, change := range c.told {
			if err := f.entry(t.Context(), &bridge.Entry{Change: change}); err != nil {
				t.Fatal(err)
			}
		}
		if len(f.story) != c.lines {
			t.Errorf("%s: %d lines, want %d: %v", c.name, len(f.story), c.lines, f.story)
		}
	}
}

// Somebody edits and our write comes over that; the record is read while the stream tells of the edit, which leaves the field open, and then what came
// before it is told once more.
func TestConfirm_TellsOfWhatAWriteCameOverAlthoughTheStreamRepeatsItself(t *testing.T) {
	key := rowKey{"00D000000000001EAA", "Contact", "r"}
	row, f := awaiting(confirming(t, "p"), key)
	row.Version, row.Values, row.Forgotten = bridge.Version{At: time.Unix(5, 0), Commit: 5}, bridge.Fields{}, []bridge.Field{"LastName"}
	row.Behind = bridge.Fields{"LastName": bridge.TextValue("theirs")}
	row.Since = map[bridge.Field]bridge.Version{"LastName": {At: time.Unix(9, 0)}}
	for i, told := range []struct {
		commit int64
		name   string
	}{{4, "before"}, {9, "ours"}} {
		if err := f.entry(t.Context(), &bridge.Entry{Change: &bridge.Change{
			Org: key.org, Object: key.object, Records: []bridge.RecordID{key.record}, Type: bridge.Update, Version: bridge.Version{At: time.Unix(told.commit, 0), Commit: told.commit},
			Values: bridge.Fields{"LastName": bridge.TextValue(told.name)}, Changed: []bridge.Field{"LastName"}, Origin: bridge.Origin{Ours: true},
		}}); err != nil || len(f.story) != i {
			t.Errorf("after %q: told %v: %v", told.name, f.story, err)
		}
	}
}

// The other half of an event that was told long ago comes late, or the stream brings it once more: it says what a later write of ours says too, and confirms
// nothing.
func TestConfirm_TakesNoEventForItsOwnThatIsOlderThanWhatWasTold(t *testing.T) {
	key := rowKey{"00D000000000001EAA", "Contact", "r"}
	said := func(s int64, name string) *bridge.Change {
		return &bridge.Change{
			Org: key.org, Object: key.object, Records: []bridge.RecordID{key.record}, Type: bridge.Update, Version: bridge.Version{At: time.Unix(s, 0), Commit: s},
			Values: bridge.Fields{"LastName": bridge.TextValue(name)}, Changed: []bridge.Field{"LastName"}, Origin: bridge.Origin{Ours: true},
		}
	}
	row, f := awaiting(confirming(t, "p"), key)
	row.Version = bridge.Version{At: time.Unix(20, 0), Commit: 20}
	f.open[key][0].At = time.Unix(21, 1)
	for _, late := range []*bridge.Change{said(5, "ours"), said(19, "ours")} {
		if err := f.entry(t.Context(), &bridge.Entry{Change: late}); err != nil || len(f.confirmed) > 0 || late.Values["LastName"] != bridge.TextValue("ours") {
			t.Fatalf("an event of before confirmed %v: %v", f.confirmed, err)
		}
	}
	if err := f.entry(t.Context(), &bridge.Entry{Change: said(21, "ours")}); err != nil || len(f.confirmed) != 1 {
		t.Errorf("its own event confirmed %v: %v", f.confirmed, err)
	}
	row, f = awaiting(confirming(t, "p"), key) // its own event is folded once more, since the process died before it had ended the write
	row.Version, f.open[key][0].At = bridge.Version{At: time.Unix(20, 0), Commit: 20}, time.Unix(18, 0)
	if err := f.entry(t.Context(), &bridge.Entry{Change: said(19, "ours")}); err != nil || len(f.confirmed) != 1 {
		t.Errorf("its own event, folded once more, confirmed %v: %v", f.confirmed, err)
	}
}

// A lead was edited, our write came over that and was edited in turn, in one event with it; then the lead is converted, and nothing more comes of it.
func TestConfirm_TellsOfTheEditBetweenWhenTheLeadIsConverted(t *testing.T) {
	key := rowKey{"00D000000000001EAA", "Lead", "r"}
	text := bridge.TextValue
	for _, c := range []struct {
		name  string
		read  int64 // second in which the record was read, with the last value
		told  []string
		lines int
	}{
		{"read since", 12, []string{"theirs", "last"}, 1},
		{"read in the second of the last edit", 11, []string{"theirs", "last"}, 1},
		{"not read", 0, []string{"theirs", "last"}, 1},
		{"nobody edited before", 12, []string{"last"}, 0},
		{"our own event came", 12, []string{"theirs", "ours", "last"}, 1}, // of that one
		{"the last edit came with the conversion", 12, []string{"theirs"}, 1},
		{"the edit stands", 12, []string{"last", "theirs", "last"}, 1},
	} {
		row, f := awaiting(confirming(t, "p"), key)
		if c.read > 0 {
			row.Version, row.Values = bridge.Version{At: time.Unix(c.read, 0)}, bridge.Fields{"LastName": text("last")}
		}
		second := 12 - int64(len(c.told))
		say := func(vs bridge.Fields) {
			t.Helper()
			e := &bridge.Change{Org: key.org, Object: key.object, Records: []bridge.RecordID{key.record}, Type: bridge.Update,
				Version: bridge.Version{At: time.Unix(second, 0), Commit: second}, Values: vs, Changed: vs.Names(), Origin: bridge.Origin{Ours: vs["LastName"] == text("ours")}}
			if err := f.entry(t.Context(), &bridge.Entry{Change: e}); err != nil {
				t.Fatal(err)
			}
			second++
		}
		for _, v := range c.told {
			say(bridge.Fields{"LastName": text(v)})
		}
		say(bridge.Fields{"IsConverted": bridge.BoolValue(true)})
		if len(f.story) != c.lines {
			t.Errorf("%s: %d lines, want %d: %v", c.name, len(f.story), c.lines, f.story)
		}
	}
}
