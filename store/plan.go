package store

import (
	"context"
	"time"
)

// plan gathers one transaction. What it reads it checks, and it sees what it has planned itself.
type plan struct {
	ctx  context.Context
	s    *Store
	tx   Tx
	at   map[string]int // op by key
	revs map[string]Rev // of what was read
}

func newPlan(ctx context.Context, s *Store) *plan {
	return &plan{ctx: ctx, s: s, at: map[string]int{}, revs: map[string]Rev{}}
}

// add plans an op; a second one of the same key replaces the first.
func (p *plan) add(op Op) {
	if i, ok := p.at[op.Key]; ok {
		p.tx.Ops[i] = op
		return
	}
	p.at[op.Key] = len(p.tx.Ops)
	p.tx.Ops = append(p.tx.Ops, op)
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
	if i, ok := p.at[key]; ok {
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

// check demands that a key still stands where it was read.
func (p *plan) check(key string, rev Rev) {
	if _, ok := p.revs[key]; !ok {
		p.revs[key] = rev
		p.tx.Checks = append(p.tx.Checks, Check{key, rev})
	}
}
