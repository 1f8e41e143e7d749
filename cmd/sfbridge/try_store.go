package main

import (
	"context"
	"slices"
	"sync"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// trialStore is what the courier stands on while something is tried: it hands out one work after the other and forgets what is agreed on. The mirror
// is what Salesforce says now, with what the payload tells over it.
type trialStore struct {
	linked // what the daemon knows of who is linked to whom

	now     bridge.Now
	read    func(ctx context.Context, o bridge.Object, r bridge.RecordID) (bridge.Row, error)
	began   func(w *bridge.Work)
	ended   func(how ending)
	looked  func(o bridge.Object, f bridge.Field, v bridge.Value, found []bridge.RecordID)
	drained func() // called after the last work

	mu    sync.Mutex
	works []bridge.Work
	rows  map[bridge.RecordID]bridge.Row
	told  []bridge.Change
	busy  bool
	moved chan struct{} // closed when works or busy change
}

// ending is how the journal was told that a work ended.
type ending struct {
	outcome bridge.Outcome // Buried and Deferred; "" where the story's last line says it
	reason  string
	effects bridge.Effects
}

func newTrialStore(now bridge.Now) *trialStore {
	return &trialStore{now: now, rows: map[bridge.RecordID]bridge.Row{}, moved: make(chan struct{})}
}

// Append takes what intake made of a payload.
func (s *trialStore) Append(_ context.Context, entries []bridge.Entry, _ *bridge.Position) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		e.Deliveries = slices.Clone(e.Deliveries) // they are the caller's again
		for _, d := range e.Deliveries {
			s.works = append(s.works, bridge.Work{Entry: e, Deliveries: []bridge.Delivery{d}, Entries: []bridge.EntryID{1}})
		}
	}
	s.stirLocked()
	return nil
}

func (s *trialStore) stirLocked() {
	close(s.moved)
	s.moved = make(chan struct{})
}

// Next hands out the first work once the one before has ended.
func (s *trialStore) Next(ctx context.Context, o bridge.Outlet) (bridge.Work, error) {
	for {
		w, moved, ok := s.take(o)
		if ok {
			s.began(&w)
			return w, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return bridge.Work{}, ctx.Err()
		}
	}
}

func (s *trialStore) take(o bridge.Outlet) (bridge.Work, <-chan struct{}, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || len(s.works) == 0 || s.works[0].Head().Lane.Outlet() != o {
		return bridge.Work{}, s.moved, false
	}
	w := s.works[0]
	s.works, s.busy = s.works[1:], true
	return w, nil, true
}

// waits reports whether there is work.
func (s *trialStore) waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy || len(s.works) > 0
}

func (s *trialStore) end(how ending) error {
	s.ended(how)
	s.mu.Lock()
	s.busy = false
	s.stirLocked()
	s.mu.Unlock()
	if !s.waits() {
		s.drained()
	}
	return nil
}

// Settle ends the work.
func (s *trialStore) Settle(_ context.Context, _ bridge.Work, e bridge.Effects) error {
	return s.end(ending{effects: e})
}

// Defer ends the work too: what it waits for is no matter of a trial.
func (s *trialStore) Defer(_ context.Context, _ bridge.Work, d bridge.Deferral) error {
	return s.end(ending{outcome: bridge.Deferred, reason: d.Reason})
}

// Bury ends the work.
func (s *trialStore) Bury(_ context.Context, _ bridge.Work, reason string, e bridge.Effects) error {
	return s.end(ending{outcome: bridge.Buried, reason: reason, effects: e})
}

// Unconfirmed has none: nothing was written.
func (s *trialStore) Unconfirmed(context.Context, bridge.OrgID, bridge.RecordID) ([]bridge.Unconfirmed, error) {
	return nil, nil
}

// Take answers what stands in the way, and takes nothing.
func (s *trialStore) Take(ctx context.Context, claims []bridge.Claim) ([]bridge.Claim, error) {
	return s.Standing(ctx, claims)
}

// Stage forgets.
func (s *trialStore) Stage(context.Context, bridge.Effects) error { return nil }

// Rows answers what Salesforce says now, with what the payload tells over it.
func (s *trialStore) Rows(ctx context.Context, _ bridge.OrgID, o bridge.Object, ids []bridge.RecordID) ([]bridge.Row, error) {
	rows := make([]bridge.Row, len(ids))
	for i, id := range ids {
		s.mu.Lock()
		row, known := s.rows[id]
		s.mu.Unlock()
		if !known {
			var err error
			if row, err = s.read(ctx, o, id); err != nil {
				return nil, err
			}
			row = s.tell(row)
		}
		rows[i] = row
	}
	return rows, nil
}

// tell applies what the payload says of a record, which is the newest word whatever its age.
func (s *trialStore) tell(row bridge.Row) bridge.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.told {
		for _, id := range c.Records {
			if id == row.Record && c.Object == row.Object {
				c.Version = row.Version
				if row.Version.At.IsZero() {
					c.Version.At = s.now()
				}
				row = rule.Fold(row, &c)
			}
		}
	}
	s.rows[row.Record] = row
	return row
}

// Lookup answers whom the daemon's mirror knows.
func (s *trialStore) Lookup(ctx context.Context, org bridge.OrgID, o bridge.Object, f bridge.Field, v bridge.Value) ([]bridge.RecordID, error) {
	found, err := s.linked.Lookup(ctx, org, o, f, v)
	if err == nil {
		s.looked(o, f, v, found)
	}
	return found, err
}

// Unfolded has nothing to fold: the mirror is read.
func (s *trialStore) Unfolded(ctx context.Context, _ int) ([]bridge.Entry, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Fold has nothing to do.
func (s *trialStore) Fold(context.Context, []bridge.Entry, []bridge.Row, []bridge.Unconfirmed) error {
	return nil
}

// LoadBreaker leaves the breaker shut.
func (s *trialStore) LoadBreaker(context.Context, bridge.Outlet, any) error { return nil }

// SaveBreaker forgets.
func (s *trialStore) SaveBreaker(context.Context, bridge.Outlet, any) error { return nil }
