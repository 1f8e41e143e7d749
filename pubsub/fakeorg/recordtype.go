package fakeorg

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
