package store

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
)

// ErrInHand is returned for a lane whose head is being carried at this moment.
var ErrInHand = errors.New("the head of the lane is being carried")

// Waiting is a lane as it waits: its head, and how many are behind.
type Waiting struct {
	ID       string // of the head; that of the dead letter it would become
	Head     bridge.Delivery
	Heard    []bridge.Heard // of the head and those behind it, oldest first, at most 64
	InHand   bool           // it is being carried
	Failed   int            // tries that failed by the item's own fault
	Reason   string         // why it was given back last, "" where it was not
	Next     time.Time      // when it is tried next, zero where that is now
	TakenIn  time.Time      // when the head's entry was taken in
	Behind   int            // deliveries that wait for the head
	Deferred bool           // it waits for its time
}

// view is a lane as it was in memory.
type laneView struct {
	refs   []ref
	state  laneState
	behind int
	head   attempt
}

func (l *lane) view(refs int) laneView {
	v := laneView{refs: slices.Clone(l.refs[:min(refs, len(l.refs))]), state: l.state, behind: l.count - 1}
	if l.head != nil {
		v.head = *l.head
	}
	return v
}

// stuck reports that the head was given back and is not settled.
func (l *lane) stuck() bool {
	return len(l.refs) > 0 && (l.state == waiting || l.head != nil && l.head.Error != "")
}

// Stuck lists lanes whose head was given back, the oldest first, at most limit. It walks over all lanes: a few milliseconds for 100,000.
func (s *Store) Stuck(ctx context.Context, limit int) ([]Waiting, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var views []laneView
	s.mu.Lock()
	for _, l := range s.lanes {
		if l.stuck() {
			views = append(views, l.view(1))
		}
	}
	s.mu.Unlock()
	slices.SortFunc(views, func(a, b laneView) int {
		return cmp.Or(cmp.Compare(a.refs[0].seq, b.refs[0].seq), cmp.Compare(a.refs[0].idx, b.refs[0].idx))
	})
	var all []Waiting
	for _, v := range views[:min(limit, len(views))] {
		w, err := s.waiting(ctx, &v, nil)
		if errors.Is(err, ErrCorrupt) {
			continue // settled meanwhile, or noted
		}
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// LaneOf tells of one lane what waits in it, or bridge.ErrNotFound where nothing that is folded does.
func (s *Store) LaneOf(ctx context.Context, which bridge.Lane) (Waiting, error) {
	if err := s.usable(ctx); err != nil {
		return Waiting{}, err
	}
	var v laneView
	s.mu.Lock()
	if l := s.peekLocked(s.keyOf(which)); l != nil {
		v = l.view(coalesceBound)
	}
	s.mu.Unlock()
	if len(v.refs) == 0 {
		return Waiting{}, fmt.Errorf("lane of %s: %w", which.Source, bridge.ErrNotFound)
	}
	w, err := s.waiting(ctx, &v, &which)
	if errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("lane of %s: %w", which.Source, bridge.ErrNotFound)
	}
	return w, err
}

// waiting reads what a view names; only deliveries of the lane asked for count, since two lanes may share a place in memory.
func (s *Store) waiting(ctx context.Context, v *laneView, only *bridge.Lane) (Waiting, error) {
	w := Waiting{
		ID: refID(v.refs[0]), InHand: v.state == busy, Deferred: v.state == waiting, Failed: v.head.Failed, Reason: v.head.Error,
		TakenIn: time.Unix(int64(v.refs[0].at), 0).UTC(), Behind: v.behind,
	}
	if w.Deferred {
		w.Next = v.head.Until
	}
	for i, r := range v.refs {
		d, e, err := s.delivery(ctx, r)
		switch {
		case err != nil && i == 0:
			return w, err
		case err != nil:
			continue
		case i == 0:
			w.Head = d
		}
		if only == nil || d.Lane == *only {
			w.Heard = append(w.Heard, bridge.HeardOf(&e, &d))
		}
	}
	if len(w.Heard) == 0 {
		return w, fmt.Errorf("none of the lane: %w", ErrCorrupt)
	}
	return w, nil
}

// refID is how people name a waiting delivery, and its dead letter.
func refID(r ref) string { return fmt.Sprintf("%016x-%04x", r.seq, r.idx) }

// headLocked finds the lane whose head has the id, or nil.
func (s *Store) headLocked(id string) *lane {
	seq, idx, err := attemptOf(prefixAttempt + id)
	if err != nil {
		return nil
	}
	for _, l := range s.lanes {
		if len(l.refs) > 0 && l.refs[0].seq == seq && int(l.refs[0].idx) == idx {
			return l
		}
	}
	return s.sleeperLocked(seq, idx)
}

// Release has the head with that id tried now. It is bridge.ErrNotFound where no lane has such a head, ErrInHand where it is being carried.
func (s *Store) Release(ctx context.Context, id string) error {
	if err := s.act(ctx, id, "released by operator"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.headLocked(id); l != nil && l.state == waiting {
		s.pullLocked(l)
		s.turnLocked(l)
	}
	return nil
}

// act writes down what an operator does to the head with that id, where it can be done.
func (s *Store) act(ctx context.Context, id, what string) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	l := s.headLocked(id)
	var r ref
	inHand := false
	if l != nil {
		r, inHand = l.refs[0], l.state == busy
	}
	s.mu.Unlock()
	switch {
	case l == nil:
		return fmt.Errorf("lane with head %s: %w", id, bridge.ErrNotFound)
	case inHand:
		return fmt.Errorf("lane with head %s: %w", id, ErrInHand)
	}
	d, _, err := s.delivery(ctx, r)
	if err != nil {
		return err
	}
	line := lineOf(&d, s.o.Now())
	line.Outcome, line.Reason = bridge.Operator, what
	return s.Stage(ctx, bridge.Effects{Story: []bridge.Story{line}})
}

// pullLocked takes a lane out of its wait or its turn.
func (s *Store) pullLocked(l *lane) {
	switch l.state {
	case waiting:
		heap.Remove(&s.defers, l.place)
		s.alarmLocked()
	case idle, ready, busy:
	}
	l.state = idle
}

// Skip buries the head with that id with the reason given, and lets those behind it go on. What it had claimed is free for others. It answers what was
// buried. Errors are those of Release.
func (s *Store) Skip(ctx context.Context, id, reason string) (*bridge.Delivery, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	l, before, err := s.seize(id)
	if err != nil {
		return nil, err
	}
	d, err := s.skip(ctx, l, reason)
	if err != nil {
		s.release(l, before)
		return nil, fmt.Errorf("skip %s: %w", id, err)
	}
	return d, nil
}

func (s *Store) skip(ctx context.Context, l *lane, reason string) (*bridge.Delivery, error) {
	w, err := s.load(ctx, l)
	if err != nil {
		return nil, err
	}
	d := w.Head()
	held, err := s.claimedBy(ctx, d)
	if err != nil {
		return nil, err
	}
	line := lineOf(d, s.o.Now())
	line.Outcome, line.Reason = bridge.Operator, reason
	return d, s.Bury(ctx, w, reason, bridge.Effects{Story: []bridge.Story{line}, Unclaim: held})
}

// claimedBy are the claims that a delivery holds. Its word of a write stays: the stream may yet confirm that one.
func (s *Store) claimedBy(ctx context.Context, d *bridge.Delivery) (held []bridge.Claim, err error) {
	word := bridge.WordOf(d.ID, "")
	err = eachValue(ctx, s, claimPrefix(d.Lane.Org, d.Lane.Project), func(_ string, c *bridge.Claim) error {
		if c.Delivery == d.ID && !strings.HasPrefix(c.Identity, word) {
			held = append(held, *c)
		}
		return nil
	})
	return held, err
}

// seize takes the head of a lane in hand, alone, and answers what is to stand again if that comes to nothing.
func (s *Store) seize(id string) (*lane, *attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.headLocked(id)
	switch {
	case l == nil:
		return nil, nil, fmt.Errorf("lane with head %s: %w", id, bridge.ErrNotFound)
	case l.state == busy:
		return nil, nil, fmt.Errorf("lane with head %s: %w", id, ErrInHand)
	}
	var before *attempt
	if l.state == waiting {
		before = l.head
	}
	s.pullLocked(l)
	l.state, l.out = busy, slices.Clone(l.refs[:1])
	return l, before, nil
}
