package reread

import (
	"context"
	"errors"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

const (
	readAtOnce = 2000 // ids in one call of Collections
	rowsAtOnce = 500  // of the mirror in memory at a time, beside those that are read
)

// person is a record that is to be read again, as it is known, and the projects in which somebody is linked to it.
type person struct {
	row    bridge.Row
	linked []bridge.ProjectID
}

// pass reads again all records of an object that matter, from where an earlier one stopped.
func (r *Reader) pass(ctx context.Context, p *plan) error {
	fields, err := r.d.Org.Unheard(ctx, p.Object, p.Fields)
	if err != nil {
		return err
	}
	defer r.figures.passes.Inc()
	var read, changed int
	for done := len(fields) == 0; !done; {
		batch, after, last, err := r.batch(ctx, p, fields)
		if err != nil {
			return err
		}
		n, err := r.compare(ctx, p.Object, fields, batch)
		if err != nil {
			return err
		}
		read, changed = read+len(batch), changed+n
		r.figures.records.Add(float64(len(batch)))
		r.figures.changed.Add(float64(n))
		if done = last; done {
			break // the diary is turned to the next pass
		}
		if err := r.keep(ctx, p, bridge.Rereading{Due: p.state.Due, After: after}); err != nil {
			return err
		}
	}
	if changed > 0 {
		r.d.Log.Info("records read again", "org", r.org, "object", p.Object, "records", read, "changed", changed)
	}
	return nil
}

// batch gathers the records of the next call, and answers the last record of the mirror that was looked at, and whether it was the last of all.
func (r *Reader) batch(ctx context.Context, p *plan, fields []bridge.Field) (batch []person, after bridge.RecordID, done bool, err error) {
	whole, projects := r.d.Wants.Whole(p.Object, fields), r.d.Wants.Linked(p.Object)
	for after = p.state.After; len(batch) < readAtOnce; {
		rows, err := r.d.Mirror.Mirrored(ctx, r.org, p.Object, after, min(rowsAtOnce, readAtOnce-len(batch)))
		if err != nil {
			return nil, "", false, err
		}
		if len(rows) == 0 {
			return batch, after, true, nil
		}
		for i := range rows {
			after = rows[i].Record
			one, matters, err := r.person(ctx, &rows[i], projects)
			if err != nil {
				return nil, "", false, err
			}
			if !matters && whole && !rows[i].Deleted {
				matters, err = true, r.inherit(ctx, &one.row)
			}
			if err != nil {
				return nil, "", false, err
			}
			if matters {
				batch = append(batch, one)
			}
		}
	}
	return batch, after, false, nil
}

// person finds who is linked to a record, and reports whether anybody is.
func (r *Reader) person(ctx context.Context, row *bridge.Row, projects []bridge.ProjectID) (person, bool, error) {
	one := person{row: *row}
	if row.Deleted {
		return one, false, nil
	}
	for _, p := range projects {
		_, err := r.d.Links.LinkOf(ctx, r.org, p, row.Record)
		switch {
		case err == nil:
			one.linked = append(one.linked, p)
		case !errors.Is(err, bridge.ErrNotFound):
			return one, false, err
		}
	}
	return one, len(one.linked) > 0, nil
}

// inherit puts what is known of a record's parents in its row, by which conditions judge who is not linked.
func (r *Reader) inherit(ctx context.Context, row *bridge.Row) error {
	for _, p := range r.d.Wants.Parents(row.Object) {
		var parent bridge.Row
		if ref := row.Values[p.Reference]; ref.Known() && !ref.IsNull() {
			known, err := r.d.Mirror.Rows(ctx, r.org, p.Object, []bridge.RecordID{bridge.RecordID(bridge.LongID(ref.Text))})
			if err != nil {
				return err
			}
			parent = known[0]
		}
		row.Values = p.Inherit(row.Values, parent)
	}
	return nil
}

// compare reads the records and hands on what differs from what is known. It answers of how many something does.
func (r *Reader) compare(ctx context.Context, o bridge.Object, fields []bridge.Field, batch []person) (int, error) {
	if len(batch) == 0 {
		return 0, nil
	}
	if !r.d.Org.Spare() {
		return 0, errNoRoom
	}
	ids := make([]bridge.RecordID, len(batch))
	for i := range batch {
		ids[i] = batch[i].row.Record
	}
	rows, err := r.d.Org.Read(ctx, o, ids, fields)
	if err != nil {
		return 0, err
	}
	var all []rule.News
	for i := range batch {
		if n, anew := r.d.Wants.News(batch[i].row, rows[i], batch[i].linked); anew {
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return 0, nil
	}
	return len(all), r.d.Sink.Reread(ctx, all)
}
