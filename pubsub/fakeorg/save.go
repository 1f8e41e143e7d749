package fakeorg

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

// create inserts a row and returns its id. On an error nothing of it stays.
func (t *Tx) create(o *Object, in map[string]any) (string, *Error) {
	if err := t.fault(o, "create"); err != nil {
		return "", err
	}
	mark := len(t.moves)
	values, err := t.prepare(o, in, nil)
	if err != nil {
		return "", err
	}
	id := t.pickID(o, in)
	values["Id"], values["IsDeleted"] = id, false
	t.stamp(values, true)
	if err := t.settle(o, id, nil, values); err != nil {
		return "", err
	}
	t.put(o, &row{id: id, values: values}, KindCreate, nil)
	if err := t.after(o, id); err != nil {
		t.rollback(mark)
		return "", err
	}
	return id, nil
}

// pickID takes the id a seed row brings, or the next one.
func (t *Tx) pickID(o *Object, in map[string]any) string {
	if given, ok := in["Id"].(string); ok && t.actor.seeding {
		if id, ok := parseID(given); ok {
			return id
		}
	}
	for {
		id := t.nextID(o.Prefix)
		if t.table(o).rows[id] == nil {
			return id
		}
	}
}

// update changes a living row. An update that changes nothing still moves LastModifiedDate, as in a real org.
func (t *Tx) update(o *Object, id string, in map[string]any) *Error {
	if err := t.fault(o, "update"); err != nil {
		return err
	}
	old, err := t.living(o, id)
	if err != nil {
		return err
	}
	mark := len(t.moves)
	values, err := t.prepare(o, in, old.values)
	if err != nil {
		return err
	}
	t.stamp(values, false)
	if err := t.settle(o, old.id, old.values, values); err != nil {
		return err
	}
	t.put(o, &row{id: old.id, values: values}, KindUpdate, o.changes(old.values, values))
	if err := t.after(o, old.id); err != nil {
		t.rollback(mark)
		return err
	}
	return nil
}

// living returns the row of an id that a client named, or the refusal.
func (t *Tx) living(o *Object, text string) (*row, *Error) {
	id, ok := parseID(text)
	if !ok || id[:3] != o.Prefix {
		return nil, refuse("MALFORMED_ID", "%s ID: id value of incorrect type: %s", o.Label, text).on("Id")
	}
	found := t.table(o).rows[id]
	switch {
	case found == nil:
		return nil, brokenReference()
	case found.deleted:
		return nil, entityDeleted()
	}
	return found, nil
}

// prepare returns the row's values with the client's on top of the old ones, each judged by its field.
func (t *Tx) prepare(o *Object, in, old map[string]any) (map[string]any, *Error) {
	values := maps.Clone(old)
	if values == nil {
		values = make(map[string]any)
	}
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if strings.EqualFold(name, "attributes") {
			continue
		}
		f, value, err := t.resolve(o, name, in[name])
		if err != nil {
			return nil, err
		}
		switch {
		case t.actor.seeding:
		case f.Type == "id":
			return nil, refuse("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
		case old == nil && !f.Createable, old != nil && !f.Updateable:
			refused = append(refused, f.Name)
			continue
		}
		stored, err := f.accept(value)
		if err != nil {
			return nil, err
		}
		set(values, f.Name, stored)
	}
	if len(refused) > 0 {
		return nil, notWritable(refused)
	}
	return values, t.checkPersonName(o, in, values)
}

func set(values map[string]any, name string, stored any) {
	if stored == nil {
		delete(values, name)
		return
	}
	values[name] = stored
}

// resolve finds the field that a member of the body names; a relationship with an object inside is a parent told by its external id.
func (t *Tx) resolve(o *Object, name string, value any) (*Field, any, *Error) {
	if f := o.Find(name); f != nil && (!f.Hidden || t.actor.trusted) {
		return f, value, nil
	}
	f := o.relationship(name)
	if f == nil || f.Hidden && !t.actor.trusted {
		return nil, nil, noSuchColumn(name, o)
	}
	key, ok := value.(map[string]any)
	if !ok {
		return f, value, nil
	}
	id, err := t.parentByKey(f, key)
	return f, id, err
}

// parentByKey resolves {"Ext__c":"42"} to the id of the parent row.
func (t *Tx) parentByKey(f *Field, key map[string]any) (any, *Error) {
	target := t.org.object(f.References[0])
	if attributes, ok := key["attributes"].(map[string]any); ok {
		if named, ok := attributes["type"].(string); ok && slices.Contains(f.References, named) {
			target = t.org.object(named)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(key)) {
		by := target.Find(name)
		if name == "attributes" || by == nil || !by.ExternalID && !by.IDLookup {
			continue
		}
		if by.Type == "id" {
			return key[name], nil
		}
		wanted, err := by.accept(key[name])
		if err != nil {
			return nil, err
		}
		if ids := t.table(target).lookup(by.Name, wanted); len(ids) == 1 {
			return ids[0], nil
		}
		return nil, refuse("INVALID_FIELD", "Foreign key external ID: %s not found for field %s in entity %s", strings.ToLower(textOf(key[name])), by.Name, target.Name)
	}
	return nil, refuse("INVALID_FIELD", "The relationship for field %s names no external id field of %s", f.Name, target.Name)
}

// relationship returns the reference field whose relationship has the name: Account for AccountId, Merch__r for Merch__c.
func (o *Object) relationship(name string) *Field {
	for _, f := range o.Fields {
		if f.Type == "reference" && strings.EqualFold(f.relationship(), name) {
			return f
		}
	}
	return nil
}

func (f *Field) relationship() string {
	if stem, ok := strings.CutSuffix(f.Name, "__c"); ok {
		return stem + "__r"
	}
	return strings.TrimSuffix(f.Name, "Id")
}

// stamp sets the system fields.
func (t *Tx) stamp(values map[string]any, created bool) {
	keep := func(name string, v any) {
		if _, given := values[name]; !given || !t.actor.seeding {
			values[name] = v
		}
	}
	if created {
		keep("CreatedDate", t.now)
		keep("CreatedById", t.actor.User)
	}
	keep("LastModifiedDate", t.now)
	keep("LastModifiedById", t.actor.User)
	keep("SystemModstamp", t.now)
}

// changes names the fields that differ. LastModifiedDate is always among them, even within one second; SystemModstamp never is, for
// change events do not know it.
func (o *Object) changes(old, next map[string]any) []string {
	var names []string
	for _, f := range o.Fields {
		switch f.Name {
		case "SystemModstamp":
		case "LastModifiedDate":
			names = append(names, f.Name)
		default:
			if old[f.Name] != next[f.Name] {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// settle runs what an org does between a client's values and the store: automation, defaults, derived values, and the checks.
func (t *Tx) settle(o *Object, id string, old, values map[string]any) *Error {
	for _, hook := range t.org.hooks.before[strings.ToLower(o.Name)] {
		hook(values)
	}
	if err := o.recanonicalise(values); err != nil {
		return err
	}
	if old == nil {
		t.assign(o, values)
		t.defaults(o, values)
	}
	t.derive(o, values, old)
	if err := t.places(o, old, values); err != nil {
		return err
	}
	if missing := o.missing(values); len(missing) > 0 && !t.actor.seeding {
		return refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [%s]", strings.Join(missing, ", ")).on(missing...)
	}
	if !t.actor.seeding {
		if err := t.checkReferences(o, old, values); err != nil {
			return err
		}
		if err := t.checkObject(o, old, values); err != nil {
			return err
		}
		if err := t.checkRecordType(o, old, values); err != nil {
			return err
		}
		if err := t.checkPicklists(o, old, values); err != nil {
			return err
		}
	}
	if err := t.checkUnique(o, id, values); err != nil {
		return err
	}
	return t.checkDuplicates(o, id, old, values)
}

// recanonicalise judges what automation put into the row, and drops nulls.
func (o *Object) recanonicalise(values map[string]any) *Error {
	for name, v := range values {
		f := o.Find(name)
		if f == nil {
			return noSuchColumn(name, o)
		}
		stored, err := f.accept(v)
		if err != nil {
			return err
		}
		set(values, name, stored)
	}
	return nil
}

func (t *Tx) defaults(o *Object, values map[string]any) {
	for _, f := range o.Fields {
		if _, given := values[f.Name]; given {
			continue
		}
		switch {
		case f.Name == "OwnerId":
			values["OwnerId"] = t.actor.User
		case f.Name == "RecordTypeId" && t.org.hooks.types[o.Name] != "" && !t.actor.trusted:
			values["RecordTypeId"] = t.org.hooks.types[o.Name]
		case f.Type == "boolean":
			values[f.Name] = f.Default == true
		case f.Default != nil:
			stored, _ := f.accept(f.Default)
			set(values, f.Name, stored)
		}
	}
}

func (o *Object) missing(values map[string]any) []string {
	var names []string
	for _, f := range o.Fields {
		if f.Required && values[f.Name] == nil {
			names = append(names, f.Name)
		}
	}
	sort.Strings(names)
	return names
}

// checkReferences refuses references that point nowhere; only those that this save changes are looked at.
func (t *Tx) checkReferences(o *Object, old, values map[string]any) *Error {
	for _, f := range o.Fields {
		id, _ := values[f.Name].(string)
		if f.Type != "reference" || id == "" || id == old[f.Name] || !f.Createable && !f.Updateable {
			continue
		}
		if f.Name == "OwnerId" {
			if err := t.checkOwner(o, id); err != nil {
				return err
			}
			continue
		}
		if err := t.checkReference(f, id); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) checkReference(f *Field, id string) *Error {
	target := t.org.schema.Load().byPrefix(id)
	if target == nil || len(f.References) > 0 && !slices.Contains(f.References, target.Name) {
		return refuse("MALFORMED_ID", "%s: id value of incorrect type: %s", f.Label, id).on(f.Name)
	}
	found := t.table(target).rows[id]
	switch {
	case found == nil:
		return brokenReference()
	case found.deleted:
		return entityDeleted()
	}
	return nil
}

func (t *Tx) checkOwner(o *Object, id string) *Error {
	if id[:3] == "00G" && slices.Contains(o.Find("OwnerId").References, "Group") {
		return t.checkQueue(o, id)
	}
	owner := t.table(t.org.object("User")).rows[id]
	switch {
	case owner == nil:
		return brokenReference()
	case owner.values["IsActive"] != true:
		return refuse("INACTIVE_OWNER_OR_USER", "operation performed with inactive user [%s] as owner of %s", id, strings.ToLower(o.Label)).on()
	}
	return nil
}

func (t *Tx) checkUnique(o *Object, id string, values map[string]any) *Error {
	for _, f := range o.Fields {
		if !f.Unique {
			continue
		}
		for _, other := range t.table(o).lookup(f.Name, values[f.Name]) {
			if other != id {
				return refuse("DUPLICATE_VALUE", "duplicate value found: %s duplicates value on record with id: %s", f.Name, other[:15]).on()
			}
		}
	}
	return nil
}
