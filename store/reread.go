package store

import (
	"context"
	"errors"
	"fmt"

	"sfbridge/bridge"
)

func rereadKey(org bridge.OrgID, o bridge.Object) string {
	return prefixReread + join(idPart(org), objectPart(o))
}

// Rereading answers how far the records of an object are read again, the zero value where nobody has begun.
func (s *Store) Rereading(ctx context.Context, org bridge.OrgID, o bridge.Object) (bridge.Rereading, error) {
	r, err := value[bridge.Rereading](ctx, s, rereadKey(org, o))
	if errors.Is(err, bridge.ErrNotFound) || errors.Is(err, ErrCorrupt) {
		return bridge.Rereading{}, nil // it begins anew
	}
	return r, err
}

// KeepRereading makes it durable.
func (s *Store) KeepRereading(ctx context.Context, org bridge.OrgID, o bridge.Object, r bridge.Rereading) error {
	return s.commitNow(ctx, func(p *plan) error { return p.put(rereadKey(org, o), r, 0) })
}

// Mirrored answers at most limit rows of an object that come after a record, "" for the first, in an order that stays. Damaged ones are left out, so that
// fewer than limit may come before the last; none come after it.
func (s *Store) Mirrored(ctx context.Context, org bridge.OrgID, o bridge.Object, after bridge.RecordID, limit int) ([]bridge.Row, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	prefix, from := prefixMirror+join(idPart(org), objectPart(o), ""), ""
	if after != "" {
		from = mirrorKey(org, o, after)
	}
	for {
		items, err := s.kv.Scan(ctx, prefix, from, limit)
		if err != nil {
			return nil, fmt.Errorf("read the mirror of %s: %w", o, err)
		}
		var rows []bridge.Row
		for i := range items {
			var rec rowRecord
			if err := get(&items[i], &rec); err != nil {
				s.note(items[i].Key)
				continue
			}
			rec.Org, rec.Object = org, o
			rows = append(rows, rec.row(items[i].Rev))
		}
		if len(rows) > 0 || len(items) < limit {
			return rows, nil
		}
		from = items[len(items)-1].Key
	}
}
