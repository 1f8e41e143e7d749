package fakeorg

import (
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What goes wrong on demand. Each fault is a method of Org, effective at once on running streams too.

// busFaults is what is switched on; the zero value is a healthy service.
type busFaults struct {
	stalled        bool
	refuseRepeated bool
	repeatPieces   bool
	schemaDelay    time.Duration
	settle         time.Duration
	maxStreams     int
	hang           int                 // streams to open that will never say anything
	slow           time.Duration       // before each answer
	steady         bool                // keepalives repeat their id
	lost           int                 // events to come that are never kept
	answer         int                 // most events of one answer; 0 is as many as fit
	calls          map[string][]ending // by method: how the next calls end
}

// ending is how a call ends: with a service error code, or with a bare status where code is "".
type ending struct {
	code   string
	status *status.Status
}

func (e ending) err(c rpcCall) error {
	if e.code == "" {
		return e.status.Err()
	}
	return c.refuse(e.code)
}

// fault returns the error that a call about a topic or a schema id shall end with: what the next call of its method shall, else by a rule.
func (b *bus) fault(c rpcCall, about string) error {
	if err := b.failNext(c); err != nil {
		return err
	}
	return c.strike(about)
}

// failNext returns the error that the next call of this method shall end with, and counts it as used.
func (b *bus) failNext(c rpcCall) error {
	b.mu.Lock()
	next := b.faults.calls[c.method]
	if len(next) > 0 {
		b.faults.calls[c.method] = next[1:]
	}
	b.mu.Unlock()
	if len(next) == 0 {
		return nil
	}
	return next[0].err(c)
}

func (b *bus) failLocked(method string, e ending, n int) {
	if b.faults.calls == nil {
		b.faults.calls = map[string][]ending{}
	}
	b.faults.calls[method] = append(b.faults.calls[method], slices.Repeat([]ending{e}, max(n, 0))...)
}

// endLocked ends up to n running streams, oldest first, and returns how many.
func (b *bus) endLocked(e ending, n int) int {
	running := b.runningLocked()
	running = running[:min(n, len(running))]
	for _, s := range running {
		s.endLocked(e)
	}
	return len(running)
}

// Expire makes the events before a time, and their replay ids, fall out of the bus as if their retention had passed.
func (o *Org) Expire(before time.Time) {
	o.bus.locked(func() {
		n := 0
		for n < len(o.bus.log) && o.bus.log[n].Time.Before(before) {
			n++
		}
		o.bus.dropLocked(n)
	})
}

// ExpireAll makes every event and every replay id issued so far fall out of the bus.
func (o *Org) ExpireAll() { o.bus.locked(func() { o.bus.dropLocked(len(o.bus.log)) }) }

// Stall makes streams accept requests and send nothing, not even keepalives, until Unstall.
func (o *Org) Stall() { o.bus.locked(func() { o.bus.faults.stalled = true }) }

// Unstall ends a Stall; what was held back is delivered.
func (o *Org) Unstall() { o.bus.locked(func() { o.bus.faults.stalled = false }) }

// CloseStreams ends every running stream with a bare status, as the network in front of the service would: no trailers. OK is a
// clean end of stream.
func (o *Org) CloseStreams(code codes.Code, text string) int {
	n := 0
	o.bus.locked(func() { n = o.bus.endLocked(ending{status: status.New(code, text)}, len(o.bus.subs)) })
	return n
}

// StreamFault ends n Subscribe calls with a documented error code, given with or without its prefix and raised with its gRPC code
// and trailers: running streams first, oldest first, then those that open later.
func (o *Org) StreamFault(errorCode string, n int) {
	o.bus.locked(func() {
		e := ending{code: errorCode}
		o.bus.failLocked("Subscribe", e, n-o.bus.endLocked(e, n))
	})
}

// FailCalls ends the next n calls of a method (GetTopic, GetSchema, Subscribe) with a documented error code.
func (o *Org) FailCalls(method, errorCode string, n int) {
	o.bus.locked(func() { o.bus.failLocked(method, ending{code: errorCode}, n) })
}

// FailSchemas ends the next n calls of GetSchema with schema.api.unavailable.
func (o *Org) FailSchemas(n int) { o.FailCalls("GetSchema", "schema.api.unavailable", n) }

// DelaySchemas makes every GetSchema take d.
func (o *Org) DelaySchemas(d time.Duration) { o.bus.locked(func() { o.bus.faults.schemaDelay = d }) }

// SettleLatest makes a subscription that starts at LATEST miss the events of its first d, as the real service may.
func (o *Org) SettleLatest(d time.Duration) { o.bus.locked(func() { o.bus.faults.settle = d }) }

// RefuseRepeatedReplay makes replay options in later requests of a stream an error; otherwise they are ignored.
func (o *Org) RefuseRepeatedReplay(on bool) {
	o.bus.locked(func() { o.bus.faults.refuseRepeated = on })
}

// LimitStreams refuses a stream where n are running already; 0 is no limit.
func (o *Org) LimitStreams(n int) { o.bus.locked(func() { o.bus.faults.maxStreams = n }) }

// ResetReplayIDs moves the org: the bus is empty, what transactions had still to tell is lost with it, no replay id issued so far is
// known, and running streams end with service.unavailable.
func (o *Org) ResetReplayIDs() {
	o.bus.locked(func() {
		o.bus.dropLocked(len(o.bus.log))
		o.bus.late = nil
		o.bus.counter += 1<<20 + o.bus.random.Uint64N(1<<24)
		o.bus.endLocked(ending{code: "service.unavailable"}, len(o.bus.subs))
	})
}

// HealStreams switches every fault of the bus off; allocation, rights and channels stay.
func (o *Org) HealStreams() {
	o.bus.locked(func() {
		o.bus.faults = busFaults{}
		for s := range o.bus.subs {
			s.hung = false
		}
	})
}

// SplitUpdates makes updates of several records in one transaction come apart: first what they share, then what each has beside it.
func (o *Org) SplitUpdates(on bool) { o.bus.locked(func() { o.bus.split = on }) }

// OverflowAfter makes a transaction of more than n record changes tell the rest as one overflow event an object; 0 means the
// service's own 100,000.
func (o *Org) OverflowAfter(n int) {
	if n == 0 {
		n = overflowAfter
	}
	o.bus.locked(func() { o.bus.overflow = n })
}
