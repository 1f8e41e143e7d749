package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/store"
)

// row is a version of record n: fields and their values in turn; Email is an identity.
func row(n int, second, commit int64, fields ...string) bridge.Row {
	r := bridge.Row{
		Org: org, Object: "Contact", Record: record(n), Version: bridge.Version{At: time.Unix(second, 0).UTC(), Commit: commit},
		Values: bridge.Fields{}, Keys: bridge.Fields{},
	}
	for i := 0; i < len(fields); i += 2 {
		r.Values[bridge.Field(fields[i])] = bridge.TextValue(fields[i+1])
		if fields[i] == "Email" {
			r.Keys["Email"] = bridge.TextValue(fields[i+1])
		}
	}
	return r
}

func (h *house) rows(rs ...bridge.Row) {
	h.t.Helper()
	h.append(change("fold", 1))
	es, err := h.Unfolded(h.ctx(), 1000)
	if err == nil {
		err = h.Fold(h.ctx(), es, rs, nil)
	}
	if err != nil {
		h.t.Fatalf("fold: %v", err)
	}
}

func (h *house) finds(email string, want ...bridge.RecordID) {
	h.t.Helper()
	got, err := h.Lookup(h.ctx(), org, "Contact", "Email", bridge.TextValue(email))
	if err != nil {
		h.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Errorf("%s is held by (-want +got):\n%s", email, diff)
	}
}

func looksUp(t *testing.T, h *house) {
	h.rows(row(1, 10, 1, "Email", "a@x.de"), row(2, 10, 1, "Email", "a@x.de"), row(3, 10, 1, "Email", "c@x.de"))
	h.finds("a@x.de", record(1), record(2))
	h.rows(row(1, 11, 2, "Email", "b@x.de"))
	h.finds("a@x.de", record(2))
	h.finds("b@x.de", record(1))
	gone := row(2, 12, 3)
	gone.Deleted = true
	h.rows(gone, row(3, 12, 3, "LastName", "c"))
	h.finds("a@x.de")
	h.finds("c@x.de")
	h.finds("")
	var many []bridge.Row
	for i := range 300 { // more than one step
		many = append(many, row(100+i, 20, 5, "Email", fmt.Sprint(i, "@x.de")))
	}
	h.rows(many...)
	h.reopen()
	h.finds("299@x.de", record(399))
	items, err := h.kv.Scan(h.ctx(), "i/", "", 1000)
	if err != nil || len(items) != 301 {
		t.Errorf("%d keys of the index, want 301, %v", len(items), err)
	}
	h.empty()
}

func versions(t *testing.T, h *house) {
	check := func(want bridge.Row) {
		t.Helper()
		got, err := h.Rows(h.ctx(), org, "Contact", []bridge.RecordID{record(1), record(2)})
		if err != nil {
			t.Fatal(err)
		}
		got[0].Mark, got[1].Mark = 0, 0
		empty := bridge.Row{Org: org, Object: "Contact", Record: record(2)}
		if diff := cmp.Diff([]bridge.Row{want, empty}, got); diff != "" {
			t.Error(diff)
		}
	}
	h.rows(row(1, 10, 5, "Email", "new@x.de"))
	h.rows(row(1, 10, 4, "Email", "old@x.de")) // an older commit of the same second
	check(row(1, 10, 5, "Email", "new@x.de"))
	h.finds("old@x.de")
	h.rows(row(1, 10, 0, "Email", "rest@x.de", "LastName", "read")) // a row over REST yields to an event, but knows more
	both := row(1, 10, 5, "Email", "new@x.de", "LastName", "read")
	both.Since = map[bridge.Field]bridge.Version{"Email": both.Version, "LastName": row(1, 10, 0).Version} // an event of that second may be older
	check(both)
	h.rows(row(1, 10, 5, "Email", "same@x.de")) // equal is applied
	check(row(1, 10, 5, "Email", "same@x.de"))
	gone := row(1, 20, 9)
	gone.Deleted = true
	h.rows(gone, bridge.Row{Org: org, Object: "Contact", Record: record(2)})
	h.rows(row(1, 15, 8, "Email", "late@x.de"))
	gone.Values, gone.Keys = nil, nil
	check(gone)
	h.finds("late@x.de")
	h.move(8 * 24 * time.Hour)
	check(bridge.Row{Org: org, Object: "Contact", Record: record(1)})
}

// forgets: what was read before something changed a field without saying to what does not fill that field.
func forgets(t *testing.T, h *house) {
	put := func(r bridge.Row) bridge.Row {
		t.Helper()
		if err := h.Stage(h.ctx(), bridge.Effects{Rows: []bridge.Row{r}}); err != nil {
			t.Fatal(err)
		}
		got, err := h.Rows(h.ctx(), org, "Contact", []bridge.RecordID{record(2)})
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	base := put(row(2, 10, 1, "Email", "first"))
	late := row(2, 10, 0, "Email", "old", "LastName", "old")
	late.Mark = base.Mark
	now := row(2, 10, 2)
	now.Mark, now.Forgotten = base.Mark, []bridge.Field{"Email"}
	now = put(now)
	if got := put(late); got.Values["Email"].Known() || got.Values["LastName"].Text != "old" {
		t.Errorf("a reading from before filled what was forgotten, or nothing else: %v", got.Values)
	}
	now.Forgotten = []bridge.Field{bridge.AllFields}
	now.Values, now.Mark = nil, 0
	put(now)
	if got := put(late); len(got.Values) > 0 {
		t.Errorf("a reading from before a gap filled %v", got.Values)
	}
	fresh := row(2, 11, 0, "Email", "new")
	fresh.Mark = put(late).Mark
	if got := put(fresh); got.Values["Email"].Text != "new" {
		t.Errorf("a reading from after filled %v", got.Values)
	}
}

// ahead: what the stream told last of a row that was read since is kept with it, over a restart and beside a row that only fills it, until another row
// takes its place or the record ends.
func ahead(t *testing.T, h *house) {
	is := func(when, want string) {
		t.Helper()
		h.reopen()
		got, err := h.Rows(h.ctx(), org, "Contact", []bridge.RecordID{record(1)})
		if err != nil {
			t.Fatal(err)
		}
		if last, passed := got[0].Behind["Email"].Text, got[0].Passed["Email"].Text; last != want || passed != want {
			t.Errorf("%s: the stream told %q last and %q before, want %q", when, last, passed, want)
		}
	}
	read := row(1, 10, 0, "Email", "read@x.de")
	read.Behind = bridge.Fields{"Email": bridge.TextValue("told@x.de")}
	read.Passed = read.Behind
	h.rows(read)
	is("read", "told@x.de")
	h.rows(row(1, 9, 0, "LastName", "older"))
	is("filled", "told@x.de")
	h.rows(row(1, 11, 1, "Email", "newer@x.de"))
	is("told", "")
	read.Version = row(1, 12, 0).Version
	h.rows(read)
	is("read once more", "told@x.de")
	gone := read
	gone.Version, gone.Deleted = row(1, 13, 1).Version, true
	h.rows(gone)
	is("deleted", "")
}

// moved: a row that was made from one which is no longer there takes nothing back, and what was to end with it goes on.
func moved(t *testing.T, h *house) {
	read := func() bridge.Row {
		t.Helper()
		got, err := h.Rows(h.ctx(), org, "Contact", []bridge.RecordID{record(1)})
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	over := func(base bridge.Row, commit int64, fields ...string) bridge.Row {
		r := row(1, 10, commit, fields...)
		r.Mark = base.Mark
		return r
	}
	u := bridge.Unconfirmed{Org: org, Project: project, Record: record(1), Field: "Email", Delivery: "a", At: time.Unix(9, 0).UTC(), Value: bridge.TextValue("v")}
	end := func(r bridge.Row) (open int) {
		t.Helper()
		if err := h.Stage(h.ctx(), bridge.Effects{Stage: []bridge.Unconfirmed{u}}); err != nil {
			t.Fatal(err)
		}
		if err := h.Stage(h.ctx(), bridge.Effects{Rows: []bridge.Row{r}, Seen: []bridge.Unconfirmed{u}}); err != nil {
			t.Fatal(err)
		}
		left, err := h.Unconfirmed(h.ctx(), org, record(1))
		if err != nil {
			t.Fatal(err)
		}
		return len(left)
	}
	fold := func(r bridge.Row) error {
		t.Helper()
		h.append(change("moved "+r.Values["Email"].Text, 1))
		es, err := h.Unfolded(h.ctx(), 10)
		if err != nil {
			t.Fatal(err)
		}
		return h.Fold(h.ctx(), es, []bridge.Row{r}, nil)
	}
	none := read()
	if err := fold(over(none, 1, "Email", "first")); err != nil {
		t.Fatal(err)
	}
	early := row(1, 9, 0, "Email", "early")
	early.Mark = none.Mark
	if end(early) != 1 || read().Values["Email"].Text != "first" {
		t.Errorf("a row made from none replaced the one that came meanwhile, or ended a write: %v", read())
	}
	open := end(over(none, 1, "Email", "late", "LastName", "late"))
	want := row(1, 10, 1, "LastName", "late")
	want.Since = map[bridge.Field]bridge.Version{"Email": row(1, 10, 0).Version, "LastName": row(1, 10, 0).Version}
	want.Forgotten, want.Behind = []bridge.Field{"Email"}, bridge.Fields{"Email": bridge.TextValue("first")}
	want.Keys, want.Mark = nil, read().Mark
	if d := cmp.Diff(want, read()); open != 1 || d != "" {
		t.Errorf("a row made from none said something else than the one that came meanwhile, in the same second; %d writes are open\n%s", open, d)
	}
	base := read()
	if end(over(base, 1, "Email", "looked")) != 0 || read().Values["Email"].Text != "looked" {
		t.Errorf("a row made from the one that is there was not stored, or did not end the write: %v", read())
	}
	if err := fold(over(base, 2, "Email", "folded")); !errors.Is(err, bridge.ErrMoved) || read().Values["Email"].Text != "looked" {
		t.Errorf("a fold over a row that was replaced: %v, %v", err, read())
	}
	if err := fold(over(read(), 2, "Email", "anew")); err != nil || read().Values["Email"].Text != "anew" {
		t.Errorf("the fold made anew: %v, %v", err, read())
	}
}

func stories(t *testing.T, h *house) {
	tell := func(n int, r bridge.RecordID) {
		t.Helper()
		var lines []bridge.Story
		for i := range n {
			lines = append(lines, bridge.Story{Org: org, Project: project, Record: r, Reason: fmt.Sprint(i)})
		}
		if err := h.Stage(h.ctx(), bridge.Effects{Story: lines}); err != nil {
			t.Fatal(err)
		}
	}
	tell(3, record(1))
	h.reopen()
	tell(2, record(2))
	got := make(chan []uint64)
	go func() {
		var seqs []uint64
		for l, err := range h.Follow(h.ctx(), 2) {
			if err != nil {
				t.Error(err)
				break
			}
			if seqs = append(seqs, l.Seq); len(seqs) == 6 {
				break
			}
		}
		got <- seqs
	}()
	h.wait()
	tell(3, record(1))
	if diff := cmp.Diff([]uint64{3, 4, 5, 6, 7, 8}, <-got); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		f     store.StoryFilter
		limit int
		want  []uint64
	}{
		{store.StoryFilter{}, 2, []uint64{8, 7}},
		{store.StoryFilter{After: 6}, 10, []uint64{8, 7}},
		{store.StoryFilter{Record: record(1)}, 4, []uint64{8, 7, 6, 3}},
		{store.StoryFilter{Key: string(record(2)), Project: project}, 10, []uint64{5, 4}},
		{store.StoryFilter{Contact: "none"}, 10, nil},
	} {
		lines, err := h.Stories(h.ctx(), c.f, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		var seqs []uint64
		for _, l := range lines {
			seqs = append(seqs, l.Seq)
		}
		if diff := cmp.Diff(c.want, seqs); diff != "" {
			t.Errorf("%+v: %s", c.f, diff)
		}
	}
}

func small(t *testing.T, h *house) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Position(h.ctx(), org, topic); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("the position before the first: %v", err)
	}
	pos := bridge.Position{Org: org, Topic: topic, Replay: []byte{1, 2}, At: time.Unix(5, 0).UTC()}
	must(h.Append(h.ctx(), nil, &pos))
	hole := bridge.Hole{Org: org, Topic: topic, From: time.Unix(1, 0).UTC(), Reason: "first run"}
	must(h.OpenHole(h.ctx(), hole))
	type breaker struct{ Open bool }
	must(h.SaveBreaker(h.ctx(), inbound, breaker{true}))
	must(h.BindOrg(h.ctx(), "prod", org, false))
	h.reopen()
	must(h.BindOrg(h.ctx(), "prod", org, false))
	for _, err := range []error{h.BindOrg(h.ctx(), "prod", org, true), h.BindOrg(h.ctx(), "prod", "00D000000000002EAA", false)} {
		var hint *bridge.HintError
		if !errors.Is(err, store.ErrOtherOrg) || !errors.As(err, &hint) {
			t.Errorf("another org under the same name: %v", err)
		}
	}
	all, err := h.Positions(h.ctx())
	must(err)
	holes, err := h.Holes(h.ctx())
	must(err)
	if diff := cmp.Diff([]bridge.Position{pos}, all) + cmp.Diff([]bridge.Hole{hole}, holes); diff != "" {
		t.Error(diff)
	}
	var b, none breaker
	must(h.LoadBreaker(h.ctx(), inbound, &b))
	must(h.LoadBreaker(h.ctx(), outbound, &none))
	if !b.Open || none.Open {
		t.Errorf("breakers %v %v", b, none)
	}
	must(h.CloseHole(h.ctx(), hole))
	if holes, _ = h.Holes(h.ctx()); len(holes) != 1 || !holes[0].Closed {
		t.Errorf("holes %v", holes)
	}
	held, err := h.Hold(h.ctx(), string(topic))
	must(err)
	if held.Err() != nil {
		t.Error("a lease that is lost at once")
	}
}
