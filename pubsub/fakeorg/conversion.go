package fakeorg

import (
	"cmp"
	"maps"
	"strings"
)

// Conversion names what the conversion of a lead made, or what it was converted into.
type Conversion struct{ Account, Contact, Opportunity string }

// ConvertTo says how a lead is converted. The zero value makes an account, a contact and an opportunity.
type ConvertTo struct {
	Account       string   // id of an account that is there; "" makes one, of a lead without a company a person account
	Contact       string   // id of a contact that is there; its empty fields are filled from the lead
	NoOpportunity bool     // makes none
	Opportunity   string   // name of the new opportunity; "" means the company's
	Status        string   // of the lead; "" means Closed - Converted
	Owner         string   // of what is made; "" means the lead's owner where that is a user
	Order         []string // objects in the order their events come; nil means Account, Contact, Opportunity, Lead, and then activities
}

// Convert is ConvertInto with the zero value.
func (t *Tx) Convert(lead string) (Conversion, error) { return t.ConvertInto(lead, ConvertTo{}) }

// ConvertInto converts a lead, as one transaction does in an org: an account, a contact and an opportunity are created, the lead's
// activities go to the contact, and the lead is updated to point to them. The error is an *Error.
func (t *Tx) ConvertInto(lead string, to ConvertTo) (Conversion, error) {
	o := t.org.object("Lead")
	found, refused := t.living(o, lead)
	if refused != nil {
		return Conversion{}, refused
	}
	if found.values["IsConverted"] == true {
		return Conversion{}, refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
	}
	mark := len(t.moves)
	c := conversion{tx: t, to: to, lead: found.values}
	for _, step := range []func() error{c.account, c.contact, c.opportunity} {
		if err := step(); err != nil {
			t.rollback(mark)
			return Conversion{}, err
		}
	}
	c.close(o, found)
	t.reparent(found.id, c.made.Contact)
	t.order = to.Order
	if t.order == nil {
		t.order = []string{"Account", "Contact", "Opportunity", "Lead"}
	}
	return c.made, nil
}

// conversion is the conversion of one lead while it runs.
type conversion struct {
	tx   *Tx
	to   ConvertTo
	lead map[string]any
	made Conversion
}

// leadFields are the fields of a lead and where a contact and an account have them.
var leadFields = []struct{ lead, contact, account, person string }{
	{"LastName", "LastName", "", "LastName"}, {"FirstName", "FirstName", "", "FirstName"}, {"Salutation", "Salutation", "", "Salutation"},
	{"Email", "Email", "", "PersonEmail"}, {"Phone", "Phone", "Phone", "Phone"}, {"MobilePhone", "MobilePhone", "", "PersonMobilePhone"},
	{"Fax", "Fax", "Fax", "Fax"}, {"Title", "Title", "", "PersonTitle"}, {"LeadSource", "LeadSource", "", "PersonLeadSource"},
	{"Street", "MailingStreet", "BillingStreet", "PersonMailingStreet"}, {"City", "MailingCity", "BillingCity", "PersonMailingCity"},
	{"State", "MailingState", "BillingState", "PersonMailingState"}, {"PostalCode", "MailingPostalCode", "BillingPostalCode", "PersonMailingPostalCode"},
	{"Country", "MailingCountry", "BillingCountry", "PersonMailingCountry"}, {"HasOptedOutOfEmail", "HasOptedOutOfEmail", "", "PersonHasOptedOutOfEmail"},
	{"DoNotCall", "DoNotCall", "", "PersonDoNotCall"}, {"Company", "", "Name", ""}, {"Website", "", "Website", "Website"},
	{"Industry", "", "Industry", "Industry"}, {"Rating", "", "Rating", "Rating"}, {"NumberOfEmployees", "", "NumberOfEmployees", ""},
}

// take returns the lead's values under the names of an object.
func (c *conversion) take(object string) map[string]any {
	fields := make(map[string]any)
	for _, f := range leadFields {
		name := map[string]string{"Contact": f.contact, "Account": f.account, "person": f.person}[object]
		if v := c.lead[f.lead]; name != "" && v != nil {
			fields[name] = v
		}
	}
	owner, _ := c.lead["OwnerId"].(string)
	if owner = cmp.Or(c.to.Owner, owner); strings.HasPrefix(owner, "005") {
		fields["OwnerId"] = owner
	}
	return fields
}

func (c *conversion) account() (err error) {
	switch {
	case c.to.Account != "":
		c.made.Account = id18(c.to.Account)
		return c.fill("Account", c.made.Account)
	case c.lead["Company"] != nil:
		c.made.Account, err = c.tx.Create("Account", c.take("Account"))
		return err
	}
	person := c.take("person")
	person["RecordTypeId"] = c.tx.org.PersonRecordType()
	if c.made.Account, err = c.tx.Create("Account", person); err != nil {
		return err
	}
	row, _ := c.tx.Row("Account", c.made.Account)
	c.made.Contact, _ = row["PersonContactId"].(string)
	return nil
}

func (c *conversion) contact() (err error) {
	switch {
	case c.made.Contact != "":
		return nil
	case c.to.Contact != "":
		c.made.Contact = id18(c.to.Contact)
		return c.fill("Contact", c.made.Contact)
	}
	fields := c.take("Contact")
	fields["AccountId"] = c.made.Account
	c.made.Contact, err = c.tx.Create("Contact", fields)
	return err
}

// fill gives a record that was there what it lacks and the lead knows.
func (c *conversion) fill(object, id string) error {
	row, _ := c.tx.Row(object, id)
	fields := c.take(object)
	for name := range fields {
		if v := row[name]; v != nil && v != false {
			delete(fields, name)
		}
	}
	return c.tx.Update(object, id, fields)
}

func (c *conversion) opportunity() (err error) {
	if c.to.NoOpportunity {
		return nil
	}
	name := cmp.Or(c.to.Opportunity, textOf(cmp.Or(c.lead["Company"], c.lead["LastName"])))
	deal := map[string]any{"Name": name, "AccountId": c.made.Account, "StageName": "Prospecting", "CloseDate": c.tx.now.AddDate(0, 1, 0)}
	if owner := c.take("")["OwnerId"]; owner != nil {
		deal["OwnerId"] = owner
	}
	c.made.Opportunity, err = c.tx.Create("Opportunity", deal)
	return err
}

// close points the lead to what it became. No client may write these fields.
func (c *conversion) close(o *Object, found *row) {
	values := maps.Clone(found.values)
	values["IsConverted"], values["ConvertedDate"] = true, c.tx.now.Format("2006-01-02")
	values["Status"] = cmp.Or(c.to.Status, "Closed - Converted")
	set(values, "ConvertedAccountId", c.made.Account)
	set(values, "ConvertedContactId", c.made.Contact)
	if c.made.Opportunity != "" {
		values["ConvertedOpportunityId"] = c.made.Opportunity
	}
	c.tx.stamp(values, false)
	c.tx.put(o, &row{id: found.id, values: values}, KindUpdate, o.changes(found.values, values))
}
