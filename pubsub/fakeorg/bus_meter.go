package fakeorg

import "time"

// The org's allocation of event deliveries: each event on each stream counts, over a rolling day.

const meterWindow = 24 * time.Hour

// meter counts deliveries; a limit of 0 is none.
type meter struct {
	limit  int
	counts []delivery
	used   int
}

type delivery struct {
	at time.Time
	n  int
}

// expire forgets what was delivered a day ago or longer.
func (m *meter) expire(now time.Time) {
	limit, i := now.Add(-meterWindow), 0
	for i < len(m.counts) && !m.counts[i].at.After(limit) {
		m.used -= m.counts[i].n
		i++
	}
	m.counts = m.counts[i:]
}

// room returns how many of n deliveries the allocation allows now.
func (m *meter) room(now time.Time, n int) int {
	m.expire(now)
	if m.limit == 0 {
		return n
	}
	return max(0, min(n, m.limit-m.used))
}

func (m *meter) add(now time.Time, n int) {
	m.used += n
	if last := len(m.counts) - 1; last >= 0 && now.Sub(m.counts[last].at) < time.Second {
		m.counts[last].n += n
		return
	}
	m.counts = append(m.counts, delivery{now, n})
}

// Allocation limits the deliveries of any 24 hours to limit; 0 lifts the limit. A stream that would exceed it ends with
// subscription.limit.exceeded, and new ones are refused until usage falls.
func (o *Org) Allocation(limit int) {
	o.bus.locked(func() { o.bus.meter.limit = limit })
}

// Delivered returns the allocation (0 for none) and how many deliveries of the last 24 hours count against it.
func (o *Org) Delivered() (limit, used int) {
	o.bus.mu.Lock()
	defer o.bus.mu.Unlock()
	o.bus.meter.expire(o.now())
	return o.bus.meter.limit, o.bus.meter.used
}
