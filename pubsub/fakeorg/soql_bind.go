package fakeorg

import (
	"slices"
	"strings"
)

// filter judges one row.
type filter func(r *row) bool

// binder looks the names of a statement up in the org.
type binder struct {
	tx     *Tx
	object *Object
	text   string
}

// fieldPath is a field a query names: reached over parents, or of the row itself.
type fieldPath struct {
	object *Object  // where the path begins
	hops   []*Field // references to follow
	leaf   *Field   // of the object the path ends at, or of the first that a polymorphic reference allows
	kind   bool     // it asks for the type of what a polymorphic reference points to
}

// maxHops is how many parents a path may climb.
const maxHops = 5

func (b *binder) place(t token) (*fieldPath, *Error) {
	at := &fieldPath{object: b.object}
	targets := []*Object{b.object}
	parts := strings.Split(t.text, ".")
	if len(parts) > 1 && strings.EqualFold(parts[0], b.object.Name) && b.object.relationship(parts[0]) == nil {
		parts = parts[1:]
	}
	for _, part := range parts[:len(parts)-1] {
		hop := firstHop(targets, part)
		if hop == nil || len(at.hops) == maxHops {
			return nil, pointed("INVALID_FIELD", b.text, t.at, "Didn't understand relationship '%s' in field path. If you are attempting to use a custom "+
				"relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for "+
				"the appropriate names.", part)
		}
		at.hops = append(at.hops, hop)
		targets = targets[:0:0]
		for _, name := range hop.References {
			targets = append(targets, b.tx.org.object(name))
		}
	}
	leaf := parts[len(parts)-1]
	if last := len(at.hops) - 1; strings.EqualFold(leaf, "Type") && last >= 0 && (len(at.hops[last].References) > 1 || targets[0].Name == "User") {
		at.kind, at.leaf = true, &Field{Name: "Type", Type: "string"}
		return at, nil
	}
	for _, target := range targets {
		if at.leaf = target.sees(leaf); at.leaf != nil {
			return at, nil
		}
	}
	return nil, pointed("INVALID_FIELD", b.text, t.at, "No such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to "+
		"append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.", leaf, targets[0].Name)
}

func firstHop(targets []*Object, name string) *Field {
	for _, target := range targets {
		if f := target.relationship(name); f != nil && !f.Hidden {
			return f
		}
	}
	return nil
}

// parent follows the hops and returns the row at their end with its object, nil where there is none.
func (p *fieldPath) parent(t *Tx, r *row) (*Object, *row) {
	o := p.object
	for _, hop := range p.hops {
		o, r = t.follow(r, hop)
		if r == nil {
			return nil, nil
		}
	}
	return o, r
}

// follow returns the living row that a reference of r points to.
func (t *Tx) follow(r *row, hop *Field) (*Object, *row) {
	id, _ := r.values[hop.Name].(string)
	o := t.org.schema.Load().byPrefix(id)
	if o == nil {
		return nil, nil
	}
	found := t.table(o).rows[id]
	if found == nil || found.deleted {
		return nil, nil
	}
	return o, found
}

// value returns what the place holds for a row.
func (p *fieldPath) value(t *Tx, r *row) any {
	o, r := p.parent(t, r)
	if r == nil {
		return nil
	}
	if p.kind && o.Name != "Group" {
		return o.Name
	}
	f := o.sees(p.leaf.Name)
	if f == nil {
		return nil
	}
	return o.read(r, f)
}

// bound is a statement ready to run.
type bound struct {
	statement *statement
	object    *Object
	columns   []boundColumn
	keep      filter
	order     []boundOrder
}

type boundColumn struct {
	selected selected
	place    *fieldPath
	child    *bound
	by       *Field // of the child: what names this row
}

type boundOrder struct {
	ordering
	place *fieldPath
}

// bind looks up everything a statement names. Names of child sub-queries are relationships, so their object comes from outside.
func (t *Tx) bind(s *statement, o *Object) (*bound, *Error) {
	if o == nil {
		if o = t.org.object(s.from.text); o == nil {
			return nil, pointed("INVALID_TYPE", s.text, s.from.at, "sObject type '%s' is not supported. If you are attempting to use a custom object, be "+
				"sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.", s.from.text)
		}
	}
	b := &binder{tx: t, object: o, text: s.text}
	q := &bound{statement: s, object: o, keep: func(*row) bool { return true }}
	for _, c := range s.columns {
		if err := b.column(q, c); err != nil {
			return nil, err
		}
	}
	if s.where != nil {
		keep, err := s.where.bind(b)
		if err != nil {
			return nil, err
		}
		q.keep = keep
	}
	for _, key := range s.order {
		at, err := b.place(key.path)
		if err != nil {
			return nil, err
		}
		q.order = append(q.order, boundOrder{key, at})
	}
	return q, q.checkColumns()
}

func (b *binder) column(q *bound, c selected) *Error {
	switch {
	case c.child != nil:
		return b.childColumn(q, c)
	case c.function == "FIELDS":
		return b.fieldsOf(q, c)
	case c.function != "" && !aggregates[c.function]:
		return malformed(b.text, c.path.at, "unexpected function: %s", c.function)
	}
	at, err := b.place(c.path)
	if err != nil {
		return err
	}
	q.columns = append(q.columns, boundColumn{selected: c, place: at})
	return nil
}

func (b *binder) childColumn(q *bound, c selected) *Error {
	for _, child := range b.tx.org.objects() {
		for _, f := range child.visible() {
			if name := child.childName(f); name == "" || !strings.EqualFold(name, c.path.text) || !slices.Contains(f.References, b.object.Name) {
				continue
			}
			sub, err := b.tx.bind(c.child, child)
			if err != nil {
				return err
			}
			q.columns = append(q.columns, boundColumn{selected: c, child: sub, by: f})
			return nil
		}
	}
	return pointed("INVALID_TYPE", b.text, c.path.at, "Didn't understand relationship '%s' in FROM part of query call.", c.path.text)
}

// fieldsOf expands FIELDS(ALL), FIELDS(STANDARD) and FIELDS(CUSTOM).
func (b *binder) fieldsOf(q *bound, c selected) *Error {
	group := strings.ToUpper(c.path.text)
	if group != "ALL" && group != "STANDARD" && group != "CUSTOM" {
		return malformed(b.text, c.path.at, "FIELDS function accepts ALL, STANDARD or CUSTOM")
	}
	if limit := q.statement.limit; group != "STANDARD" && (limit < 0 || limit > 200) {
		return malformed(b.text, c.path.at, "The SOQL FIELDS function must have a LIMIT of at most 200")
	}
	for _, f := range b.object.visible() {
		if custom := f.CustomID != ""; group == "ALL" || custom == (group == "CUSTOM") {
			q.columns = append(q.columns, boundColumn{selected: selected{path: token{text: f.Name}}, place: &fieldPath{object: b.object, leaf: f}})
		}
	}
	return nil
}

// aggregates are the functions that make one row of many; GROUP BY is not spoken here.
var aggregates = map[string]bool{"COUNT": true, "MIN": true, "MAX": true}

// checkColumns refuses columns that are named twice, and plain ones beside aggregates.
func (q *bound) checkColumns() *Error {
	seen := make(map[string]bool)
	grouped := 0
	for _, c := range q.columns {
		if c.selected.function != "" && c.selected.function != "FIELDS" {
			grouped++
			continue
		}
		key := strings.ToLower(c.selected.path.text)
		if seen[key] {
			return malformed(q.statement.text, c.selected.path.at, "duplicate field selected: %s", c.selected.path.text)
		}
		seen[key] = true
	}
	if grouped > 0 && grouped < len(q.columns) {
		return malformed(q.statement.text, 0, "Field must be grouped or aggregated: %s", q.columns[0].selected.path.text)
	}
	return nil
}
