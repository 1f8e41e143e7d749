package fakeorg

import (
	"slices"
	"strings"
)

// Person accounts: one human is one row of Account and one of Contact, and a write to either is a write to both.
//
//	Account  001…  FirstName LastName Phone PersonEmail PersonMailingCity Vip__pc   IsPersonAccount, PersonContactId ─┐
//	               │         │        │     │           │                 │                                           │
//	Contact  003…  FirstName LastName Phone Email       MailingCity       Vip__c    IsPersonAccount, AccountId ◀──────┘
//
// An org has them where its seed says so. See "Person Accounts" and "Change Event Considerations for Person Accounts" of the vendor.

const (
	personRecordType   = "012000000000P01"
	businessRecordType = "012000000000B01"
)

// PersonRecordType returns the id of the record type that makes an account a person; only an org with person accounts has it.
func (o *Org) PersonRecordType() string { return id18(personRecordType) }

// addPersonAccounts gives Account and Contact the fields that person accounts bring.
func (c *catalogue) addPersonAccounts() {
	account, contact := c.find("Account"), c.find("Contact")
	flag := func(o *Object) {
		o.Fields = append(o.Fields, &Field{Name: "IsPersonAccount", Label: "Is Person Account", Type: "boolean", Defaulted: true})
	}
	for _, name := range nameFields {
		part := *contact.Find(name)
		part.Required = false
		account.Fields = append(account.Fields, &part)
	}
	account.addRecordType()
	for _, f := range contact.Fields {
		if name := personField(f); name != "" && account.Find(name) == nil {
			account.Fields = append(account.Fields, f.asPerson(name))
		}
	}
	account.Fields = append(account.Fields,
		&Field{Name: "PersonContactId", Label: "Contact ID", Type: "reference", Length: 18, References: []string{"Contact"}})
	flag(account)
	flag(contact)
	c.find("Lead").Find("Company").Required = false
}

func (o *Object) addRecordType() {
	if o.Find("RecordTypeId") == nil {
		o.Fields = append(o.Fields, &Field{Name: "RecordTypeId", Label: "Record Type ID", Type: "reference", Length: 18,
			References: []string{"RecordType"}, Createable: true, Updateable: true})
	}
}

var nameFields = []string{"LastName", "FirstName", "Salutation", "MiddleName", "Suffix"}

// twinFields are those that a person's account and contact have under one name; personFields those whose name on the account begins
// with Person.
var (
	twinFields   = []string{"Phone", "Fax", "OwnerId", "LastName", "FirstName", "Salutation", "MiddleName", "Suffix"}
	personFields = []string{
		"Email", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone", "AssistantName", "Title", "Department", "LeadSource", "Birthdate",
		"HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "EmailBouncedReason", "EmailBouncedDate", "Pronouns", "GenderIdentity",
		"MailingAddress", "OtherAddress",
	}
)

// personField returns the name under which a person's account has the contact's field, "" for what stays with the contact.
func personField(f *Field) string {
	stem, custom := strings.CutSuffix(f.Name, "__c")
	switch {
	case slices.Contains(twinFields, f.Name):
		return f.Name
	case slices.Contains(personFields, f.Name), slices.Contains(personFields, f.Compound):
		return "Person" + f.Name
	case custom && f.Type != "location":
		return stem + "__pc"
	}
	return ""
}

// asPerson returns the contact's field as the account has it. A key of contacts is no key of accounts.
func (f *Field) asPerson(name string) *Field {
	p := *f
	p.Name, p.Required, p.Unique, p.ExternalID, p.IDLookup = name, false, false, false, false
	p.Label = "Person: " + f.Label
	if p.Compound != "" && p.Compound != "Name" {
		p.Compound = "Person" + p.Compound
	}
	return &p
}

// ofPerson reports whether the account field belongs to persons alone.
func ofPerson(f *Field) bool {
	return slices.Contains(nameFields, f.Name) || strings.HasSuffix(f.Name, "__pc") ||
		strings.HasPrefix(f.Name, "Person") && f.Name != "PersonContactId"
}

// loadRecordTypes adds the record types by which an account is a person or a business.
func (t *Tx) loadRecordTypes() error {
	for id, name := range map[string]string{personRecordType: "PersonAccount", businessRecordType: "Business_Account"} {
		fields := map[string]any{"Id": id, "Name": spaced(name), "DeveloperName": name, "SobjectType": "Account", "IsActive": true,
			"IsPersonType": id == personRecordType}
		if _, err := t.Create("RecordType", fields); err != nil {
			return err
		}
	}
	return nil
}
