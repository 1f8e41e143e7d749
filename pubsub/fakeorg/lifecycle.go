package fakeorg

import "maps"

// Merge merges the losers (an org takes one or two) into the winner, rows of Account, Contact or Lead: what referred to a loser refers
// to the winner, the losers go to the recycle bin with MasterRecordId, and the winner counts as updated. A person account merges with
// another one only, and its contacts with it. The error is an *Error.
func (t *Tx) Merge(object, winner string, losers ...string) error {
	o, err := t.named(object)
	if err != nil {
		return err
	}
	if o.Find("MasterRecordId") == nil || len(losers) == 0 || len(losers) > 2 {
		return refuse("MERGE_FAILED", "%s cannot be merged with %d others", o.Name, len(losers))
	}
	kept, refused := t.living(o, winner)
	if refused != nil {
		return refused
	}
	for _, loser := range losers {
		lost, refused := t.living(o, loser)
		if refused != nil {
			return refused
		}
		if err := t.absorb(o, kept, lost); err != nil {
			return err
		}
	}
	return asError(t.update(o, kept.id, nil))
}

// absorb merges one row into another.
func (t *Tx) absorb(o *Object, kept, lost *row) error {
	if kept.id == lost.id || isPerson(kept.values) != isPerson(lost.values) || o.Name == "Contact" && isPerson(kept.values) {
		return refuse("MERGE_FAILED", "%s %s cannot be merged into %s", o.Name, lost.id, kept.id)
	}
	t.reparent(lost.id, kept.id)
	t.lose(o, lost.id, kept.id)
	if twin, other := t.twinOf(o, lost); other != nil {
		_, master := t.twinOf(o, kept)
		t.reparent(other.id, master.id)
		t.lose(twin, other.id, master.id)
	}
	return nil
}

// lose puts a merged row into the recycle bin.
func (t *Tx) lose(o *Object, id, master string) {
	values := maps.Clone(t.table(o).rows[id].values)
	values["MasterRecordId"] = master
	t.mark(o, &row{id: id, values: values}, true, KindDelete)
}

// MuteChildren says whether merges and conversions move what refers to the lost record without an event for each; orgs differ in it.
func (o *Org) MuteChildren(on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.muted = on
}

// reparent points every living reference to another row of its kind, or of a contact where the row was a lead.
func (t *Tx) reparent(from, to string) {
	for _, o := range t.org.objects() {
		rows := t.table(o)
		for _, id := range rows.order {
			r := rows.rows[id]
			if r.deleted || id == from {
				continue
			}
			values := maps.Clone(r.values)
			for _, f := range o.Fields {
				if f.Type == "reference" && values[f.Name] == from && !fixedReferences[f.Name] {
					values[f.Name] = to
				}
			}
			if changed := o.changes(r.values, values); len(changed) > 1 {
				t.moveChild(o, id, values)
				t.mute(id, id != to)
			}
		}
	}
}

// fixedReferences are those that tell what once happened, and a twin's.
var fixedReferences = map[string]bool{"MasterRecordId": true, "PersonContactId": true, "ConvertedAccountId": true, "ConvertedContactId": true}

// moveChild stores a row that now refers to another parent.
func (t *Tx) moveChild(o *Object, id string, values map[string]any) {
	old := t.table(o).rows[id].values
	t.derive(o, values, old)
	t.stamp(values, false)
	t.put(o, &row{id: id, values: values}, KindUpdate, o.changes(old, values))
}

// mute keeps the events of a moved child from being told where the org does so.
func (t *Tx) mute(id string, child bool) {
	if !t.org.muted || !child {
		return
	}
	if t.silent == nil {
		t.silent = map[string]bool{}
	}
	t.silent[id] = true
}
