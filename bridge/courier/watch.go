package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// watch sees to it that a write which the stream does not confirm in time is looked after. Automation may save our value as what the record held
// before, and then no event tells: the record is read, by an inbound delivery of its own. What an earlier process wrote is looked after from the start.
type watch struct {
	ledger bridge.Ledger
	rules  *rule.Set
	within time.Duration

	mu    sync.Mutex
	due   map[expected]time.Time // after the latest write of each
	order []look
	added chan struct{} // holds one
}

// look is when somebody looks, unless the record was written again since.
type look struct {
	at time.Time
	expected
}

// expected is a record whose change by us the stream shall tell.
type expected struct {
	org    bridge.OrgID
	record bridge.RecordID
	to     *rule.Transfer
}

func newWatch(l bridge.Ledger, rules *rule.Set, within time.Duration) *watch {
	return &watch{ledger: l, rules: rules, within: within, due: map[expected]time.Time{}, added: make(chan struct{}, 1)}
}

// expect notes a write that was carried out. Transfers that never go inbound have nothing to look after.
func (w *watch) expect(to *rule.Transfer, wrote bridge.Write) {
	w.add(expected{wrote.Org, wrote.Record, to})
}

func (w *watch) add(e expected) {
	if !e.to.Direction.Covers(bridge.Inbound) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at := time.Now().Add(w.within)
	w.due[e], w.order = at, append(w.order, look{at, e})
	select {
	case w.added <- struct{}{}:
	default:
	}
}

// opens is an optional ability of a ledger.
type opens interface {
	// EachUnconfirmed hands every write that the stream has not confirmed to fn; an error of fn ends it.
	EachUnconfirmed(ctx context.Context, fn func(*bridge.Unconfirmed) error) error
}

// resume notes the writes that an earlier process did not see confirmed. Those to records that nobody is linked to any more have nothing to look after.
func (w *watch) resume(ctx context.Context) error {
	ledger, ok := w.ledger.(opens)
	if !ok {
		return nil
	}
	type place struct {
		org     bridge.OrgID
		project bridge.ProjectID
		record  bridge.RecordID
	}
	open := map[place][]bridge.Field{}
	err := ledger.EachUnconfirmed(ctx, func(u *bridge.Unconfirmed) error {
		if p := (place{u.Org, u.Project, u.Record}); u.Told.IsZero() {
			open[p] = append(open[p], u.Field)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find the writes that are not confirmed: %w", err)
	}
	for at, fields := range open {
		p := w.rules.Project(at.project)
		if p == nil {
			continue
		}
		link, err := w.ledger.LinkOf(ctx, at.org, at.project, at.record)
		if errors.Is(err, bridge.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for _, to := range p.Transfers {
			if to.Object == link.Object && slices.ContainsFunc(fields, to.Reads) {
				w.add(expected{at.org, at.record, to})
			}
		}
	}
	return nil
}

// Run looks after every write once its time is over, until ctx ends.
func (w *watch) Run(ctx context.Context) error {
	if err := w.resume(ctx); err != nil {
		return err
	}
	for {
		e, wait := w.first()
		if wait == 0 {
			if err := w.check(ctx, e); err != nil {
				return err
			}
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-w.added:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// first takes out the oldest record whose time is over, or answers how long that lasts.
func (w *watch) first() (expected, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.order) > 0 {
		l := w.order[0]
		if wait := time.Until(l.at); wait > 0 {
			return expected{}, wait
		}
		w.order = w.order[1:]
		if w.due[l.expected].Equal(l.at) {
			delete(w.due, l.expected)
			return l.expected, 0
		}
	}
	return expected{}, time.Hour
}

// check has the record carried inbound where a write is still not confirmed: who carries it reads the record.
func (w *watch) check(ctx context.Context, e expected) error {
	open, err := w.ledger.Unconfirmed(ctx, e.org, e.record)
	if err != nil {
		return err
	}
	var dirty []bridge.Field
	var cause bridge.DeliveryID
	for _, u := range open {
		if u.Told.IsZero() && u.Project == e.to.Project && e.to.Reads(u.Field) {
			dirty, cause = append(dirty, u.Field), u.Delivery
		}
	}
	if len(dirty) == 0 {
		return nil
	}
	d := inboundAgain(e.org, e.to, e.record, dirty, "unconfirmed "+string(cause))
	if err := w.ledger.Stage(ctx, bridge.Effects{Next: []bridge.Delivery{d}}); err != nil {
		return fmt.Errorf("look after an unconfirmed write: %w", err)
	}
	return nil
}
