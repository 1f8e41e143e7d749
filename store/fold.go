package store

import (
	"context"
	"fmt"

	"sfbridge/bridge"
)

// Bounds of one answer of Unfolded.
const (
	foldPage  = 32
	foldBytes = 8 << 20
)

// Unfolded answers entries behind the cursor; see [bridge.Folding]. It answers less than limit rather than much memory. Damaged entries are left out.
func (s *Store) Unfolded(ctx context.Context, limit int) ([]bridge.Entry, error) {
	for {
		if err := s.usable(ctx); err != nil {
			return nil, err
		}
		top := s.entries.frontier()
		s.mu.Lock()
		from := s.cursor
		look := top > max(from, s.barren)
		s.mu.Unlock()
		if look {
			es, err := s.behind(ctx, from, top, limit)
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

// behind reads the entries after from and up to top.
func (s *Store) behind(ctx context.Context, from, top uint64, limit int) ([]bridge.Entry, error) {
	var es []bridge.Entry
	size, after := 0, seqKey(prefixEntry, from)
	for len(es) < limit && size < foldBytes {
		items, err := s.kv.Scan(ctx, prefixEntry, after, min(foldPage, limit-len(es)))
		if err != nil {
			return nil, fmt.Errorf("read entries: %w", err)
		}
		for i := range items {
			seq, err := seqOf(items[i].Key)
			if err == nil && seq > top {
				return es, nil
			}
			e, err := entryOf(&items[i])
			if err != nil {
				s.note(items[i].Key)
				continue
			}
			es = append(es, e)
			size += len(items[i].Val)
		}
		if len(items) < foldPage {
			return es, nil
		}
		after = items[len(items)-1].Key
	}
	return es, nil
}

// Fold moves the cursor behind the entries, with what they say; see [bridge.Folding]. Rows that do not fit into the step go before it: they say nothing
// that folding again would not repeat. Confirmations that do not fit follow it: a write that stays unconfirmed is read back in the end, while one that is
// confirmed too early would let an older value pass for a newer one. Rows are stored as they are given, under D12.
func (s *Store) Fold(ctx context.Context, entries []bridge.Entry, rows []bridge.Row, confirmed []bridge.Unconfirmed) error {
	if len(entries) == 0 {
		return nil
	}
	if err := s.usable(ctx); err != nil {
		return err
	}
	rest, err := s.rowsAhead(ctx, rows)
	if err != nil {
		return fmt.Errorf("fold rows: %w", err)
	}
	cursor := uint64(entries[len(entries)-1].ID)
	ends := append(keysOf(confirmed), withoutDeliveries(entries)...)
	now, later := cut(ends, MaxOps/3)
	err = s.commit(ctx, func(p *plan) error {
		for i := range rest {
			if err := p.row(&rest[i]); err != nil {
				return err
			}
		}
		for _, key := range now {
			p.delete(key)
		}
		return p.put(keyCursor, cursor, 0)
	})
	if err != nil {
		return fmt.Errorf("fold up to entry %d: %w", cursor, err)
	}
	s.folded(entries, cursor)
	for len(later) > 0 {
		now, later = cut(later, MaxOps/2)
		err := s.commit(ctx, func(p *plan) error {
			for _, key := range now {
				p.delete(key)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("delete folded entries: %w", err)
		}
	}
	return nil
}

func keysOf(us []bridge.Unconfirmed) []string {
	keys := make([]string, len(us))
	for i := range us {
		keys[i] = unconfirmedKey(&us[i])
	}
	return keys
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

func cut(keys []string, n int) (now, later []string) {
	n = min(n, len(keys))
	return keys[:n], keys[n:]
}

// folded makes the deliveries of the entries due.
func (s *Store) folded(entries []bridge.Entry, cursor uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor = max(s.cursor, cursor)
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
