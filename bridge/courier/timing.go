package courier

import (
	"context"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// What a transfer carries may wait for its time: everything is taken in and folded at once, and whoever is to carry a delivery before its time sets it aside.
// There it lies outside of its lane, once for each record or contact, until the tick after it came.
//
//	journal ──Next──> trip ──its time?──> carried
//	   ^                └──no──> Later ──Due, at the tick──┐
//	   └───────────────────────── tick entry ──────────────┘

// later sets the work aside if the transfer's time has not come, and ends it if that never comes. It reports whether there is nothing more to do.
func (t *trip) later(tr *rule.Transfer) bool {
	timing := tr.Timing(t.o.Direction)
	switch {
	case timing.Never:
		t.tell(bridge.Skipped, "", nil, "the timing of the transfer is never: what is heard is kept, and nothing is carried")
		return true
	case t.timely(timing):
		return false
	}
	for _, d := range t.w.Deliveries {
		t.aside(d, tr)
	}
	return true
}

// timely reports whether the work may be carried by such a timing now.
func (t *trip) timely(timing bridge.Timing) bool {
	return timing.RealTime() || t.hastened() || t.holds(bridge.TickEntry)
}

// hastened reports whether nothing of the work waits for a time: who redrives what was buried wants to see it go.
func (t *trip) hastened() bool { return t.c.cfg.AtOnce || t.holds(bridge.RedriveEntry) }

// holds reports whether any of the work came by such an entry.
func (t *trip) holds(kind bridge.EntryKind) bool {
	return t.w.Entry.Kind == kind || slices.ContainsFunc(t.w.Heard, func(h bridge.Heard) bool { return h.Kind == kind })
}

// aside has a delivery wait for the time of a transfer.
func (t *trip) aside(d bridge.Delivery, by *rule.Transfer) {
	now, timing := t.c.d.Now(), by.Timing(t.o.Direction)
	l := bridge.Later{Delivery: d, Callback: t.w.Entry.Callback, By: by.ID, Since: now}
	if n := len(t.w.Callbacks); n > 0 {
		l.Callback = &t.w.Callbacks[n-1]
	}
	t.effects.Later = append(t.effects.Later, l)
	t.tell(bridge.Deferred, "", nil, "transfer "+string(by.ID)+" goes "+timing.String()+", next at "+timing.Next(now).UTC().Format(time.RFC3339))
}

// outward are the outbound transfers of contacts whose time it is for the work: those that go at once, or the one that it has waited for.
func (t *trip) outward() []*rule.Transfer {
	head := t.w.Head()
	return slices.DeleteFunc(t.o.project.Contacts(bridge.Outbound), func(tr *rule.Transfer) bool {
		switch {
		case tr.OutboundTiming.Never:
			return true
		case head.Lane.Direction == bridge.Inbound, head.Kind == bridge.Append:
			return false
		case head.Transfer != "":
			return tr.ID != head.Transfer
		}
		return !tr.OutboundTiming.RealTime() && !t.hastened()
	})
}

// setAside has a contact wait once for each transfer that goes at its own time.
func (t *trip) setAside() {
	head := t.w.Head()
	if head.Transfer != "" || t.hastened() {
		return
	}
	for _, tr := range t.o.project.Contacts(bridge.Outbound) {
		if tr.OutboundTiming.RealTime() || tr.OutboundTiming.Never {
			continue
		}
		d := *head
		d.ID, d.Transfer, d.Object = rule.DeliveryID(t.org(), string(head.ID), head.Lane.Source, tr.ID), tr.ID, tr.Object
		t.aside(d, tr)
	}
}

// awaits has what happened with a contact who is linked to nobody wait for the transfer that may create his record, and reports whether it does. A redrive
// does not help what has nobody to go to.
func (t *trip) awaits() bool {
	by := creatorOf(t.outward())
	if by == nil || by.OutboundTiming.RealTime() || t.c.cfg.AtOnce || t.holds(bridge.TickEntry) {
		return false
	}
	for _, d := range t.w.Deliveries {
		t.aside(d, by)
	}
	return true
}

// missed has the clock looked at where a tick passed while work was set aside for it.
func (t *trip) missed() {
	for i := range t.effects.Later {
		if l := &t.effects.Later[i]; !t.o.goes(l, l.Since).After(t.c.d.Now()) {
			t.o.hurry()
		}
	}
}

// hurry has the clock looked at now.
func (o *outlet) hurry() {
	select {
	case o.late <- struct{}{}:
	default:
	}
}

// clockAge is the longest that the clock is not looked at: it may be set, and the machine may sleep.
const clockAge = time.Minute

// tick has carried what has waited at an outlet for its time: at each tick, and once at the start, since the daemon may have been down at one and a timing
// may have been changed. In between nothing that waits is looked at.
func (c *Courier) tick(ctx context.Context, o *outlet) error {
	journal, ok := c.d.Journal.(bridge.Timetable)
	for last, late := (time.Time{}), ok; ok; {
		now := c.d.Now()
		if late || now.Before(last) || o.ticked(last, now) {
			n, err := journal.Due(ctx, o.Outlet, func(l *bridge.Later) bool { return o.due(l, last, c.d.Now()) })
			if err != nil {
				return err
			}
			if late = n > 0; late { // what came to something that was on its way stays, and is due
				continue
			}
		}
		last = now
		next := o.project.NextTick(o.Direction, now)
		if next.IsZero() {
			break
		}
		timer := time.NewTimer(min(max(0, next.Sub(c.d.Now())), clockAge))
		select {
		case <-timer.C:
			late = false
		case <-o.late:
			late = true
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

// goes is when what waits goes if it came at a moment: the zero time where its transfer is gone or goes never by now, so that it waits for nothing.
func (o *outlet) goes(l *bridge.Later, since time.Time) (at time.Time) {
	if by := o.project.Transfer(l.By); by != nil {
		at = by.Timing(o.Direction).Next(since)
	}
	return at
}

// due reports whether the time of what waits has come. What came when the clock was ahead of what it says now came before it was looked at last.
func (o *outlet) due(l *bridge.Later, last, now time.Time) bool {
	since := l.Since
	if since.After(now) {
		if since = last; last.IsZero() {
			since = now
		}
	}
	return !o.goes(l, since).After(now)
}

// ticked reports whether any transfer had a tick after the one moment and not after the other.
func (o *outlet) ticked(last, now time.Time) bool {
	next := o.project.NextTick(o.Direction, last)
	return !next.IsZero() && !next.After(now)
}
