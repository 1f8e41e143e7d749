package fakeorg

import (
	"fmt"
	"maps"
)

// Recompute makes formulas of a row come to other values, as a day that ends or a change elsewhere does: no event tells, and neither LastModifiedDate nor
// SystemModstamp moves. Values are by REST field name; nil is null. An error leaves the row as it was.
func (o *Org) Recompute(object, id string, values map[string]any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	tx := o.begin(Actor{trusted: true})
	found, err := tx.named(object)
	if err != nil {
		return err
	}
	old, refused := tx.living(found, id)
	if refused != nil {
		return refused
	}
	next := maps.Clone(old.values)
	for name, v := range values {
		f := found.Find(name)
		if f == nil || !f.Formula {
			return fmt.Errorf("recompute: %s of %s is no formula", name, found.Name)
		}
		stored, refused := f.accept(v)
		if refused != nil {
			return refused
		}
		if next[f.Name] = stored; stored == nil {
			delete(next, f.Name)
		}
	}
	tx.table(found).put(old.id, &row{id: old.id, values: next})
	return nil
}
