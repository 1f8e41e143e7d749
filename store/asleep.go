package store

// asleep is a delivery of a lane of which no more is to be known than what waits in it: it is ready, and nothing of it is in hand, deferred or on its way
// in. A lane that sleeps costs 33 bytes of a map and 8 of the turns for its first delivery and 24 for every further one, in memory that the garbage
// collector does not look into; awake it costs 300.
//
//	outlet.asleep: hash ──> first delivery ──next──> naps: second ──next──> third
type asleep struct {
	seq   uint64
	at    uint32
	size  uint32
	idx   uint16
	class uint16 // with aloneBit
	next  uint32 // place in naps + 1 of the one behind, 0 for none
}

const (
	// aloneBit is ref.alone in asleep.class.
	aloneBit = 1 << 15
	// sleepBound is how many deliveries a lane that sleeps has at most: waking it costs as much.
	sleepBound = 8
	napChunk   = 2048
)

func (a *asleep) ref() ref {
	return ref{seq: a.seq, at: a.at, size: a.size, idx: a.idx, class: a.class &^ aloneBit, alone: a.class&aloneBit != 0}
}

func sleeping(r ref, next uint32) asleep {
	a := asleep{seq: r.seq, at: r.at, size: r.size, idx: r.idx, class: r.class, next: next}
	if r.alone {
		a.class |= aloneBit
	}
	return a
}

// naps keeps the deliveries behind the first of lanes that sleep. It grows by chunks, so that nothing is copied.
type naps struct {
	chunks []*[napChunk]asleep
	used   uint32
	free   uint32 // place + 1 of the first that is free, the rest behind it
}

func (n *naps) at(place uint32) *asleep { return &n.chunks[(place-1)/napChunk][(place-1)%napChunk] }

func (n *naps) put(a asleep) uint32 {
	if n.free != 0 {
		place := n.free
		n.free = n.at(place).next
		*n.at(place) = a
		return place
	}
	if int(n.used) == len(n.chunks)*napChunk {
		n.chunks = append(n.chunks, new([napChunk]asleep))
	}
	n.used++
	*n.at(n.used) = a
	return n.used
}

func (n *naps) take(place uint32) asleep {
	a := *n.at(place)
	*n.at(place) = asleep{next: n.free}
	n.free = place
	return a
}

// sleepLocked puts a lane to sleep if nothing else is to be known of it. Nobody may use it afterwards.
func (s *Store) sleepLocked(l *lane) {
	n := len(l.refs)
	if l.state != ready || n == 0 || n > sleepBound || l.count != n || l.head != nil || l.saved || l.ending || len(l.out) > 0 {
		return
	}
	next := uint32(0)
	for i := n - 1; i > 0; i-- {
		next = s.naps.put(sleeping(l.refs[i], next))
	}
	l.outlet.asleep[l.key.hash] = sleeping(l.refs[0], next)
	s.forgetLocked(l.key)
}

// wakeLocked is the lane with that key, awake, or nil where there is none.
func (s *Store) wakeLocked(key laneKey) *lane {
	l := s.peekLocked(key)
	if l == nil || s.lanes[key] == l {
		return l
	}
	for place := l.outlet.asleep[key.hash].next; place != 0; {
		place = s.naps.take(place).next
	}
	delete(l.outlet.asleep, key.hash)
	if len(l.outlet.asleep) == 0 {
		l.outlet.asleep, s.naps = map[uint64]asleep{}, s.naps.unlessEmpty()
	}
	s.lanes[key] = l
	return l
}

// unlessEmpty gives the memory back that nothing uses.
func (n naps) unlessEmpty() naps {
	free := uint32(0)
	for place := n.free; place != 0; place = n.at(place).next {
		free++
	}
	if free == n.used {
		return naps{}
	}
	return n
}

// peekLocked is the lane with that key, or how it would be if it were awake, or nil.
func (s *Store) peekLocked(key laneKey) *lane {
	if l, ok := s.lanes[key]; ok {
		return l
	}
	q := s.outletLocked(key.outlet)
	a, ok := q.asleep[key.hash]
	if !ok {
		return nil
	}
	l := &lane{key: key, outlet: q, place: -1, state: ready}
	for {
		l.refs = append(l.refs, a.ref())
		l.bytes += int(a.size)
		if a.next == 0 {
			break
		}
		a = *s.naps.at(a.next)
	}
	l.count = len(l.refs)
	return l
}

// forgetLocked takes a lane out of those that are awake.
func (s *Store) forgetLocked(key laneKey) {
	delete(s.lanes, key)
	if len(s.lanes) == 0 {
		s.lanes = map[laneKey]*lane{} // a map keeps the room of its best days
	}
}

// sleeperLocked finds the lane that sleeps and has the delivery at its head, and wakes it; nil for none.
func (s *Store) sleeperLocked(seq uint64, idx int) *lane {
	for o, q := range s.outlets {
		for hash, a := range q.asleep {
			if a.seq == seq && int(a.idx) == idx {
				return s.wakeLocked(laneKey{o, hash})
			}
		}
	}
	return nil
}

// countAsleepLocked adds the lanes of an outlet that sleep.
func (s *Store) countAsleepLocked(q *outlet, c *OutletCounts) {
	for _, a := range q.asleep {
		c.Lanes++
		c.oldest(a.at)
		for c.Waiting++; a.next != 0; c.Waiting++ {
			a = *s.naps.at(a.next)
		}
	}
}
