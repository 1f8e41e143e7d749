package fakeorg

import (
	"slices"
	"strings"
)

// BarRecordType takes a record type away from the integration user, or gives it back: describe says that it is not available, and rows
// with it are refused.
func (o *Org) BarRecordType(id string, barred bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hooks.barred == nil {
		o.hooks.barred = make(map[string]bool)
	}
	o.hooks.barred[id18(id)] = barred
}

// SetDefaultRecordType makes a record type the one that the integration user's new rows get where none is given; "" is none.
func (o *Org) SetDefaultRecordType(object, id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hooks.types == nil {
		o.hooks.types = make(map[string]string)
	}
	delete(o.hooks.types, object)
	if id != "" {
		o.hooks.types[object] = id18(id)
	}
}

// checkPicklists refuses values of restricted picklists that rows of their record type do not take; only those that this save changes are looked at.
func (t *Tx) checkPicklists(o *Object, old, values map[string]any) *Error {
	of, _ := values["RecordTypeId"].(string)
	if of == "" || t.actor.trusted {
		return nil
	}
	for _, f := range o.Fields {
		text, _ := values[f.Name].(string)
		taken := t.org.hooks.picklists[picklistKey(of, o.Name, f.Name)]
		if !f.Restricted || len(taken) == 0 || text == "" || text == old[f.Name] && of == old["RecordTypeId"] {
			continue
		}
		for one := range strings.SplitSeq(text, ";") {
			if !slices.Contains(taken, one) {
				return f.badPick(one)
			}
		}
	}
	return nil
}

// checkRecordType refuses a record type that is not the object's, not active, or not the user's.
func (t *Tx) checkRecordType(o *Object, old, values map[string]any) *Error {
	id, _ := values["RecordTypeId"].(string)
	if id == "" || id == old["RecordTypeId"] || t.actor.trusted {
		return nil
	}
	found := t.table(t.org.object("RecordType")).rows[id]
	if found == nil || found.values["SobjectType"] != o.Name || found.values["IsActive"] != true || t.org.hooks.barred[id] {
		return refuse("INVALID_CROSS_REFERENCE_KEY", "Record Type ID: this ID value isn't valid for the user: %s", id).on("RecordTypeId")
	}
	return nil
}

// checkQueue refuses a queue that may not own rows of the object.
func (t *Tx) checkQueue(o *Object, id string) *Error {
	if err := t.checkReference(o.Find("OwnerId"), id); err != nil {
		return err
	}
	rows := t.table(t.org.object("QueueSobject"))
	for _, each := range rows.order {
		if r := rows.rows[each]; !r.deleted && r.values["QueueId"] == id && r.values["SobjectType"] == o.Name {
			return nil
		}
	}
	return refuse("FIELD_INTEGRITY_EXCEPTION", "Queue not associated with this SObject type").on("OwnerId")
}
