package fakeorg

import (
	"slices"
	"strings"
)

// row is one record. It is never changed in place, so that a commit can hand its values out.
type row struct {
	id      string
	values  map[string]any // by REST field name; null values are absent
	deleted bool
}

// table holds the rows of one object and an index over the fields by which rows are looked up.
type table struct {
	rows  map[string]*row
	order []string                       // ids in order of creation
	index map[string]map[string][]string // field, folded value, ids of living rows
}

func newTable(o *Object) *table {
	t := &table{rows: make(map[string]*row), index: make(map[string]map[string][]string)}
	for _, f := range o.Fields {
		if f.Name != "Id" && (f.Unique || f.ExternalID || f.IDLookup) {
			t.index[f.Name] = make(map[string][]string)
		}
	}
	return t
}

// put stores next in place of the row of its id, and keeps the index true. A nil next removes the row of that id.
func (t *table) put(id string, next *row) {
	old := t.rows[id]
	for field, keys := range t.index {
		if old != nil && next != nil && old.deleted == next.deleted && old.values[field] == next.values[field] {
			continue
		}
		t.unkey(keys, field, old)
		t.key(keys, field, next)
	}
	switch {
	case next == nil:
		delete(t.rows, id)
		if i := slices.Index(t.order, id); i >= 0 {
			t.order = slices.Delete(t.order, i, i+1)
		}
		return
	case old == nil:
		t.order = append(t.order, id)
	}
	t.rows[id] = next
}

func (t *table) unkey(keys map[string][]string, field string, r *row) {
	if r == nil || r.deleted {
		return
	}
	if key, ok := indexKey(r.values[field]); ok {
		keys[key] = slices.DeleteFunc(keys[key], func(id string) bool { return id == r.id })
		if len(keys[key]) == 0 {
			delete(keys, key)
		}
	}
}

func (t *table) key(keys map[string][]string, field string, r *row) {
	if r == nil || r.deleted {
		return
	}
	if key, ok := indexKey(r.values[field]); ok {
		keys[key] = append(keys[key], r.id)
	}
}

// lookup returns the ids of the living rows whose field has the value; the next put may change the list.
func (t *table) lookup(field string, value any) []string {
	key, ok := indexKey(value)
	if !ok {
		return nil
	}
	return t.index[field][key]
}

// indexKey folds a stored value for a look-up: case does not count in unique and external-id text.
func indexKey(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", false
	case string:
		return strings.ToLower(v), v != ""
	default:
		return textOf(v), true
	}
}
