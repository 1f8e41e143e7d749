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
// not fill. A deleted row is a tombstone, and what is older than it is nothing.
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
	stored = !p.moved(key, r)
	if found && (!stored || r.Version.Before(old.Version)) {
		stored = false
		more := remembered(r.Values, old.Forgotten)
		if old.Deleted || r.Deleted || !fills(old.Values, more) {
			return false, nil
		}
		kept.Row, kept.Behind, kept.Passed = old.Row, old.Behind, old.Passed
		kept.Since = sinceOf(&old.Row, r, more)
		kept.Values, kept.Keys = filled(old.Values, more), filled(old.Keys, remembered(r.Keys, old.Forgotten))
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

// sinceOf are the versions of a row's values once it is filled with more.
func sinceOf(old, r *bridge.Row, more bridge.Fields) map[bridge.Field]bridge.Version {
	if old.Since == nil {
		return nil
	}
	all := maps.Clone(old.Since)
	for f := range more {
		if _, known := old.Values[f]; known {
			continue
		}
		if all[f] = r.Version; r.Since != nil {
			all[f] = r.Since[f]
		}
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
