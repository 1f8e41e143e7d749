package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/store"
)

// leadTransfer makes leads of those for whom the contacts' transfer finds no account.
func leadTransfer() TransferConfig {
	t := TransferConfig{
		Name: "leads", Object: "Lead", Identity: []PairConfig{{Salesforce: "Email", Platform: "email", Format: "email"}},
		Fields: []PairConfig{
			{Salesforce: "LastName", Platform: "lastName", Default: "-"}, {Salesforce: "Email", Platform: "email", Format: "email"},
			{Salesforce: "Company", Platform: "custom.company", Default: "-"},
		},
	}
	t.byDefault()
	t.Direction, t.NoMatchOutbound = "outbound", "create"
	return t
}

// creating is a bench whose contacts are created under rules; change alters the transfer.
func creating(t *testing.T, change func(*TransferConfig), test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		seed := simSeed()
		seed.Users = []fakeorg.UserSeed{
			{ID: "005000000000091", Username: "left@acme.example", Inactive: true}, {ID: "005000000000094", Username: "ann@acme.example"},
		}
		fields := []respondiotest.Field{{Name: "salesforce_id"}, {Name: "company"}, {Name: "agent"}, {Name: "birthday"}}
		b := newBench(t, simOptions{org: fakeorg.Options{Seed: seed}, fields: fields}, func(c *Config) {
			p := c.Projects["support"]
			p.Transfers = append(p.Transfers, leadTransfer())
			change(&p.Transfers[0])
		})
		defer b.close()
		b.start()
		test(b)
	})
}

// reasons are what the stories say.
func (b *bench) reasons() string {
	b.t.Helper()
	lines, err := b.app.store.Stories(b.t.Context(), store.StoryFilter{}, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	var all strings.Builder
	for _, l := range lines {
		all.WriteString(l.Reason + "\n")
	}
	return all.String()
}

func TestBridge_GivesACreatedContactItsAccountOrMakesALead(t *testing.T) {
	t.Parallel()
	creating(t, func(t *TransferConfig) {
		t.Account = AccountConfig{Salesforce: "Name", Platform: "custom.company", Otherwise: "lead"}
	}, func(b *bench) {
		acme, err := b.sim.org.Create("Account", map[string]any{"Name": "Acme"})
		if err != nil {
			b.t.Fatal(err)
		}
		b.sim.crm.Create(map[string]string{"firstName": "Ann", "email": "ann@x.example", "custom.company": "Acme"})
		stray := b.sim.crm.Create(map[string]string{"lastName": "Bo", "email": "bo@x.example", "custom.company": "Nobody Ltd"})
		b.sim.crm.Create(map[string]string{"lastName": "Cy", "email": "cy@x.example"})
		b.until("one contact and two leads are made", time.Minute, func() bool {
			return b.record("ann@x.example") != nil && len(b.sim.org.Rows("Lead")) == 2
		})
		if got := b.record("ann@x.example")["AccountId"]; got != acme {
			b.t.Errorf("account %v, want %s", got, acme)
		}
		if _, err := b.sim.crm.Edit(stray.ID, map[string]string{"lastName": "Bolt"}); err != nil {
			b.t.Fatal(err)
		}
		b.until("the lead takes later edits", time.Minute, func() bool {
			for _, r := range b.sim.org.Rows("Lead") {
				if r["Email"] == "bo@x.example" {
					return r["LastName"] == "Bolt"
				}
			}
			return false
		})
		time.Sleep(5 * time.Minute)
		if n, m := len(b.sim.org.Rows("Contact")), len(b.sim.org.Rows("Lead")); n != 1 || m != 2 {
			b.t.Errorf("%d contacts and %d leads, want 1 and 2", n, m)
		}
	})
}

func TestBridge_MakesLeadsOfAllWhereNoContactShallBeMade(t *testing.T) {
	t.Parallel()
	creating(t, func(t *TransferConfig) { t.Account = AccountConfig{Otherwise: "lead"} }, func(b *bench) {
		b.sim.crm.Create(map[string]string{"lastName": "Bo", "email": "bo@x.example", "custom.company": "Acme"})
		b.until("a lead is made", time.Minute, func() bool { return len(b.sim.org.Rows("Lead")) == 1 })
		time.Sleep(time.Minute)
		if n, m := len(b.sim.org.Rows("Contact")), len(b.sim.org.Rows("Lead")); n != 0 || m != 1 {
			b.t.Errorf("%d contacts and %d leads, want 0 and 1", n, m)
		}
	})
}

func TestBridge_NamesAnOwnerWhoCannotOwn(t *testing.T) {
	t.Parallel()
	creating(t, func(t *TransferConfig) { t.OwnerFrom, t.Owner = "custom.agent", "ann@acme.example" }, func(b *bench) {
		b.sim.crm.Create(map[string]string{"lastName": "Tan", "email": "tan@x.example", "custom.agent": "left@acme.example"})
		b.until("the contact is made", time.Minute, func() bool { return b.record("tan@x.example") != nil })
		time.Sleep(time.Minute)
		if got := b.record("tan@x.example")["OwnerId"]; !strings.HasPrefix(got.(string), "005000000000094") {
			b.t.Errorf("owner %v", got)
		}
		if said := b.reasons(); !strings.Contains(said, "user 005000000000091AAA is inactive") {
			b.t.Errorf("no story names who could not own: %s", said)
		}
	})
}

func TestBridge_LinksTheMatchOfADuplicateRule(t *testing.T) {
	t.Parallel()
	creating(t, func(t *TransferConfig) { t.OnDuplicate = "link" }, func(b *bench) {
		there, err := b.sim.org.Create("Contact", map[string]any{"LastName": "Tan", "Title": "VIP"})
		if err != nil {
			b.t.Fatal(err)
		}
		b.sim.org.SetDuplicateRules(fakeorg.DuplicateRule{Object: "Contact", Fields: []string{"LastName"}})
		b.sim.crm.Create(map[string]string{"lastName": "Tan", "email": "tan@x.example"})
		b.until("the match has what the contact says", 2*time.Minute, func() bool {
			row, _ := b.sim.org.Row("Contact", there)
			return row["Email"] == "tan@x.example"
		})
		time.Sleep(5 * time.Minute)
		if n := len(b.sim.org.Rows("Contact")); n != 1 {
			b.t.Errorf("%d contacts, want one", n)
		}
		if letters, err := b.app.store.DeadLetters(b.t.Context(), store.LetterFilter{}, 10); err != nil || len(letters) > 0 {
			b.t.Errorf("buried: %v, %v", letters, err)
		}
	})
}

func TestBridge_HasOneParentInOneCallAtATime(t *testing.T) {
	t.Parallel()
	many := crowdOf(t, 300)
	creating(t, func(*TransferConfig) {}, func(b *bench) {
		acme, err := b.sim.org.Create("Account", map[string]any{"Name": "Acme"})
		if err != nil {
			b.t.Fatal(err)
		}
		b.stop()
		b.cfg.Projects["support"].Transfers[0].Account.ID = acme
		b.sim.org.Labour(2 * time.Second)
		b.start()
		for i := range many {
			b.sim.crm.Create(map[string]string{"lastName": "Tan", "email": email(i)})
		}
		b.until("all contacts are made", 10*time.Minute, func() bool { return len(b.sim.org.Rows("Contact")) == many })
		if n := b.sim.org.Clashes(); n != 0 {
			b.t.Errorf("%d rows met a lock of another call", n)
		}
	})
}
