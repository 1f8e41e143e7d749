package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
)

// What waits for the time of its transfer lies outside of the journal and its lanes, so that it neither blocks what goes at once nor counts as stuck. A
// state delivery waits once for its lane and transfer, whatever changed and how often: with all fields dirty, outbound with the newest callback. An append
// waits with its own. Once its time has come it enters the journal as an entry of its own.

func laterKey(d *bridge.Delivery) string {
	last := "s"
	if d.Kind == bridge.Append {
		last = namePart(d.ID)
	}
	return prefixLater + join(idPart(d.Lane.Org), namePart(d.Lane.Project), namePart(d.Lane.Direction), namePart(d.Lane.Source), namePart(d.Transfer), last)
}

// planLater plans what is to wait. What waits already goes on to wait since it began to.
func (f *flight) planLater(p *plan) error {
	f.later = nil
	for _, l := range f.e.Later {
		if l.Delivery.Kind == bridge.State {
			l.Delivery.Dirty, l.Delivery.Edge, l.Delivery.Ours = nil, bridge.EdgeNone, false
		}
		var old bridge.Later
		key := laterKey(&l.Delivery)
		found, err := p.read(key, &old)
		if err != nil {
			return err
		}
		if found {
			l.Since = old.Since
		} else {
			f.later = append(f.later, l.Delivery.Lane.Outlet())
		}
		if err := p.put(key, &l, 0); err != nil {
			return err
		}
	}
	return nil
}

// countLater counts what waits at an outlet. What is handed over at once may be counted off before it is counted.
func (s *Store) countLater(o bridge.Outlet, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.later[o] += n; s.later[o] == 0 {
		delete(s.later, o)
	}
}

// openLater counts what waits for its time.
func (s *Store) openLater(ctx context.Context) error {
	return eachValue(ctx, s, prefixLater, func(_ string, l *bridge.Later) error {
		s.countLater(l.Delivery.Lane.Outlet(), 1)
		return nil
	})
}

// Bounds of what Due hands over.
const (
	dueAtOnce = 80                     // deliveries, and more where a lane has more: three ops each are a transaction
	dueAhead  = 1024                   // lanes that are ready, or entries that are not folded: what comes at once waits for no more of them
	dueLook   = 5 * time.Millisecond   // how soon it is looked for room again; doubled while there is none
	dueSeldom = 500 * time.Millisecond // the longest of these waits
	besideDue = 2                      // ops: the end of the wait, and the check that it stands
)

// Due has carried what has waited long enough; see [bridge.Timetable]. A crash in the middle leaves each delivery either waiting or in the journal.
func (s *Store) Due(ctx context.Context, o bridge.Outlet, due func(l *bridge.Later) bool) (n int, err error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	var ready []bridge.Later // whole lanes, which lie side by side
	enter := func() error {
		slices.SortStableFunc(ready, func(a, b bridge.Later) int {
			return cmp.Or(a.Since.Compare(b.Since), -cmp.Compare(a.Delivery.Kind, b.Delivery.Kind)) // a contact before what happened with him
		})
		if err := s.enterDue(ctx, o, ready); err != nil {
			return fmt.Errorf("carry what waited for its time: %w", err)
		}
		n, ready = n+len(ready), ready[:0]
		return nil
	}
	err = s.eachLater(ctx, o, func(l *bridge.Later) error {
		if !due(l) {
			return nil
		}
		if len(ready) >= dueAtOnce && ready[len(ready)-1].Delivery.Lane != l.Delivery.Lane {
			if err := enter(); err != nil {
				return err
			}
		}
		ready = append(ready, *l)
		return nil
	})
	if err != nil || len(ready) == 0 {
		return n, err
	}
	return n, enter()
}

// eachLater hands over what waits at an outlet, lane by lane. Where nothing does it costs nothing.
func (s *Store) eachLater(ctx context.Context, o bridge.Outlet, fn func(l *bridge.Later) error) error {
	for after := ""; s.Timed(o) > 0; { // once for each org: a project is of one, but may have been of another
		next, err := s.kv.Scan(ctx, prefixLater, after, 1)
		if err != nil || len(next) == 0 {
			return err
		}
		org, _, _ := strings.Cut(strings.TrimPrefix(next[0].Key, prefixLater), "/")
		prefix := prefixLater + join(org, namePart(o.Project), namePart(o.Direction), "")
		if err := eachValue(ctx, s, prefix, func(_ string, l *bridge.Later) error { return fn(l) }); err != nil {
			return err
		}
		after = prefixLater + org + "0" // behind the slash that follows it in every key of the org
	}
	return nil
}

// dueRoom waits until an outlet has room for more of what waited.
func (s *Store) dueRoom(ctx context.Context, o bridge.Outlet) error {
	for wait := dueLook; ; wait = min(2*wait, dueSeldom) {
		s.mu.Lock()
		room := s.outletLocked(o).turns.n < dueAhead && len(s.fresh) < dueAhead
		s.mu.Unlock()
		if room {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-s.closed:
			timer.Stop()
			return ErrClosed
		}
	}
}

// enterDue appends deliveries and ends their wait in one step, a part at a time where there are many.
func (s *Store) enterDue(ctx context.Context, o bridge.Outlet, ready []bridge.Later) error {
	b := &batch{}
	for i := range ready {
		b.entries = append(b.entries, bridge.Entry{
			Kind: bridge.TickEntry, At: s.o.Now().UTC(), Callback: ready[i].Callback, Deliveries: []bridge.Delivery{ready[i].Delivery},
		})
	}
	if err := s.encode(b); err != nil {
		return err
	}
	for from := 0; from < len(b.entries); {
		to := b.chunk(from, besideDue)
		if err := s.dueRoom(ctx, o); err != nil {
			return err
		}
		if err := s.enterPart(ctx, &batch{entries: b.entries[from:to], values: b.values[from:to]}); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// enterPart is one step of enterDue. What came meanwhile stays, and goes as soon.
func (s *Store) enterPart(ctx context.Context, b *batch) error {
	s.admitAlways(b)
	defer s.appendDone(b.first)
	var ended []bridge.Outlet
	err := s.commit(ctx, func(p *plan) error {
		ended = nil
		for i := range b.entries {
			d := &b.entries[i].Deliveries[0]
			var now bridge.Later
			found, err := p.read(laterKey(d), &now)
			if err != nil {
				return err
			}
			if found && now.Delivery.ID == d.ID {
				p.delete(laterKey(d))
				ended = append(ended, d.Lane.Outlet())
			}
			p.add(b.op(i))
		}
		return nil
	})
	if err != nil {
		s.refuse(b, 0)
		return err
	}
	s.appended(b, 0, len(b.entries))
	for _, o := range ended {
		s.countLater(o, -1)
	}
	return nil
}
