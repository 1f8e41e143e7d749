package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sfbridge/store"
)

// Faulty is the engine behind every fault that the contract allows without a word to the layers' callers: conflicts that are none, answers in any order,
// buffers that are written over once a call is over. The layers must stand it.
func Faulty(open Open, seed uint64) Open {
	var opens atomic.Uint64
	return func(t testing.TB, dir string, now func() time.Time) Opened {
		o := open(t, dir, now)
		o.KV = &faulty{KV: o.KV, rand: rand.New(rand.NewPCG(seed, opens.Add(1)))}
		o.Again = nil
		return o
	}
}

// spuriousShare is how many of so many checked steps meet a conflict that is none.
const spuriousShare = 3

type faulty struct {
	store.KV
	mu   sync.Mutex
	rand *rand.Rand
}

var _ store.Healther = (*faulty)(nil)

func (f *faulty) draw(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rand.IntN(n)
}

// tarry lets others go first.
func (f *faulty) tarry() {
	for range f.draw(8) {
		runtime.Gosched()
	}
}

// Apply answers a conflict at times. The engine is given values of its own, which are no more what they were when it has answered.
func (f *faulty) Apply(ctx context.Context, tx store.Tx) error {
	f.tarry()
	if len(tx.Checks) > 0 && f.draw(spuriousShare) == 0 {
		return store.ErrConflict
	}
	own := store.Tx{Checks: append([]store.Check(nil), tx.Checks...), Ops: append([]store.Op(nil), tx.Ops...)}
	for i := range own.Ops {
		own.Ops[i].Val = append([]byte(nil), own.Ops[i].Val...)
	}
	err := f.KV.Apply(ctx, own)
	for i := range own.Ops {
		clear(own.Ops[i].Val)
		own.Ops[i].Key = ""
	}
	clear(own.Checks)
	f.tarry()
	return err
}

// Get answers late.
func (f *faulty) Get(ctx context.Context, key string) (store.Item, error) {
	f.tarry()
	it, err := f.KV.Get(ctx, key)
	f.tarry()
	return it, err
}

// Scan answers late.
func (f *faulty) Scan(ctx context.Context, prefix, after string, limit int) ([]store.Item, error) {
	f.tarry()
	items, err := f.KV.Scan(ctx, prefix, after, limit)
	f.tarry()
	return items, err
}

// Health is that of the engine.
func (f *faulty) Health(ctx context.Context) store.Health {
	if h, ok := f.KV.(store.Healther); ok {
		return h.Health(ctx)
	}
	return store.Health{Writable: true}
}

// unknowing is an engine of which, after so many steps, nobody knows whether the next one happened: it did or it did not, and nothing goes any more.
type unknowing struct {
	store.KV
	after    int
	happens  bool
	poisoned bool
}

// Apply answers ErrUnknown once its time has come.
func (u *unknowing) Apply(ctx context.Context, tx store.Tx) error {
	switch {
	case u.poisoned:
		return store.ErrUnknown
	case len(tx.Ops) == 0 || u.after > 0:
		u.after--
		return u.KV.Apply(ctx, tx)
	}
	u.poisoned = true
	if u.happens {
		if err := u.KV.Apply(ctx, tx); err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return store.ErrUnknown
}
