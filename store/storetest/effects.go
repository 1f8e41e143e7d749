package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/store"
)

func link(n int, contact bridge.ContactID) bridge.Link {
	return bridge.Link{Org: org, Project: project, Object: "Contact", Record: record(n), Contact: contact}
}

func settlesWhole(t *testing.T, h *house) {
	h.put(state("a", 1))
	u := bridge.Unconfirmed{Org: org, Project: project, Record: record(1), Field: "Email", Delivery: "a", Value: bridge.TextValue("x")}
	c := bridge.Claim{Org: org, Project: project, Identity: "i", Delivery: "a"}
	if err := h.Stage(h.ctx(), bridge.Effects{Stage: []bridge.Unconfirmed{u}, Claims: []bridge.Claim{c}}); err != nil {
		t.Fatal(err)
	}
	l := link(1, "7")
	l.Baseline = map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: bridge.TextValue("x"), Platform: bridge.NullValue()}}
	l.Member = map[bridge.TransferID]bool{"contacts": true}
	e := bridge.Effects{
		Links: []bridge.Link{l}, Withdraw: []bridge.Unconfirmed{u}, Unclaim: []bridge.Claim{c},
		Rows:  []bridge.Row{{Org: org, Object: "Contact", Record: record(1), Version: bridge.Version{At: time.Now()}, Values: bridge.Fields{"A": bridge.NullValue()}}},
		Story: []bridge.Story{{Org: org, Record: record(1), Outcome: bridge.Sent}},
	}
	w := h.takes(inbound, "a")
	ended, cancel := context.WithCancel(h.ctx())
	cancel()
	if err := h.Settle(ended, w, e); !errors.Is(err, context.Canceled) {
		t.Fatalf("settle without time: %v", err)
	}
	if _, err := h.LinkOf(h.ctx(), org, project, record(1)); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("a settling that failed left its link: %v", err)
	}
	h.settle(w, e) // the work is still out
	h.reopen()
	got, err := h.LinkOf(h.ctx(), org, project, record(1))
	if err != nil {
		t.Fatal(err)
	}
	got.Read = nil
	if diff := cmp.Diff(l, got); diff != "" {
		t.Error(diff)
	}
	us, _ := h.Unconfirmed(h.ctx(), org, record(1))
	held, _ := h.Take(h.ctx(), []bridge.Claim{{Org: org, Project: project, Identity: "i", Delivery: "b"}})
	lines, _ := h.Stories(h.ctx(), store.StoryFilter{Record: record(1)}, 10)
	rows, _ := h.Rows(h.ctx(), org, "Contact", []bridge.RecordID{record(1)})
	if len(us) != 0 || len(held) != 0 || len(lines) != 1 || !rows[0].Values["A"].IsNull() {
		t.Errorf("unconfirmed %v, claims %v, stories %v, rows %v", us, held, lines, rows)
	}
	h.empty()
}

func fencedLayers(t *testing.T, h *house) {
	h.put(activity("a", "7"))
	w := h.takes(outbound, "a")
	other := store.New(h.kv, store.Options{Now: h.now, Holder: "other"})
	if err := other.Open(h.ctx()); err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for name, err := range map[string]error{
		"append": h.Append(h.ctx(), []bridge.Entry{activity("b", "7")}, nil), "settle": h.Settle(h.ctx(), w, bridge.Effects{}),
		"bury": h.Bury(h.ctx(), w, "", bridge.Effects{}), "stage": h.Stage(h.ctx(), bridge.Effects{Links: []bridge.Link{link(1, "7")}}),
		"bind": h.BindOrg(h.ctx(), "prod", org, false), "defer": h.Defer(h.ctx(), w, bridge.Deferral{Failed: true}),
	} {
		if !errors.Is(err, store.ErrFenced) {
			t.Errorf("%s of the one before: %v", name, err)
		}
	}
	soon, cancel := context.WithTimeout(h.ctx(), time.Second)
	defer cancel()
	if got, err := other.Next(soon, outbound); err != nil || got.Head().ID != "a" {
		t.Errorf("the new owner is handed %v, %v", got, err)
	}
}

func carriesNext(t *testing.T, h *house) {
	h.put(state("a", 1))
	h.append(activity("z", "7"))
	caused, again := activity("caused", "7").Deliveries[0], state("again", 1, "LastName").Deliveries[0]
	again.Told = []bridge.Fields{{"LastName": bridge.TextValue("first")}, {"LastName": bridge.TextValue("then")}}
	h.settle(h.takes(inbound, "a"), bridge.Effects{Next: []bridge.Delivery{caused, again}})
	read := state("c", 1, "LastName")
	read.Kind, read.Change = bridge.RereadEntry, nil
	read.Row = &bridge.Row{Org: org, Object: "Contact", Record: record(1), Version: bridge.Version{At: time.Now()}, Values: bridge.Fields{"LastName": bridge.TextValue("read")}}
	h.append(state("b", 1, "LastName"), read)
	h.reopen()
	h.fold()
	h.settle(h.takes(outbound, "z"), bridge.Effects{})
	h.settle(h.takes(outbound, "caused"), bridge.Effects{})
	w := h.takes(inbound, "again", "b", "c")
	var told []string
	for _, fs := range w.Told {
		told = append(told, fs["LastName"].Text)
	}
	if !slices.Equal(told, []string{"first", "then", "b", "read"}) {
		t.Errorf("told %v", told)
	}
	h.settle(w, bridge.Effects{})
	h.empty()
}

func redrives(t *testing.T, h *house) {
	h.put(activity("a1", "7"), activity("a2", "7"), activity("a3", "7"), state("s1", 1, "A"), state("s2", 1, "B"))
	for _, id := range []bridge.DeliveryID{"a1", "a2"} {
		w := h.takes(outbound, id)
		if err := h.Bury(h.ctx(), w, "refused", bridge.Effects{Story: []bridge.Story{{Outcome: bridge.Buried}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Bury(h.ctx(), h.takes(inbound, "s1", "s2"), "refused", bridge.Effects{}); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	if n := h.Counts().DeadLetters[project]; n != 3 {
		t.Errorf("%d letters are counted", n)
	}
	ls, err := h.DeadLetters(h.ctx(), store.LetterFilter{Source: "7"}, 10)
	if err != nil || len(ls) != 2 || ls[0].Delivery.ID != "a1" || ls[1].Reason != "refused" || string(ls[0].Entry.Callback.Body) != `{"id":"a1"}` {
		t.Fatalf("letters %+v, %v", ls, err)
	}
	both := []string{ls[1].ID, ls[0].ID, ls[1].ID, "none", "../etc"}
	if n, err := h.Redrive(h.ctx(), both...); n != 2 || err != nil {
		t.Errorf("redrive answers %d, %v", n, err)
	}
	if n, err := h.Redrive(h.ctx(), both...); n != 0 || err != nil {
		t.Errorf("the second redrive answers %d, %v", n, err)
	}
	h.reopen()
	h.fold()
	for _, id := range []bridge.DeliveryID{"a3", "a1", "a2"} {
		w := h.takes(outbound, id)
		if string(w.Entry.Callback.Body) != fmt.Sprintf(`{"id":%q}`, id) {
			t.Errorf("%s carries %s", id, w.Entry.Callback.Body)
		}
		h.settle(w, bridge.Effects{})
	}
	rest, _ := h.DeadLetters(h.ctx(), store.LetterFilter{}, 10)
	if len(rest) != 1 || len(rest[0].Delivery.Dirty) != 2 {
		t.Errorf("left are %+v; want one letter, dirty in A and B", rest)
	}
}

func drops(t *testing.T, h *house) {
	h.put(activity("a1", "7"))
	if err := h.Bury(h.ctx(), h.takes(outbound, "a1"), "refused", bridge.Effects{}); err != nil {
		t.Fatal(err)
	}
	ls, _ := h.DeadLetters(h.ctx(), store.LetterFilter{}, 10)
	if n, err := h.Drop(h.ctx(), ls[0].ID, ls[0].ID); n != 1 || err != nil {
		t.Errorf("drop answers %d, %v", n, err)
	}
	if _, err := h.DeadLetter(h.ctx(), ls[0].ID); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("a dropped letter: %v", err)
	}
	if n := len(h.Counts().DeadLetters); n != 0 {
		t.Error("a dropped letter is counted")
	}
	h.empty()
}

func movesLinks(t *testing.T, h *house) {
	stage := func(e bridge.Effects) {
		t.Helper()
		if err := h.Stage(h.ctx(), e); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, byRecord map[int]bridge.ContactID, contacts map[bridge.ContactID]int) {
		t.Helper()
		for n := 1; n <= 2; n++ {
			l, err := h.LinkOf(h.ctx(), org, project, record(n))
			if l.Contact != byRecord[n] || (err == nil) == (byRecord[n] == "") {
				t.Errorf("%s: record %d is linked to %q, %v", what, n, l.Contact, err)
			}
		}
		for _, c := range []bridge.ContactID{"A", "a"} { // contact ids differ by case
			ls, err := h.LinksTo(h.ctx(), org, project, c)
			if err != nil || len(ls) > 1 || (len(ls) == 1) != (contacts[c] != 0) || len(ls) == 1 && ls[0].Record != record(contacts[c]) {
				t.Errorf("%s: contact %s is linked to %v, %v", what, c, ls, err)
			}
		}
	}
	stage(bridge.Effects{Links: []bridge.Link{link(1, "A")}})
	check("linked", map[int]bridge.ContactID{1: "A"}, map[bridge.ContactID]int{"A": 1})
	stage(bridge.Effects{Links: []bridge.Link{link(1, "a")}})
	check("another contact", map[int]bridge.ContactID{1: "a"}, map[bridge.ContactID]int{"a": 1})
	stage(bridge.Effects{Links: []bridge.Link{link(2, "a")}})
	check("another record", map[int]bridge.ContactID{2: "a"}, map[bridge.ContactID]int{"a": 2})
	stage(bridge.Effects{Unlinks: []bridge.Link{link(2, "A")}})
	check("the end of a link that is not", map[int]bridge.ContactID{2: "a"}, map[bridge.ContactID]int{"a": 2})
	stage(bridge.Effects{Unlinks: []bridge.Link{link(2, "a")}, Links: []bridge.Link{link(1, "a"), link(2, "A")}})
	check("all at once", map[int]bridge.ContactID{1: "a", 2: "A"}, map[bridge.ContactID]int{"a": 1, "A": 2})
}

func takesClaims(t *testing.T, h *house) {
	claim := func(id string, by bridge.DeliveryID) bridge.Claim {
		return bridge.Claim{Org: org, Project: project, Identity: id, Delivery: by}
	}
	take := func(want int, cs ...bridge.Claim) {
		t.Helper()
		if held, err := h.Take(h.ctx(), cs); err != nil || len(held) != want {
			t.Errorf("held are %v, %v; want %d", held, err, want)
		}
	}
	take(0, claim("e", "a"), claim("p", "a"))
	take(2, claim("e", "a"), claim("p", "a")) // its own, as they stand
	take(1, claim("x", "b"), claim("e", "b"))
	take(0, claim("x", "c")) // none of b's was taken
	elsewhere := claim("e", "d")
	elsewhere.Project = "other"
	take(0, elsewhere)
	if err := h.Stage(h.ctx(), bridge.Effects{Unclaim: []bridge.Claim{claim("e", "a")}}); err != nil {
		t.Fatal(err)
	}
	take(0, claim("e", "b"))
}
