package fakeorg

import (
	"fmt"
	"strings"
)

// catalogue is the set of objects an org has. It is never changed in place: hiding a field makes another one.
type catalogue struct {
	order  []*Object
	byName map[string]*Object // by lower-case name
}

func (c *catalogue) find(name string) *Object { return c.byName[strings.ToLower(name)] }

func (c *catalogue) add(o *Object) {
	c.order = append(c.order, o)
	c.byName[strings.ToLower(o.Name)] = o
}

// replace returns a copy of the catalogue in which o stands for the object of its name.
func (c *catalogue) replace(o *Object) *catalogue {
	next := &catalogue{byName: make(map[string]*Object, len(c.byName))}
	for _, old := range c.order {
		if old.Name == o.Name {
			old = o
		}
		next.add(old)
	}
	return next
}

// Hide takes a field away from the integration user, as field-level security does, or gives it back: describe, queries and writes no
// longer know it, its values stay. Objects and fields that do not exist are an error.
func (o *Org) Hide(object, field string, hidden bool) error {
	return o.alter(object, field, func(f *Field) { f.Hidden = hidden })
}

// Select makes an object part of Change Data Capture, or takes it out.
func (o *Org) Select(object string, selected bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.object(object)
	if old == nil {
		return fmt.Errorf("no object %s", object)
	}
	next := *old
	next.Selected = selected
	o.swap(&next)
	return nil
}

// swap puts an object in the place of the one of its name.
func (o *Org) swap(next *Object) {
	o.schema.Store(o.schema.Load().replace(next))
	o.described.Store(o.now().Unix())
}

// alter stores a copy of the object in which change was applied to a copy of the field.
func (o *Org) alter(object, field string, change func(*Field)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.object(object)
	if old == nil {
		return fmt.Errorf("no object %s", object)
	}
	if old.Find(field) == nil {
		return fmt.Errorf("no field %s on %s", field, object)
	}
	next := *old
	next.Fields = make([]*Field, len(old.Fields))
	for i, f := range old.Fields {
		if strings.EqualFold(f.Name, field) {
			changed := *f
			change(&changed)
			f = &changed
		}
		next.Fields[i] = f
	}
	o.swap(&next)
	return nil
}

// byPrefix returns the object whose record ids begin with the three characters id begins with, or nil.
func (c *catalogue) byPrefix(id string) *Object {
	if len(id) < 3 {
		return nil
	}
	for _, o := range c.order {
		if o.Prefix == id[:3] {
			return o
		}
	}
	return nil
}
