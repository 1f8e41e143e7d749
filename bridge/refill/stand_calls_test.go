package refill_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func (s *stand) Rights(ctx context.Context, o bridge.Object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[o] = true
	return s.call(ctx, "rights "+string(o))
}

func (s *stand) Changed(ctx context.Context, q bridge.Since, each func([]bridge.Row) error) error {
	s.mu.Lock()
	err := s.call(ctx, "rows "+string(q.Object))
	if !s.seen[q.Object] {
		s.t.Errorf("rows of %s are read, and nobody asked whether they can be seen", q.Object)
	}
	if want := s.rules.Wants("acme").ReadSet(q.Object); !slices.Equal(q.Fields, want) {
		s.t.Errorf("fields %v of %s are read, want %v", q.Fields, q.Object, want)
	}
	s.seen[q.Object] = false
	s.asked = append(s.asked, q)
	rows := slices.DeleteFunc(slices.Clone(s.live[q.Object]), func(r bridge.Row) bool { return r.Version.At.Before(q.At.Truncate(time.Second)) })
	slices.SortStableFunc(rows, func(a, b bridge.Row) int { return a.Version.At.Compare(b.Version.At) })
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for page := range slices.Chunk(rows, s.pageSize) {
		s.mu.Lock()
		err := s.call(ctx, "page "+string(q.Object))
		s.mu.Unlock()
		if err != nil {
			return err
		}
		if err := each(page); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[q.Object] = true
	return nil
}

func (s *stand) Deleted(ctx context.Context, o bridge.Object, since time.Time) (bridge.Deletions, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.rows[o] {
		s.t.Errorf("deletions of %s are listed before its rows were read", o)
	}
	s.rows[o], s.since = false, append(s.since, since)
	d := bridge.Deletions{Rows: slices.Clone(s.gone[o]), From: since, To: time.Now()}
	if !s.from.IsZero() {
		d.From = s.from
	}
	if !s.to.IsZero() {
		d.To = s.to
	}
	return d, s.call(ctx, "deletions "+string(o))
}

func (s *stand) Count(ctx context.Context, o bridge.Object, since time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !since.IsZero() {
		s.t.Errorf("records since %v are counted instead of all", since)
	}
	return max(s.count, len(s.live[o])), s.call(ctx, "count")
}

func (s *stand) Holes(ctx context.Context) (all []bridge.Hole, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.holes)) {
		all = append(all, s.hole(id))
	}
	return all, s.call(ctx, "holes")
}

// hole reads what is kept: nothing is shared with whom it was written by.
func (s *stand) hole(id string) (h bridge.Hole) {
	if err := json.Unmarshal(s.holes[id], &h); err != nil {
		s.t.Fatal(err)
	}
	return h
}

// kept is the hole as it is kept.
func (s *stand) kept(h bridge.Hole) bridge.Hole {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hole(h.ID())
}

// keep writes a hole.
func (s *stand) keep(h bridge.Hole) {
	text, err := json.Marshal(h)
	if err != nil {
		s.t.Fatal(err)
	}
	s.holes[h.ID()] = text
}

// open adds a hole, of the org and the topic where it names none.
func (s *stand) open(h bridge.Hole) bridge.Hole {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.Org == "" {
		h.Org = acme
	}
	if h.Topic == "" {
		h.Topic = topic
	}
	s.keep(h)
	return h
}

// say is an operator's word.
func (s *stand) say(h bridge.Hole, change func(*bridge.Hole)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.hole(h.ID())
	change(&kept)
	s.keep(kept)
}

func approve(h *bridge.Hole) {
	h.Approved = true
	for o, f := range h.Filled {
		f.Held = ""
		h.Filled[o] = f
	}
}

func (s *stand) FillHole(ctx context.Context, h bridge.Hole, o bridge.Object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call(ctx, "fill"); err != nil {
		return err
	}
	kept := s.hole(h.ID())
	if kept.Closed || !kept.To.Equal(h.To) {
		return fmt.Errorf("hole: %w", bridge.ErrMoved)
	}
	f := h.Filled[o]
	if f.Done {
		s.sound(&kept, o)
	}
	if kept.Filled == nil {
		kept.Filled = map[bridge.Object]bridge.Filled{}
	}
	kept.Filled[o] = f
	s.keep(kept)
	return nil
}

func (s *stand) CloseHole(ctx context.Context, h bridge.Hole) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call(ctx, "close"); err != nil {
		return err
	}
	kept := s.hole(h.ID())
	if kept.Closed || !kept.To.Equal(h.To) {
		return fmt.Errorf("hole: %w", bridge.ErrMoved)
	}
	kept.Closed = true
	s.keep(kept)
	return nil
}

// sound holds what was told against the org, once an object is said to be compared.
func (s *stand) sound(h *bridge.Hole, o bridge.Object) {
	for _, r := range append(slices.Clone(s.live[o]), s.gone[o]...) {
		asked := h.Whole || !r.Version.At.Before(h.From.Truncate(time.Second))
		if asked && rule.Missed(s.mirror[r.Record], r) && !s.heard[heard{r.Record, r.Deleted}] {
			s.t.Errorf("%s is said to be compared, and nothing told the mirror of %s", o, r.Record)
		}
	}
}

func (s *stand) Compared(ctx context.Context, rows []bridge.Row, dirty bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	if err := s.call(ctx, "sink"); err != nil {
		return err
	}
	for _, r := range rows {
		s.told, s.heard[heard{r.Record, r.Deleted}] = append(s.told, told{r, dirty}), true
		if !s.lags {
			s.mirror[r.Record] = rule.Correct(s.mirror[r.Record], r)
		}
	}
	return nil
}

func (s *stand) Rows(ctx context.Context, org bridge.OrgID, o bridge.Object, ids []bridge.RecordID) ([]bridge.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if org != acme || len(ids) > 200 {
		s.t.Errorf("%d rows of %s are looked up at once", len(ids), org)
	}
	out := make([]bridge.Row, len(ids))
	for i, id := range ids {
		out[i] = s.mirror[id]
	}
	return out, s.call(ctx, "mirror")
}

func (s *stand) Lookup(context.Context, bridge.OrgID, bridge.Object, bridge.Field, bridge.Value) ([]bridge.RecordID, error) {
	return nil, errors.New("nobody looks up by a value here")
}

func (s *stand) LinkOf(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, r bridge.RecordID) (bridge.Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call(ctx, "link"); err != nil {
		return bridge.Link{}, err
	}
	if org != acme || p != "support" || !s.linked[r] {
		return bridge.Link{}, fmt.Errorf("link of %s: %w", r, bridge.ErrNotFound)
	}
	return bridge.Link{Org: org, Project: p, Record: r}, nil
}
