package courier

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
)

const (
	rowsPerCall = 200  // of Collections
	poolBound   = 2048 // rows that wait for a call: the carriers of an outlet and more
)

// pool gathers the writes of many lanes to one org into Collections calls. It is self-clocked: rows wait only while all calls are in flight, or for
// the linger.
type pool struct {
	most   int // calls in flight
	linger func() time.Duration
	writer bridge.Writer
	in     chan *row
	ended  chan []*row // a call is back
	queue  []*row
	busy   map[string]int // targets and parents in flight, by the number of their call
	number int            // of the call that is being filled
	flying int

	mu    sync.Mutex
	alone map[bridge.DeliveryID]bool // were in a call on which the writer broke
}

func newPool(cfg Config, to Org) *pool {
	linger := to.Linger
	if linger == nil {
		linger = func() time.Duration { return cfg.Linger }
	}
	return &pool{
		most: cfg.Calls, linger: linger, writer: to.Writer, in: make(chan *row, poolBound), ended: make(chan []*row, cfg.Calls),
		busy: map[string]int{}, alone: map[bridge.DeliveryID]bool{},
	}
}

// row is one write under way.
type row struct {
	write   bridge.Write
	kind    kind
	parents []string // rows that two calls would contend for
	since   time.Time
	taken   bool                // into a call
	done    chan bridge.Written // holds one
}

// kind is what the rows of one call have in common: object, operation, key. A row on which a call broke is a kind of its own.
type kind struct {
	object bridge.Object
	op     bridge.Op
	key    bridge.Field
	lonely bridge.DeliveryID
}

// references are the fields whose row Salesforce locks while it writes one that refers to it.
var references = []bridge.Field{"AccountId", "ContactId", "ParentId", "ReportsToId", "WhatId", "WhoId"}

func (p *pool) row(w bridge.Write) *row {
	r := &row{write: w, kind: kind{object: w.Object, op: w.Op, key: w.Key}, since: time.Now(), done: make(chan bridge.Written, 1)}
	if p.lonely(w.Delivery) {
		r.kind.lonely = w.Delivery
	}
	for _, f := range references {
		if v := w.Set[f]; v.Known() && !v.IsNull() {
			r.parents = append(r.parents, "parent "+v.Text)
		}
	}
	return r
}

// lonely reports whether the delivery's row goes alone.
func (p *pool) lonely(d bridge.DeliveryID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alone[d]
}

// write waits until the row has its own answer. One that waited for the company of other look-ups has had half of its linger.
func (p *pool) write(ctx context.Context, w bridge.Write, waited bool) bridge.Written {
	r := p.row(w)
	if waited {
		r.since = r.since.Add(-p.linger() / 2)
	}
	select {
	case p.in <- r:
	case <-ctx.Done():
		return bridge.Written{Err: ctx.Err()}
	}
	select {
	case out := <-r.done:
		return out
	case <-ctx.Done():
		return bridge.Written{Err: ctx.Err()}
	}
}

// Run gathers and sends until ctx ends.
func (p *pool) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(p.most + 1)
	g.Go(func() error {
		for {
			wait := p.start(ctx, g)
			timer := time.NewTimer(wait)
			select {
			case r := <-p.in:
				p.gather(r)
			case rows := <-p.ended:
				p.flying--
				for _, r := range rows {
					p.mark(r, false)
				}
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
			timer.Stop()
		}
	})
	return g.Wait()
}

// gather queues r and what came with it: one turn of the scheduler lets the carriers that are ready hand in their rows too.
func (p *pool) gather(r *row) {
	p.queue = append(p.queue, r)
	runtime.Gosched()
	for len(p.queue) < rowsPerCall*p.most {
		select {
		case r := <-p.in:
			p.queue = append(p.queue, r)
		default:
			return
		}
	}
}

// start starts the calls that may go, and answers how long until another may.
func (p *pool) start(ctx context.Context, g *errgroup.Group) time.Duration {
	for p.flying < p.most {
		batch, wait := p.pick()
		if len(batch) == 0 {
			return wait
		}
		p.flying++
		g.Go(func() error {
			p.call(ctx, batch)
			return nil
		})
	}
	return time.Hour
}

// pick takes the rows of a call that may go: one that is full, or whose first row has waited for its linger. Without one it answers how long until there
// may be.
func (p *pool) pick() ([]*row, time.Duration) {
	linger, soonest := p.linger(), time.Hour
	looked := map[kind]bool{}
	p.number++
	for _, r := range p.queue {
		if looked[r.kind] || p.blocked(r) {
			continue
		}
		looked[r.kind] = true
		batch := p.company(r.kind)
		wait := linger - time.Since(r.since)
		if wait <= 0 || len(batch) == rowsPerCall {
			p.queue = slices.DeleteFunc(p.queue, func(r *row) bool { return r.taken })
			return batch, 0
		}
		soonest = min(soonest, wait)
		for _, r := range batch {
			p.mark(r, false)
		}
	}
	return nil, soonest
}

// company takes the rows of a kind that may go together.
func (p *pool) company(k kind) (batch []*row) {
	for _, r := range p.queue {
		if len(batch) < rowsPerCall && r.kind == k && !p.blocked(r) {
			batch = append(batch, r)
			p.mark(r, true)
		}
	}
	return batch
}

// blocked reports whether the row must wait: one target goes once into a call, and neither target nor parent is in two calls at a time.
func (p *pool) blocked(r *row) bool {
	if p.busy[r.write.Target()] != 0 {
		return true
	}
	return slices.ContainsFunc(r.parents, func(name string) bool { return p.busy[name] != 0 && p.busy[name] != p.number })
}

func (p *pool) mark(r *row, taken bool) {
	r.taken = taken
	for _, name := range append(r.parents, r.write.Target()) {
		switch {
		case name == "":
		case taken:
			p.busy[name] = p.number
		default:
			delete(p.busy, name)
		}
	}
}

// call sends one batch. Each row has its answer as soon as it is known.
func (p *pool) call(ctx context.Context, batch []*row) {
	answered, shared := make([]bool, len(batch)), &atomic.Bool{}
	answer := func(i int, w bridge.Written) {
		if answered[i] {
			return
		}
		answered[i] = true
		if destinationFailed(w.Err) {
			w.Err = &sharedError{w.Err, shared}
		}
		batch[i].done <- w
	}
	if err := p.send(ctx, batch, answer); err != nil {
		for i, w := range p.spoilt(batch, err) {
			answer(i, w)
		}
	} else if len(batch) == 1 {
		p.mu.Lock()
		delete(p.alone, batch[0].write.Delivery)
		p.mu.Unlock()
	}
	select {
	case p.ended <- batch:
	case <-ctx.Done():
	}
}

// send has each row answered, or says how the writer broke.
func (p *pool) send(ctx context.Context, batch []*row, answer func(int, bridge.Written)) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = brokenWriterError(fmt.Sprintf("panic while writing: %v", v))
		}
	}()
	ws := make([]bridge.Write, len(batch))
	for i, r := range batch {
		ws[i] = r.write
	}
	if each, ok := p.writer.(bridge.EachWriter); ok {
		answers := 0
		each.WriteEach(ctx, ws, func(i int, w bridge.Written) { answers++; answer(i, w) })
		if answers != len(batch) {
			return brokenWriterError(fmt.Sprintf("%d answers for %d rows", answers, len(batch)))
		}
		return nil
	}
	out := p.writer.Write(ctx, ws)
	if len(out) != len(batch) {
		return brokenWriterError(fmt.Sprintf("%d answers for %d rows", len(out), len(batch)))
	}
	for i, w := range out {
		answer(i, w)
	}
	return nil
}

// spoilt answers the rows of a call on which the writer broke. Nobody knows what was done: each comes again, in a call of its own. Who breaks that one
// is to blame.
func (p *pool) spoilt(batch []*row, err error) []bridge.Written {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]bridge.Written, len(batch))
	for i, r := range batch {
		if len(batch) == 1 {
			delete(p.alone, r.write.Delivery)
			out[i].Err = bridge.Permanent(err)
			continue
		}
		p.alone[r.write.Delivery] = true
		out[i].Err = bridge.Uncertain(err)
	}
	return out
}

// brokenWriterError is a fault of the writer itself. The org has nothing to do with it.
type brokenWriterError string

func (e brokenWriterError) Error() string { return string(e) }

// OfRow reports true: the gate does not count it.
func (brokenWriterError) OfRow() bool { return true }
