package store

import (
	"context"
	"fmt"
	"time"

	"sfbridge/bridge"
)

// Settle ends the work; see [bridge.Journal].
func (s *Store) Settle(ctx context.Context, w bridge.Work, e bridge.Effects) error {
	return s.end(ctx, &w, &e, nil)
}

// Bury ends the work with a dead letter. Coalesced deliveries become one letter, that of the head with the dirty fields of all.
func (s *Store) Bury(ctx context.Context, w bridge.Work, reason string, e bridge.Effects) error {
	l := newLetter(&w, reason, s.o.Now())
	if err := s.end(ctx, &w, &e, l); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead[l.Delivery.Lane.Project]++
	return nil
}

// end makes the effects, the letter and the end of the work durable in one transaction.
func (s *Store) end(ctx context.Context, w *bridge.Work, e *bridge.Effects, letter *letterRecord) error {
	l, err := s.outLane(w)
	if err != nil {
		return err
	}
	told := *e
	told.Story = storyOf(w, e.Story, letter)
	f, err := s.begin(ctx, &told)
	if err != nil {
		s.keep(l)
		return err
	}
	defer s.finish(ctx, f)
	anew := false
	err = s.commit(ctx, func(p *plan) (err error) {
		s.planEnd(p, l.out, l.saved)
		if anew, err = p.owe(w, e.Story); err != nil {
			return err
		}
		if letter != nil {
			if err := p.put(letterKey(letter.ID), letter, 0); err != nil {
				return err
			}
		}
		return f.plan(p)
	})
	if err != nil {
		s.keep(l)
		return fmt.Errorf("settle %s: %w", w.Head().ID, err)
	}
	f.happened()
	s.mu.Lock()
	orphans := s.endLocked(l.out)
	s.finishLocked(l)
	if anew {
		s.oweLocked(w.Head().Lane.Outlet(), 1)
	}
	s.mu.Unlock()
	return s.clean(ctx, orphans)
}

// outLane finds the busy lane that handed the work out. Its out and saved belong to the holder of the work until it is given back.
func (s *Store) outLane(w *bridge.Work) (*lane, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(w.Deliveries) == 0 || len(w.Entries) != len(w.Deliveries) {
		return nil, ErrNotOut
	}
	l := s.laneLocked(w.Head())
	if l.state != busy || l.ending || len(l.out) != len(w.Entries) || l.out[0].seq != uint64(w.Entries[0]) {
		s.shrinkLocked(l, 0, 0)
		return nil, fmt.Errorf("%s: %w", w.Head().ID, ErrNotOut)
	}
	l.ending = true
	return l, nil
}

// keep leaves the work with its holder after an end that failed.
func (s *Store) keep(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.ending = false
}

// planEnd plans the end of deliveries: the last one of an entry deletes it, one before the last leaves a mark.
func (s *Store) planEnd(p *plan, refs []ref, saved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := map[uint64]int{}
	for i, r := range refs {
		if r.alone {
			p.delete(seqKey(prefixEntry, r.seq))
			if i == 0 && saved {
				p.delete(attemptKey(r))
			}
			continue
		}
		m := s.several[r.seq]
		if ended[r.seq]++; m == nil || ended[r.seq] < m.left {
			op, _ := put(attemptKey(r), attempt{Done: true}) // a struct of ours always encodes
			p.add(op)
			continue
		}
		m.deleting = true
		p.planDelete(r.seq, m.total)
	}
}

// planDelete plans the end of an entry with several deliveries.
func (p *plan) planDelete(seq uint64, total int) {
	p.delete(seqKey(prefixEntry, seq))
	for i := range total {
		p.delete(attemptKey(ref{seq: seq, idx: uint16(i)}))
	}
}

// orphan is an entry whose last deliveries ended side by side, so that neither deleted it.
type orphan struct {
	seq   uint64
	total int
}

// endLocked counts deliveries that ended and answers the entries that nobody deleted.
func (s *Store) endLocked(refs []ref) []orphan {
	var orphans []orphan
	for _, r := range refs {
		if r.alone {
			s.bytes -= int64(r.size)
			s.recent.drop(r.seq)
			continue
		}
		m := s.several[r.seq]
		if m == nil {
			continue
		}
		if m.left--; m.left > 0 {
			continue
		}
		s.recent.drop(r.seq)
		s.bytes -= int64(m.size)
		delete(s.several, r.seq)
		if !m.deleting {
			orphans = append(orphans, orphan{r.seq, m.total})
		}
	}
	return orphans
}

// clean deletes orphans. They are only waste: Open would do it too.
func (s *Store) clean(ctx context.Context, orphans []orphan) error {
	for _, o := range orphans {
		if err := s.commit(ctx, func(p *plan) error { p.planDelete(o.seq, o.total); return nil }); err != nil {
			return fmt.Errorf("delete entry %d: %w", o.seq, err)
		}
	}
	return nil
}

// Defer gives the work back; see [bridge.Journal]. An error means that the deferral is not on disk; the work is given back all the same.
func (s *Store) Defer(ctx context.Context, w bridge.Work, d bridge.Deferral) error {
	l, err := s.outLane(&w)
	if err != nil {
		return err
	}
	s.mu.Lock()
	a := *l.head
	s.mu.Unlock()
	a.Until, a.Error, a.fleeting = d.Until.UTC().Truncate(time.Millisecond), d.Reason, d.Volatile
	a.echo = d.Volatile && d.Echo
	if d.Failed {
		a.Failed++
	}
	if !d.Volatile {
		if err = s.saveAttempt(ctx, l.out[0], &a, s.deferralOf(&w, &a)); err == nil {
			s.mu.Lock()
			l.saved = true
			s.mu.Unlock()
		}
	}
	s.release(l, &a)
	if err != nil {
		return fmt.Errorf("defer %s: %w", w.Head().ID, err)
	}
	return nil
}

// saveAttempt makes an attempt durable, with the line that tells of it.
func (s *Store) saveAttempt(ctx context.Context, r ref, a *attempt, line bridge.Story) error {
	f, err := s.begin(ctx, &bridge.Effects{Story: []bridge.Story{line}})
	if err != nil {
		return err
	}
	defer s.finish(ctx, f)
	return s.commit(ctx, func(p *plan) error {
		if err := p.put(attemptKey(r), a, 0); err != nil {
			return err
		}
		return f.plan(p)
	})
}
