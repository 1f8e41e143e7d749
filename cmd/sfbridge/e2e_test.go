package main

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestBridge_CarriesAContactBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{}, nil)
		defer b.close()
		b.start()

		id, err := b.sim.org.Create("Contact", map[string]any{"FirstName": "Mei", "LastName": "Tan", "Email": "mei@example.com", "MobilePhone": "+60 12-345 6789"})
		if err != nil {
			t.Fatal(err)
		}
		b.until("a new contact is on the platform", time.Minute, func() bool { return b.byEmail("mei@example.com") != nil })
		c := b.byEmail("mei@example.com")
		if c.Get("phone") != "+60123456789" || c.Get("custom.salesforce_id") != id || c.Tags[0] != "salesforce" {
			t.Errorf("the contact is %+v", c)
		}

		if _, err := b.sim.crm.Edit(c.ID, map[string]string{"lastName": "Tan-Lim"}); err != nil {
			t.Fatal(err)
		}
		b.until("the platform's edit is in Salesforce", time.Minute, func() bool {
			r, _ := b.sim.org.Row("Contact", id)
			return r["LastName"] == "Tan-Lim"
		})

		if err := b.sim.org.Update("Contact", id, map[string]any{"FirstName": nil, "LastName": "Lim"}); err != nil {
			t.Fatal(err)
		}
		b.until("Salesforce's edit is on the platform", time.Minute, func() bool {
			c := b.byEmail("mei@example.com")
			return c.Get("lastName") == "Lim" && c.Get("firstName") == ""
		})

		made := b.sim.crm.Create(map[string]string{"firstName": "Ann", "email": "ann@example.com", "phone": "+886912345678"})
		b.until("a contact of the platform is in Salesforce", time.Minute, func() bool {
			r := b.record("ann@example.com")
			return r != nil && r["LastName"] == "-" && r["FirstName"] == "Ann"
		})
		if err := b.sim.crm.CloseConversation(made.ID, "Sales", "Asked for stock."); err != nil {
			t.Fatal(err)
		}
		b.until("a closed conversation is a task of the contact", time.Minute, func() bool {
			for _, task := range b.sim.org.Rows("Task") {
				if task["Subject"] == "Sales" && task["WhoId"] == b.record("ann@example.com")["Id"] {
					return true
				}
			}
			return false
		})
		time.Sleep(2 * time.Minute)
		before := b.sim.org.APICalls()
		requests := len(b.sim.crm.Requests())
		time.Sleep(10 * time.Minute)
		if n := b.sim.org.APICalls() - before; n > 0 {
			t.Errorf("%d calls to Salesforce while nobody edits", n)
		}
		if n := len(b.sim.crm.Requests()) - requests; n > 0 {
			t.Errorf("%d calls to the platform while nobody edits", n)
		}
	})
}
