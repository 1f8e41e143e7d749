package store

import (
	"context"
	"slices"
	"time"
)

// plan gathers one transaction. What it reads it checks, and it sees what it has planned itself.
type plan struct {
	ctx  context.Context
	s    *Store
	tx   Tx
	at   map[string]int // op by key, once there are more than few
	revs map[string]Rev // of what was read, once there is more than few
}

// few is up to where looking through all is cheaper than a map.
const few = 8

func newPlan(ctx context.Context, s *Store) *plan { return &plan{ctx: ctx, s: s} }

// find answers where the op of a key is.
func (p *plan) find(key string) (i int, ok bool) {
	if p.at != nil {
		i, ok = p.at[key]
		return i, ok
	}
	i = slices.IndexFunc(p.tx.Ops, func(op Op) bool { return op.Key == key })
	return i, i >= 0
}

// add plans an op; a second one of the same key replaces the first.
func (p *plan) add(op Op) {
	if i, ok := p.find(op.Key); ok {
		p.tx.Ops[i] = op
		return
	}
	p.tx.Ops = append(p.tx.Ops, op)
	switch n := len(p.tx.Ops); {
	case p.at != nil:
		p.at[op.Key] = n - 1
	case n == few+1: // entries of a batch are not added one by one
		p.at = make(map[string]int, 4*few)
		for i := range p.tx.Ops {
			p.at[p.tx.Ops[i].Key] = i
		}
	}
}

func (p *plan) delete(key string) { p.add(Op{Key: key, Delete: true}) }

// put plans to store v as JSON, for ttl if that is not 0.
func (p *plan) put(key string, v any, ttl time.Duration) error {
	op, err := put(key, v)
	if err != nil {
		return err
	}
	op.TTL = ttl
	p.add(op)
	return nil
}

// read decodes what a key holds into v and reports whether it holds anything. A damaged value counts as nothing, and is noted.
func (p *plan) read(key string, v any) (bool, error) {
	if i, ok := p.find(key); ok {
		op := p.tx.Ops[i]
		if op.Delete {
			return false, nil
		}
		return true, get(&Item{Key: key, Val: op.Val}, v)
	}
	it, err := p.s.kv.Get(p.ctx, key)
	if err != nil {
		return false, err
	}
	p.check(key, it.Rev)
	if it.Rev == 0 {
		return false, nil
	}
	if get(&it, v) != nil {
		p.s.note(key)
		return false, nil
	}
	return true, nil
}

// rev answers at which revision a key was read.
func (p *plan) rev(key string) (rev Rev, ok bool) {
	if p.revs != nil {
		rev, ok = p.revs[key]
		return rev, ok
	}
	for _, c := range p.tx.Checks {
		if c.Key == key {
			return c.Rev, true
		}
	}
	return 0, false
}

// check demands that a key still stands where it was read.
func (p *plan) check(key string, rev Rev) {
	if _, ok := p.rev(key); ok {
		return
	}
	p.tx.Checks = append(p.tx.Checks, Check{key, rev})
	switch n := len(p.tx.Checks); {
	case p.revs != nil:
		p.revs[key] = rev
	case n == few+1: // entries of a batch are not added one by one
		p.revs = make(map[string]Rev, 4*few)
		for _, c := range p.tx.Checks {
			p.revs[c.Key] = c.Rev
		}
	}
}
