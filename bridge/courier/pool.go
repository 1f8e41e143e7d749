package courier

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sfbridge/bridge"
)

const (
	rowsPerCall = 200  // of Collections
	poolBound   = 1024 // rows that wait for a call: the carriers of a few outlets
)

// pool gathers the writes of many lanes to one org into Collections calls. It is self-clocked: rows wait only while all calls are in flight, or for
// the linger.
type pool struct {
	cfg    Config
	writer bridge.Writer
	in     chan *row
	ended  chan []*row // a call is back
	queue  []*row
	busy   map[string]int // targets and parents in flight, by the number of their call
	calls  int            // number of the call that is being filled
	flying int

	mu    sync.Mutex
	alone map[bridge.DeliveryID]bool // were in a call on which the writer broke
}

// row is one write under way.
type row struct {
	write bridge.Write
	since time.Time
	done  chan bridge.Written // holds one
}

func newPool(cfg Config, w bridge.Writer) *pool {
	return &pool{cfg: cfg, writer: w, in: make(chan *row, poolBound), ended: make(chan []*row, cfg.Calls), busy: map[string]int{}, alone: map[bridge.DeliveryID]bool{}}
}

// write waits until the row has its own answer.
func (p *pool) write(ctx context.Context, w bridge.Write) bridge.Written {
	r := &row{w, time.Now(), make(chan bridge.Written, 1)}
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
	g.SetLimit(p.cfg.Calls + 1)
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
	for len(p.queue) < rowsPerCall*p.cfg.Calls {
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
	for p.flying < p.cfg.Calls {
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

// pick takes the oldest row that may go and every other that fits its call.
func (p *pool) pick() ([]*row, time.Duration) {
	var batch, rest []*row
	p.calls++
	for _, r := range p.queue {
		if len(batch) < rowsPerCall && !p.blocked(r) && (len(batch) == 0 || p.fits(batch[0], r)) {
			batch = append(batch, r)
			p.mark(r, true)
			continue
		}
		rest = append(rest, r)
	}
	if len(batch) == 0 {
		return nil, time.Hour
	}
	if wait := p.cfg.Linger - time.Since(batch[0].since); wait > 0 && len(batch) < rowsPerCall {
		for _, r := range batch {
			p.mark(r, false)
		}
		return nil, wait
	}
	p.queue = rest
	return batch, 0
}

// fits reports whether two rows may go in one call: one object, one operation, one key, and neither has broken a call.
func (p *pool) fits(a, b *row) bool {
	return !p.lonely(a) && !p.lonely(b) && a.write.Object == b.write.Object && a.write.Op == b.write.Op && a.write.Key == b.write.Key
}

// blocked reports whether the row must wait: one target goes once into a call, and neither target nor parent is in two calls at a time.
func (p *pool) blocked(r *row) bool {
	target, parent := r.names()
	return p.busy[target] != 0 || p.busy[parent] != 0 && p.busy[parent] != p.calls
}

func (p *pool) mark(r *row, busy bool) {
	target, parent := r.names()
	for _, k := range []string{target, parent} {
		switch {
		case k == "":
		case busy:
			p.busy[k] = p.calls
		default:
			delete(p.busy, k)
		}
	}
}

// names are the row's target and the parent whose lock two calls would contend for; "" for none.
func (r *row) names() (target, parent string) {
	if v := r.write.Set["AccountId"]; v.Known() && !v.IsNull() {
		parent = "parent " + v.Text
	}
	return r.write.Target(), parent
}

// call sends one batch and hands each row its answer.
func (p *pool) call(ctx context.Context, batch []*row) {
	out, err := p.send(ctx, batch)
	if err != nil {
		out = p.spoilt(batch, err)
	}
	if err == nil && len(batch) == 1 {
		p.mu.Lock()
		delete(p.alone, batch[0].write.Delivery)
		p.mu.Unlock()
	}
	shared := &atomic.Bool{}
	for i, r := range batch {
		if destinationFailed(out[i].Err) {
			out[i].Err = &sharedError{out[i].Err, shared}
		}
		r.done <- out[i]
	}
	select {
	case p.ended <- batch:
	case <-ctx.Done():
	}
}

// send answers each row, or how the writer broke.
func (p *pool) send(ctx context.Context, batch []*row) (out []bridge.Written, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = brokenWriterError(fmt.Sprintf("panic while writing: %v", v))
		}
	}()
	ws := make([]bridge.Write, len(batch))
	for i, r := range batch {
		ws[i] = r.write
	}
	if out = p.writer.Write(ctx, ws); len(out) != len(batch) {
		return nil, brokenWriterError(fmt.Sprintf("%d answers for %d rows", len(out), len(batch)))
	}
	return out, nil
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

// lonely reports whether the row goes alone.
func (p *pool) lonely(r *row) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alone[r.write.Delivery]
}
