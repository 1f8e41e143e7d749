package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"sfbridge/bridge"
)

// layoutVersion is the version of keys and values. A store of a newer one is refused; what an older one has is read, and the store is of this version from
// its next start on.
//
//	1   entries are JSON
//	2   entries are as record.go draws them, or JSON
const layoutVersion = 2

// layout is the first thing written into a store.
type layout struct {
	Version int    `json:"version"`
	Salt    string `json:"salt"` // of the identity index
}

// Open takes the journal over and rebuilds the lanes by one scan. The engine must be running.
func (s *Store) Open(ctx context.Context) error {
	g, err := s.kv.Acquire(ctx, "journal", s.o.Holder, leaseTTL)
	if err != nil {
		return fmt.Errorf("acquire the journal: %w", err)
	}
	s.fence = g.Fence
	s.mu.Lock()
	s.opened, s.loading = true, true // the steps below go through the same doors as everybody
	s.mu.Unlock()
	made, err := s.openLayout(ctx)
	if err != nil {
		return err
	}
	s.stored, err = value[uint64](ctx, s, keyCursor)
	s.cursor = s.stored
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return fmt.Errorf("read the folder's cursor: %w", err)
	}
	if err := s.openEntries(ctx); err != nil {
		return err
	}
	if !made { // an earlier process may have passed and settled entries behind the cursor on disk
		s.entries.next = max(s.entries.next, s.stored+foldLag+1)
	}
	last, err := s.lastSeq(ctx, prefixStory)
	if err != nil {
		return err
	}
	s.stories.next = last + 1
	if err := s.openTrace(ctx); err != nil {
		return err
	}
	if err := s.openDebts(ctx); err != nil {
		return err
	}
	if err := s.openLater(ctx); err != nil {
		return err
	}
	return eachValue(ctx, s, prefixLetter, func(_ string, l *letterRecord) error {
		s.dead[l.Delivery.Lane.Project]++
		return nil
	})
}

// openLayout reads the layout, or makes that of a new store.
func (s *Store) openLayout(ctx context.Context) (made bool, err error) {
	it, err := s.kv.Get(ctx, keyLayout)
	if err != nil {
		return false, fmt.Errorf("read the layout: %w", err)
	}
	l := layout{layoutVersion, rand.Text()}
	if it.Rev == 0 {
		err := s.commitNow(ctx, func(p *plan) error {
			p.check(keyLayout, 0)
			return p.put(keyLayout, l, 0)
		})
		if err != nil {
			return false, fmt.Errorf("write the layout: %w", err)
		}
	} else if err := get(&it, &l); err != nil {
		return false, fmt.Errorf("read the layout: %w", err)
	}
	if l.Version > layoutVersion {
		return false, bridge.Hint(fmt.Errorf("the store has layout %d, this sfbridge reads up to %d", l.Version, layoutVersion),
			"run the newer sfbridge, or restore the backup that was made before the upgrade")
	}
	if l.Version < layoutVersion { // before anything is written that an older sfbridge would take for damage
		l.Version = layoutVersion
		err := s.commitNow(ctx, func(p *plan) error { return p.put(keyLayout, l, 0) })
		if err != nil {
			return false, fmt.Errorf("write the layout: %w", err)
		}
	}
	s.salt = l.Salt
	return it.Rev == 0, nil
}

// opening is what Open keeps in mind while it fills the lanes.
type opening struct {
	attempts map[uint64]map[int]*attempt
	tried    []laneKey // lanes that have any of them
	waste    []orphan
	names    names
	behind   bool // an entry has come that is to be folded: the cursor passes none after it
}

// openEntries fills the lanes, which get their turns in the order of their heads. Entries of which everything is settled are waste that a crash left, and
// are deleted.
func (s *Store) openEntries(ctx context.Context) error {
	o := &opening{attempts: map[uint64]map[int]*attempt{}, names: names{}}
	err := eachValue(ctx, s, prefixAttempt, func(key string, a *attempt) error {
		seq, idx, err := attemptOf(key)
		if err != nil {
			return err
		}
		if o.attempts[seq] == nil {
			o.attempts[seq] = map[int]*attempt{}
		}
		o.attempts[seq][idx] = a
		return nil
	})
	if err != nil {
		return err
	}
	top := s.cursor
	err = s.eachPage(ctx, prefixEntry, foldPage, func(it *Item) error {
		if seq, err := seqOf(it.Key); err == nil {
			top = max(top, seq)
		}
		e, plain, err := o.headOf(it)
		if err != nil {
			s.note(it.Key)
			return nil
		}
		s.openEntry(o, &e, plain, uint32(len(it.Val)))
		return nil
	})
	if err != nil {
		return err
	}
	s.entries.next, s.legacy = top+1, top
	s.resume(o)
	return s.clean(ctx, o.waste)
}

// openEntry counts an entry and, if it is folded, enters its deliveries. A plain one is, where all before it are: it says nothing of a record.
func (s *Store) openEntry(o *opening, e *bridge.Entry, plain bool, size uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if uint64(e.ID) > s.cursor {
		if o.behind = o.behind || !plain; !o.behind {
			s.cursor = uint64(e.ID)
		}
	}
	var done map[int]bool
	for i, a := range o.attempts[uint64(e.ID)] {
		switch {
		case i >= len(e.Deliveries):
		case !a.Done:
			o.tried = append(o.tried, s.keyOf(e.Deliveries[i].Lane))
		case done == nil:
			done = map[int]bool{i: true}
		default:
			done[i] = true
		}
	}
	folded := uint64(e.ID) <= s.cursor
	if folded && len(done) == len(e.Deliveries) {
		o.waste = append(o.waste, orphan{uint64(e.ID), len(e.Deliveries)})
		return
	}
	s.bytes += int64(size)
	for j := range e.Deliveries {
		if !done[j] {
			l := s.laneLocked(&e.Deliveries[j])
			l.count++
			l.bytes += int(size)
		}
	}
	if !folded {
		s.fresh[uint64(e.ID)] = size
		return
	}
	s.enterEntryLocked(e, size, done)
}

// resume gives lane heads their history back, and lets Next begin.
func (s *Store) resume(o *opening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range o.tried {
		l := s.wakeLocked(key)
		if l == nil || len(l.refs) == 0 || l.state != ready {
			continue
		}
		if a := o.attempts[l.refs[0].seq][int(l.refs[0].idx)]; a != nil && !a.Done {
			l.head, l.saved = a, true
			s.deferLocked(l, a.Until)
		}
	}
	s.loading = false
	for _, q := range s.outlets {
		q.signal()
	}
}

// EachUnconfirmed hands every write that the stream has not confirmed to fn; an error of fn ends it.
func (s *Store) EachUnconfirmed(ctx context.Context, fn func(*bridge.Unconfirmed) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	return eachValue(ctx, s, prefixUnconfirmed, func(_ string, u *bridge.Unconfirmed) error { return fn(u) })
}

// lastSeq finds the largest sequence number under a prefix by halving.
func (s *Store) lastSeq(ctx context.Context, prefix string) (uint64, error) {
	low, high := uint64(0), uint64(1)<<63 // something is behind low, or it is 0; nothing is behind high
	for low < high {
		mid := low + (high-low)/2
		items, err := s.kv.Scan(ctx, prefix, seqKey(prefix, mid), 1)
		if err != nil {
			return 0, fmt.Errorf("find the last of %s: %w", prefix, err)
		}
		if len(items) == 0 {
			high = mid
			continue
		}
		if low, err = seqOf(items[0].Key); err != nil {
			return 0, err
		}
	}
	return low, nil
}
