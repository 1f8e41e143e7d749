package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sfbridge/bridge"
)

// batch is one Append on its way to the disk.
type batch struct {
	entries []bridge.Entry
	values  [][]byte // by entry, with room for the envelope before each
	first   uint64
	lanes   []*lane // of every delivery, in order
	victims []victim
}

// victim is a waiting state delivery that a newer one of the same lane and transfer takes over, because the lane is full.
type victim struct {
	lane     *lane
	ref      ref
	entry    int
	delivery int
	ops      int // the most that its end takes
}

// Append makes entries and the position durable; see [bridge.Journal]. More than one transaction holds are cut at entries, the position in the last.
func (s *Store) Append(ctx context.Context, entries []bridge.Entry, pos *bridge.Position) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := s.pace(ctx, entries); err != nil {
		return err
	}
	b := &batch{entries: entries}
	if err := s.encode(b); err != nil {
		return err
	}
	if err := s.room(b); err != nil {
		return err
	}
	if err := s.admit(b); err != nil {
		return err
	}
	defer s.appendDone(b.first)
	if err := s.absorb(ctx, b); err != nil {
		s.refuse(b, 0)
		return err
	}
	for from := 0; ; {
		to := b.chunk(from, 0)
		last := to == len(b.entries)
		var p *bridge.Position
		if last {
			p = pos
		}
		if err := s.appendChunk(ctx, b, from, to, p); err != nil {
			s.refuse(b, from)
			return err
		}
		s.appended(b, from, to)
		if from = to; last {
			return nil
		}
	}
}

// valueRoom is what the value of most callbacks takes beside the body.
const valueRoom = 192

// encode gives every entry its value, all of them in one piece of memory.
func (s *Store) encode(b *batch) error {
	var all []byte
	ends := make([]int, len(b.entries))
	for i := range b.entries {
		if c := b.entries[i].Callback; c != nil {
			all = slices.Grow(all, valueRoom+len(c.Body))
		}
		var err error
		if all, err = appendSealable(all, &b.entries[i]); err != nil {
			return err
		}
		ends[i] = len(all)
		if i == 0 {
			all = slices.Grow(all, (len(b.entries)-1)*(len(all)+len(all)/4))
		}
	}
	b.values = make([][]byte, len(b.entries))
	from := 0
	for i, end := range ends {
		b.values[i], from = all[from:end:end], end
	}
	return nil
}

// appendSealable appends an entry with room for its envelope.
func appendSealable(all []byte, e *bridge.Entry) ([]byte, error) {
	return appendEntry(append(all, make([]byte, envelopeSize)...), e)
}

// op is the one that stores an entry.
func (b *batch) op(i int) Op { return b.under(seqKey(prefixEntry, b.first+uint64(i)), i) }

// under is the op that stores an entry under its key.
func (b *batch) under(key string, i int) Op {
	sealInPlace(key, b.values[i])
	return Op{Key: key, Val: b.values[i]}
}

// room asks the engine for room before anything is promised: what waits already must find some.
func (s *Store) room(b *batch) error {
	r, ok := s.kv.(Roomer)
	if !ok {
		return nil
	}
	s.mu.Lock()
	bytes := s.bytes
	s.mu.Unlock()
	for _, v := range b.values {
		bytes += 2 * int64(len(v)) // once as an entry, once for the work on it
	}
	return r.Room(bytes)
}

// Bounds of one chunk. Two ops are for the fence and the position.
const (
	chunkOps   = MaxOps - 2
	chunkBytes = MaxBytes / 2
)

// chunk answers where the chunk that begins at from ends; so many ops go with every entry, beside those that are its own.
func (b *batch) chunk(from, beside int) int {
	ops, size := 0, 0
	for to := from; to < len(b.entries); to++ {
		ops += b.ops(to) + beside
		size += len(b.values[to])
		if to > from && (ops > chunkOps || size > chunkBytes) {
			return to
		}
	}
	return len(b.entries)
}

// ops is how many ops and checks an entry takes at most: itself, a mark against a second copy, and the ends of its victims.
func (b *batch) ops(i int) int {
	n := 1
	if b.entries[i].Dedup != "" {
		n += 2
	}
	for j := range b.victims {
		if b.victims[j].entry == i {
			n += b.victims[j].ops
		}
	}
	return n
}

// admit gives the entries their numbers and room in their lanes, or answers bridge.ErrFull. All or nothing.
func (s *Store) admit(b *batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := int64(0)
	for _, v := range b.values {
		size += int64(len(v))
	}
	if s.bytes+size > s.o.MaxBytes {
		return fmt.Errorf("%d bytes wait: %w", s.bytes, bridge.ErrFull)
	}
	b.lanes = make([]*lane, 0, len(b.entries))
	for i := range b.entries {
		for j := range b.entries[i].Deliveries {
			d := &b.entries[i].Deliveries[j]
			l := s.laneLocked(d)
			b.lanes = append(b.lanes, l)
			l.count++
			l.bytes += len(b.values[i])
			if l.count <= s.o.LaneCount && l.bytes <= s.o.LaneBytes {
				continue
			}
			if !s.evictLocked(b, l, i, j) {
				s.returnLocked(b)
				return fmt.Errorf("%d deliveries wait in one lane: %w", l.count, bridge.ErrFull)
			}
		}
	}
	s.bytes += size
	b.first = s.entries.take(len(b.entries))
	return nil
}

// evictLocked takes the newest waiting state delivery of the same transfer out of its lane; nothing is put behind an append. The head stays.
func (s *Store) evictLocked(b *batch, l *lane, i, j int) bool {
	class := s.classes.of(&b.entries[i].Deliveries[j])
	if class == classAppend {
		return false
	}
	for k := len(l.refs) - 1; k > 0 && l.refs[k].class != classAppend; k-- {
		r := l.refs[k]
		if r.class != class || slices.Contains(l.out, r) {
			continue
		}
		l.refs = slices.Delete(l.refs, k, k+1)
		b.victims = append(b.victims, victim{lane: l, ref: r, entry: i, delivery: j, ops: s.endOpsLocked(r)})
		return true
	}
	return false
}

// endOpsLocked is how many ops the end of a delivery takes at most.
func (s *Store) endOpsLocked(r ref) int {
	if m := s.several[r.seq]; !r.alone && m != nil {
		return 1 + m.total
	}
	return 1
}

// returnLocked undoes what admit did so far.
func (s *Store) returnLocked(b *batch) {
	n := 0
	for i := range b.entries {
		for range b.entries[i].Deliveries {
			if n == len(b.lanes) {
				break
			}
			s.shrinkLocked(b.lanes[n], 1, len(b.values[i]))
			n++
		}
	}
	s.restoreLocked(b)
}

func (s *Store) restoreLocked(b *batch) {
	for _, v := range b.victims {
		s.enterLocked(v.lane, v.ref)
	}
	b.victims = nil
}

// absorb joins the dirty fields of the victims into the deliveries that take over.
func (s *Store) absorb(ctx context.Context, b *batch) error {
	if len(b.victims) > 0 {
		b.entries = slices.Clone(b.entries) // they are the caller's
	}
	for _, v := range b.victims {
		old, _, err := s.delivery(ctx, v.ref)
		if err != nil {
			return err
		}
		e := &b.entries[v.entry]
		e.Deliveries = slices.Clone(e.Deliveries)
		d := &e.Deliveries[v.delivery]
		d.Dirty = union(old.Dirty, d.Dirty)
		if d.Edge == bridge.EdgeNone {
			d.Edge = old.Edge
		}
		if b.values[v.entry], err = appendSealable(nil, e); err != nil {
			return err
		}
	}
	return nil
}

// union joins dirty fields; none means all.
func union(a, b []bridge.Field) []bridge.Field {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// appendChunk makes entries from..to durable, each with its mark against a second copy. Only the commit asks whether a mark is there: who looks up each
// of them is who was refused.
func (s *Store) appendChunk(ctx context.Context, b *batch, from, to int, pos *bridge.Position) error {
	refused := false
	err := s.commitNow(ctx, func(p *plan) error {
		p.tx.Ops = slices.Grow(p.tx.Ops, to-from+1)
		keys := seqKeys(prefixEntry, b.first+uint64(from), to-from)
		for i := from; i < to; i++ {
			e := &b.entries[i]
			p.tx.Ops = append(p.tx.Ops, b.under(keys[:seqKeySize], i)) // nothing else writes its key
			keys = keys[seqKeySize:]
			if err := s.planMark(p, e, refused); err != nil {
				return err
			}
		}
		refused = true
		for _, v := range b.victims {
			if v.entry >= from && v.entry < to {
				s.planEnd(p, []ref{v.ref}, false)
			}
		}
		if pos == nil {
			return nil
		}
		return p.put(positionKey(pos.Org, pos.Topic), pos, 0)
	})
	return err
}

// planMark plans the mark by which a second copy of an entry is known, and answers bridge.ErrDuplicate where it stands there already and is looked for.
func (s *Store) planMark(p *plan, e *bridge.Entry, look bool) error {
	if e.Dedup == "" {
		return nil
	}
	mark := prefixDedup + namePart(e.Dedup)
	if _, twice := p.find(mark); twice {
		return fmt.Errorf("callback %s: %w", e.Dedup, bridge.ErrDuplicate)
	}
	if look {
		it, err := s.kv.Get(p.ctx, mark)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return err
		}
		if it.Rev != 0 {
			return fmt.Errorf("callback %s: %w", e.Dedup, bridge.ErrDuplicate)
		}
	}
	p.check(mark, 0)
	p.add(Op{Key: mark, Val: seal(mark, nil), TTL: max(e.DedupFor, MinTTL)})
	return nil
}

// appended counts what is durable now.
func (s *Store) appended(b *batch, from, to int) {
	s.mu.Lock()
	for i := from; i < to; i++ {
		s.fresh[b.first+uint64(i)] = uint32(len(b.values[i]))
		s.recent.put(b.first+uint64(i), b.values[i])
	}
	for _, v := range b.victims {
		if v.entry >= from && v.entry < to {
			s.shrinkLocked(v.lane, 1, int(v.ref.size))
			s.endLocked([]ref{v.ref})
		}
	}
	s.mu.Unlock()
}

// refuse gives back the room of the entries from from on, which did not become durable.
func (s *Store) refuse(b *batch, from int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i := range b.entries {
		for range b.entries[i].Deliveries {
			if i >= from {
				s.shrinkLocked(b.lanes[n], 1, len(b.values[i]))
			}
			n++
		}
		if i >= from {
			s.bytes -= int64(len(b.values[i]))
		}
	}
	b.victims = slices.DeleteFunc(b.victims, func(v victim) bool { return v.entry < from })
	s.restoreLocked(b)
}

// appendDone ends the numbers that were taken at first and wakes Unfolded, which may see behind them now.
func (s *Store) appendDone(first uint64) {
	s.entries.done(first)
	select {
	case s.toFold <- struct{}{}:
	default:
	}
}
