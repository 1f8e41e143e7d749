package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"sfbridge/bridge"
)

// layoutVersion is the version of keys and values. A store of a newer one is refused.
const layoutVersion = 1

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
	if err := s.openLayout(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.opened, s.loading = true, true // the steps below read through the same doors as everybody
	s.mu.Unlock()
	s.cursor, err = value[uint64](ctx, s, keyCursor)
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return fmt.Errorf("read the folder's cursor: %w", err)
	}
	if err := s.openEntries(ctx); err != nil {
		return err
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
	return eachValue(ctx, s, prefixLetter, func(_ string, l *letterRecord) error {
		s.dead[l.Delivery.Lane.Project]++
		return nil
	})
}

func (s *Store) openLayout(ctx context.Context) error {
	it, err := s.kv.Get(ctx, keyLayout)
	if err != nil {
		return fmt.Errorf("read the layout: %w", err)
	}
	l := layout{layoutVersion, rand.Text()}
	if it.Rev == 0 {
		op, err := put(keyLayout, l)
		if err != nil {
			return err
		}
		if err := s.kv.Apply(ctx, Tx{Checks: []Check{s.fence, {Key: keyLayout}}, Ops: []Op{op}}); err != nil {
			return fmt.Errorf("write the layout: %w", err)
		}
	} else if err := get(&it, &l); err != nil {
		return fmt.Errorf("read the layout: %w", err)
	}
	if l.Version > layoutVersion {
		return bridge.Hint(fmt.Errorf("the store has layout %d, this sfbridge reads up to %d", l.Version, layoutVersion),
			"run the newer sfbridge, or restore the backup that was made before the upgrade")
	}
	s.salt = l.Salt
	return nil
}

// openEntries fills the lanes. Entries of which everything is settled are waste that a crash left, and are deleted.
func (s *Store) openEntries(ctx context.Context) error {
	attempts := map[uint64]map[int]*attempt{}
	err := eachValue(ctx, s, prefixAttempt, func(key string, a *attempt) error {
		seq, idx, err := attemptOf(key)
		if err != nil {
			return err
		}
		if attempts[seq] == nil {
			attempts[seq] = map[int]*attempt{}
		}
		attempts[seq][idx] = a
		return nil
	})
	if err != nil {
		return err
	}
	var waste []orphan
	top := s.cursor
	err = s.eachPage(ctx, prefixEntry, foldPage, func(it *Item) error {
		if seq, err := seqOf(it.Key); err == nil {
			top = max(top, seq)
		}
		e, err := entryOf(it)
		if err != nil {
			s.note(it.Key)
			return nil
		}
		if s.openEntry(&e, uint32(len(it.Val)), attempts[uint64(e.ID)]) {
			waste = append(waste, orphan{uint64(e.ID), len(e.Deliveries)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.entries.next, s.legacy = top+1, top
	s.resume(attempts)
	return s.clean(ctx, waste)
}

// openEntry counts an entry and, if it is folded, enters its deliveries. It reports whether nothing of it is left.
func (s *Store) openEntry(e *bridge.Entry, size uint32, attempts map[int]*attempt) bool {
	done := map[int]bool{}
	for i, a := range attempts {
		if a.Done && i < len(e.Deliveries) {
			done[i] = true
		}
	}
	folded := uint64(e.ID) <= s.cursor
	if folded && len(done) == len(e.Deliveries) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
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
		return false
	}
	s.enterEntryLocked(e, size, done)
	return false
}

// resume gives lane heads their history back, and every lane its turn or its wait, oldest first.
func (s *Store) resume(attempts map[uint64]map[int]*attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lanes := make([]*lane, 0, len(s.lanes))
	for _, l := range s.lanes {
		if len(l.refs) > 0 {
			lanes = append(lanes, l)
		}
	}
	slices.SortFunc(lanes, func(a, b *lane) int {
		return cmp.Or(cmp.Compare(a.refs[0].seq, b.refs[0].seq), cmp.Compare(a.refs[0].idx, b.refs[0].idx))
	})
	s.loading = false
	for _, l := range lanes {
		a := attempts[l.refs[0].seq][int(l.refs[0].idx)]
		if a != nil && !a.Done {
			l.head, l.saved = a, true
		}
		if l.head == nil || !s.deferLocked(l, a.Until) {
			s.turnLocked(l)
		}
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
