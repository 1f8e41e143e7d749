package fakeorg

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An admin at work while the bridge runs: fields come and go, and every later event of the object names another schema.

// AddField gives an object a further field, before the one of that name or at the end where before is empty. Later events have a new
// schema id, and what stands behind the field has moved by one.
func (o *Org) AddField(object string, f FieldSeed, before string) error {
	return o.reshape(object, func(next *Object) error {
		had := len(next.Fields)
		if err := next.grow(f); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		if before == "" {
			return nil
		}
		at := slices.IndexFunc(next.Fields[:had], func(f *Field) bool { return strings.EqualFold(f.Name, before) })
		if at < 0 {
			return fmt.Errorf("no field %s", before)
		}
		next.Fields = slices.Concat(next.Fields[:at], next.Fields[had:], next.Fields[at:had])
		return nil
	})
}

// RemoveField takes a custom field, its parts and its values away.
func (o *Org) RemoveField(object, field string) error {
	return o.reshape(object, func(next *Object) error {
		f := next.Find(field)
		if f == nil {
			return fmt.Errorf("no field %s", field)
		}
		if f.CustomID == "" && !f.Hidden {
			return errors.New("it is a standard field")
		}
		next.Fields = slices.DeleteFunc(next.Fields, func(g *Field) bool { return g == f || isPart(g) && g.Compound == f.Name })
		return nil
	})
}

// AgeAddresses gives every address of the object the part Xyz, which schemas had until 2023 and no longer have; it is always null.
func (o *Org) AgeAddresses(object string, aged bool) error {
	return o.reshape(object, func(next *Object) error {
		next.Fields = slices.DeleteFunc(next.Fields, func(f *Field) bool { return isPart(f) && strings.HasSuffix(f.Name, "Xyz") })
		for _, f := range slices.Clone(next.Fields) {
			if name := strings.TrimSuffix(f.Name, "Address") + "Xyz"; f.Type == "address" && aged {
				next.Fields = append(next.Fields, &Field{Name: name, Label: name, Type: "string", Length: 255, Compound: f.Name, Hidden: true})
			}
		}
		return nil
	})
}

// AddChangeType gives the schemas a change type that no client knows yet, as SNAPSHOT once was; Emit can raise it. All schema ids change.
func (o *Org) AddChangeType(symbol string) {
	o.bus.locked(func() {
		o.bus.schemas.symbols = append(o.bus.schemas.symbols, symbol)
		o.bus.schemas.made = nil
	})
}

// reshape stores a changed copy of an object and brings its rows in line; no event tells of it.
func (o *Org) reshape(object string, change func(next *Object) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.object(object)
	if old == nil {
		return fmt.Errorf("reshape %s: no such object", object)
	}
	next := *old
	next.Fields = slices.Clone(old.Fields)
	if err := change(&next); err != nil {
		return fmt.Errorf("reshape %s: %w", object, err)
	}
	o.swap(&next)
	if rows := o.tables[old.Name]; rows != nil {
		o.tables[old.Name] = rows.moved(&next)
	}
	return nil
}

// moved returns the rows as rows of the object: without values of fields that it lacks.
func (t *table) moved(o *Object) *table {
	next := newTable(o)
	for _, id := range t.order {
		r := *t.rows[id]
		r.values = maps.Clone(r.values)
		for name := range r.values {
			if o.Find(name) == nil {
				delete(r.values, name)
			}
		}
		next.put(id, &r)
	}
	return next
}
