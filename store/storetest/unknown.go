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

// doubtful is what is known of activities while the outcome of some steps is not.
type doubtful struct {
	h       *house
	r       *rand.Rand
	next    int
	acked   map[string]bool // taken in
	maybe   map[string]bool // nobody can tell whether settled
	settled map[string]bool
	order   map[string][]int // what was carried in each lane
}

// doubtLanes is into how many lanes activities go.
const doubtLanes = 5

// doubtsEnd ends process after process by a step of which nobody can tell whether it happened. What was acknowledged is carried, what was settled is not carried
// again, and each lane keeps its order.
func doubtsEnd(t *testing.T, h *house) {
	seed := freshSeed(t)
	d := &doubtful{h: h, r: rand.New(rand.NewPCG(seed, 5)), acked: map[string]bool{}, maybe: map[string]bool{}, settled: map[string]bool{}, order: map[string][]int{}}
	happened := [2]int{}
	for life := range 60 {
		h.Close()
		h.restart()
		engine := &unknowing{KV: h.kv, after: 1 << 30}
		h.kv = engine
		h.openStore()
		happens := life % 2
		engine.after, engine.happens = d.r.IntN(12), happens == 1
		for err := error(nil); err == nil; {
			err = d.step()
			if err != nil && !errors.Is(err, store.ErrUnknown) {
				t.Fatal(err)
			}
		}
		happened[happens]++
	}
	h.Close()
	h.restart()
	h.openStore()
	h.fold()
	for h.Counts().Outlets[outbound].Waiting > 0 {
		if err := d.carry(); err != nil {
			t.Fatal(err)
		}
	}
	for id := range d.acked {
		if !d.settled[id] && !d.maybe[id] {
			t.Errorf("%s was taken in and is lost", id)
		}
	}
	t.Logf("%d taken in, %d settled, %d perhaps; %d steps happened and %d did not", len(d.acked), len(d.settled), len(d.maybe), happened[1], happened[0])
	if len(d.acked) < 50 || len(d.maybe) < 3 {
		t.Error("too little to prove anything")
	}
	h.empty()
}

// step appends, folds or carries.
func (d *doubtful) step() error {
	switch d.r.IntN(4) {
	case 0:
		id := fmt.Sprint(d.next)
		err := d.h.Append(d.h.ctx(), []bridge.Entry{activity(id, fmt.Sprint(d.next%doubtLanes))}, nil)
		if err == nil || errors.Is(err, bridge.ErrDuplicate) { // whoever got no answer sends it again
			d.acked[id] = true
			d.next++
			err = nil
		}
		return err
	case 1:
		if d.h.Counts().Unfolded == 0 {
			return nil
		}
		es, err := d.h.Unfolded(d.h.ctx(), 1+d.r.IntN(4))
		if err != nil {
			return err
		}
		return d.h.Fold(d.h.ctx(), es, nil, nil)
	default:
		return d.carry()
	}
}

// carry settles one work, if any is due.
func (d *doubtful) carry() error {
	ctx, cancel := context.WithTimeout(d.h.ctx(), time.Millisecond)
	defer cancel()
	w, err := d.h.Next(ctx, outbound)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	id, lane := string(w.Head().ID), w.Head().Lane.Source
	if d.settled[id] {
		d.h.t.Errorf("%s is carried again", id)
	}
	if all := d.order[lane]; len(all) > 0 && all[len(all)-1] > atoi(id) {
		d.h.t.Errorf("%s is carried after %d in lane %s", id, all[len(all)-1], lane)
	}
	d.order[lane] = append(d.order[lane], atoi(id))
	err = d.h.Settle(d.h.ctx(), w, bridge.Effects{Links: []bridge.Link{link(atoi(id), bridge.ContactID(id))}})
	switch {
	case err == nil:
		d.settled[id] = true
	case errors.Is(err, store.ErrUnknown):
		d.maybe[id] = true
	}
	return err
}
