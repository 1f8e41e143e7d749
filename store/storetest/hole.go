package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// holes holds an operator's word against a reader that knows the hole as it was before it.
func holes(t *testing.T, h *house) {
	from := time.Unix(1000, 0).UTC()
	opened := bridge.Hole{Org: org, Topic: topic, From: from, To: from.Add(time.Hour), Reason: "a stop"}
	kept := func() bridge.Hole {
		t.Helper()
		all, err := h.Holes(h.ctx())
		if err != nil || len(all) != 1 {
			t.Fatalf("%d holes, %v", len(all), err)
		}
		return all[0]
	}
	filled := func(o bridge.Object, f bridge.Filled) bridge.Hole {
		read := opened
		read.Filled = map[bridge.Object]bridge.Filled{o: f}
		return read
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.OpenHole(h.ctx(), opened))
	must(h.FillHole(h.ctx(), filled("Contact", bridge.Filled{Rows: 3, Held: "many"}), "Contact"))
	must(h.FillHole(h.ctx(), filled("Lead", bridge.Filled{Rows: 1}), "Lead"))
	want := opened
	want.Filled = map[bridge.Object]bridge.Filled{"Contact": {Rows: 3, Held: "many"}, "Lead": {Rows: 1}}
	if diff := cmp.Diff(want, kept()); diff != "" {
		t.Errorf("two objects were filled: %s", diff)
	}
	must(h.ApproveHole(h.ctx(), opened.ID(), false))
	must(h.FillHole(h.ctx(), filled("Lead", bridge.Filled{Rows: 2, Held: "many"}), "Lead"))
	want.Approved, want.Filled = true, map[bridge.Object]bridge.Filled{"Contact": {Rows: 3}, "Lead": {Rows: 2}}
	if diff := cmp.Diff(want, kept()); diff != "" {
		t.Errorf("an operator approved meanwhile: %s", diff)
	}
	more := opened
	more.To, more.Whole = from.Add(2*time.Hour), true
	must(h.OpenHole(h.ctx(), more))
	stale(t, h, opened)
	if diff := cmp.Diff(more, kept()); diff != "" {
		t.Errorf("it was opened anew meanwhile: %s", diff)
	}
	must(h.ApproveHole(h.ctx(), more.ID(), true))
	stale(t, h, more)
	if !kept().Closed {
		t.Errorf("an operator closed it meanwhile: %+v", kept())
	}
}

// stale demands that nothing is made of a hole as it was once read.
func stale(t *testing.T, h *house, read bridge.Hole) {
	t.Helper()
	for _, err := range []error{h.FillHole(h.ctx(), read, "Contact"), h.CloseHole(h.ctx(), read)} {
		if !errors.Is(err, bridge.ErrMoved) {
			t.Errorf("what was read of a hole that is another by now counts: %v", err)
		}
	}
}
