package store

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"sfbridge/bridge"
)

// coalesceBound is how many deliveries one Work holds, so that it settles in one transaction.
const coalesceBound = 64

// Next hands out the head of a lane that is due; see [bridge.Journal]. Lanes of an outlet take turns.
func (s *Store) Next(ctx context.Context, o bridge.Outlet) (bridge.Work, error) {
	for {
		if err := s.usable(ctx); err != nil {
			return bridge.Work{}, err
		}
		l, wake := s.take(o)
		if l == nil {
			select {
			case <-wake:
				continue
			case <-ctx.Done():
				return bridge.Work{}, ctx.Err()
			case <-s.closed:
				return bridge.Work{}, ErrClosed
			}
		}
		w, err := s.load(ctx, l)
		switch {
		case err == nil:
			return w, nil
		case errors.Is(err, ErrCorrupt):
			s.drop(l) // noted; the record stays on disk, the lane goes on
		default:
			s.release(l, nil)
			return bridge.Work{}, err
		}
	}
}

// take makes the lane whose turn it is busy, or answers what to wait for.
func (s *Store) take(o bridge.Outlet) (*lane, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.outletLocked(o)
	l := s.turnOfLocked(o, q)
	if l == nil {
		return nil, q.wake
	}
	if q.turns.n > 0 {
		q.signal()
	}
	l.state, l.nudged = busy, false
	l.out = l.batch()
	return l, nil
}

// turnOfLocked is the lane whose turn it is, or nil.
func (s *Store) turnOfLocked(o bridge.Outlet, q *outlet) *lane {
	for !s.loading {
		hash, ok := q.turns.pop()
		if !ok {
			break
		}
		if l := s.wakeLocked(laneKey{o, hash}); l != nil && l.state == ready {
			return l
		}
	}
	return nil
}

// batch is the head of a lane and the later state deliveries of its transfer up to the next append.
func (l *lane) batch() []ref {
	out := []ref{l.refs[0]}
	if out[0].class == classAppend {
		return out
	}
	for _, r := range l.refs[1:] {
		if r.class == classAppend || len(out) == coalesceBound {
			break
		}
		if r.class == out[0].class {
			out = append(out, r)
		}
	}
	return out
}

// load reads what a busy lane hands out. Deliveries of another lane, which share its hash, and damaged ones stay behind.
func (s *Store) load(ctx context.Context, l *lane) (bridge.Work, error) {
	var w bridge.Work
	kept := make([]ref, 0, len(l.out))
	for i, r := range l.out {
		d, e, err := s.delivery(ctx, r)
		if i == 0 {
			if err != nil {
				return w, err
			}
			w.Entry = e
		} else if err != nil || d.Lane != w.Deliveries[0].Lane {
			continue
		}
		w.Told = append(w.Told, d.Told...)
		if e.Change != nil {
			w.Told = append(w.Told, e.Change.Values)
		}
		if e.Row != nil {
			w.Told = append(w.Told, e.Row.Values)
		}
		if e.Callback != nil {
			w.Callbacks = append(w.Callbacks, *e.Callback)
		}
		w.Deliveries, w.Entries = append(w.Deliveries, d), append(w.Entries, bridge.EntryID(r.seq))
		w.Heard = append(w.Heard, bridge.HeardOf(&e, &d))
		kept = append(kept, r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.out = kept
	w.Resumed = len(kept) > 0 && kept[0].seq <= s.legacy
	if a := l.head; a != nil {
		w.Attempts, w.First, w.LastError = a.Failed, a.First, a.Error
	} else {
		l.head = &attempt{First: s.o.Now().UTC()}
	}
	return w, nil
}

// Leftover reports whether an earlier process left something in the lane; see [bridge.Leftovers].
func (s *Store) Leftover(lane bridge.Lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.peekLocked(s.keyOf(lane))
	if l == nil {
		return false
	}
	// Until all that was left is folded, a lane may have some that has not entered it yet.
	return len(l.refs) > 0 && l.refs[0].seq <= s.legacy || s.cursor < s.legacy && l.count > len(l.refs)
}

// delivery reads one delivery and its entry.
func (s *Store) delivery(ctx context.Context, r ref) (bridge.Delivery, bridge.Entry, error) {
	e, err := s.entry(ctx, r.seq)
	if err == nil && int(r.idx) >= len(e.Deliveries) {
		err = fmt.Errorf("entry %d has no delivery %d: %w", r.seq, r.idx, ErrCorrupt)
	}
	if err != nil {
		if errors.Is(err, ErrCorrupt) {
			s.note(seqKey(prefixEntry, r.seq))
		}
		return bridge.Delivery{}, e, err
	}
	return e.Deliveries[r.idx], e, nil
}

// entry reads an entry that waits.
func (s *Store) entry(ctx context.Context, seq uint64) (bridge.Entry, error) {
	s.mu.Lock()
	kept := s.recent.get(seq)
	s.mu.Unlock()
	if kept != nil {
		return keptEntry(seq, kept)
	}
	key := seqKey(prefixEntry, seq)
	it, err := s.kv.Get(ctx, key)
	if err != nil {
		return bridge.Entry{}, err
	}
	if it.Rev == 0 {
		return bridge.Entry{}, fmt.Errorf("%s is gone: %w", key, ErrCorrupt)
	}
	return entryOf(&it)
}

// drop forgets the head of a busy lane, which cannot be read.
func (s *Store) drop(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.out = l.out[:1]
	s.endLocked(l.out)
	s.finishLocked(l)
}

// finishLocked takes what is out of the lane for good, and gives the lane its next turn.
func (s *Store) finishLocked(l *lane) {
	size := 0
	for _, r := range l.out {
		size += int(r.size)
	}
	n := len(l.out)
	l.refs = slices.DeleteFunc(l.refs, func(r ref) bool { return slices.Contains(l.out, r) })
	l.out, l.head, l.saved, l.state, l.ending = nil, nil, false, idle, false
	s.shrinkLocked(l, n, size)
	s.turnLocked(l)
}

// release gives a busy lane back to its turn, or to the heap until a is due.
func (s *Store) release(l *lane, a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.out, l.state, l.ending = nil, idle, false
	if a != nil {
		l.head = a
	}
	if a == nil || a.echo && l.nudged || !s.deferLocked(l, a.Until) {
		s.turnLocked(l)
	}
}

// turnLocked makes an idle lane ready if anything waits in it. Nobody may use the lane afterwards: it may sleep.
func (s *Store) turnLocked(l *lane) {
	if l.state == idle && len(l.refs) > 0 {
		l.state = ready
		l.outlet.turns.push(l.key.hash)
		l.outlet.signal()
	}
	s.sleepLocked(l)
}

// deferBound is the longest that a lane waits, whatever the clock did between two runs.
const deferBound = 24 * time.Hour

// deferLocked puts an idle lane into the heap and reports whether until lies ahead. Waits go by the monotonic clock, so that a jump of the wall clock
// does not lengthen them.
func (s *Store) deferLocked(l *lane, until time.Time) bool {
	d := min(until.Sub(s.o.Now()), deferBound)
	if d <= 0 {
		return false
	}
	l.state, l.due = waiting, time.Now().Add(d)
	heap.Push(&s.defers, l)
	s.alarmLocked()
	return true
}

// alarmLocked sets the one timer to the next due lane.
func (s *Store) alarmLocked() {
	if len(s.defers) == 0 {
		return
	}
	d := time.Until(s.defers[0].due)
	if s.timer == nil {
		s.timer = time.AfterFunc(d, s.ring)
		return
	}
	s.timer.Reset(d)
}

// ring gives the lanes that are due their turn.
func (s *Store) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return
	default:
	}
	for now := time.Now(); len(s.defers) > 0 && !s.defers[0].due.After(now); {
		l := heap.Pop(&s.defers).(*lane)
		l.state = idle
		s.turnLocked(l)
	}
	s.alarmLocked()
}

// Wake gives the lanes of an outlet that were deferred by a volatile deferral their turn.
func (s *Store) Wake(o bridge.Outlet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.outletLocked(o)
	var woken []*lane
	for _, l := range s.defers {
		if l.outlet == q && l.head != nil && l.head.fleeting {
			woken = append(woken, l)
		}
	}
	slices.SortFunc(woken, func(a, b *lane) int { return cmp.Compare(a.refs[0].seq, b.refs[0].seq) })
	for _, l := range woken {
		heap.Remove(&s.defers, l.place)
		l.state = idle
		s.turnLocked(l)
	}
	s.alarmLocked()
}

func (s *Store) outletLocked(o bridge.Outlet) *outlet {
	q, ok := s.outlets[o]
	if !ok {
		q = &outlet{asleep: map[uint64]asleep{}, wake: make(chan struct{}, 1)}
		s.outlets[o] = q
	}
	return q
}

// keyOf finds a lane in memory.
func (s *Store) keyOf(l bridge.Lane) laneKey {
	return laneKey{l.Outlet(), maphash.Comparable(s.seed, l)}
}

// laneLocked finds or makes the lane of a delivery, and wakes it.
func (s *Store) laneLocked(d *bridge.Delivery) *lane {
	key := s.keyOf(d.Lane)
	l := s.wakeLocked(key)
	if l == nil {
		l = &lane{key: key, outlet: s.outletLocked(key.outlet), place: -1}
		s.lanes[key] = l
	}
	return l
}

// enterLocked puts a folded delivery into its lane, in the order of entries.
func (s *Store) enterLocked(l *lane, r ref) {
	i := len(l.refs)
	for i > 0 && (l.refs[i-1].seq > r.seq || l.refs[i-1].seq == r.seq && l.refs[i-1].idx > r.idx) {
		i--
	}
	l.refs = slices.Insert(l.refs, i, r)
	s.turnLocked(l)
}

// shrinkLocked takes n deliveries off the count of a lane; an empty lane is forgotten.
func (s *Store) shrinkLocked(l *lane, n, size int) {
	l.count -= n
	l.bytes -= size
	if l.count == 0 && l.state == idle {
		s.forgetLocked(l.key)
	}
}
