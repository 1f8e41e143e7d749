package fakeorg

import (
	"maps"
)

// lightningOrigin is the changeOrigin of what a person does in the browser.
const lightningOrigin = "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/"

// people are the two users every org has: the one the token endpoint logs in, and one who works in the browser.
type people struct {
	integration, agent string
}

// IntegrationUser returns the id of the user whose tokens the token endpoint gives out.
func (o *Org) IntegrationUser() string { return o.people.integration }

// Agent returns the id of the person whose edits the Go methods make.
func (o *Org) Agent() string { return o.people.agent }

// Do runs fn in one transaction of the Agent, made in the browser: one transactionKey, events in the order of the writes. An error from
// fn takes everything back and is returned. fn must use tx, not the methods of Org.
func (o *Org) Do(fn func(tx *Tx) error) error {
	return o.DoAs(Actor{User: o.people.agent, Origin: lightningOrigin}, fn)
}

// DoAs is Do for any user and any changeOrigin; an empty origin is work that came through no API.
func (o *Org) DoAs(actor Actor, fn func(tx *Tx) error) error {
	actor.trusted = true
	return transact(o, actor, fn)
}

// Create inserts a row as the Agent and returns its id.
func (o *Org) Create(object string, fields map[string]any) (id string, err error) {
	err = o.Do(func(tx *Tx) error {
		id, err = tx.Create(object, fields)
		return err
	})
	return id, err
}

// Update changes fields of a row as the Agent; nil clears a field.
func (o *Org) Update(object, id string, fields map[string]any) error {
	return o.Do(func(tx *Tx) error { return tx.Update(object, id, fields) })
}

// Delete puts a row into the recycle bin as the Agent.
func (o *Org) Delete(object, id string) error {
	return o.Do(func(tx *Tx) error { return tx.Delete(object, id) })
}

// Undelete takes a row out of the recycle bin as the Agent.
func (o *Org) Undelete(object, id string) error {
	return o.Do(func(tx *Tx) error { return tx.Undelete(object, id) })
}

// Row returns the stored values of a row, also of one in the recycle bin (IsDeleted is true then), by REST field name; null values are
// absent. It reports whether the row is there.
func (o *Org) Row(object, id string) (map[string]any, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.begin(Actor{}).Row(object, id)
}

// Rows returns the living rows of an object in order of their creation, as Row does.
func (o *Org) Rows(object string) []map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := o.object(object)
	if found == nil {
		return nil
	}
	var all []map[string]any
	rows := o.begin(Actor{}).table(found)
	for _, id := range rows.order {
		if r := rows.rows[id]; !r.deleted {
			all = append(all, maps.Clone(r.values))
		}
	}
	return all
}

// Create inserts a row and returns its id; the error is an *Error.
func (t *Tx) Create(object string, fields map[string]any) (string, error) {
	o, err := t.named(object)
	if err != nil {
		return "", err
	}
	id, refused := t.create(o, fields)
	return id, asError(refused)
}

// Update changes fields of a row; nil clears a field. The error is an *Error.
func (t *Tx) Update(object, id string, fields map[string]any) error {
	o, err := t.named(object)
	if err != nil {
		return err
	}
	return asError(t.update(o, id, fields))
}

// Delete puts a row, and what hangs on it, into the recycle bin. The error is an *Error.
func (t *Tx) Delete(object, id string) error {
	o, err := t.named(object)
	if err != nil {
		return err
	}
	return asError(t.remove(o, id))
}

// Undelete takes a row out of the recycle bin. The error is an *Error.
func (t *Tx) Undelete(object, id string) error {
	o, err := t.named(object)
	if err != nil {
		return err
	}
	return asError(t.restore(o, id))
}

// Row is Org.Row inside a transaction: it sees what the transaction has written.
func (t *Tx) Row(object, text string) (map[string]any, bool) {
	o := t.org.object(object)
	id, ok := parseID(text)
	if o == nil || !ok {
		return nil, false
	}
	r := t.table(o).rows[id]
	if r == nil {
		return nil, false
	}
	return maps.Clone(r.values), true
}

func (t *Tx) named(object string) (*Object, error) {
	if o := t.org.object(object); o != nil {
		return o, nil
	}
	return nil, refuse("INVALID_TYPE", "sObject type '%s' is not supported.", object)
}

// asError keeps a nil *Error from becoming a non-nil error.
func asError(err *Error) error {
	if err == nil {
		return nil
	}
	return err
}
