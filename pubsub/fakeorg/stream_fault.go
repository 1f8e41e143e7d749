package fakeorg

import (
	"context"
	"time"
)

// How a running stream misbehaves without ending.

// HangStreams makes the next n streams that open take requests and never answer, as where a connection has no stream left; they end
// with their client, by a fault, or by HealStreams.
func (o *Org) HangStreams(n int) { o.bus.locked(func() { o.bus.faults.hang = n }) }

// SlowAnswers makes every answer of every stream take d.
func (o *Org) SlowAnswers(d time.Duration) { o.bus.locked(func() { o.bus.faults.slow = d }) }

// LimitAnswers puts at most n events into one answer; 0 is as many as fit.
func (o *Org) LimitAnswers(n int) { o.bus.locked(func() { o.bus.faults.answer = n }) }

// SteadyBeats makes keepalives of a quiet bus repeat the newest id; otherwise they move on.
func (o *Org) SteadyBeats(on bool) { o.bus.locked(func() { o.bus.faults.steady = on }) }

// LoseEvents makes the next n events vanish between commit and bus, which an org says can happen; no stream and no replay tells of them.
func (o *Org) LoseEvents(n int) { o.bus.locked(func() { o.bus.faults.lost = n }) }

// Beat sets the longest silence of a stream that has credit, 270 s at most by contract. A running stream obeys from its next answer on.
func (o *Org) Beat(d time.Duration) { o.bus.keepalive.Store(int64(d)) }

// beatIn returns the longest silence of a stream with credit.
func (b *bus) beatIn() time.Duration { return time.Duration(b.keepalive.Load()) }

// patience returns how long a stream without credit lives.
func (b *bus) patience() time.Duration {
	if d := time.Duration(b.dialect.Load().NoCredit); d > 0 {
		return d
	}
	return noCreditIn
}

// linger waits as long as SlowAnswers says.
func (s *stream) linger(ctx context.Context) error {
	s.bus.mu.Lock()
	d := s.bus.faults.slow
	s.bus.mu.Unlock()
	return pause(ctx, d)
}
