package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// positionTrails appends batches larger than a step while the engine fails at every step in turn.
func positionTrails(t *testing.T, h *house) {
	const size = 600 // more than two steps hold
	inner := h.kv
	for fail := range 6 {
		h.Close()
		h.kv = inner
		flaky := &failing{KV: inner}
		h.kv = flaky
		h.openStore()
		flaky.after = fail
		flaky.armed = true
		before := h.entries()
		var es []bridge.Entry
		for i := range size {
			es = append(es, change(fmt.Sprint(fail, "-", i), i))
		}
		pos := bridge.Position{Org: org, Topic: topic, Replay: []byte{byte(fail)}}
		err := h.Append(h.ctx(), es, &pos)
		flaky.armed = false
		got, perr := h.Position(h.ctx(), org, topic)
		moved := perr == nil && got.Replay[0] == byte(fail)
		if written := h.entries() - before; moved != (err == nil) || moved && written != size {
			t.Errorf("failing after %d steps: %d of %d entries, position moved: %v, %v", fail, written, size, moved, err)
		}
	}
	h.fold()
	h.empty()
}

func (h *house) entries() int {
	items, err := h.kv.Scan(h.ctx(), "e/", "", 100_000)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(items)
}

// errInjected is what a failing engine answers.
var errInjected = fmt.Errorf("injected: %w", store.ErrUnavailable)

// failing is an engine that takes so many steps and then no more, as before a crash.
type failing struct {
	store.KV
	armed bool
	after int
}

func (f *failing) Apply(ctx context.Context, tx store.Tx) error {
	if f.armed && len(tx.Ops) > 0 {
		if f.after == 0 {
			return errInjected
		}
		f.after--
	}
	return f.KV.Apply(ctx, tx)
}

// stopsAnywhere drives the whole walk while the process ends at random points: what was taken in is settled once, in the order of its lane.
func stopsAnywhere(t *testing.T, h *house) {
	seed := freshSeed(t)
	r := rand.New(rand.NewPCG(seed, 1))
	const entries, lanes = 300, 12
	inner := &failing{}
	reopen := func(after int) {
		h.Close()
		h.restart()
		*inner = failing{KV: h.kv}
		h.kv = inner
		h.openStore()
		inner.armed, inner.after = true, after
	}
	reopen(r.IntN(20))
	next, done := 0, map[string][]int{}
	for settled := 0; settled < entries; {
		err := h.walk(r, &next, entries, lanes, func(w bridge.Work) {
			for _, d := range w.Deliveries {
				done[d.Lane.Source] = append(done[d.Lane.Source], atoi(string(d.ID)))
				settled++
			}
		})
		if errors.Is(err, errInjected) {
			reopen(r.IntN(40))
		} else if err != nil {
			t.Fatal(err)
		}
	}
	inner.armed = false
	for lane, ids := range done {
		for i, id := range ids {
			if id%lanes != atoi(lane) || i > 0 && ids[i-1] >= id {
				t.Errorf("lane %s was settled as %v", lane, ids)
				break
			}
		}
	}
	h.fold()
	h.empty()
}

// walk takes one step at random: append, fold, or carry.
func (h *house) walk(r *rand.Rand, next *int, entries, lanes int, settled func(bridge.Work)) error {
	switch step := r.IntN(4); {
	case step == 0 && *next < entries:
		e := activity(fmt.Sprint(*next), fmt.Sprint(*next%lanes))
		err := h.Append(h.ctx(), []bridge.Entry{e}, nil)
		if err == nil {
			*next++
		}
		return err
	case step == 1:
		if h.Counts().Unfolded == 0 {
			return nil
		}
		es, err := h.Unfolded(h.ctx(), 1+r.IntN(10))
		if err != nil {
			return err
		}
		return h.Fold(h.ctx(), es, nil, nil)
	default:
		ctx, cancel := context.WithTimeout(h.ctx(), time.Millisecond)
		defer cancel()
		w, err := h.Next(ctx, outbound)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		if r.IntN(3) == 0 {
			return h.Defer(h.ctx(), w, bridge.Deferral{Until: h.now().Add(time.Duration(r.IntN(2000)) * time.Millisecond), Failed: true, Volatile: r.IntN(2) == 0})
		}
		if err = h.Settle(h.ctx(), w, bridge.Effects{}); err == nil {
			settled(w)
		}
		return err
	}
}

// damagedRecords breaks an entry and a link on disk.
func damagedRecords(t *testing.T, h *house) {
	h.append(activity("a1", "7"), activity("a2", "7"), activity("b1", "8"))
	if err := h.Stage(h.ctx(), bridge.Effects{Links: []bridge.Link{link(1, "7")}}); err != nil {
		t.Fatal(err)
	}
	h.fold()
	h.reopen() // what was appended since the start is not read again
	bad := []string{"e/0000000000000001", "l/00d000000000001eaa/crm/r/003000000000001aaa"}
	for _, key := range bad {
		it := h.get(key)
		if it.Rev == 0 {
			t.Fatalf("%s is not there", key)
		}
		it.Val[len(it.Val)-1] ^= 1
		h.apply(store.Op{Key: key, Val: it.Val})
	}
	h.settle(h.takes(outbound, "b1"), bridge.Effects{}) // a1 was the first in turn and is passed over
	w := h.takes(outbound, "a2")
	h.reopen()
	h.settle(h.takes(outbound, "a2"), bridge.Effects{})
	if err := h.Settle(h.ctx(), w, bridge.Effects{}); err == nil {
		t.Error("work of before the restart is settled")
	}
	if _, err := h.LinkOf(h.ctx(), org, project, record(1)); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a damaged link reads as %v", err)
	}
	if got := h.Health(h.ctx()).Damaged; len(got) != 2 || h.get(bad[0]).Rev == 0 {
		t.Errorf("damaged are %v", got)
	}
	if err := h.Stage(h.ctx(), bridge.Effects{Links: []bridge.Link{link(1, "8")}}); err != nil {
		t.Errorf("a damaged link cannot be replaced: %v", err)
	}
}
