package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// withLeads has the project carry leads as well, whose contacts would go with them were they to leave or to be deleted.
func withLeads(cfg *Config) {
	p := cfg.Projects["support"]
	leads := p.Transfers[0]
	leads.Name, leads.Object, leads.Key, leads.NoMatchOutbound, leads.OnDelete = "leads", "Lead", "", "skip", "delete"
	leads.Condition = "sf.IsConverted == false"
	leads.Fields = slices.DeleteFunc(slices.Clone(leads.Fields), func(f PairConfig) bool { return f.Salesforce == "Birthdate" })
	p.Transfers = append([]TransferConfig{leads}, p.Transfers...)
}

// lead makes a lead in Salesforce and waits until it is on the platform.
func (x *ordeal) lead(email string) (record string, contact uint64) {
	x.t.Helper()
	record, err := x.sim.org.Create("Lead", map[string]any{"FirstName": "Mei", "LastName": "Tan", "Company": "Tan Ltd", "Email": email, "MobilePhone": "+60123450001"})
	if err != nil {
		x.t.Fatal(err)
	}
	x.until(email+" is on the platform", time.Minute, func() bool { return x.byEmail(email) != nil })
	time.Sleep(time.Second)
	return record, x.byEmail(email).ID
}

func (x *ordeal) convert(lead string, to fakeorg.ConvertTo) (made fakeorg.Conversion) {
	x.t.Helper()
	err := x.sim.org.Do(func(tx *fakeorg.Tx) (err error) {
		if made, err = tx.ConvertInto(lead, to); err != nil || to.Contact != "" {
			return err
		}
		// Whoever converts a lead mends the address in the same breath: nobody can be matched by it.
		return tx.Update("Contact", made.Contact, map[string]any{"Email": "new@example.com", "MobilePhone": "+60123450099"})
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return made
}

func TestBridge_GoesOnWithTheContactWhenALeadIsConverted(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]string{"lead last": nil, "lead first": {"Lead", "Account", "Contact", "Opportunity"}} {
		t.Run(name, func(t *testing.T) {
			undergo(t, simOptions{seed: 31}, withLeads, func(t *testing.T, x *ordeal) {
				lead, contact := x.lead("mei@example.com")
				x.write(contact, map[string]string{"custom.birthday": "1990-05-07"}) // no field of leads
				before := len(x.sim.crm.Contacts())
				made := x.convert(lead, fakeorg.ConvertTo{Order: order})
				time.Sleep(10 * time.Second)
				if n := len(x.sim.crm.Contacts()); n != before || x.count("new@example.com") != 1 {
					t.Errorf("%d contacts, were %d; %d with the address", n, before, x.count("new@example.com"))
				}
				if id := x.attribute(contact, "custom.salesforce_id"); id != made.Contact {
					t.Errorf("the contact belongs to %q, want %s", id, made.Contact)
				}
				if day := x.text(made.Contact, "Birthdate"); day != "1990-05-07" {
					t.Errorf("what only contacts have was not filled: %q", day)
				}
				x.write(contact, map[string]string{"lastName": "Lim"})
				x.pair("an answer after the conversion", made.Contact, contact)
				x.edit(made.Contact, map[string]any{"FirstName": "Ann"})
				x.pair("an edit after the conversion", made.Contact, contact)
				if err := x.sim.org.Delete("Lead", lead); err != nil {
					t.Fatal(err)
				}
				x.agrees("after a conversion")
				if _, err := x.sim.crm.Contact(contact); err != nil {
					t.Error("the contact went with the lead")
				}
			})
		})
	}
}

func TestBridge_FollowsALeadThatIsFoundToBeReadOnly(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 32}, withLeads, func(t *testing.T, x *ordeal) {
		lead, contact := x.lead("mei@example.com")
		x.sim.org.Stall()
		made := x.convert(lead, fakeorg.ConvertTo{})
		x.write(contact, map[string]string{"lastName": "Lim"})
		x.until("the answer is at the contact", time.Minute, func() bool { return x.text(made.Contact, "LastName") == "Lim" })
		x.sim.org.Unstall()
		x.pair("once the stream tells", made.Contact, contact)
		x.agrees("after a conversion that nobody told of")
		if x.count("new@example.com") != 1 {
			t.Errorf("%d contacts", x.count("new@example.com"))
		}
	})
}

func TestBridge_KeepsTheContactOfWhomALeadIsConvertedInto(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 33}, withLeads, func(t *testing.T, x *ordeal) {
		person, hers := x.person("May", "Tan", "may@example.com")
		lead, other := x.lead("mei@example.com")
		account, err := x.sim.org.Create("Account", map[string]any{"Name": "Tan Ltd"})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.sim.org.Update("Contact", person, map[string]any{"AccountId": account}); err != nil {
			t.Fatal(err)
		}
		x.convert(lead, fakeorg.ConvertTo{Account: account, Contact: person})
		time.Sleep(10 * time.Second)
		x.write(other, map[string]string{"lastName": "Nobody"})
		x.write(hers, map[string]string{"lastName": "Lim"})
		x.pair("an answer of the contact that stayed", person, hers)
		if x.text(person, "LastName") != "Lim" {
			t.Error("the contact of the lead still writes")
		}
		if _, err := x.sim.crm.Contact(other); err != nil {
			t.Error("the contact of the lead was deleted")
		}
		x.buried("after two met", 0)
	})
}

// withPersons has the project carry person accounts beside contacts.
func withPersons(cfg *Config) {
	p := cfg.Projects["support"]
	persons := p.Transfers[0]
	persons.Name, persons.Object, persons.Key = "persons", "Account", ""
	persons.Set = map[string]any{"RecordTypeId": bridge.LongID("012000000000P01")}
	rename := func(pairs []PairConfig) (all []PairConfig) {
		for _, f := range pairs {
			switch f.Salesforce {
			case "Email", "MobilePhone", "Birthdate":
				f.Salesforce = "Person" + f.Salesforce
			}
			all = append(all, f)
		}
		return all
	}
	persons.Identity, persons.Fields = rename(persons.Identity), rename(persons.Fields)
	contacts := p.Transfers[0]
	contacts.NoMatchOutbound = "skip"
	p.Transfers = append([]TransferConfig{persons, contacts}, p.Transfers[1:]...)
}

func personOrg() fakeorg.Options {
	s := simSeed()
	s.PersonAccounts = true
	return fakeorg.Options{Seed: s}
}

func TestBridge_CarriesAPersonAccountOnce(t *testing.T) {
	t.Parallel()
	for _, order := range []string{fakeorg.TwinsAccountFirst, fakeorg.TwinsContactFirst, fakeorg.TwinsShuffled} {
		t.Run(order, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { aPerson(t, order) }) })
	}
}

func aPerson(t *testing.T, order string) {
	b := newBench(t, simOptions{seed: 34, org: personOrg()}, withPersons)
	defer b.close()
	b.start()
	org, crm := b.sim.org, b.sim.crm
	org.SetTwins(fakeorg.Twins{Order: order, Delay: 700 * time.Millisecond})
	account, err := org.Create("Account", map[string]any{"RecordTypeId": org.PersonRecordType(), "FirstName": "Mei", "LastName": "Tan", "PersonEmail": "mei@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	b.until("she is on the platform", time.Minute, func() bool { return len(contacts(crm, "email", "mei@example.com")) > 0 })
	time.Sleep(10 * time.Second)
	if err := org.Update("Account", account, map[string]any{"PersonMobilePhone": "+60123450001", "LastName": "Lim"}); err != nil {
		t.Fatal(err)
	}
	same := func(field, attribute string) func() bool {
		return func() bool {
			row, _ := org.Row("Account", account)
			all := contacts(crm, "email", "mei@example.com")
			return len(all) == 1 && fmt.Sprint(row[field]) == all[0].Get(attribute)
		}
	}
	b.until("her phone is there", time.Minute, same("PersonMobilePhone", "phone"))
	b.until("her name is there", time.Minute, same("LastName", "lastName"))
	if _, err := crm.Edit(contacts(crm, "email", "mei@example.com")[0].ID, map[string]string{"lastName": "Ng"}); err != nil {
		t.Fatal(err)
	}
	b.until("the answer is there", time.Minute, func() bool { row, _ := org.Row("Account", account); return row["LastName"] == "Ng" })
	crm.Create(map[string]string{"firstName": "Ann", "lastName": "Lee", "email": "ann@example.com"})
	ann := func() (people []string) {
		for _, r := range org.Rows("Account") {
			if r["PersonEmail"] == "ann@example.com" && r["IsPersonAccount"] == true {
				people = append(people, fmt.Sprint(r["Id"]))
			}
		}
		return people
	}
	b.until("somebody of the platform became a person", time.Minute, func() bool { return len(ann()) == 1 })
	time.Sleep(time.Minute)
	if n := len(contacts(crm, "email", "ann@example.com")); n != 1 || len(ann()) != 1 {
		t.Errorf("%d contacts and %v accounts", n, ann())
	}
	if n := len(contacts(crm, "email", "mei@example.com")); n != 1 {
		t.Errorf("%d contacts of one person", n)
	}
	asked := len(crm.Requests())
	time.Sleep(5 * time.Minute)
	if n := len(crm.Requests()) - asked; n > 0 {
		t.Errorf("%d calls while nobody edits", n)
	}
}

// TestBridge_WritesManyPersonAccountsInFewCalls: persons are rows of Account like any others, made of their record type and changed in company. What they
// are called is never written as a Name, and none of them is a second time there as a contact.
func TestBridge_WritesManyPersonAccountsInFewCalls(t *testing.T) {
	t.Parallel()
	const people = 150
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 35, org: personOrg()}, func(c *Config) {
			withPersons(c)
			c.Orgs["acme"].Linger = "1s"
		})
		defer b.close()
		b.start()
		persons := func(last string) (n int) {
			for _, r := range b.sim.org.Rows("Account") {
				if r["IsPersonAccount"] == true && r["LastName"] == last && r["RecordTypeId"] == b.sim.org.PersonRecordType() && r["Name"] == "Mei "+last {
					n++
				}
			}
			return n
		}
		writes := func(what string, done func() bool) {
			before, n := len(b.sim.org.Calls()), 0
			b.until(what, 10*time.Minute, done)
			time.Sleep(2 * time.Minute)
			for _, c := range b.sim.org.Calls()[before:] {
				if c.Method != http.MethodGet && strings.Contains(c.Path, "/composite/sobjects") && !strings.HasSuffix(c.Path, "/composite/sobjects/Account") {
					n++
				} else if c.Method != http.MethodGet && strings.Contains(c.Path, "/sobjects/") && !strings.Contains(c.Path, "/composite/") {
					t.Errorf("%s: a row by itself: %s %s", what, c.Method, c.Path)
				}
			}
			t.Logf("%s: %d writes for %d persons at linger 1s", what, n, people)
			if n < 1 || n > 4 {
				t.Errorf("%s: %d writes for %d persons", what, n, people)
			}
		}
		for i := range people {
			b.sim.crm.Create(map[string]string{"firstName": "Mei", "lastName": "Tan", "email": email(i)})
		}
		writes("persons are made", func() bool { return persons("Tan") == people })
		for _, c := range b.sim.crm.Contacts() {
			if _, err := b.sim.crm.Edit(c.ID, map[string]string{"lastName": "Lim"}); err != nil {
				t.Fatal(err)
			}
		}
		writes("persons are changed", func() bool { return persons("Lim") == people })
		if n, m := len(b.sim.org.Rows("Account")), len(b.sim.crm.Contacts()); n != people || m != people {
			t.Errorf("%d accounts and %d contacts of %d persons", n, m, people)
		}
		if all := b.buriedFor(); len(all) > 0 {
			t.Errorf("buried: %q", all)
		}
	})
}
