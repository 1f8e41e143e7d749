package fakeorg

import (
	"maps"
	"strings"
)

// The two rows of a person account, kept in step inside one transaction.

// isPersonType reports whether the record type makes an account a person.
func (t *Tx) isPersonType(id any) bool {
	text, _ := id.(string)
	r := t.table(t.org.object("RecordType")).rows[text]
	return r != nil && r.values["IsPersonType"] == true
}

// derivePerson works out what an account's record type says of it: a person's name comes from its parts.
func (t *Tx) derivePerson(o *Object, values map[string]any) {
	if o.Find("IsPersonAccount") == nil {
		return
	}
	values["IsPersonAccount"] = t.isPersonType(values["RecordTypeId"])
	if isPerson(values) {
		set(values, "Name", personName(values))
	}
}

// checkPerson refuses what person accounts do not allow; given holds the account's name as the client wrote it.
func (t *Tx) checkPerson(o *Object, old, values map[string]any) *Error {
	if o.Name != "Account" || o.Find("IsPersonAccount") == nil {
		return t.checkPersonContact(o, old, values)
	}
	switch {
	case old != nil && isPerson(old) != isPerson(values):
		return personRefusal("cannot change between business and person account").on("RecordTypeId")
	case isPerson(values):
		if values["LastName"] == nil {
			return refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]").on("LastName")
		}
		return nil
	}
	var names []string
	for _, f := range o.Fields {
		if ofPerson(f) && values[f.Name] != nil && values[f.Name] != false && values[f.Name] != old[f.Name] {
			names = append(names, f.Name)
		}
	}
	if len(names) > 0 {
		return refuse("INVALID_FIELD_FOR_INSERT_UPDATE", "Account: bad field names on insert/update call: %s", strings.Join(names, ", ")).on(names...)
	}
	return nil
}

func personRefusal(text string) *Error { return refuse("INVALID_PERSON_ACCOUNT_OPERATION", "%s", text) }

// checkPersonContact refuses a contact that would leave its person, or join one.
func (t *Tx) checkPersonContact(o *Object, old, values map[string]any) *Error {
	if o.Name != "Contact" || values["AccountId"] == old["AccountId"] {
		return nil
	}
	id, _ := values["AccountId"].(string)
	account := t.table(t.org.object("Account")).rows[id]
	if isPerson(old) || account != nil && isPerson(account.values) {
		return personRefusal("a person account has the one contact that it is").on("AccountId")
	}
	return nil
}

// checkPersonName refuses a name for a person, whose parts are written instead.
func (t *Tx) checkPersonName(o *Object, in, values map[string]any) *Error {
	if o.Name != "Account" || t.actor.seeding || !t.isPersonType(values["RecordTypeId"]) {
		return nil
	}
	for name := range in {
		if strings.EqualFold(name, "Name") {
			return notWritable([]string{"Name"})
		}
	}
	return nil
}

// followTwin writes what was saved of one row of a person account to the other.
func (t *Tx) followTwin(o *Object, id string) *Error {
	values := t.table(o).rows[id].values
	switch {
	case !isPerson(values):
		return nil
	case o.Name == "Account" && values["PersonContactId"] == nil:
		return t.bearContact(o, id)
	case o.Name == "Account":
		return t.mirrorTwin(t.org.object("Contact"), textOf(values["PersonContactId"]), values, func(f *Field) (string, string) {
			return f.Name, personField(f)
		})
	case o.Name == "Contact":
		return t.mirrorTwin(t.org.object("Account"), textOf(values["AccountId"]), values, func(f *Field) (string, string) {
			return personField(f), f.Name
		})
	}
	return nil
}

// bearContact makes the contact of a person account that was just created.
func (t *Tx) bearContact(o *Object, id string) *Error {
	contact := t.org.object("Contact")
	account := maps.Clone(t.table(o).rows[id].values)
	values := map[string]any{"Id": t.pickID(contact, nil), "IsDeleted": false, "AccountId": id, "IsPersonAccount": true}
	for _, f := range contact.Fields {
		if from := personField(f); from != "" && account[from] != nil {
			values[f.Name] = account[from]
		}
	}
	t.defaults(contact, values)
	values["IsPersonAccount"] = true
	t.stamp(values, true)
	contactID, _ := values["Id"].(string)
	if err := t.checkUnique(contact, contactID, values); err != nil {
		return err
	}
	account["PersonContactId"] = contactID
	t.put(o, &row{id: id, values: account}, KindUpdate, []string{"PersonContactId"})
	t.put(contact, &row{id: contactID, values: values}, KindCreate, nil)
	return nil
}

// mirrorTwin brings the twin up to date. names gives, for a field of Contact, where the twin has it and where its value comes from.
func (t *Tx) mirrorTwin(twin *Object, id string, from map[string]any, names func(*Field) (to, from string)) *Error {
	found := t.table(twin).rows[id]
	if found == nil {
		return refuse("UNKNOWN_EXCEPTION", "person account without its twin %s", id)
	}
	values := maps.Clone(found.values)
	for _, f := range t.org.object("Contact").Fields {
		to, source := names(f)
		if personField(f) != "" && twin.Find(to) != nil {
			set(values, to, from[source])
		}
	}
	if twin.Name == "Account" {
		set(values, "Name", personName(values))
	}
	t.stamp(values, false)
	if err := t.checkUnique(twin, id, values); err != nil {
		return err
	}
	t.put(twin, &row{id: id, values: values}, KindUpdate, twin.changes(found.values, values))
	return nil
}

// twinOf returns the other row of a person account, or nil where the row is no person.
func (t *Tx) twinOf(o *Object, r *row) (*Object, *row) {
	switch {
	case !isPerson(r.values):
	case o.Name == "Account":
		twin := t.org.object("Contact")
		return twin, t.table(twin).rows[textOf(r.values["PersonContactId"])]
	case o.Name == "Contact":
		twin := t.org.object("Account")
		return twin, t.table(twin).rows[textOf(r.values["AccountId"])]
	}
	return nil, nil
}
