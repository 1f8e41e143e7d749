package storetest

import (
	"errors"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// stick puts three deliveries into the lane of record 1, of which the first fails, and one into another lane.
func (h *house) stick() store.Waiting {
	h.t.Helper()
	h.put(activityLike("head", 1), activityLike("second", 1), activityLike("third", 1), state("other", 2))
	h.deferFor(h.takes(inbound, "head"), time.Hour)
	all, err := h.Stuck(h.ctx(), 10)
	if err != nil || len(all) != 1 {
		h.t.Fatalf("%d lanes are stuck, %v", len(all), err)
	}
	return all[0]
}

// activityLike is a delivery of a record that never coalesces.
func activityLike(id string, n int) bridge.Entry {
	e := state(id, n)
	e.Deliveries[0].Kind = bridge.Append
	return e
}

func listsStuck(t *testing.T, h *house) {
	w := h.stick()
	if w.Head.ID != "head" || w.Failed != 1 || w.Reason != "no" || w.Behind != 2 || !w.Deferred || w.InHand || w.Next.Sub(h.now()).Round(time.Second) != time.Hour || w.TakenIn.IsZero() {
		t.Errorf("the stuck lane is %+v", w)
	}
	lane, err := h.LaneOf(h.ctx(), bridge.Lane{Org: org, Project: project, Direction: bridge.Inbound, Source: string(record(1))})
	if err != nil || lane.ID != w.ID || len(lane.Heard) != 3 || lane.Heard[2].Event != "third" {
		t.Errorf("the lane is %+v, %v", lane, err)
	}
	if _, err := h.LaneOf(h.ctx(), bridge.Lane{Org: org, Project: project, Direction: bridge.Inbound, Source: string(record(9))}); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("an empty lane: %v", err)
	}
	if all, err := h.Stuck(h.ctx(), 0); err != nil || len(all) != 0 {
		t.Errorf("%d lanes of 0, %v", len(all), err)
	}
	h.reopen()
	if all, err := h.Stuck(h.ctx(), 10); err != nil || len(all) != 1 || all[0].ID != w.ID {
		t.Errorf("after a restart %+v, %v", all, err)
	}
}

func releasesStuck(t *testing.T, h *house) {
	w := h.stick()
	h.settle(h.takes(inbound, "other"), bridge.Effects{})
	h.idle(inbound)
	if err := h.Release(h.ctx(), w.ID); err != nil {
		t.Fatal(err)
	}
	again := h.takes(inbound, "head")
	if again.Attempts != 1 {
		t.Errorf("%d failures are remembered", again.Attempts)
	}
	if err := h.Release(h.ctx(), w.ID); !errors.Is(err, store.ErrInHand) {
		t.Errorf("release of what is carried: %v", err)
	}
	h.settle(again, bridge.Effects{})
	for _, id := range []string{w.ID, "none", "", "0000000000000009-0000"} {
		if err := h.Release(h.ctx(), id); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("release of %q: %v", id, err)
		}
	}
	h.settle(h.takes(inbound, "second"), bridge.Effects{})
	h.settle(h.takes(inbound, "third"), bridge.Effects{})
	h.empty()
	lines, err := h.Stories(h.ctx(), store.StoryFilter{Key: "head"}, 5)
	if err != nil || len(lines) != 2 || lines[0].Outcome != bridge.Operator || lines[0].Record != record(1) {
		t.Errorf("%+v, %v", lines, err)
	}
}

func skipsStuck(t *testing.T, h *house) {
	w := h.stick()
	other := h.takes(inbound, "other")
	claim := func(by bridge.DeliveryID, name string) bridge.Claim {
		return bridge.Claim{Org: org, Project: project, Identity: name, Delivery: by}
	}
	word := claim("head", bridge.WordOf("head", record(1)))
	if err := h.Stage(h.ctx(), bridge.Effects{Claims: []bridge.Claim{claim("head", "mei"), claim("second", "tan"), word}}); err != nil {
		t.Fatal(err)
	}
	if d, err := h.Skip(h.ctx(), w.ID, "skipped by operator"); err != nil || d.ID != "head" {
		t.Fatal(d, err)
	}
	for name, free := range map[string]bool{"mei": true, "tan": false, word.Identity: false} {
		if held, err := h.Take(h.ctx(), []bridge.Claim{claim("other", name)}); err != nil || (len(held) == 0) != free {
			t.Errorf("%q is held by %+v, %v", name, held, err)
		}
	}
	letter, err := h.DeadLetter(h.ctx(), w.ID)
	if err != nil || letter.Reason != "skipped by operator" || letter.Delivery.ID != "head" || letter.Attempts != 1 {
		t.Errorf("the letter is %+v, %v", letter, err)
	}
	second := h.takes(inbound, "second")
	all, err := h.Stuck(h.ctx(), 5)
	if err != nil || len(all) != 0 {
		t.Errorf("%+v is stuck, %v", all, err)
	}
	if _, err := h.Skip(h.ctx(), "0000000000000002-0000", "no"); !errors.Is(err, store.ErrInHand) {
		t.Errorf("skip of what is carried: %v", err)
	}
	h.settle(second, bridge.Effects{})
	if _, err := h.Skip(h.ctx(), "0000000000000003-0000", "skipped by operator"); err != nil { // one that is due
		t.Fatal(err)
	}
	h.idle(inbound)
	h.put(state("alone", 3, "Email"), state("not with it", 3, "Phone"))
	lane, err := h.LaneOf(h.ctx(), bridge.Lane{Org: org, Project: project, Direction: bridge.Inbound, Source: string(record(3))})
	if err == nil {
		_, err = h.Skip(h.ctx(), lane.ID, "skipped by operator")
	}
	if err != nil {
		t.Fatal(err)
	}
	h.settle(h.takes(inbound, "not with it"), bridge.Effects{})
	h.settle(other, bridge.Effects{})
	h.empty()
	h.reopen()
	if n, err := h.Redrive(h.ctx(), w.ID); n != 1 || err != nil {
		t.Fatalf("%d redriven, %v", n, err)
	}
	h.fold()
	h.settle(h.takes(inbound, "head"), bridge.Effects{})
	if h.Counts().DeadLetters[project] != 2 {
		t.Errorf("%v letters are left, want 2", h.Counts().DeadLetters)
	}
	h.empty()
}
