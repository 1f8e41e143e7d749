package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// counting is an engine that counts the steps that were written.
type counting struct {
	store.KV
	steps int
}

func (c *counting) Apply(ctx context.Context, tx store.Tx) error {
	err := c.KV.Apply(ctx, tx)
	if err == nil && len(tx.Ops) > 0 {
		c.steps++
	}
	return err
}

// passesForNothing holds what folding costs: an entry that says nothing of a record costs no step, until the cursor on disk is far behind.
func passesForNothing(t *testing.T, h *house) {
	h.Close()
	steps := &counting{KV: h.kv}
	h.kv = steps
	h.openStore()
	cost := func(es ...bridge.Entry) int {
		h.append(es...)
		before := steps.steps
		h.fold()
		return steps.steps - before
	}
	h.put(activity("a0", "7")) // the first after a start is far behind, since numbers that may have been given are left out
	if n := cost(activity("a1", "7"), activity("a2", "8")); n != 0 {
		t.Errorf("two callbacks took %d steps to fold", n)
	}
	if n := cost(state("s1", 1), activity("a3", "7")); n != 1 {
		t.Errorf("a change and a callback took %d steps to fold", n)
	}
	all := 0
	for i := range 30 {
		var es []bridge.Entry
		for j := range 50 {
			es = append(es, activity(fmt.Sprint(i, "-", j), fmt.Sprint(j)))
		}
		all += cost(es...)
	}
	if all != 1 {
		t.Errorf("1,500 callbacks took %d steps to fold", all)
	}
}

// passesAgain ends the process while the cursor on disk is behind: what was settled stays so, what failed is known, and no number comes again.
func passesAgain(t *testing.T, h *house) {
	h.reopen() // the store is not new
	two := activity("one", "7")
	two.Deliveries = append(two.Deliveries, activity("other", "8").Deliveries...)
	h.put(two, activity("late", "9"), activity("last", "10"))
	h.settle(h.takes(outbound, "one"), bridge.Effects{})
	h.deferFor(h.takes(outbound, "other"), time.Hour)
	h.settle(h.takes(outbound, "late"), bridge.Effects{})
	buried := h.takes(outbound, "last")
	if err := h.Bury(h.ctx(), buried, "no", bridge.Effects{}); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	h.idle(outbound)
	h.put(activity("next", "10"))
	w := h.takes(outbound, "next")
	if w.Entries[0] <= buried.Entries[0] {
		t.Errorf("entry %d comes after entry %d", w.Entries[0], buried.Entries[0])
	}
	h.settle(w, bridge.Effects{})
	h.move(2 * time.Hour)
	time.Sleep(2 * time.Hour)
	if w = h.takes(outbound, "other"); w.Attempts != 1 || !w.Resumed {
		t.Errorf("%d attempts, resumed %v", w.Attempts, w.Resumed)
	}
	h.settle(w, bridge.Effects{})
	h.empty()
}

// passesInOrder ends the process while a change is not folded: what came behind it waits for it.
func passesInOrder(_ *testing.T, h *house) {
	h.put(activity("a1", "7"))
	h.append(activity("a2", "7"), state("s1", 1), activity("a3", "8"))
	h.reopen()
	h.settle(h.takes(outbound, "a1"), bridge.Effects{})
	h.settle(h.takes(outbound, "a2"), bridge.Effects{})
	h.idle(outbound)
	h.idle(inbound)
	h.fold()
	h.settle(h.takes(outbound, "a3"), bridge.Effects{})
	h.settle(h.takes(inbound, "s1"), bridge.Effects{})
	h.empty()
}
