package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/store"
)

// The cases write more lines than a block of the index spans.
const (
	someLines  = 4500
	somePeople = 50
)

// writes tells lines about many people in turn: line n+1 is about person n modulo somePeople.
func (h *house) writes() {
	h.t.Helper()
	for from := 0; from < someLines; from += 100 {
		var lines []bridge.Story
		for n := from; n < from+100; n++ {
			who := n % somePeople
			lines = append(lines, bridge.Story{
				Org: org, Project: project, Record: record(who), Contact: bridge.ContactID(fmt.Sprint("c", who)), Delivery: bridge.DeliveryID(fmt.Sprint("d", n)),
				Outcome: bridge.Sent, Identities: []string{fmt.Sprint("identity", who)},
			})
		}
		if err := h.Stage(h.ctx(), bridge.Effects{Story: lines}); err != nil {
			h.t.Fatal(err)
		}
	}
}

// tells demands the numbers of the newest lines that match.
func (h *house) tells(f store.StoryFilter, limit int, want ...uint64) {
	h.t.Helper()
	lines, err := h.Stories(h.ctx(), f, limit)
	if err != nil {
		h.t.Fatal(err)
	}
	var seqs []uint64
	for _, l := range lines {
		seqs = append(seqs, l.Seq)
	}
	if diff := cmp.Diff(want, seqs); diff != "" {
		h.t.Errorf("%+v (-want +got):\n%s", f, diff)
	}
}

// tellsOfSeven demands all ways to the lines of one person.
func (h *house) tellsOfSeven() {
	h.t.Helper()
	var all []uint64
	for n := someLines - somePeople + 8; n > 0; n -= somePeople {
		all = append(all, uint64(n))
	}
	h.tells(store.StoryFilter{Record: record(7)}, someLines, all...)
	h.tells(store.StoryFilter{Record: record(7)}, 30, all[:30]...)
	h.tells(store.StoryFilter{Contact: "c7", Project: project}, someLines, all...)
	h.tells(store.StoryFilter{Key: "c7", After: 8}, someLines, all[:len(all)-1]...)
	h.tells(store.StoryFilter{Identity: "identity7"}, someLines, all...)
	h.tells(store.StoryFilter{Key: "d57"}, 5, 58)
	h.tells(store.StoryFilter{Record: record(7), Project: "other"}, 5)
	h.tells(store.StoryFilter{Record: record(7), Contact: "c8"}, 5)
	h.tells(store.StoryFilter{Identity: "identity77"}, 5)
}

func findsStories(t *testing.T, h *house) {
	h.writes()
	items, err := h.kv.Scan(h.ctx(), "j/", "", 1000)
	if err != nil || len(items) == 0 {
		t.Fatalf("the line that filled a block built no index: %d keys, %v", len(items), err)
	}
	for _, it := range items {
		if strings.Contains(it.Key, "identity") || strings.Contains(string(it.Val), "identity") {
			t.Errorf("%s tells whom it is about", it.Key)
		}
	}
	lines, err := h.kv.Scan(h.ctx(), "s/", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines { // whoever reads the lines of others finds damage
		if i%somePeople != 7 {
			h.apply(set(lines[i].Key, "damaged"))
		}
	}
	h.tellsOfSeven()
	h.reopen()
	h.tellsOfSeven()
	if d := h.Health(h.ctx()).Damaged; len(d) > 0 {
		t.Errorf("%d lines of others were read, such as %s", len(d), d[0])
	}
}

func findsOldStories(t *testing.T, h *house) {
	h.writes()
	forget := func(damage bool) {
		t.Helper()
		items, err := h.kv.Scan(h.ctx(), "j/", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			op := store.Op{Key: it.Key, Delete: true}
			if damage {
				op = set(it.Key, "damaged")
			}
			h.apply(op)
		}
	}
	forget(true)
	h.tellsOfSeven()
	forget(false)
	h.apply(store.Op{Key: "c/traced", Delete: true})
	h.reopen()
	h.tellsOfSeven()
	if items, err := h.kv.Scan(h.ctx(), "j/", "", 1000); err != nil || len(items) == 0 {
		t.Errorf("what was asked for is not indexed: %d keys, %v", len(items), err)
	}
	h.move(366 * 24 * time.Hour)
	h.tells(store.StoryFilter{Record: record(7)}, 5)
}

func tellsTroubles(t *testing.T, h *house) {
	e := state("one", 1, "Email")
	e.Change.Origin = bridge.Origin{Client: "loader"}
	h.put(e, state("two", 1, "Phone"))
	h.deferFor(h.takes(inbound, "one", "two"), time.Second)
	time.Sleep(2 * time.Second)
	w := h.takes(inbound, "one", "two")
	line := bridge.Story{Org: org, Project: project, Record: record(1), Delivery: "one", Outcome: bridge.Buried, Reason: "no"}
	if err := h.Bury(h.ctx(), w, "no", bridge.Effects{Story: []bridge.Story{line}}); err != nil {
		t.Fatal(err)
	}
	letters, err := h.DeadLetters(h.ctx(), store.LetterFilter{}, 2)
	if err != nil || len(letters) != 1 {
		t.Fatalf("%d letters, %v", len(letters), err)
	}
	if n, err := h.Redrive(h.ctx(), letters[0].ID); n != 1 || err != nil {
		t.Fatalf("%d redriven, %v", n, err)
	}
	h.fold()
	if err := h.Bury(h.ctx(), h.next(inbound), "no", bridge.Effects{}); err != nil {
		t.Fatal(err)
	}
	letters, _ = h.DeadLetters(h.ctx(), store.LetterFilter{}, 2)
	if n, err := h.Drop(h.ctx(), letters[0].ID); n != 1 || err != nil {
		t.Fatalf("%d dropped, %v", n, err)
	}
	lines, err := h.Stories(h.ctx(), store.StoryFilter{Record: record(1)}, 10)
	if err != nil || len(lines) != 4 {
		t.Fatalf("%d lines, %v: %+v", len(lines), err, lines)
	}
	slices.Reverse(lines)
	var got []string
	for _, l := range lines {
		got = append(got, fmt.Sprintf("%s %s %v", l.Outcome, l.Reason, l.Letter != ""))
	}
	if diff := cmp.Diff([]string{"deferred no false", "buried no true", "operator redriven by operator true", "operator dropped by operator true"}, got); diff != "" {
		t.Error(diff)
	}
	if tr := lines[0].Trouble; tr == nil || tr.Failed != 1 || tr.Until.IsZero() {
		t.Errorf("the deferral tells %+v", tr)
	}
	if tr := lines[1].Trouble; tr == nil || tr.Failed != 1 || tr.Last != "no" {
		t.Errorf("the burial tells of the tries before %+v", tr)
	}
	h1, h2 := lines[1].Heard[0], lines[1].Heard[1]
	if h1.Event != "one" || h1.Type != "UPDATE" || h1.Origin == nil || h1.Origin.Client != "loader" || !slices.Equal(h1.Fields, []bridge.Field{"Email"}) || h2.Event != "two" {
		t.Errorf("what came in is %+v and %+v", h1, h2)
	}
	if _, err := h.DeadLetter(h.ctx(), letters[0].ID); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("the dropped letter: %v", err)
	}
}
