package storetest

import (
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// shade settles a work as one that was carried in shadow.
func (h *house) shade(w bridge.Work) {
	h.t.Helper()
	h.settle(w, bridge.Effects{Story: []bridge.Story{{Org: org, Project: project, Outcome: bridge.Sent}, {Org: org, Project: project, Outcome: bridge.Shadowed}}})
}

func owes(t *testing.T, h *house) {
	counts := func(in, out int) {
		t.Helper()
		c := h.Counts().Outlets
		if c[inbound].Shadowed != in || c[outbound].Shadowed != out {
			t.Errorf("%d and %d are owed, want %d and %d", c[inbound].Shadowed, c[outbound].Shadowed, in, out)
		}
	}
	h.put(state("one", 1, "Email"), state("sent", 2, "Email"), activity("first", "17"), activity("second", "17"))
	h.shade(h.takes(inbound, "one"))
	h.settle(h.takes(inbound, "sent"), bridge.Effects{Story: []bridge.Story{{Outcome: bridge.Sent}}})
	h.shade(h.takes(outbound, "first"))
	h.shade(h.takes(outbound, "second"))
	time.Sleep(time.Second)
	h.put(state("two", 1, "Phone"))
	h.shade(h.takes(inbound, "two")) // of the same lane and transfer: it owes already
	h.empty()
	counts(1, 2)
	h.reopen()
	counts(1, 2)
	for _, c := range []struct {
		still func(*bridge.Delivery) bool
		want  int
	}{
		{func(*bridge.Delivery) bool { return true }, 0},
		{func(d *bridge.Delivery) bool { return d.Lane.Direction == bridge.Inbound }, 2},
		{func(*bridge.Delivery) bool { return false }, 1},
		{func(*bridge.Delivery) bool { return false }, 0},
	} {
		if n, err := h.Unshadow(h.ctx(), c.still); n != c.want || err != nil {
			t.Errorf("%d come back, %v; want %d", n, err, c.want)
		}
	}
	counts(0, 0)
	h.fold()
	for _, id := range []bridge.DeliveryID{"first", "second"} {
		w := h.takes(outbound, id)
		if !w.Resumed || w.Entry.Callback == nil || string(w.Entry.Callback.Body) != `{"id":"`+string(id)+`"}` {
			t.Errorf("%s comes back as %+v", id, w)
		}
		h.settle(w, bridge.Effects{})
	}
	w := h.takes(inbound, "two")
	if !w.Resumed || w.Dirty() != nil || w.Entry.Change != nil {
		t.Errorf("the state comes back as %+v", w)
	}
	h.settle(w, bridge.Effects{})
	h.says(t)
	h.many(t)
	h.empty()
	lines, err := h.Stories(h.ctx(), store.StoryFilter{Key: "two"}, 5)
	if err != nil || len(lines) != 1 || lines[0].Outcome != bridge.Operator {
		t.Errorf("%+v %v", lines, err)
	}
	h.reopen()
	counts(0, 0)
	h.empty()
}

// says demands that a contact who owes comes back with what he said last, also where that was nothing to send.
func (h *house) says(t *testing.T) {
	t.Helper()
	touched := func(id, contact string) bridge.Entry {
		e := activity(id, contact)
		e.Deliveries[0].Kind, e.Callback.Kind = bridge.State, bridge.ContactTouched
		return e
	}
	h.put(touched("before", "18"))
	h.settle(h.takes(outbound, "before"), bridge.Effects{})
	h.put(touched("edit", "18"))
	h.shade(h.takes(outbound, "edit"))
	time.Sleep(time.Second)
	h.put(activity("talk", "18"))
	h.shade(h.takes(outbound, "talk"))
	time.Sleep(time.Second)
	h.put(touched("undo", "18"), touched("else", "19"))
	h.settle(h.takes(outbound, "undo"), bridge.Effects{})
	h.settle(h.takes(outbound, "else"), bridge.Effects{})
	if n, err := h.Unshadow(h.ctx(), func(*bridge.Delivery) bool { return false }); n != 2 || err != nil {
		t.Errorf("%d come back, %v", n, err)
	}
	h.fold()
	w := h.takes(outbound, "undo")
	if string(w.Entry.Callback.Body) != `{"id":"undo"}` {
		t.Errorf("the contact comes back with %s", w.Entry.Callback.Body)
	}
	h.settle(w, bridge.Effects{})
	h.settle(h.takes(outbound, "talk"), bridge.Effects{}) // after the contact, who may be linked by then
}

// many demands that more debts than one step holds come back, each once.
func (h *house) many(t *testing.T) {
	t.Helper()
	const n = 150
	for i := range n {
		h.put(state(fmt.Sprint("many", i), 100+i, "Email"))
		h.shade(h.takes(inbound, bridge.DeliveryID(fmt.Sprint("many", i))))
	}
	h.reopen()
	if got, err := h.Unshadow(h.ctx(), func(*bridge.Delivery) bool { return false }); got != n || err != nil {
		t.Errorf("%d come back, %v", got, err)
	}
	h.fold()
	seen := map[string]bool{}
	for range n {
		w := h.next(inbound)
		if seen[w.Head().Lane.Source] || !w.Resumed {
			t.Errorf("%s comes back twice, or as if it were new", w.Head().ID)
		}
		seen[w.Head().Lane.Source] = true
		h.settle(w, bridge.Effects{})
	}
}
