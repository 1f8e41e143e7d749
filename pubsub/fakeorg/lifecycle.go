package fakeorg

import "maps"

// Merge merges the loser into the winner, two rows of Account, Contact or Lead: what referred to the loser refers to the winner, the
// loser goes to the recycle bin with MasterRecordId, and the winner counts as updated. The error is an *Error.
func (t *Tx) Merge(object, winner, loser string) error {
	o, err := t.named(object)
	if err != nil {
		return err
	}
	if o.Find("MasterRecordId") == nil {
		return refuse("MERGE_FAILED", "%s cannot be merged", o.Name)
	}
	kept, refused := t.living(o, winner)
	if refused != nil {
		return refused
	}
	lost, refused := t.living(o, loser)
	if refused != nil {
		return refused
	}
	t.reparent(lost.id, kept.id)
	values := maps.Clone(t.table(o).rows[lost.id].values)
	values["MasterRecordId"] = kept.id
	t.mark(o, &row{id: lost.id, values: values}, true, KindDelete)
	return asError(t.update(o, kept.id, nil))
}

// reparent points every living reference at another row.
func (t *Tx) reparent(from, to string) {
	for _, o := range t.org.objects() {
		rows := t.table(o)
		for _, id := range rows.order {
			r := rows.rows[id]
			if r.deleted {
				continue
			}
			values := maps.Clone(r.values)
			for _, f := range o.Fields {
				if f.Type == "reference" && values[f.Name] == from && f.Name != "MasterRecordId" {
					values[f.Name] = to
				}
			}
			if changed := o.changes(r.values, values); len(changed) > 1 {
				t.stamp(values, false)
				t.put(o, &row{id: id, values: values}, KindUpdate, o.changes(r.values, values))
			}
		}
	}
}

// Conversion names what the conversion of a lead made.
type Conversion struct{ Account, Contact, Opportunity string }

// Convert converts a lead, as one transaction does in an org: an account, a contact and an opportunity are created in this order, and
// then the lead is updated to point to them. The error is an *Error.
func (t *Tx) Convert(lead string) (Conversion, error) {
	var made Conversion
	o := t.org.object("Lead")
	found, refused := t.living(o, lead)
	if refused != nil {
		return made, refused
	}
	if found.values["IsConverted"] == true {
		return made, refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
	}
	take := func(pairs ...string) map[string]any {
		fields := make(map[string]any)
		for i := 0; i < len(pairs); i += 2 {
			if v := found.values[pairs[i]]; v != nil {
				fields[pairs[i+1]] = v
			}
		}
		return fields
	}
	var err error
	if made.Account, err = t.Create("Account", take("Company", "Name", "Phone", "Phone", "City", "BillingCity", "Country", "BillingCountry")); err != nil {
		return made, err
	}
	person := take("LastName", "LastName", "FirstName", "FirstName", "Salutation", "Salutation", "Email", "Email", "Phone", "Phone",
		"MobilePhone", "MobilePhone", "Title", "Title", "City", "MailingCity", "Country", "MailingCountry", "LeadSource", "LeadSource")
	person["AccountId"] = made.Account
	if made.Contact, err = t.Create("Contact", person); err != nil {
		return made, err
	}
	deal := take("Company", "Name")
	deal["AccountId"], deal["StageName"], deal["CloseDate"] = made.Account, "Prospecting", t.now.AddDate(0, 1, 0)
	if made.Opportunity, err = t.Create("Opportunity", deal); err != nil {
		return made, err
	}
	values := maps.Clone(found.values)
	values["IsConverted"], values["ConvertedDate"], values["Status"] = true, t.now.Format("2006-01-02"), "Closed - Converted"
	values["ConvertedAccountId"], values["ConvertedContactId"], values["ConvertedOpportunityId"] = made.Account, made.Contact, made.Opportunity
	t.stamp(values, false)
	t.put(o, &row{id: found.id, values: values}, KindUpdate, o.changes(found.values, values))
	return made, nil
}
