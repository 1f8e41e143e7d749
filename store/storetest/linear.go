package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"sfbridge/store"
)

// A history is linear where its steps can be put in one order in which each step sees what the one before it left, and in which no step comes before one
// that had ended when it began. Every write leaves a value of its own, so what a step saw tells which step it saw, and the order of the versions of a key
// is known: each success names the version that it replaced. So there is nothing to search: the order exists if these demands make no circle.
//
//	step that wrote a version ──> steps that saw it ──> step that replaced it
//	step that ended           ──> step that began later

// step is one Get, or one Apply that succeeded. A conflict changed nothing and may be spurious: it is in no history.
type step struct {
	began, ended int64             // by one counter of the whole history
	saw          map[string]string // value by key, "" where it was absent
	wrote        map[string]string
}

func (s *step) String() string {
	return fmt.Sprintf("%d-%d saw %v wrote %v", s.began, s.ended, s.saw, s.wrote)
}

// notLinear says why a history is not linear, "" where it is.
func notLinear(history []*step) string {
	writers, replacers := map[[2]string]*step{}, map[[2]string]*step{} // by key and value
	for _, s := range history {
		for key, val := range s.wrote {
			if writers[[2]string{key, val}] != nil {
				return fmt.Sprintf("%s was written twice as %q", key, val)
			}
			writers[[2]string{key, val}] = s
			was := [2]string{key, s.saw[key]}
			if other := replacers[was]; other != nil {
				return fmt.Sprintf("an update is lost: {%v} and {%v} replaced the same version", other, s)
			}
			replacers[was] = s
		}
	}
	after := map[*step][]*step{} // what comes later
	demand := func(first, then *step) {
		if first != nil && then != nil && first != then {
			after[first] = append(after[first], then)
		}
	}
	for _, s := range history {
		for key, val := range s.saw {
			v := [2]string{key, val}
			if val != "" && writers[v] == nil {
				return fmt.Sprintf("{%v} saw what nobody wrote", s)
			}
			demand(writers[v], s)
			demand(s, replacers[v])
		}
		for _, then := range history {
			if s.ended < then.began {
				demand(s, then)
			}
		}
	}
	return circle(history, after)
}

// circle names a step that cannot be placed, "" for none.
func circle(history []*step, after map[*step][]*step) string {
	before := map[*step]int{}
	for _, all := range after {
		for _, s := range all {
			before[s]++
		}
	}
	var free []*step
	for _, s := range history {
		if before[s] == 0 {
			free = append(free, s)
		}
	}
	placed := 0
	for ; len(free) > 0; placed++ {
		s := free[len(free)-1]
		free = free[:len(free)-1]
		for _, then := range after[s] {
			if before[then]--; before[then] == 0 {
				free = append(free, then)
			}
		}
	}
	if placed == len(history) {
		return ""
	}
	for _, s := range history {
		if before[s] > 0 {
			return fmt.Sprintf("%d of %d steps can be put in no order, one is {%v}", len(history)-placed, len(history), s)
		}
	}
	return "no order"
}

// linear has many sides read and swap a few keys, alone and together.
func linear(t *testing.T, b *bench) {
	const sides, rounds = 8, 25
	seed := freshSeed(t)
	var now atomic.Int64
	histories := make([][]*step, sides)
	var wg sync.WaitGroup
	for side := range sides {
		r := rand.New(rand.NewPCG(seed, uint64(side)))
		wg.Go(func() {
			for round := range rounds {
				all, err := turn(b, r, &now, fmt.Sprintf("%d-%d", side, round))
				if histories[side] = append(histories[side], all...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var history []*step
	writes := 0
	for _, h := range histories {
		for _, s := range h {
			history = append(history, s)
			writes += min(len(s.wrote), 1)
		}
	}
	t.Logf("%d steps, %d of them writes", len(history), writes)
	if writes < rounds {
		t.Error("too few to prove anything")
	}
	if why := notLinear(history); why != "" {
		t.Error(why)
	}
}

// turn reads some keys one after the other, then swaps at least one of them under a check of all.
func turn(b *bench, r *rand.Rand, now *atomic.Int64, id string) ([]*step, error) {
	var all []*step
	var tx store.Tx
	swap := &step{saw: map[string]string{}, wrote: map[string]string{}}
	for _, i := range r.Perm(6)[:1+r.IntN(3)] {
		key := fmt.Sprintf("x/%d", i)
		read := &step{began: now.Add(1)}
		it, err := b.kv.Get(b.ctx(), key)
		if err != nil {
			return all, err
		}
		read.ended, read.saw = now.Add(1), map[string]string{key: string(it.Val)}
		all = append(all, read)
		tx.Checks = append(tx.Checks, store.Check{Key: key, Rev: it.Rev})
		swap.saw[key] = string(it.Val)
		if len(tx.Ops) == 0 || r.IntN(2) == 0 {
			tx.Ops = append(tx.Ops, set(key, id))
			swap.wrote[key] = id
		}
	}
	swap.began = now.Add(1)
	err := b.kv.Apply(b.ctx(), tx)
	if swap.ended = now.Add(1); err == nil {
		return append(all, swap), nil
	}
	if errors.Is(err, store.ErrConflict) {
		err = nil
	}
	return all, err
}
