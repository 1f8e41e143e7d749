package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
)

// letterRecord is a dead letter as it is stored; the entry's own encoding keeps its row's ids.
type letterRecord struct {
	bridge.DeadLetter
	RowOf *rowID `json:"row_of,omitempty"`
}

func newLetter(w *bridge.Work, reason string, now time.Time) *letterRecord {
	head := *w.Head()
	for i := range w.Deliveries[1:] {
		head.Dirty = union(head.Dirty, w.Deliveries[i+1].Dirty)
	}
	l := &letterRecord{DeadLetter: bridge.DeadLetter{
		Org: head.Lane.Org, Delivery: head, Entry: w.Entry, Reason: reason, Attempts: w.Attempts, Buried: now.UTC(),
	}}
	l.Entry.Deliveries = nil
	place := max(0, slices.IndexFunc(w.Entry.Deliveries, func(d bridge.Delivery) bool { return d.ID == head.ID }))
	l.ID = fmt.Sprintf("%016x-%04x", uint64(w.Entry.ID), place)
	if r := w.Entry.Row; r != nil {
		l.RowOf = &rowID{r.Org, r.Object, r.Record}
	}
	return l
}

// letter is what people and Redrive get.
func (l *letterRecord) letter() bridge.DeadLetter {
	if r := l.Entry.Row; r != nil && l.RowOf != nil {
		r.Org, r.Object, r.Record = l.RowOf.Org, l.RowOf.Object, l.RowOf.Record
	}
	return l.DeadLetter
}

// LetterFilter picks dead letters; zero members pick all.
type LetterFilter struct {
	Project  bridge.ProjectID
	Transfer bridge.TransferID
	Source   string // of the lane: the record or the contact
	After    string // the id of the last letter of the page before
}

func (f *LetterFilter) match(l *letterRecord) bool {
	d := &l.Delivery
	return (f.Project == "" || f.Project == d.Lane.Project) && (f.Transfer == "" || f.Transfer == d.Transfer) &&
		(f.Source == "" || f.Source == d.Lane.Source) && l.ID > f.After
}

// errEnough ends a scan that has found what was asked for.
var errEnough = errors.New("enough")

// DeadLetters lists at most limit letters in the order in which their entries were taken in.
func (s *Store) DeadLetters(ctx context.Context, f LetterFilter, limit int) ([]bridge.DeadLetter, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var ls []bridge.DeadLetter
	err := eachValue(ctx, s, prefixLetter, func(_ string, l *letterRecord) error {
		if len(ls) == limit {
			return errEnough
		}
		if f.match(l) {
			ls = append(ls, l.letter())
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return ls, err
}

// DeadLetter answers one letter, or bridge.ErrNotFound.
func (s *Store) DeadLetter(ctx context.Context, id string) (bridge.DeadLetter, error) {
	if ValidKey(letterKey(id)) != nil {
		return bridge.DeadLetter{}, fmt.Errorf("dead letter %q: %w", id, bridge.ErrNotFound)
	}
	l, err := value[letterRecord](ctx, s, letterKey(id))
	return l.letter(), err
}

// Redrive appends the deliveries of the letters again, behind what waits in their lanes and in their old order, and ends the letters in the same step. A
// letter that is gone is left out, so doing it twice is harmless. It answers how many were redriven; an error may follow some that were.
func (s *Store) Redrive(ctx context.Context, ids ...string) (int, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	n := 0
	for _, id := range slices.Compact(ids) {
		done, err := s.redrive(ctx, id)
		if err != nil {
			return n, fmt.Errorf("redrive %s: %w", id, err)
		}
		if done {
			n++
		}
	}
	return n, nil
}

// redrive is one letter: an entry of its own, so that lane order is that of the letters.
func (s *Store) redrive(ctx context.Context, id string) (bool, error) {
	l, err := s.DeadLetter(ctx, id)
	if errors.Is(err, bridge.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e := l.Entry
	e.Kind, e.At, e.Deliveries = bridge.RedriveEntry, s.o.Now().UTC(), []bridge.Delivery{l.Delivery}
	b := &batch{entries: []bridge.Entry{e}}
	if err := s.encode(b); err != nil {
		return false, err
	}
	f, err := s.begin(ctx, &bridge.Effects{Story: []bridge.Story{s.actOf(&l, "redriven by operator")}})
	if err != nil {
		return false, err
	}
	defer s.finish(ctx, f)
	s.admitAlways(b)
	defer s.appendDone(b.first)
	err = s.commitNow(ctx, func(p *plan) error {
		if err := p.endLetter(id); err != nil {
			return err
		}
		if err := f.plan(p); err != nil {
			return err
		}
		p.add(b.op(0))
		return nil
	})
	if err != nil {
		s.refuse(b, 0)
		if errors.Is(err, bridge.ErrNotFound) {
			return false, nil // somebody else was faster
		}
		return false, err
	}
	s.appended(b, 0, 1)
	s.buried(l.Delivery.Lane.Project, -1)
	return true, nil
}

// endLetter plans the end of a letter that must still be there.
func (p *plan) endLetter(id string) error {
	var l letterRecord
	found, err := p.read(letterKey(id), &l)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("dead letter %s: %w", id, bridge.ErrNotFound)
	}
	p.delete(letterKey(id))
	return nil
}

// Drop ends letters for good and answers how many there were. What they carried is lost; an operator asks for it.
func (s *Store) Drop(ctx context.Context, ids ...string) (int, error) {
	n := 0
	for _, id := range ids {
		l, err := s.DeadLetter(ctx, id)
		if err == nil {
			err = s.dropOne(ctx, &l)
		}
		switch {
		case errors.Is(err, bridge.ErrNotFound):
		case err != nil:
			return n, fmt.Errorf("drop %s: %w", id, err)
		default:
			s.buried(l.Delivery.Lane.Project, -1)
			n++
		}
	}
	return n, nil
}

func (s *Store) dropOne(ctx context.Context, l *bridge.DeadLetter) error {
	f, err := s.begin(ctx, &bridge.Effects{Story: []bridge.Story{s.actOf(l, "dropped by operator")}})
	if err != nil {
		return err
	}
	defer s.finish(ctx, f)
	return s.commitNow(ctx, func(p *plan) error {
		if err := p.endLetter(l.ID); err != nil {
			return err
		}
		return f.plan(p)
	})
}

func (s *Store) buried(p bridge.ProjectID, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead[p] += n; s.dead[p] <= 0 {
		delete(s.dead, p)
	}
}
