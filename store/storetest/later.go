package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/store"
)

// timedLayers are the cases of what waits for the time of its transfer.
var timedLayers = []layer{
	{"KeepsWhatWaitsForItsTimeOnceALaneAndTransfer", waitsForItsTime},
	{"HandsOverInOrderWhatWaitedForItsTime", waitsInOrder},
	{"HandsOverNothingOnceAnotherOwnsTheJournal", waitsFenced},
	{"HandsOverNoFasterThanIsCarried", waitsByTheHundred},
	{"LosesNothingThatIsHandedOverWhereverItStops", waitsCut},
}

// aside settles the next work of an outlet as one that waits for its time.
func (h *house) aside(o bridge.Outlet, ids ...bridge.DeliveryID) {
	h.t.Helper()
	w := h.takes(o, ids...)
	var later []bridge.Later
	for i := range w.Deliveries {
		l := bridge.Later{Delivery: w.Deliveries[i], Callback: w.Entry.Callback, By: "contacts", Since: h.now()}
		if n := len(w.Callbacks); n > 0 {
			l.Callback = &w.Callbacks[n-1]
		}
		later = append(later, l)
	}
	h.settle(w, bridge.Effects{Later: later})
}

// touched is a callback that says that a contact changed.
func touched(id, contact string) bridge.Entry {
	e := activity(id, contact)
	e.Deliveries[0].Kind, e.Callback.Kind, e.Deliveries[0].Transfer = bridge.State, bridge.ContactTouched, "contacts"
	return e
}

// before is the time of what came before a moment.
func before(at time.Time) func(l *bridge.Later) bool {
	return func(l *bridge.Later) bool { return l.Since.Before(at) }
}

func anyTime(*bridge.Later) bool { return true }

// due hands over what is due, and demands that it is so many.
func (h *house) due(o bridge.Outlet, want int, due func(l *bridge.Later) bool) {
	h.t.Helper()
	if n, err := h.Due(h.ctx(), o, due); n != want || err != nil {
		h.t.Errorf("%d of %v are handed over, %v; want %d", n, o, err, want)
	}
	h.fold()
}

// timed demands that so many wait for their time, and nothing else.
func (h *house) timed(in, out int) {
	h.t.Helper()
	c := h.Counts().Outlets
	if c[inbound].Timed != in || c[outbound].Timed != out || h.Timed(inbound) != in || h.Timed(outbound) != out {
		h.t.Errorf("%d and %d wait for their time, want %d and %d", c[inbound].Timed, c[outbound].Timed, in, out)
	}
	h.empty()
}

func waitsForItsTime(t *testing.T, h *house) {
	h.put(state("one", 1, "Email"), state("other", 2, "Email"))
	h.aside(inbound, "one")
	h.aside(inbound, "other")
	h.idle(inbound)
	h.timed(2, 0)
	first := h.now()
	time.Sleep(time.Second)
	h.put(state("two", 1, "Phone"), state("third", 3, "Email")) // the one waits already, since before
	h.aside(inbound, "two")
	h.aside(inbound, "third")
	h.timed(3, 0)
	h.reopen()
	h.timed(3, 0)
	h.due(outbound, 0, anyTime)
	h.due(inbound, 0, func(*bridge.Later) bool { return false })
	h.due(inbound, 2, before(first.Add(time.Millisecond)))
	if h.Timed(inbound) != 1 {
		t.Errorf("%d wait, want the one that came later", h.Timed(inbound))
	}
	got := map[string]bridge.DeliveryID{}
	for range 2 {
		w := h.next(inbound)
		if got[w.Head().Lane.Source] = w.Head().ID; w.Entry.Kind != bridge.TickEntry || w.Dirty() != nil || w.Head().Edge != bridge.EdgeNone {
			t.Errorf("handed over is %+v", w)
		}
		h.settle(w, bridge.Effects{})
	}
	if diff := cmp.Diff(map[string]bridge.DeliveryID{string(record(1)): "two", string(record(2)): "other"}, got); diff != "" {
		t.Errorf("others than wanted are handed over (-want +got):\n%s", diff)
	}
	h.timed(1, 0)
	h.due(inbound, 1, anyTime)
	h.settle(h.takes(inbound, "third"), bridge.Effects{})
	h.timed(0, 0)
	h.due(inbound, 0, anyTime)
	h.reopen()
	h.timed(0, 0)
	h.idle(inbound)
}

func waitsInOrder(t *testing.T, h *house) {
	var e bridge.Effects
	for _, entry := range []bridge.Entry{activity("a", "17"), touched("contact", "17")} { // at the same moment: he goes before what happened with him
		e.Later = append(e.Later, bridge.Later{Delivery: entry.Deliveries[0], Callback: entry.Callback, By: "contacts", Since: h.now().Add(-time.Minute).Truncate(time.Second)})
	}
	if err := h.Stage(h.ctx(), e); err != nil {
		t.Fatal(err)
	}
	for _, id := range []bridge.DeliveryID{"z", "b", "y"} { // in the order in which they came, not of their names
		h.put(activity(string(id), "17"))
		h.aside(outbound, id)
		time.Sleep(time.Second)
	}
	h.put(touched("again", "17"))
	h.aside(outbound, "again") // he waits since before, with what he said last
	here, there := state("here", 1).Deliveries[0], state("there", 1).Deliveries[0]
	there.Lane.Org = "00D000000000002EAA" // the project was of another org
	if err := h.Stage(h.ctx(), bridge.Effects{Later: []bridge.Later{{Delivery: here, By: "contacts"}, {Delivery: there, By: "contacts"}}}); err != nil {
		t.Fatal(err)
	}
	h.timed(2, 5)
	h.reopen()
	h.due(outbound, 5, anyTime)
	h.timedLane(t, "again", "a", "z", "b", "y")
	h.timed(2, 0)
	h.due(inbound, 2, anyTime)
	h.settle(h.next(inbound), bridge.Effects{})
	h.settle(h.next(inbound), bridge.Effects{})
	h.timed(0, 0)
}

// timedLane carries what was handed over of one contact, and demands its order and its callbacks.
func (h *house) timedLane(t *testing.T, ids ...bridge.DeliveryID) {
	t.Helper()
	var got []bridge.DeliveryID
	for range ids {
		w := h.next(outbound)
		id := w.Head().ID
		if got = append(got, id); w.Entry.Callback == nil || string(w.Entry.Callback.Body) != `{"id":"`+string(id)+`"}` || w.Entry.Kind != bridge.TickEntry {
			t.Errorf("%s is handed over as %+v", id, w)
		}
		h.settle(w, bridge.Effects{})
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("another order than wanted (-want +got):\n%s", diff)
	}
}

func waitsFenced(t *testing.T, h *house) {
	h.put(state("one", 1, "Email"))
	h.aside(inbound, "one")
	other := store.New(h.kv, store.Options{Now: h.now, Holder: "other"})
	if err := other.Open(h.ctx()); err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if n, err := h.Due(h.ctx(), inbound, anyTime); n != 0 || !errors.Is(err, store.ErrFenced) {
		t.Errorf("the one before hands over %d, %v", n, err)
	}
	for _, want := range []int{1, 0} {
		if n, err := other.Due(h.ctx(), inbound, anyTime); n != want || err != nil {
			t.Errorf("the new owner hands over %d, %v; want %d", n, err, want)
		}
	}
	soon, cancel := context.WithTimeout(h.ctx(), time.Second)
	defer cancel()
	es, err := other.Unfolded(soon, 10)
	if err != nil || len(es) != 1 {
		t.Fatalf("%d entries, %v; want the one that was due", len(es), err)
	}
}

// asideMany has records wait for their time, many in a step.
func (h *house) asideMany(n int) {
	h.t.Helper()
	var e bridge.Effects
	for i := range n {
		e.Later = append(e.Later, bridge.Later{Delivery: state(fmt.Sprint("many", i), i, "Email").Deliveries[0], By: "contacts", Since: h.now()})
		if len(e.Later) == 100 || i == n-1 {
			if err := h.Stage(h.ctx(), e); err != nil {
				h.t.Fatal(err)
			}
			e.Later = nil
		}
	}
}

// waitsByTheHundred demands that more than one step holds are handed over whole, by lanes, each once, and not faster than they are carried.
func waitsByTheHundred(t *testing.T, h *house) {
	const n = 1500
	h.asideMany(n)
	h.put(state("at once", n+1, "Email"))
	h.settle(h.takes(inbound, "at once"), bridge.Effects{})
	done := make(chan error, 1)
	go func() {
		got, err := h.Due(h.ctx(), inbound, anyTime)
		if err == nil && got != n {
			err = fmt.Errorf("%d are handed over, want %d", got, n)
		}
		done <- err
	}()
	folder, stop := context.WithCancel(h.ctx())
	folded := make(chan struct{})
	go func() {
		defer close(folded)
		for {
			es, err := h.Unfolded(folder, 50)
			if err != nil {
				return
			}
			_ = h.Fold(h.ctx(), es, nil, nil)
		}
	}()
	for h.Counts().Outlets[inbound].Waiting < 1024 {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(2 * time.Second)
	if c := h.Counts().Outlets[inbound]; c.Waiting > 1250 || c.Waiting+c.Timed != n {
		t.Errorf("%d are handed over while nobody carries, and %d wait on", c.Waiting, c.Timed)
	}
	seen := map[string]bool{}
	for range n {
		w := h.next(inbound)
		if seen[w.Head().Lane.Source] {
			t.Errorf("%s goes twice", w.Head().ID)
		}
		seen[w.Head().Lane.Source] = true
		h.settle(w, bridge.Effects{})
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	stop()
	<-folded
	h.timed(0, 0)
}

// waitsCut stops the engine at any step of handing over: each delivery waits, or is in the journal.
func waitsCut(t *testing.T, h *house) {
	const n = 200
	h.asideMany(n)
	for after := 0; ; after++ {
		h.Close()
		h.restart()
		inner := &failing{KV: h.kv}
		h.kv = inner
		h.openStore()
		inner.armed, inner.after = true, after
		_, err := h.Due(h.ctx(), inbound, anyTime)
		inner.armed = false
		if err == nil {
			break
		}
		if !errors.Is(err, errInjected) {
			t.Fatal(err)
		}
		h.Close()
		h.restart()
		h.openStore()
		h.fold()
		if c := h.Counts().Outlets[inbound]; c.Waiting+c.Timed != n {
			t.Fatalf("%d are in the journal and %d wait after a stop at step %d, want %d", c.Waiting, c.Timed, after, n)
		}
	}
	h.fold()
	seen := map[bridge.DeliveryID]bool{}
	for range n {
		w := h.next(inbound)
		seen[w.Head().ID] = true
		h.settle(w, bridge.Effects{})
	}
	if len(seen) != n {
		t.Errorf("%d of %d went", len(seen), n)
	}
	h.timed(0, 0)
}
