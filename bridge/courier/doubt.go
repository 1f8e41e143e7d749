package courier

import (
	"slices"
	"sync"
	"time"

	"sfbridge/bridge"
)

// doubts keeps in mind which deliveries were carried with an outcome that nobody knows. It is this process' own: what an earlier one left in doubt is
// resumed work.
type doubts struct {
	now bridge.Now

	mu    sync.Mutex
	tries map[carried][]agreement    // what each try would have both sides agree on, had it arrived
	lanes map[bridge.Lane]time.Time  // of these deliveries, since when
	met   map[carried]bridge.Version // the row by which resumed work met a conflict
}

func newDoubts(now bridge.Now) *doubts {
	return &doubts{now: now, tries: map[carried][]agreement{}, lanes: map[bridge.Lane]time.Time{}, met: map[carried]bridge.Version{}}
}

// carried names a delivery: projects may name their transfers alike, and then one event makes deliveries of the same id.
type carried struct {
	lane bridge.Lane
	id   bridge.DeliveryID
}

func nameOf(d *bridge.Delivery) carried { return carried{d.Lane, d.ID} }

// agreement is what both sides agree on once a message arrived.
type agreement = map[bridge.Attribute]bridge.Agreed

// note takes down how a carry ended: a doubt stands until the delivery ended for certain.
func (d *doubts) note(of *bridge.Delivery, v bridge.Verdict, uncertain bool, sent agreement) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := nameOf(of)
	switch {
	case v == bridge.Done || v == bridge.Bury:
		delete(d.met, name)
		if _, ok := d.tries[name]; ok {
			delete(d.tries, name)
			delete(d.lanes, of.Lane)
		}
	case uncertain:
		d.tries[name] = append(d.tries[name], sent)
		d.lanes[of.Lane] = d.now()
	}
}

// about reports whether the delivery is in doubt.
func (d *doubts) about(of *bridge.Delivery) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.tries[nameOf(of)]
	return ok
}

// sent is what earlier tries of the delivery may have put on the platform.
func (d *doubts) sent(of *bridge.Delivery) []agreement {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.tries[nameOf(of)])
}

// in reports whether the head of a lane is in doubt. It is tried again sooner than that ends, counted from when its destination could be called again.
func (d *doubts) in(l bridge.Lane, reachable time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	since, ok := d.lanes[l]
	return ok && d.now().Sub(later(since, reachable)) < doubtAge
}

// doubtAge is longer than the longest wait of the ladder.
const doubtAge = 20 * time.Minute

// first reports whether a delivery meets a conflict by this row for the first time. What the work was told may be older than the row; once it is handed
// out again it is not.
func (d *doubts) first(of *bridge.Delivery, v bridge.Version) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := nameOf(of)
	was, ok := d.met[name]
	d.met[name] = v
	return !ok || was.Before(v) || v.Before(was)
}
