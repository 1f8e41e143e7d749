package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sfbridge/bridge"
)

// tombstoneTTL is how long the mirror remembers that a record was deleted: longer than any event of before may come late.
const tombstoneTTL = 7 * 24 * time.Hour

// rowRecord is a row as it is stored; the key has its ids in lower case.
type rowRecord struct {
	bridge.Row
	Record bridge.RecordID `json:"id"`
	Object bridge.Object   `json:"object"`
	Behind bridge.Fields   `json:"behind,omitempty"`
	Passed bridge.Fields   `json:"passed,omitempty"`
}

// Rows answers one row per id; see [bridge.Mirror]. A damaged row counts as never heard of, so that it is read again.
func (s *Store) Rows(ctx context.Context, org bridge.OrgID, o bridge.Object, ids []bridge.RecordID) ([]bridge.Row, error) {
	rows := make([]bridge.Row, len(ids))
	for i, id := range ids {
		rec, rev, err := valueAt[rowRecord](ctx, s, mirrorKey(org, o, id))
		if err != nil && !errors.Is(err, bridge.ErrNotFound) && !errors.Is(err, ErrCorrupt) {
			return nil, err
		}
		if err != nil {
			rec = rowRecord{}
		}
		rec.Org, rec.Object, rec.Record = org, o, id
		rows[i] = rec.row(rev)
	}
	return rows, nil
}

// row is the row as it was read at a revision.
func (rec *rowRecord) row(rev Rev) bridge.Row {
	r := rec.Row
	r.Object, r.Record, r.Behind, r.Passed, r.Mark = rec.Object, rec.Record, rec.Behind, rec.Passed, mark(rev)
	return r
}

// mark is the mark of a row that was read at a revision; 0 marks nothing.
func mark(r Rev) uint64 { return uint64(r) + 1 }

// Lookup finds live records by an identity field; see [bridge.Mirror].
func (s *Store) Lookup(ctx context.Context, org bridge.OrgID, o bridge.Object, f bridge.Field, v bridge.Value) ([]bridge.RecordID, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if !v.Known() || v.IsNull() {
		return nil, nil
	}
	var ids []bridge.RecordID
	err := eachValue(ctx, s, s.indexPrefix(org, o, f, v), func(_ string, id *bridge.RecordID) error {
		ids = append(ids, *id)
		return nil
	})
	return ids, err
}

// indexPrefix names a value by a salted hash: neither e-mail nor phone stands in a key.
func (s *Store) indexPrefix(org bridge.OrgID, o bridge.Object, f bridge.Field, v bridge.Value) string {
	return prefixIndex + join(idPart(org), objectPart(o), hash(s.salt, string(f), v.Text), "")
}

// row plans to store a row, and reports whether it will be what the mirror says. What was made from another row than the one that is there, or is
// strictly older, only fills fields of which nothing was known: had a change of them come between, they would be known, or forgotten, and those it does
// not fill. Where it was made from another one and is not older, a field of which it says something else is unknown from then on: somebody may have acted
// on either. A deleted row is a tombstone, and what is older than it is nothing.
func (p *plan) row(r *bridge.Row) (stored bool, err error) {
	if r.Version == (bridge.Version{}) && !r.Deleted && len(r.Values) == 0 {
		return false, nil // unseen
	}
	key := mirrorKey(r.Org, r.Object, r.Record)
	var old rowRecord
	found, err := p.read(key, &old)
	if err != nil {
		return false, err
	}
	kept := rowRecord{Row: *r, Record: r.Record, Object: r.Object, Behind: r.Behind, Passed: r.Passed}
	moved := p.moved(key, r)
	stored = !moved
	if found && (moved || r.Version.Before(old.Version)) {
		stored = false
		var unsure []bridge.Field
		if moved {
			unsure = doubted(&old.Row, r)
		}
		more := remembered(r.Values, old.Forgotten)
		if old.Deleted || r.Deleted || len(unsure) == 0 && !fills(old.Values, more) {
			return false, nil
		}
		kept.Row, kept.Behind, kept.Passed = old.Row, old.Behind, old.Passed
		kept.Since = sinceOf(&old.Row, r, more, unsure)
		kept.Values, kept.Keys = filled(old.Values, more), filled(old.Keys, remembered(r.Keys, old.Forgotten))
		kept.doubt(unsure)
	}
	ttl := time.Duration(0)
	if kept.Deleted {
		kept.Values, kept.Keys, kept.Since, ttl = nil, nil, nil, tombstoneTTL
		kept.Behind, kept.Passed = nil, nil
	}
	p.index(r, old.Keys, kept.Keys)
	return stored, p.put(key, &kept, ttl)
}

// moved reports whether the row that is read for the plan is another than the one that r was made from.
func (p *plan) moved(key string, r *bridge.Row) bool {
	rev, _ := p.rev(key)
	return r.Mark != 0 && r.Mark != mark(rev)
}

// index plans the difference between the keys of a row before and after.
func (p *plan) index(r *bridge.Row, before, after bridge.Fields) {
	id := idPart(r.Record)
	for f, v := range before {
		if !v.Equal(after[f]) && !v.IsNull() {
			p.delete(p.s.indexPrefix(r.Org, r.Object, f, v) + id)
		}
	}
	for f, v := range after {
		if !v.Equal(before[f]) && v.Known() && !v.IsNull() {
			key := p.s.indexPrefix(r.Org, r.Object, f, v) + id
			op, _ := put(key, r.Record) // a string always encodes
			p.add(op)
		}
	}
}

// dated is as new as what the row says of a field.
func dated(r *bridge.Row, f bridge.Field) bridge.Version {
	if v, ok := r.Since[f]; ok {
		return v
	}
	return r.Version
}

// doubted are the fields of which a row that was read says something else than the one that came meanwhile, unless it is of an earlier second.
func doubted(old, r *bridge.Row) (fs []bridge.Field) {
	for f, v := range r.Values {
		have := old.Values[f]
		if v.Known() && have.Known() && !v.Equal(have) && !dated(r, f).Second().Before(dated(old, f).Second()) {
			fs = append(fs, f)
		}
	}
	return fs
}

// doubt makes fields unknown. What the row said of them is what the stream told last, unless more is known of that.
func (rec *rowRecord) doubt(fs []bridge.Field) {
	if len(fs) == 0 {
		return
	}
	rec.Behind, rec.Keys = maps.Clone(rec.Behind), maps.Clone(rec.Keys)
	if rec.Behind == nil {
		rec.Behind = bridge.Fields{}
	}
	rec.Forgotten = slices.Clone(rec.Forgotten)
	for _, f := range fs {
		if !rec.Behind[f].Known() {
			rec.Behind[f] = rec.Values[f]
		}
		delete(rec.Values, f)
		delete(rec.Keys, f)
		if !slices.Contains(rec.Forgotten, f) {
			rec.Forgotten = append(rec.Forgotten, f)
		}
	}
}

// sinceOf are the versions of a row's values once it is filled with more and some are in doubt: those that the row has by field, and those of what was read
// in the second of its version or later, which an event of that time does not replace unasked.
func sinceOf(old, r *bridge.Row, more bridge.Fields, unsure []bridge.Field) map[bridge.Field]bridge.Version {
	all := maps.Clone(old.Since)
	note := func(f bridge.Field, v bridge.Version) {
		if all == nil {
			all = map[bridge.Field]bridge.Version{}
			for f := range old.Values {
				all[f] = old.Version
			}
		}
		all[f] = v
	}
	for f := range more {
		if _, known := old.Values[f]; known {
			continue
		}
		switch of := dated(r, f); {
		case !of.Second().Before(old.Version.Second()):
			note(f, bridge.Version{At: of.Second()})
		case all != nil:
			note(f, of)
		}
	}
	for _, f := range unsure {
		note(f, bridge.Version{At: dated(r, f).Second()})
	}
	return all
}

// remembered are the values of fields that were not forgotten since they were read.
func remembered(vs bridge.Fields, forgotten []bridge.Field) bridge.Fields {
	if slices.Contains(forgotten, bridge.AllFields) {
		return nil
	}
	kept := maps.Clone(vs)
	for _, f := range forgotten {
		delete(kept, f)
	}
	return kept
}

// fills reports whether more knows a field of which have knows nothing.
func fills(have, more bridge.Fields) bool {
	for f := range more {
		if _, ok := have[f]; !ok {
			return true
		}
	}
	return false
}

func filled(have, more bridge.Fields) bridge.Fields {
	all := maps.Clone(more)
	if all == nil {
		return have
	}
	maps.Copy(all, have)
	return all
}

// Bounds of the rows in one transaction; the rest of it is left to what comes with them.
const (
	rowsSize  = 120
	rowsBytes = MaxBytes / 4
)

// rowsAhead stores rows with add until the rest fits into the caller's own transaction, which it answers.
func (s *Store) rowsAhead(ctx context.Context, rows []bridge.Row, add func(p *plan, r *bridge.Row) error) ([]bridge.Row, error) {
	for {
		n := rowsFit(rows)
		if n == len(rows) {
			return rows, nil
		}
		err := s.commit(ctx, func(p *plan) error {
			for i := range rows[:n] {
				if err := add(p, &rows[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		rows = rows[n:]
	}
}

// rowsFit answers how many rows go into one transaction, at least one.
func rowsFit(rows []bridge.Row) int {
	size, bytes := 0, 0
	for i := range rows {
		size += 4 + 2*len(rows[i].Keys) // check and row, and two indexes that go for each that comes
		for _, v := range rows[i].Values {
			bytes += len(v.Text) + 64
		}
		if i > 0 && (size > rowsSize || bytes > rowsBytes) {
			return i
		}
	}
	return len(rows)
}

// addRow plans a row that need not be stored.
func addRow(p *plan, r *bridge.Row) error {
	_, err := p.row(r)
	return err
}

// addFolded plans a row that was made by folding: where it was made from another one than is there, it would undo what was stored meanwhile.
func addFolded(p *plan, r *bridge.Row) error {
	if _, err := p.row(r); err != nil {
		return err
	}
	if key := mirrorKey(r.Org, r.Object, r.Record); p.moved(key, r) {
		return fmt.Errorf("row of %s: %w", r.Record, bridge.ErrMoved)
	}
	return nil
}
