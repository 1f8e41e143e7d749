package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/store"
)

func keepsLaneOrder(t *testing.T, h *house) {
	h.put(activity("a1", "7"), activity("a2", "7"), activity("b1", "8"))
	w := h.takes(outbound, "a1")
	h.takes(outbound, "b1")
	h.deferFor(w, 30*time.Second)
	h.idle(outbound) // a2 waits behind a1
	w = h.takes(outbound, "a1")
	if w.Attempts != 1 || w.LastError != "no" || w.First.IsZero() {
		t.Errorf("attempts %d, last error %q, first %s", w.Attempts, w.LastError, w.First)
	}
	h.idle(outbound)
	h.settle(w, bridge.Effects{})
	if w = h.takes(outbound, "a2"); w.Attempts != 0 || !w.First.IsZero() {
		t.Errorf("the history of a1 sticks to a2: %+v", w)
	}
}

func takesTurns(_ *testing.T, h *house) {
	h.put(activity("a1", "7"), activity("a2", "7"), activity("a3", "7"), activity("b1", "8"), activity("b2", "8"))
	for _, id := range []bridge.DeliveryID{"a1", "b1", "a2", "b2", "a3"} {
		h.settle(h.takes(outbound, id), bridge.Effects{})
	}
	h.empty()
}

func notBeforeFolded(_ *testing.T, h *house) {
	h.append(state("s1", 1), activity("a1", "7"))
	h.idle(inbound)
	h.idle(outbound)
	h.reopen()
	h.idle(inbound)
	h.idle(outbound)
	h.fold()
	h.takes(inbound, "s1")
	h.takes(outbound, "a1")
}

func coalesces(t *testing.T, h *house) {
	barrier := state("c", 1)
	barrier.Deliveries[0].Kind = bridge.Append
	other := state("b", 1, "X")
	other.Deliveries[0].Transfer = "leads"
	h.put(state("a1", 1, "Email"), other, state("a2", 1, "Phone", "Email"), state("z", 2), barrier, state("a3", 1))
	w := h.takes(inbound, "a1", "a2")
	if diff := cmp.Diff(map[bridge.Field]bool{"Email": true, "Phone": true}, w.Dirty()); diff != "" {
		t.Error(diff)
	}
	h.append(state("a4", 1)) // comes while the work is out: not part of it
	h.settle(h.takes(inbound, "z"), bridge.Effects{})
	h.deferFor(w, time.Second)
	h.fold()
	w = h.takes(inbound, "a1", "a2")
	h.settle(w, bridge.Effects{})
	for _, ids := range [][]bridge.DeliveryID{{"b"}, {"c"}, {"a3", "a4"}} {
		h.settle(h.takes(inbound, ids...), bridge.Effects{})
	}
	h.empty()
}

func refusesTwice(t *testing.T, h *house) {
	h.put(activity("a1", "7"), activity("a2", "7"))
	w := h.takes(outbound, "a1")
	h.settle(w, bridge.Effects{})
	for name, err := range map[string]error{
		"settle": h.Settle(h.ctx(), w, bridge.Effects{}), "bury": h.Bury(h.ctx(), w, "", bridge.Effects{}),
		"defer": h.Defer(h.ctx(), w, bridge.Deferral{}), "nothing": h.Settle(h.ctx(), bridge.Work{}, bridge.Effects{}),
	} {
		if !errors.Is(err, store.ErrNotOut) {
			t.Errorf("%s of settled work: %v", name, err)
		}
	}
	h.settle(h.takes(outbound, "a2"), bridge.Effects{})
	h.empty()
}

func defersInTime(t *testing.T, h *house) {
	if h.realTime {
		t.Skip("waits for hours")
	}
	for i, d := range []time.Duration{3 * time.Hour, time.Hour, 2 * time.Hour} {
		h.put(activity(fmt.Sprint("a", i), fmt.Sprint(i)))
		h.deferFor(h.next(outbound), d)
	}
	h.move(-240 * time.Hour) // the wall clock of before is no matter
	start := time.Now()
	for i, id := range []bridge.DeliveryID{"a1", "a2", "a0"} {
		w, err := h.Next(h.ctx(), outbound)
		if err != nil || w.Head().ID != id || time.Since(start) != time.Duration(i+1)*time.Hour {
			t.Errorf("%v after %s, %v; want %s", w.Deliveries, time.Since(start), err, id)
		}
	}
}

func keepsAttempts(t *testing.T, h *house) {
	h.put(activity("a1", "7"), activity("a2", "7"), activity("b1", "8"))
	h.deferFor(h.takes(outbound, "a1"), time.Second)
	w := h.takes(outbound, "b1")
	time.Sleep(2 * time.Second)
	first := h.takes(outbound, "a1")
	h.deferFor(first, 20*time.Second)
	if err := h.Defer(h.ctx(), w, bridge.Deferral{Until: h.now().Add(time.Hour), Volatile: true}); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	h.settle(h.takes(outbound, "b1"), bridge.Effects{}) // what is volatile is forgotten
	h.idle(outbound)
	again := h.takes(outbound, "a1")
	if again.Attempts != 2 || !again.First.Equal(first.First) || again.LastError != "no" {
		t.Errorf("after the restart %+v, before it %+v", again, first)
	}
	h.settle(again, bridge.Effects{})
	h.settle(h.takes(outbound, "a2"), bridge.Effects{})
	h.empty()
}

func dedups(t *testing.T, h *house) {
	var fresh, twice atomic.Int32
	var wg sync.WaitGroup
	copies := func(n int) {
		for range n {
			wg.Go(func() {
				switch err := h.Append(h.ctx(), []bridge.Entry{activity("a1", "7")}, nil); {
				case err == nil:
					fresh.Add(1)
				case errors.Is(err, bridge.ErrDuplicate):
					twice.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	copies(100)
	h.reopen()
	h.move(7*24*time.Hour - time.Hour)
	copies(1)
	if fresh.Load() != 1 || twice.Load() != 100 {
		t.Errorf("%d of 101 copies were taken in, %d refused", fresh.Load(), twice.Load())
	}
	h.move(2 * time.Hour)
	copies(1)
	if fresh.Load() != 2 {
		t.Error("the mark outlives its time")
	}
	if n := h.entries(); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
}

func foldsInOrder(t *testing.T, h *house) {
	const sides, each = 20, 20
	var wg sync.WaitGroup
	for i := range sides {
		wg.Go(func() {
			for j := range each {
				e := change(fmt.Sprint(i, "-", j), i)
				if j%5 == 4 {
					e = activity(fmt.Sprint("twice-", j), "7") // all but one are refused: numbers that nobody uses
				}
				if err := h.Append(h.ctx(), []bridge.Entry{e}, nil); err != nil && !errors.Is(err, bridge.ErrDuplicate) {
					t.Error(err)
				}
			}
		})
	}
	var last bridge.EntryID
	seen := map[string]int{}
	for n := 0; n < sides*each*4/5+4; {
		es, err := h.Unfolded(h.ctx(), 7)
		if err != nil || len(es) == 0 || len(es) > 7 {
			t.Fatal(len(es), err)
		}
		for _, e := range es {
			if e.ID <= last {
				t.Errorf("entry %d comes after %d", e.ID, last)
			}
			last = e.ID
			if e.Change == nil {
				continue
			}
			side, number, _ := strings.Cut(e.Change.Event, "-")
			if atoi(number) < seen[side] {
				t.Errorf("side %s: %s comes behind what was appended after it", side, number)
			}
			seen[side] = atoi(number)
		}
		n += len(es)
		if err := h.Fold(h.ctx(), es, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if n := h.Counts().Unfolded; n != 0 {
		t.Errorf("%d entries were passed over", n)
	}
}

func atoi(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}

func endsEntries(t *testing.T, h *house) {
	e := state("a", 1)
	for i := range 3 {
		d := state(fmt.Sprint("a", i), i+2).Deliveries[0]
		e.Deliveries = append(e.Deliveries, d)
	}
	h.put(e)
	h.settle(h.takes(inbound, "a"), bridge.Effects{})
	h.settle(h.takes(inbound, "a0"), bridge.Effects{})
	h.reopen() // two are settled, two are not
	one, two := h.takes(inbound, "a1"), h.takes(inbound, "a2")
	var wg sync.WaitGroup
	for _, w := range []bridge.Work{one, two} {
		wg.Go(func() { h.settle(w, bridge.Effects{}) })
	}
	wg.Wait()
	h.empty()
	h.idle(inbound)
	if items, _ := h.kv.Scan(h.ctx(), "", "", 100); slices.ContainsFunc(items, func(it store.Item) bool { return strings.HasPrefix(it.Key, "a/") }) {
		t.Error("marks are left")
	}
}

func mergesFullLane(t *testing.T, h *house) {
	h.options.LaneCount = 4
	h.Close()
	h.openStore()
	h.put(state("a0", 1, "A"), state("a1", 1, "B"), state("a2", 1, "C"), state("a3", 1, "D"))
	w := h.next(inbound) // all four are out
	if err := h.Append(h.ctx(), []bridge.Entry{state("a4", 1)}, nil); !errors.Is(err, bridge.ErrFull) {
		t.Errorf("append to a full lane with nothing to merge: %v", err)
	}
	h.deferFor(w, time.Second)
	h.append(state("a5", 1, "E"))
	h.fold()
	h.append(state("a6", 1, "F"))
	h.fold()
	h.reopen()
	if n := h.Counts().Outlets[inbound].Waiting; n != 4 {
		t.Errorf("%d deliveries wait in a lane of 4", n)
	}
	w = h.takes(inbound, "a0", "a1", "a2", "a6")
	if n := len(w.Dirty()); n != 6 {
		t.Errorf("dirty fields %v, want A to F", w.Dirty())
	}
	h.settle(w, bridge.Effects{})
	h.empty()
}

func refusesFull(t *testing.T, h *house) {
	h.options.MaxBytes = 2000
	h.options.LaneCount = 3
	h.Close()
	h.openStore()
	h.put(activity("a1", "7"), activity("a2", "7"), activity("a3", "7"))
	before := h.Counts()
	if err := h.Append(h.ctx(), []bridge.Entry{activity("b", "8"), activity("a4", "7")}, nil); !errors.Is(err, bridge.ErrFull) {
		t.Errorf("append to a full lane: %v", err)
	}
	big := activity("c", "9")
	big.Callback.Body = make([]byte, 2000)
	if err := h.Append(h.ctx(), []bridge.Entry{big}, nil); !errors.Is(err, bridge.ErrFull) {
		t.Errorf("append to a full journal: %v", err)
	}
	if diff := cmp.Diff(before, h.Counts()); diff != "" {
		t.Errorf("what was refused counts:\n%s", diff)
	}
	for range 3 {
		h.settle(h.next(outbound), bridge.Effects{})
	}
	h.put(activity("a4", "7"))
	h.settle(h.takes(outbound, "a4"), bridge.Effects{})
	h.empty()
}
