package rule

import (
	"maps"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// A person account is one human in two rows, an account and a contact that nobody sees. Each change of it gives two events, in any order, and which of them
// tells a field of the contact differs between orgs: both are taken for one of the account.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_standard_objects_person_account.htm
const (
	isPerson   = bridge.Field("IsPersonAccount")
	accountRef = bridge.Field("AccountId")
)

// Person reports whether the transfer ties person accounts to contacts: it maps a field of accounts that only those have.
func (t *Transfer) Person() bool { return t.person }

// readsPersons reports whether the read set has a field that only person accounts have.
func (t *Transfer) readsPersons() bool {
	if t.Object != accountObject || t.Kind != bridge.ContactTouched {
		return false
	}
	for f := range t.read {
		if ofContact(f) != "" {
			return true
		}
	}
	return false
}

// ofContact is the field of the contact that holds what a field of a person account shows, "" for a field of the account itself.
func ofContact(f bridge.Field) bridge.Field {
	name := string(f)
	switch name {
	case "FirstName", "LastName", "MiddleName", "Salutation", "Suffix":
		return f
	case "PersonContactId":
		return ""
	}
	if custom, ok := strings.CutSuffix(name, "__pc"); ok {
		return bridge.Field(custom + "__c")
	}
	if standard, ok := strings.CutPrefix(name, "Person"); ok && standard != "" && !strings.HasSuffix(name, "__c") {
		return bridge.Field(standard)
	}
	return ""
}

// Persons are the project's transfers of person accounts.
func (p *Project) Persons() (ts []*Transfer) {
	for _, t := range p.Transfers {
		if t.Person() {
			ts = append(ts, t)
		}
	}
	return ts
}

// Twinned reports whether a change or row of the object may be the other half of one that a transfer of person accounts reads.
func (t *Transfer) Twinned(o bridge.Object) bool { return t.Person() && o == contactObject }

// twinFields are the fields of contacts from which the transfer of person accounts lives.
func (t *Transfer) twinFields() map[bridge.Field]bool {
	fs := map[bridge.Field]bool{isPerson: true, accountRef: true}
	for f := range t.read {
		if c := ofContact(f); c != "" {
			fs[c] = true
		}
	}
	return fs
}

// touchedBy are the fields of the account that show fields of the contact.
func (t *Transfer) touchedBy(contact []bridge.Field) (fs []bridge.Field) {
	for f := range t.read {
		if c := ofContact(f); c != "" && slices.Contains(contact, c) {
			fs = append(fs, f)
		}
	}
	slices.Sort(fs)
	return fs
}

// AccountOf is the person account that a row of a contact belongs to; known reports whether the row says whether it is one at all.
func AccountOf(row bridge.Fields) (account bridge.RecordID, known bool) {
	v, ref := row[isPerson], row[accountRef]
	if !v.Known() {
		return "", false
	}
	if v.Text != "true" {
		return "", true
	}
	if ref.Known() && !ref.IsNull() {
		return bridge.RecordID(bridge.LongID(ref.Text)), true
	}
	return "", false
}

// IsPerson reports whether the row of an account or a contact says that it is a person account; NeedError where it does not say.
func IsPerson(row bridge.Fields) (bool, error) {
	if v := row[isPerson]; v.Known() {
		return v.Text == "true", nil
	}
	return false, &NeedError{[]bridge.Field{isPerson}}
}

// Twin is the change of a person account that a change of its contact tells of, and whether it tells anything.
func (w *Wants) Twin(c *bridge.Change, account bridge.RecordID) (bridge.Change, bool) {
	if len(w.persons) == 0 || c.Object != contactObject || c.Type == bridge.Delete || c.Type == bridge.GapDelete {
		return bridge.Change{}, false
	}
	twin := *c
	twin.Object, twin.Records, twin.Values = accountObject, []bridge.RecordID{account}, bridge.Fields{}
	twin.Changed, twin.Cleared, twin.Reread, twin.Context = nil, nil, nil, nil
	for f := range w.read[accountObject] {
		name := ofContact(f)
		if name == "" {
			continue
		}
		v, told := c.Values[name]
		switch {
		case c.Gap(), slices.Contains(c.Reread, name):
			twin.Reread = append(twin.Reread, f)
		case c.Type != bridge.Update && !told, c.Type == bridge.Update && !slices.Contains(c.Changed, name):
			continue
		default:
			twin.Values[f], twin.Changed = v, append(twin.Changed, f)
		}
	}
	twin.Type = bridge.Update
	slices.Sort(twin.Changed)
	slices.Sort(twin.Reread)
	return twin, len(twin.Changed)+len(twin.Reread) > 0
}

// Halved reports whether rows of the object are put together from the events of two objects.
func (w *Wants) Halved(o bridge.Object) bool { return o == accountObject && len(w.persons) > 0 }

// FoldHalf is Fold for such a row: a change may be older than the row's latest and newer than what is known of the fields that it tells.
func FoldHalf(r bridge.Row, c *bridge.Change) bridge.Row {
	older := c.Version.Before(r.Version)
	if r.Deleted && older {
		return r
	}
	since := maps.Clone(r.Since)
	if since == nil {
		since = map[bridge.Field]bridge.Version{}
		for f := range r.Values {
			since[f] = r.Version
		}
	}
	switch {
	case c.Version.Same(r.Version) && c.Type != bridge.Delete && !c.Gap():
		r = again(r, c)
	case c.Type == bridge.Delete, c.Gap():
		if r = Fold(r, c); !older {
			since = nil
		}
	default:
		told := c.Changed
		if c.Type != bridge.Update {
			told = c.Values.Names()
		}
		r = halfTold(r, c, told, since)
	}
	r.Since = since
	return r
}

// halfTold takes the fields that a change tells of, each unless something newer is known of it.
func halfTold(r bridge.Row, c *bridge.Change, told []bridge.Field, since map[bridge.Field]bridge.Version) bridge.Row {
	older := c.Version.Before(r.Version)
	if r.Values = maps.Clone(r.Values); r.Values == nil {
		r.Values = bridge.Fields{}
	}
	for _, f := range told {
		gone := r.Forgot(f)
		switch have, v := r.Values[f], c.Values[f]; {
		case !v.Known():
		case c.Version.Beside(since[f]) && (gone || have.Known()): // it was read in this second
			if have.Known() && !have.Equal(v) {
				r = forget(r, []bridge.Field{f})
			}
		case !c.Version.Before(since[f]) && (!gone || !older):
			if r.Values[f], since[f] = v, c.Version; !have.Equal(v) {
				r = renamed(r, []bridge.Field{f})
			}
		}
	}
	for _, f := range c.Reread {
		if !c.Version.Before(since[f]) {
			r = forget(r, []bridge.Field{f})
			since[f] = c.Version
		}
	}
	if !older {
		r.Version, r.Deleted = c.Version, false
	}
	return r
}

// AsAccount are rows of a person, each with what its contact's fields show in the account.
func (t *Transfer) AsAccount(rows []bridge.Fields) []bridge.Fields {
	if !t.Person() {
		return rows
	}
	all := make([]bridge.Fields, 0, len(rows))
	for _, row := range rows {
		row = maps.Clone(row)
		for f := range t.read {
			if v, ok := row[ofContact(f)]; ok && !row[f].Known() {
				row[f] = v
			}
		}
		all = append(all, row)
	}
	return all
}
