package fakeorg

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newPersonDesk returns the desk of an org with person accounts.
func newPersonDesk(t *testing.T) *desk { return newDesk(t, Options{Seed: &Seed{PersonAccounts: true}}) }

// person creates a person account and returns the ids of its two rows.
func (d *desk) person(more fields) (account, contact string) {
	d.t.Helper()
	body := fields{"RecordTypeId": d.org.PersonRecordType(), "FirstName": "Ann", "LastName": "Lee"}
	for name, v := range more {
		body[name] = v
	}
	account = d.created("Account", body)
	row, _ := d.org.Row("Account", account)
	contact, _ = row["PersonContactId"].(string)
	return account, contact
}

func TestPersonAccount_IsOneHumanInTwoRows(t *testing.T) {
	d := newPersonDesk(t)
	account, contact := d.person(fields{"PersonEmail": "Ann@X.io", "Phone": "1", "PersonMailingCity": "Bern", "Messaging_Id__pc": "k", "Industry": "Media"})
	got := d.query("SELECT Name, FirstName, Email, Phone, MailingCity, Messaging_Id__c, AccountId, IsPersonAccount FROM Contact WHERE Id = '" + contact + "'").Records
	want := fields{"Name": "Ann Lee", "FirstName": "Ann", "Email": "ann@x.io", "Phone": "1", "MailingCity": "Bern", "Messaging_Id__c": "k",
		"AccountId": account, "IsPersonAccount": true}
	if len(got) != 1 {
		t.Fatalf("contacts %v", got)
	}
	delete(got[0], "attributes")
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	if err := d.org.Update("Contact", contact, fields{"LastName": "Wu", "MobilePhone": "2", "Email": nil}); err != nil {
		t.Fatal(err)
	}
	row, _ := d.org.Row("Account", account)
	if row["Name"] != "Ann Wu" || row["PersonMobilePhone"] != "2" || row["PersonEmail"] != nil || row["Industry"] != "Media" {
		t.Errorf("account %v", row)
	}
}

func TestPersonAccount_TellsEveryWriteOfBothRows(t *testing.T) {
	d := newPersonDesk(t)
	account, contact := d.person(nil)
	for _, step := range []func() error{
		func() error { return d.org.Update("Account", account, fields{"PersonTitle": "Dr"}) },
		func() error { return d.org.Update("Account", account, fields{"Industry": "Media"}) },
		func() error { return d.org.Delete("Account", account) },
		func() error { return d.org.Undelete("Account", account) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, kind := range []string{"CREATE", "UPDATE", "UPDATE", "DELETE", "UNDELETE"} {
		got = append(got, "1 Account "+kind+" ["+account+"]", "2 Contact "+kind+" ["+contact+"]")
	}
	if diff := cmp.Diff(got, told(d.org)); diff != "" {
		t.Error(diff)
	}
	events := d.org.Events()
	for i := 0; i < len(events); i += 2 {
		if a, b := events[i].Header, events[i+1].Header; a.Key != b.Key || a.Number != b.Number {
			t.Errorf("twins of two transactions: %+v, %+v", a, b)
		}
	}
	if _, body := decode(t, d.org, events[2]); body["PersonTitle"] != "Dr" || body["LastModifiedDate"] == nil || len(body) != 3 {
		t.Errorf("account %v", body)
	}
	if _, body := decode(t, d.org, events[5]); body["LastModifiedDate"] == nil || len(body) != 1 {
		t.Errorf("contact of a write to the account alone: %v", body)
	}
	if _, body := decode(t, d.org, events[0]); body["Name.LastName"] != "Lee" || body["Name"] != "com.sforce.eventbus.Switchable_PersonName" {
		t.Errorf("account %v", body)
	}
}

func TestPersonAccount_RefusesWhatAnOrgRefuses(t *testing.T) {
	d := newPersonDesk(t)
	account, contact := d.person(nil)
	business := d.created("Account", fields{"Name": "Acme"})
	plain := d.created("Contact", fields{"LastName": "Plain"})
	person := d.org.PersonRecordType()
	for name, c := range map[string]struct {
		verb, path string
		body       fields
		status     int
		code       string
	}{
		"name of a person":         {http.MethodPost, "Account", fields{"RecordTypeId": person, "LastName": "L", "Name": "L"}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"new name of a person":     {http.MethodPatch, "Account/" + account, fields{"Name": "L"}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"person without last name": {http.MethodPost, "Account", fields{"RecordTypeId": person, "FirstName": "A"}, 400, "REQUIRED_FIELD_MISSING"},
		"last name of a business":  {http.MethodPost, "Account", fields{"Name": "A", "LastName": "L"}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"person field, business":   {http.MethodPatch, "Account/" + business, fields{"PersonEmail": "a@x.io"}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"business becomes person":  {http.MethodPatch, "Account/" + business, fields{"RecordTypeId": person, "LastName": "L"}, 400, "INVALID_PERSON_ACCOUNT_OPERATION"},
		"contact of a person":      {http.MethodPost, "Contact", fields{"LastName": "L", "AccountId": account}, 400, "INVALID_PERSON_ACCOUNT_OPERATION"},
		"contact joins a person":   {http.MethodPatch, "Contact/" + plain, fields{"AccountId": account}, 400, "INVALID_PERSON_ACCOUNT_OPERATION"},
		"person leaves itself":     {http.MethodPatch, "Contact/" + contact, fields{"AccountId": business}, 400, "INVALID_PERSON_ACCOUNT_OPERATION"},
		"contact deleted alone":    {http.MethodDelete, "Contact/" + contact, nil, 400, "INVALID_PERSON_ACCOUNT_OPERATION"},
		"a key that is taken":      {http.MethodPatch, "Contact/" + plain, fields{"Messaging_Id__c": "gone"}, 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			w := d.do(c.verb, "/sobjects/"+c.path, c.body)
			if c.code != "" {
				d.refused(w, c.status, c.code)
			} else if w.Code != c.status {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	d.t = t
	d.refused(d.do(http.MethodPost, "/sobjects/Account", fields{"RecordTypeId": person, "LastName": "L", "Messaging_Id__pc": "gone"}), 400, "DUPLICATE_VALUE")
	if n := len(d.org.Rows("Account")); n != 2 {
		t.Errorf("%d accounts: a refused person left something behind", n)
	}
}

func TestPersonAccount_IsAMatterOfTheSeed(t *testing.T) {
	o := New(Options{})
	if o.object("Account").Find("PersonEmail") != nil || o.object("Contact").Find("IsPersonAccount") != nil {
		t.Error("an ordinary org has person accounts")
	}
}
