package store

import (
	"context"
	"fmt"
	"slices"

	"sfbridge/bridge"
)

// A debt is a delivery that was carried in shadow: what it would have sent stays out of sync until it is carried again. A state delivery owes once for its
// lane and transfer, whatever changed and how often, and comes back with all fields dirty, outbound with the newest callback, which may be all that a
// platform tells; an append owes with its payload.

func debtKey(d *bridge.Delivery) string {
	last := "s"
	if d.Kind == bridge.Append {
		last = namePart(d.ID)
	}
	return prefixDebt + join(idPart(d.Lane.Org), namePart(d.Lane.Project), namePart(d.Lane.Direction), namePart(d.Lane.Source), namePart(d.Transfer), last)
}

// shadowed reports whether anything of a work would have been sent and was not.
func shadowed(lines []bridge.Story) bool {
	return slices.ContainsFunc(lines, func(l bridge.Story) bool { return l.Outcome == bridge.Shadowed })
}

// owe plans the debt of a work that was carried in shadow, and reports whether it is a new one. A work that was not still has its say where it is a
// contact's who owes already: what he says now counts.
func (p *plan) owe(w *bridge.Work, lines []bridge.Story) (bool, error) {
	d := w.Head()
	now := shadowed(lines)
	if !now && (d.Kind == bridge.Append || d.Lane.Direction != bridge.Outbound || !p.s.owes(d.Lane.Outlet())) {
		return false, nil
	}
	l := newLetter(w, "carried in shadow", p.s.o.Now())
	if d.Kind != bridge.Append {
		l.Delivery.Dirty, l.Delivery.Edge = nil, bridge.EdgeNone
		l.Entry, l.RowOf = bridge.Entry{Kind: bridge.OperatorEntry, Callback: l.Entry.Callback}, nil
	}
	key := debtKey(&l.Delivery)
	var old letterRecord
	found, err := p.read(key, &old)
	if err != nil || !found && !now {
		return false, err
	}
	if found {
		l.Buried = old.Buried // it goes before what came after it
	}
	return !found, p.put(key, l, 0)
}

// owes reports whether anything of an outlet is owed.
func (s *Store) owes(o bridge.Outlet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owed[o] > 0
}

// openDebts counts what is owed.
func (s *Store) openDebts(ctx context.Context) error {
	return eachValue(ctx, s, prefixDebt, func(_ string, l *letterRecord) error {
		s.owed[l.Delivery.Lane.Outlet()]++
		return nil
	})
}

// Unshadow appends again what was carried in shadow and is not any more, in each lane in the order in which it came, and answers how much that is. Like
// what an earlier process left, it is compared with what the other side holds by now before it is sent. It must be called between Open and the first
// Append.
func (s *Store) Unshadow(ctx context.Context, still func(d *bridge.Delivery) bool) (n int, err error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	var due []letterRecord // whole lanes, which lie side by side
	repay := func() error {
		slices.SortStableFunc(due, func(a, b letterRecord) int { return a.Buried.Compare(b.Buried) })
		if err := s.repay(ctx, due); err != nil {
			return fmt.Errorf("carry again what was carried in shadow: %w", err)
		}
		n, due = n+len(due), due[:0]
		return nil
	}
	err = eachValue(ctx, s, prefixDebt, func(_ string, l *letterRecord) error {
		if still(&l.Delivery) {
			return nil
		}
		if len(due) >= repayAtOnce && due[len(due)-1].Delivery.Lane != l.Delivery.Lane {
			if err := repay(); err != nil {
				return err
			}
		}
		due = append(due, *l)
		return nil
	})
	if err != nil {
		return n, err
	}
	return n, repay()
}

const (
	repayAtOnce = 40 // debts, and more where a lane has more
	besideDebt  = 2  // ops: the end of the debt, a line of the sync log
)

// repay appends the deliveries of debts and ends the debts in one step.
func (s *Store) repay(ctx context.Context, debts []letterRecord) error {
	b := &batch{}
	var lines []bridge.Story
	for i := range debts {
		d := debts[i].letter()
		e := d.Entry
		e.Kind, e.At, e.Deliveries = bridge.OperatorEntry, s.o.Now().UTC(), []bridge.Delivery{d.Delivery}
		b.entries = append(b.entries, e)
		line := lineOf(&d.Delivery, s.o.Now())
		line.Outcome, line.Reason = bridge.Operator, "shadow was switched off: what was not sent is carried again"
		lines = append(lines, line)
	}
	if err := s.encode(b); err != nil {
		return err
	}
	for from := 0; from < len(b.entries); {
		to := b.chunk(from, besideDebt)
		part := &batch{entries: b.entries[from:to], values: b.values[from:to]}
		if err := s.repayPart(ctx, part, lines[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (s *Store) repayPart(ctx context.Context, b *batch, lines []bridge.Story) error {
	f, err := s.begin(ctx, &bridge.Effects{Story: lines})
	if err != nil {
		return err
	}
	defer s.finish(ctx, f)
	s.admitAlways(b)
	defer s.appendDone(b.first)
	err = s.commit(ctx, func(p *plan) error {
		for i := range b.entries {
			p.add(b.op(i))
			p.delete(debtKey(&b.entries[i].Deliveries[0]))
		}
		return f.plan(p)
	})
	if err != nil {
		s.refuse(b, 0)
		return err
	}
	s.appended(b, 0, len(b.entries))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.legacy = b.first + uint64(len(b.entries)) - 1
	for i := range b.entries {
		s.oweLocked(b.entries[i].Deliveries[0].Lane.Outlet(), -1)
	}
	return nil
}

func (s *Store) oweLocked(o bridge.Outlet, n int) {
	if s.owed[o] += n; s.owed[o] <= 0 {
		delete(s.owed, o)
	}
}
