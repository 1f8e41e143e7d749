package store

import (
	"time"

	"sfbridge/bridge"
)

// ref names one waiting delivery in memory: 24 bytes and a flag, whatever the delivery holds.
type ref struct {
	seq   uint64
	at    uint32 // when the entry was taken in, Unix seconds
	size  uint32 // bytes of the entry
	idx   uint16 // of the delivery in its entry
	class uint16 // kind and transfer, see classes; classAppend never coalesces
	alone bool   // the only delivery of its entry
}

// classAppend is the class of every append delivery.
const classAppend = 0

// laneKey finds a lane. Two lanes of one outlet with one hash share their order, which is harmless; deliveries coalesce by the lane itself.
type laneKey struct {
	outlet bridge.Outlet
	hash   uint64
}

// attempt is what is known of a head that was given back. It is persisted unless the deferral was volatile.
type attempt struct {
	Done   bool      `json:"done,omitempty"` // settled, while other deliveries of the entry wait
	Failed int       `json:"n,omitempty"`
	First  time.Time `json:"first,omitzero"`
	Error  string    `json:"err,omitempty"`
	Until  time.Time `json:"until,omitzero"`

	fleeting bool // the deferral was volatile: Wake ends it
	echo     bool // it was, and nudge ends it
}

// laneState says where a lane is.
type laneState uint8

// A lane is idle while nothing folded waits in it.
const (
	idle laneState = iota
	ready
	busy
	waiting // deferred, in the heap
)

// lane is the deliveries of one source, oldest first.
type lane struct {
	key    laneKey
	outlet *outlet
	refs   []ref
	out    []ref // handed out and not yet given back; part of refs, the first of them first
	state  laneState
	ending bool     // the work is being settled or given back
	count  int      // refs and what is appended but not folded yet
	bytes  int      // of count
	head   *attempt // of refs[0], nil at first
	saved  bool     // head is on disk
	nudged bool     // while busy: what its work may wait for has come
	due    time.Time
	place  int // in the heap of deferred lanes, -1 outside
}

// outlet is the lanes that end at one place.
type outlet struct {
	turns  turns
	asleep map[uint64]asleep // by hash
	wake   chan struct{}
}

// signal wakes one of those that wait in Next; it wakes the next one itself where more is ready.
func (o *outlet) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// deferred is a heap of lanes by due time.
type deferred []*lane

func (d deferred) Len() int           { return len(d) }
func (d deferred) Less(i, j int) bool { return d[i].due.Before(d[j].due) }
func (d deferred) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].place, d[j].place = i, j
}

// Push is for container/heap.
func (d *deferred) Push(x any) {
	l := x.(*lane)
	l.place = len(*d)
	*d = append(*d, l)
}

// Pop is for container/heap.
func (d *deferred) Pop() any {
	last := len(*d) - 1
	l := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	l.place = -1
	return l
}

// classes numbers the pairs of project and transfer of state deliveries, so that a ref holds two bytes of them.
type classes map[class]uint16

type class struct {
	project  bridge.ProjectID
	transfer bridge.TransferID
}

// of answers the class of a delivery. Beyond 32,000 transfers everything is an append, which costs coalescing and nothing else.
func (c classes) of(d *bridge.Delivery) uint16 {
	if d.Kind != bridge.State {
		return classAppend
	}
	k := class{d.Lane.Project, d.Transfer}
	id, ok := c[k]
	if !ok && len(c) < aloneBit-1 {
		id = uint16(len(c) + 1)
		c[k] = id
	}
	return id
}
