package main

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sfbridge/store"
)

// platter is a store's engine in memory. What was applied outlives the process that applied it.
type platter struct {
	mu    sync.Mutex
	items map[string]store.Item
	rev   store.Rev
}

// handle is one process' way to the disk; it ends when the process is killed.
type handle struct {
	d    *platter
	dead *atomic.Bool
}

var _ store.KV = (*handle)(nil)

func (h *handle) Apply(ctx context.Context, tx store.Tx) error {
	if err := tx.Validate(); err != nil {
		return err
	}
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if h.dead.Load() || ctx.Err() != nil {
		return store.ErrClosed
	}
	for _, c := range tx.Checks {
		if h.d.items[c.Key].Rev != c.Rev {
			return store.ErrConflict
		}
	}
	for _, op := range tx.Ops {
		h.d.rev++
		if op.Delete {
			delete(h.d.items, op.Key)
		} else {
			h.d.items[op.Key] = store.Item{Key: op.Key, Val: slices.Clone(op.Val), Rev: h.d.rev}
		}
	}
	return nil
}

func (h *handle) Get(_ context.Context, key string) (store.Item, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if h.dead.Load() {
		return store.Item{}, store.ErrClosed
	}
	it := h.d.items[key]
	it.Key, it.Val = key, slices.Clone(it.Val)
	return it, nil
}

func (h *handle) Scan(_ context.Context, prefix, after string, limit int) ([]store.Item, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if h.dead.Load() {
		return nil, store.ErrClosed
	}
	var all []store.Item
	for key, it := range h.d.items {
		if strings.HasPrefix(key, prefix) && key > after {
			it.Val = slices.Clone(it.Val)
			all = append(all, it)
		}
	}
	slices.SortFunc(all, func(a, b store.Item) int { return strings.Compare(a.Key, b.Key) })
	return all[:min(limit, len(all))], nil
}

func (h *handle) Watch(ctx context.Context, _ string, _ store.Cursor) iter.Seq2[store.Changed, error] {
	return func(yield func(store.Changed, error) bool) {
		<-ctx.Done()
		yield(store.Changed{}, ctx.Err())
	}
}

func (h *handle) Acquire(ctx context.Context, name, holder string, _ time.Duration) (store.Grant, error) {
	key := "epoch/" + name
	err := h.Apply(ctx, store.Tx{Ops: []store.Op{{Key: key, Val: []byte(holder)}}})
	if err != nil {
		return store.Grant{}, err
	}
	it, err := h.Get(ctx, key)
	return store.Grant{Fence: store.Check{Key: key, Rev: it.Rev}, Held: ctx}, err
}
