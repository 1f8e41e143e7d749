package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
)

// Bounds of one answer of Unfolded.
const (
	foldPage  = 32
	foldBytes = 8 << 20
)

// foldLag is how many entries the cursor on disk may be behind that in memory. An entry that says nothing of a record folds to nothing: the cursor passes it
// in memory alone, and goes to disk with the next one that does. Open passes such entries anew, and gives no number that one of them may have had.
const foldLag = 1024

// confirmedAtOnce bounds the confirmations in the step that moves the cursor: each may check three keys and change two.
const confirmedAtOnce = 16

// Unfolded answers entries behind the cursor; see [bridge.Folding]. It answers less than limit rather than much memory. Damaged entries are left out.
func (s *Store) Unfolded(ctx context.Context, limit int) ([]bridge.Entry, error) {
	for {
		if err := s.usable(ctx); err != nil {
			return nil, err
		}
		top := s.entries.frontier()
		s.mu.Lock()
		s.folding = true
		from := s.cursor
		look := top > max(from, s.barren)
		kept := s.recent.run(from, top, limit, foldBytes)
		s.mu.Unlock()
		if look {
			es, err := keptEntries(from+1, kept)
			if len(kept) == 0 {
				es, err = s.behind(ctx, from, top, limit)
			}
			if err != nil || len(es) > 0 {
				return es, err
			}
			s.mu.Lock()
			s.barren = top
			s.mu.Unlock()
		}
		select {
		case <-s.toFold:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.closed:
			return nil, ErrClosed
		}
	}
}

// keptEntries reads entries that were kept, the first of them that of a number.
func keptEntries(seq uint64, kept [][]byte) ([]bridge.Entry, error) {
	es := make([]bridge.Entry, len(kept))
	for i := range kept {
		var err error
		if es[i], err = keptEntry(seq+uint64(i), kept[i]); err != nil {
			return nil, err
		}
	}
	return es, nil
}

// behind reads the entries after from and up to top.
func (s *Store) behind(ctx context.Context, from, top uint64, limit int) ([]bridge.Entry, error) {
	var es []bridge.Entry
	size, after := 0, seqKey(prefixEntry, from)
	for len(es) < limit && size < foldBytes && from < top {
		page := int(min(foldPage, uint64(limit-len(es)), top-from)) // what is not durable for all before it would be read in vain
		items, err := s.kv.Scan(ctx, prefixEntry, after, page)
		if err != nil {
			return nil, fmt.Errorf("read entries: %w", err)
		}
		for i := range items {
			seq, err := seqOf(items[i].Key)
			if err == nil && seq > top {
				return es, nil
			}
			from = max(from, seq)
			e, err := entryOf(&items[i])
			if err != nil {
				s.note(items[i].Key)
				continue
			}
			es = append(es, e)
			size += len(items[i].Val)
		}
		if len(items) < page {
			return es, nil
		}
		after = items[len(items)-1].Key
	}
	return es, nil
}

// Fold moves the cursor behind the entries, with what they say; see [bridge.Folding]. Rows that do not fit into the step go before it: they say nothing
// that folding again would not repeat. Confirmations that do not fit follow it: a write that stays unconfirmed is read back in the end, while one that is
// confirmed too early would let an older value pass for a newer one. Rows are stored under D12; one that was
// made from another row than is there by now ends the fold with ErrMoved.
func (s *Store) Fold(ctx context.Context, entries []bridge.Entry, rows []bridge.Row, confirmed []bridge.Unconfirmed) error {
	if len(entries) == 0 {
		return nil
	}
	if err := s.usable(ctx); err != nil {
		return err
	}
	cursor := uint64(entries[len(entries)-1].ID)
	if len(rows) == 0 && len(confirmed) == 0 && s.passes(entries, cursor) {
		s.folded(entries, cursor)
		return nil
	}
	rest, err := s.rowsAhead(ctx, rows, addFolded)
	if err != nil {
		return fmt.Errorf("fold rows: %w", err)
	}
	now, later := cut(confirmed, confirmedAtOnce)
	ended, endedLater := cut(withoutDeliveries(entries), MaxOps/6)
	err = s.commit(ctx, func(p *plan) error {
		for i := range rest {
			if err := addFolded(p, &rest[i]); err != nil {
				return err
			}
		}
		if err := p.confirm(now); err != nil {
			return err
		}
		p.deleteAll(ended)
		return p.put(keyCursor, cursor, 0)
	})
	if err != nil {
		return fmt.Errorf("fold up to entry %d: %w", cursor, err)
	}
	s.mu.Lock()
	s.stored = max(s.stored, cursor)
	s.mu.Unlock()
	s.folded(entries, cursor)
	s.nudge(now)
	for len(later) > 0 {
		now, later = cut(later, 2*confirmedAtOnce)
		if err := s.commit(ctx, func(p *plan) error { return p.confirm(now) }); err != nil {
			return fmt.Errorf("confirm writes: %w", err)
		}
		s.nudge(now)
	}
	for len(endedLater) > 0 {
		ended, endedLater = cut(endedLater, MaxOps/2)
		if err := s.commit(ctx, func(p *plan) error { p.deleteAll(ended); return nil }); err != nil {
			return fmt.Errorf("delete folded entries: %w", err)
		}
	}
	return nil
}

// passes reports whether entries end nowhere and say nothing of a record, so that the cursor may pass them in memory alone. Those of an earlier process may
// be of an older layout, in which Open does not see that.
func (s *Store) passes(entries []bridge.Entry, cursor uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(entries[0].ID) > s.legacy && cursor-s.stored <= foldLag && !slices.ContainsFunc(entries, func(e bridge.Entry) bool {
		return e.Change != nil || e.Row != nil || len(e.Deliveries) == 0
	})
}

func (p *plan) deleteAll(keys []string) {
	for _, key := range keys {
		p.delete(key)
	}
}

// toldTTL is how long a write is kept after an event that may be somebody else's brought its value: longer than its own may be on its way.
const toldTTL = time.Minute

// confirm ends the unconfirmed writes, each as it was when the stream was compared with it: the same delivery may have written the field again since,
// and that write is not confirmed by the value of the one before it. One that somebody else's event may have told is kept for a while.
func (p *plan) confirm(us []bridge.Unconfirmed) error {
	for i := range us {
		key := unconfirmedKey(&us[i])
		var have bridge.Unconfirmed
		found, err := p.read(key, &have)
		if err != nil {
			return err
		}
		if !found || !have.At.Equal(us[i].At) || !have.Value.Equal(us[i].Value) {
			continue
		}
		first := have.Told.IsZero()
		if have.Told = us[i].Told; have.Told.IsZero() {
			p.delete(key)
		} else if err := p.put(key, &have, toldTTL); err != nil {
			return err
		}
		if !first {
			continue // it was agreed on then
		}
		if err := p.agree(&us[i]); err != nil {
			return err
		}
	}
	return nil
}

// agree moves the baseline on to what was written and is confirmed, while the delivery is not settled that wrote it: whatever carries its echo must not
// take it for somebody's edit.
func (p *plan) agree(u *bridge.Unconfirmed) error {
	if len(u.Of) == 0 {
		return nil
	}
	var word bridge.Claim
	found, err := p.read(claimKey(&bridge.Claim{Org: u.Org, Project: u.Project, Identity: u.Word()}), &word)
	if err != nil || !found {
		return err
	}
	var l bridge.Link
	key := linkKey(u.Org, u.Project, u.Record)
	if found, err = p.read(key, &l); err != nil || !found || l.Contact != u.Contact {
		return err
	}
	if l, moved := word.Advance(l, u); moved {
		return p.put(key, &l, 0)
	}
	return nil
}

func withoutDeliveries(entries []bridge.Entry) []string {
	var keys []string
	for i := range entries {
		if len(entries[i].Deliveries) == 0 {
			keys = append(keys, entryKey(entries[i].ID))
		}
	}
	return keys
}

func cut[T any](all []T, n int) (now, later []T) {
	n = min(n, len(all))
	return all[:n], all[n:]
}

// folded makes the deliveries of the entries due.
func (s *Store) folded(entries []bridge.Entry, cursor uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor = max(s.cursor, cursor)
	defer s.caughtLocked()
	for i := range entries {
		e := &entries[i]
		size, ok := s.fresh[uint64(e.ID)]
		if !ok {
			continue // folded before
		}
		delete(s.fresh, uint64(e.ID))
		s.enterEntryLocked(e, size, nil)
	}
}

// enterEntryLocked puts the deliveries of a folded entry into their lanes, but for those that done names.
func (s *Store) enterEntryLocked(e *bridge.Entry, size uint32, done map[int]bool) {
	n := len(e.Deliveries)
	switch {
	case n == 0:
		s.bytes -= int64(size)
		s.recent.drop(uint64(e.ID))
		return
	case n > 1:
		s.several[uint64(e.ID)] = &several{left: n - len(done), total: n, size: size}
	}
	for j := range e.Deliveries {
		if done[j] {
			continue
		}
		d := &e.Deliveries[j]
		s.enterLocked(s.laneLocked(d), ref{
			seq: uint64(e.ID), idx: uint16(j), at: uint32(e.At.Unix()), size: size, class: s.classes.of(d), alone: n == 1,
		})
	}
}
