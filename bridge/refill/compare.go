package refill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// rowsAtOnce is how many rows of the mirror are looked up in one call.
const rowsAtOnce = 200

// compare compares one object for all holes of the work: the rows first, then the deletions.
func (f *Filler) compare(ctx context.Context, w *work) error {
	if err := f.d.Org.Rights(ctx, w.object); err != nil {
		return fmt.Errorf("compare %s: %w", w.object, err)
	}
	q := bridge.Since{Object: w.object, At: w.start(), Fields: f.d.Wants.ReadSet(w.object)}
	err := f.d.Org.Changed(ctx, q, func(rows []bridge.Row) error { return f.page(ctx, w, rows) })
	if err != nil {
		return fmt.Errorf("compare rows of %s: %w", w.object, err)
	}
	if err := f.deletions(ctx, w); err != nil {
		return fmt.Errorf("compare deletions of %s: %w", w.object, err)
	}
	return nil
}

// start is from when rows are read; zero is that all are.
func (w *work) start() time.Time {
	var first time.Time
	for i, h := range w.holes {
		at := h.From
		if h.Whole {
			at = time.Time{}
		}
		if upto := h.Filled[w.object].Upto; !upto.IsZero() {
			at = upto
		}
		if i == 0 || at.Before(first) {
			first = at
		}
	}
	return first
}

// carries reports whether a row that was missed is carried, and not only known from then on.
func (w *work) carries(r *bridge.Row) bool {
	return slices.ContainsFunc(w.holes, func(h *bridge.Hole) bool { return !h.Quiet || !r.Version.At.Before(h.From.Truncate(time.Second)) })
}

// changed reports whether a row was written since one of the holes that carry began, and its event may be one of those that were missed.
func (w *work) changed(r *bridge.Row) bool {
	return slices.ContainsFunc(w.holes, func(h *bridge.Hole) bool { return !r.Version.At.Before(h.From.Truncate(time.Second)) })
}

// page takes in what the mirror lacks of one page, and notes how far the holes are filled. A linked record that changed is carried even where the mirror
// lacks nothing: somebody may have read the row meanwhile for a field of his, and the mirror learned with it what no event had told.
func (f *Filler) page(ctx context.Context, w *work, rows []bridge.Row) error {
	if len(rows) == 0 {
		return nil
	}
	missed, err := f.missed(ctx, w.object, rows)
	if err != nil {
		return err
	}
	quiet, told, err := f.sorted(ctx, w, rows, missed)
	if err != nil {
		return err
	}
	if err := f.d.Sink.Compared(ctx, quiet, false); err != nil {
		return err
	}
	if err := f.d.Sink.Compared(ctx, told, true); err != nil {
		return err
	}
	f.figures.rows.Add(float64(len(missed)))
	return f.note(ctx, w, func(d *bridge.Filled) {
		d.Upto, d.Rows = rows[len(rows)-1].Version.At, d.Rows+len(missed)
	})
}

// sorted are the rows that are only known from then on, and those that are carried. Missed are some of the rows, in their order.
func (f *Filler) sorted(ctx context.Context, w *work, rows, missed []bridge.Row) (quiet, told []bridge.Row, err error) {
	for i := range rows {
		r := &rows[i]
		lacking := len(missed) > 0 && missed[0].Record == r.Record
		if lacking {
			missed = missed[1:]
		}
		carried := w.carries(r)
		if carried && !lacking {
			carried = w.changed(r)
		}
		if carried && !lacking {
			carried, err = f.linked(ctx, r, func(*rule.Transfer) bool { return true })
		}
		switch {
		case err != nil:
			return nil, nil, err
		case carried:
			told = append(told, *r)
		case lacking:
			quiet = append(quiet, *r)
		}
	}
	return quiet, told, nil
}

// missed are the rows that say what the mirror does not hold.
func (f *Filler) missed(ctx context.Context, o bridge.Object, rows []bridge.Row) ([]bridge.Row, error) {
	var missed []bridge.Row
	for part := range slices.Chunk(rows, rowsAtOnce) {
		ids := make([]bridge.RecordID, len(part))
		for i := range part {
			ids[i] = part[i].Record
		}
		known, err := f.d.Mirror.Rows(ctx, f.cfg.Org, o, ids)
		if err != nil {
			return nil, err
		}
		for i := range part {
			if rule.Missed(known[i], part[i]) {
				missed = append(missed, part[i])
			}
		}
	}
	return missed, nil
}

// note changes how far the object is filled in each hole, and makes it durable.
func (f *Filler) note(ctx context.Context, w *work, change func(*bridge.Filled)) error {
	for _, h := range w.holes {
		if h.Filled == nil {
			h.Filled = map[bridge.Object]bridge.Filled{}
		}
		was := h.Filled[w.object]
		done := was
		change(&done)
		h.Filled[w.object] = done
		if err := f.d.Holes.FillHole(ctx, *h, w.object); err != nil {
			h.Filled[w.object] = was
			return err
		}
	}
	return nil
}

// deletions takes in what was deleted, unless it is so much that an operator has to see it first.
func (f *Filler) deletions(ctx context.Context, w *work) error {
	from, to := w.span()
	all, err := f.d.Org.Deleted(ctx, w.object, from)
	if err != nil {
		return err
	}
	if all.To.Before(to) {
		return fmt.Errorf("they are listed up to %s only", all.To.Format(time.RFC3339))
	}
	missed, err := f.missed(ctx, w.object, all.Rows)
	if err != nil {
		return err
	}
	why, err := f.tooMany(ctx, w.object, missed)
	if err != nil {
		return err
	}
	if why != "" && !w.approved() {
		return f.hold(ctx, w, why)
	}
	if err := f.d.Sink.Compared(ctx, missed, true); err != nil {
		return err
	}
	f.figures.deletions.Add(float64(len(missed)))
	if all.From.After(from.Add(time.Minute)) && !w.approved() {
		return f.hold(ctx, w, fmt.Sprintf("Salesforce does not list what was deleted of %s before %s any more", w.object, all.From.UTC().Format(time.RFC3339)))
	}
	return f.note(ctx, w, func(d *bridge.Filled) { d.Done, d.Deleted = true, d.Deleted+len(missed) })
}

func (f *Filler) hold(ctx context.Context, w *work, why string) error {
	f.d.Log.Warn("hole held for an operator", "org", f.cfg.Org, "object", w.object, "reason", why)
	return f.note(ctx, w, func(d *bridge.Filled) { d.Held = why })
}

// span is what the holes of the work span.
func (w *work) span() (from, to time.Time) {
	for i, h := range w.holes {
		if i == 0 || h.From.Before(from) {
			from = h.From
		}
		if h.To.After(to) {
			to = h.To
		}
	}
	return from, to
}

// approved reports whether an operator has seen the deletions: they are the same for all holes of the work.
func (w *work) approved() bool {
	return slices.ContainsFunc(w.holes, func(h *bridge.Hole) bool { return h.Approved })
}

// The most deletions that a compare brings to platforms without being asked.
const (
	mostDeletions = 100
	mostShare     = 100 // one in so many of the object's records
)

// tooMany says why the deletions must not be done unasked, "" where they may: those count whose contacts would be deleted on a platform.
func (f *Filler) tooMany(ctx context.Context, o bridge.Object, missed []bridge.Row) (string, error) {
	doomed := 0
	for i := range missed {
		if is, err := f.doomed(ctx, &missed[i]); err != nil {
			return "", err
		} else if is {
			doomed++
		}
	}
	if doomed <= 1 {
		return "", nil // one is never a mass
	}
	live, err := f.d.Org.Count(ctx, o, time.Time{})
	if err != nil {
		return "", err
	}
	if doomed <= mostDeletions && doomed*mostShare <= live+doomed {
		return "", nil
	}
	return fmt.Sprintf("%d of %d records of %s were deleted in Salesforce, and their contacts would be deleted", doomed, live+doomed, o), nil
}

// doomed reports whether the deletion of a record would delete a contact.
func (f *Filler) doomed(ctx context.Context, r *bridge.Row) (bool, error) {
	return f.linked(ctx, r, func(t *rule.Transfer) bool { return t.OnDelete == bridge.DeleteContact && !t.Shadow })
}

// linked reports whether a record has a contact by any of the inbound transfers asked for.
func (f *Filler) linked(ctx context.Context, r *bridge.Row, by func(*rule.Transfer) bool) (bool, error) {
	for _, t := range f.d.Wants.Inbound(r.Object) {
		if !by(t) {
			continue
		}
		_, err := f.d.Links.LinkOf(ctx, r.Org, t.Project, r.Record)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, bridge.ErrNotFound) {
			return false, err
		}
	}
	return false, nil
}
