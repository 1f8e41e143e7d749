package fakeorg

import (
	"maps"
	"time"
)

// The org's allocation of event deliveries: each event on each stream counts, over a rolling day, and so does what other consumers of
// the org take: middleware, an event relay, components that listen in the browser.

const meterWindow = 24 * time.Hour

// meter counts deliveries; a limit of 0 is none.
type meter struct {
	limit  int
	counts []delivery
	used   int
	topics map[string]int

	rate  int       // deliveries to others in an hour
	rated time.Time // until when those are counted
}

// delivery is what one consumer got within one second.
type delivery struct {
	at    time.Time
	topic string
	n     int
}

// foreign is the topic under which deliveries to others count.
const foreign = ""

// expire counts what others took meanwhile, and forgets what was delivered a day ago or longer.
func (m *meter) expire(now time.Time) {
	if m.rate > 0 {
		each := max(1, time.Hour/time.Duration(m.rate))
		if now.Sub(m.rated) > meterWindow {
			m.rated = now.Add(-meterWindow)
		}
		for n := int(now.Sub(m.rated) / each); n > 0; n = int(now.Sub(m.rated) / each) {
			taken := min(n, max(1, int(time.Minute/each)))
			m.rated = m.rated.Add(time.Duration(taken) * each)
			m.add(m.rated, foreign, taken)
		}
	}
	limit, i := now.Add(-meterWindow), 0
	for i < len(m.counts) && !m.counts[i].at.After(limit) {
		m.used -= m.counts[i].n
		m.topics[m.counts[i].topic] -= m.counts[i].n
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

func (m *meter) add(at time.Time, topic string, n int) {
	if m.topics == nil {
		m.topics = map[string]int{}
	}
	m.used += n
	m.topics[topic] += n
	if last := len(m.counts) - 1; last >= 0 && at.Sub(m.counts[last].at) < time.Second && m.counts[last].topic == topic {
		m.counts[last].n += n
		return
	}
	m.counts = append(m.counts, delivery{at, topic, n})
}

// Allocation limits the deliveries of any 24 hours to limit; 0 lifts the limit. A stream that would exceed it ends with
// subscription.limit.exceeded, and new ones are refused until usage falls.
func (o *Org) Allocation(limit int) {
	o.bus.locked(func() { o.bus.meter.limit = limit })
}

// Consume counts n deliveries to other consumers of the org's events, all at once. Running streams notice.
func (o *Org) Consume(n int) {
	o.bus.locked(func() {
		o.bus.meter.expire(o.now()) // what others took before comes first, or a day would not roll in order
		o.bus.meter.add(o.now(), foreign, n)
	})
}

// ConsumeHourly makes other consumers take so many deliveries an hour from now on; 0 ends it.
func (o *Org) ConsumeHourly(n int) {
	o.bus.locked(func() {
		o.bus.meter.expire(o.now())
		o.bus.meter.rate, o.bus.meter.rated = n, o.now()
	})
}

// Delivered returns the allocation (0 for none) and how many deliveries of the last 24 hours count against it.
func (o *Org) Delivered() (limit, used int) {
	o.bus.mu.Lock()
	defer o.bus.mu.Unlock()
	o.bus.meter.expire(o.now())
	return o.bus.meter.limit, o.bus.meter.used
}

// DeliveredOn returns the deliveries of the last 24 hours by topic; those to other consumers stand under "".
func (o *Org) DeliveredOn() map[string]int {
	o.bus.mu.Lock()
	defer o.bus.mu.Unlock()
	o.bus.meter.expire(o.now())
	out := maps.Clone(o.bus.meter.topics)
	maps.DeleteFunc(out, func(_ string, n int) bool { return n == 0 })
	return out
}
