package fakeorg

import "maps"

// dependents lists the objects whose rows go to the recycle bin with their parent, by parent, and the field that names it.
func dependents(parent string) map[string]string {
	switch parent {
	case "Account":
		return map[string]string{"Contact": "AccountId", "Opportunity": "AccountId"}
	case "Opportunity":
		return map[string]string{"OpportunityContactRole": "OpportunityId"}
	}
	return nil
}

// remove puts a living row that someone named, and what hangs on it, into the recycle bin.
func (t *Tx) remove(o *Object, id string) *Error {
	found, err := t.living(o, id)
	if err == nil && o.Name == "Contact" && isPerson(found.values) {
		return personRefusal("the contact of a person account is deleted with it").on()
	}
	return t.bin(o, id)
}

// bin puts a living row and what hangs on it into the recycle bin; a person's two rows go together.
func (t *Tx) bin(o *Object, id string) *Error {
	if err := t.fault(o, "delete"); err != nil {
		return err
	}
	found, err := t.living(o, id)
	if err != nil {
		return err
	}
	if o.Name == "User" {
		return refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id").as(400)
	}
	for _, child := range t.org.objects() {
		field, hangs := dependents(o.Name)[child.Name]
		if !hangs {
			continue
		}
		for _, childID := range t.children(child, field, found.id) {
			if childID == found.values["PersonContactId"] {
				continue
			}
			if err := t.bin(child, childID); err != nil {
				return err
			}
		}
	}
	t.mark(o, found, true, KindDelete)
	if twin, other := t.twinOf(o, found); other != nil && !other.deleted {
		t.mark(twin, other, true, KindDelete)
	}
	return nil
}

func (t *Tx) children(o *Object, field, parent string) []string {
	var ids []string
	rows := t.table(o)
	for _, id := range rows.order {
		if r := rows.rows[id]; !r.deleted && r.values[field] == parent {
			ids = append(ids, id)
		}
	}
	return ids
}

// restore takes a row out of the recycle bin.
func (t *Tx) restore(o *Object, text string) *Error {
	id, _ := parseID(text)
	found := t.table(o).rows[id]
	if found == nil || !found.deleted {
		return refuse("UNDELETE_FAILED", "Entity is not in the recycle bin").on()
	}
	if err := t.checkUnique(o, found.id, found.values); err != nil {
		return err
	}
	t.mark(o, found, false, KindUndelete)
	if twin, other := t.twinOf(o, found); other != nil && other.deleted {
		t.mark(twin, other, false, KindUndelete)
	}
	return nil
}

func (t *Tx) mark(o *Object, r *row, deleted bool, kind ChangeKind) {
	values := maps.Clone(r.values)
	values["IsDeleted"] = deleted
	t.stamp(values, false)
	t.put(o, &row{id: r.id, values: values, deleted: deleted}, kind, nil)
}
