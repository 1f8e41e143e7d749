package rule

import (
	"maps"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// Parent is one parent that transfers read of the records of an object: the mirror holds it, and what is read of it is a part of the record.
type Parent struct {
	Reference bridge.Field                  // of the child, such as AccountId
	Object    bridge.Object                 // of the parent
	Fields    map[bridge.Field]bridge.Field // the parent's field by the path that reads it: Account.Name is Name
}

// Stamp is the path that tells how old what was read of the parent is.
func (p Parent) Stamp() bridge.Field { return bridge.Field(p.relation()) + ".SystemModstamp" }

func (p Parent) relation() string {
	for path := range p.Fields {
		relation, _, _ := strings.Cut(string(path), ".")
		return relation
	}
	return ""
}

// parentObjects are the relationships of standard objects whose parents tell of their changes.
var parentObjects = map[string]bridge.Object{"Account": "Account", "ReportsTo": "Contact"}

// partNamed are objects whose Name is put together by Salesforce: their change events tell its parts.
var partNamed = map[bridge.Object]bool{"Contact": true, "Lead": true, "User": true}

// parents are those that the transfer reads and that can be followed, by the field that refers to them.
func (t *Transfer) parents() map[bridge.Field]Parent {
	all := map[bridge.Field]Parent{}
	for f := range t.read {
		relation, field, dotted := strings.Cut(string(f), ".")
		if !dotted {
			continue
		}
		object, said := t.Transfer.Parents[relation]
		if !said {
			object = parentObjects[relation]
		}
		if object == "" || partNamed[object] && field == "Name" {
			continue
		}
		ref := reference(f)
		if _, ok := all[ref]; !ok {
			all[ref] = Parent{ref, object, map[bridge.Field]bridge.Field{}}
		}
		all[ref].Fields[f] = bridge.Field(field)
	}
	return all
}

// child is a transfer that reads a parent.
type child struct {
	transfer *Transfer
	parent   Parent
}

// follow has the parents of a transfer mirrored and their children found.
func (w *Wants) follow(t *Transfer) {
	for ref, p := range t.parents() {
		w.reads(p.Object, nil)
		if w.parents[t.Object] == nil {
			w.parents[t.Object] = map[bridge.Field]Parent{}
		}
		have, ok := w.parents[t.Object][ref]
		if !ok {
			have = Parent{ref, p.Object, map[bridge.Field]bridge.Field{}}
			w.parents[t.Object][ref] = have
		}
		for path, f := range p.Fields {
			have.Fields[path] = f
			w.read[p.Object][f] = true
		}
		if t.Direction.Covers(bridge.Inbound) {
			w.children[p.Object] = append(w.children[p.Object], child{t, p})
		}
	}
}

// Parents are the parents that are read of the records of an object, none for nil.
func (w *Wants) Parents(o bridge.Object) []Parent {
	if w == nil {
		return nil
	}
	return slices.SortedFunc(maps.Values(w.parents[o]), func(a, b Parent) int { return compareText(a.Reference, b.Reference) })
}

// Touched is what a change of a parent means for a transfer of its children.
type Touched struct {
	Transfer  *Transfer
	Reference bridge.Field   // of the children
	Dirty     []bridge.Field // of the children, such as Account.Name
}

// Touches answers the transfers whose children a trimmed change of a parent concerns. A parent that is new has no children yet.
func (w *Wants) Touches(c *bridge.Change) []Touched {
	var all []Touched
	if c.Type == bridge.Create || c.Type == bridge.GapCreate {
		return nil
	}
	for _, ch := range w.children[c.Object] {
		hit := Touched{ch.transfer, ch.parent.Reference, nil}
		for path, f := range ch.parent.Fields {
			if c.Type != bridge.Update || slices.Contains(c.Changed, f) || slices.Contains(c.Reread, f) {
				hit.Dirty = append(hit.Dirty, path)
			}
		}
		if len(hit.Dirty) > 0 {
			slices.Sort(hit.Dirty)
			all = append(all, hit)
		}
	}
	return all
}

// Inherit is the record's values with those of a parent, as the mirror says them. A parent that is gone, or that changed without saying to what, leaves
// what is read of it unknown; one that is not known leaves it as it was read with the record.
func (p Parent) Inherit(values bridge.Fields, parent bridge.Row) bridge.Fields {
	ref := values[p.Reference]
	if !ref.Known() {
		return values
	}
	values = maps.Clone(values)
	for path, f := range p.Fields {
		switch v := parent.Values[f]; {
		case ref.IsNull():
			values[path] = bridge.NullValue()
		case !parent.Deleted && v.Known():
			values[path] = v
		case parent.Deleted || parent.Forgot(f):
			delete(values, path)
		}
	}
	return values
}
