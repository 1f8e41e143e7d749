package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

func TestBridge_FollowsAutomationThatRewritesWhatItWrites(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 30}, nil, func(t *testing.T, x *ordeal) {
		x.sim.org.OnSave("Contact", func(values map[string]any) {
			if s, ok := values["FirstName"].(string); ok {
				values["FirstName"] = strings.ToUpper(s)
			}
		})
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.write(contact, map[string]string{"firstName": "lena"})
		x.pair("a name that is rewritten", record, contact)
		x.agrees("after a rewrite")
		x.write(contact, map[string]string{"firstName": "lena "})
		x.write(contact, map[string]string{"firstName": "Lena"}) // saved as what it was: no event tells
		x.pair("a name that is rewritten to what it was", record, contact)
		x.agrees("after a rewrite without an event")
		x.clash(40, time.Second)
		x.until("everybody's name is rewritten", 2*time.Minute, func() bool { all, _ := x.c.unequal(); return len(all) == 0 })
		x.agrees("after many rewrites")
	})
}

func TestBridge_CarriesWhatChangedOutsideTheConditionOnReturn(t *testing.T) {
	t.Parallel()
	only := func(cfg *Config) { cfg.Projects["support"].Transfers[0].Condition = `sf.Department != "hidden"` }
	undergo(t, simOptions{seed: 31}, only, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.edit(record, map[string]any{"Department": "hidden"})
		time.Sleep(5 * time.Second)
		x.edit(record, map[string]any{"FirstName": "Secret"})
		time.Sleep(5 * time.Second)
		if x.attribute(contact, "firstName") != "Mei" {
			t.Error("a record outside the condition was carried")
		}
		x.restart()
		x.edit(record, map[string]any{"Department": "sales"})
		x.pair("what changed meanwhile", record, contact)
		x.agrees("after a return")
	})
}

func TestBridge_MapsByExpressionsBothWays(t *testing.T) {
	t.Parallel()
	mapped := func(cfg *Config) {
		tr := &cfg.Projects["support"].Transfers[0]
		for i := range tr.Fields {
			if tr.Fields[i].Salesforce == "LastName" {
				tr.Fields[i].Inbound = `sf.LastName + " (" + (sf.Title == null ? "" : sf.Title) + ")"`
				tr.Fields[i].Outbound = `part(contact.lastName, " (", 1)`
			}
		}
	}
	undergo(t, simOptions{seed: 32}, mapped, func(t *testing.T, x *ordeal) {
		record, err := x.sim.org.Create("Contact", map[string]any{"FirstName": "Mei", "LastName": "Tan", "Title": "Dr", "Email": "mei@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		x.until("she is there", time.Minute, func() bool { return x.byEmail("mei@example.com") != nil })
		contact := x.byEmail("mei@example.com").ID
		if got := x.attribute(contact, "lastName"); got != "Tan (Dr)" {
			t.Errorf("the last name is %q", got)
		}
		x.edit(record, map[string]any{"Title": "Prof"})
		x.until("the title is carried", time.Minute, func() bool { return x.attribute(contact, "lastName") == "Tan (Prof)" })
		x.write(contact, map[string]string{"lastName": "Lim"})
		x.until("the platform's name is in Salesforce", time.Minute, func() bool { return x.text(record, "LastName") == "Lim" })
		time.Sleep(3 * time.Minute) // the hole before the first event is filled as well
		if got := x.attribute(contact, "lastName"); got != "Lim (Prof)" && got != "Lim" {
			t.Errorf("the last name is %q", got)
		}
		x.quiet("after mapped edits")
		x.buried("after mapped edits", 0)
	})
}

func TestBridge_SendsNothingThroughAShadowTransfer(t *testing.T) {
	t.Parallel()
	shadow := func(cfg *Config) {
		for i := range cfg.Projects["support"].Transfers {
			cfg.Projects["support"].Transfers[i].Shadow = true
		}
	}
	synctestBench(t, simOptions{seed: 33}, shadow, func(t *testing.T, b *bench) {
		b.start()
		record, err := b.sim.org.Create("Contact", map[string]any{"LastName": "Tan", "Email": "mei@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		c := b.sim.crm.Create(map[string]string{"firstName": "Ann", "email": "ann@example.com"})
		same := b.sim.crm.Create(map[string]string{"firstName": "May", "email": "mei@example.com"})
		time.Sleep(10 * time.Second)
		if err := b.sim.org.Update("Contact", record, map[string]any{"LastName": "Lim"}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.sim.crm.Edit(same.ID, map[string]string{"lastName": "Other"}); err != nil {
			t.Fatal(err)
		}
		if err := b.sim.crm.CloseConversation(c.ID, "Sales", "none"); err != nil {
			t.Fatal(err)
		}
		if err := b.sim.org.Delete("Contact", record); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for _, r := range b.sim.crm.Requests() {
			if slices.Contains([]string{"create", "update", "upsert", "delete", "tag"}, r.Op) {
				t.Errorf("a shadow transfer called %s %s", r.Method, r.Path)
			}
		}
		if n := len(b.sim.org.Rows("Contact")) + len(b.sim.org.Rows("Task")); n > 0 {
			t.Errorf("a shadow transfer wrote %d rows", n)
		}
	})
}

func TestBridge_TakesWebhooksWhileSalesforceIsAwayAndCarriesThemLater(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 34}, nil, func(t *testing.T, x *ordeal) {
		x.sim.org.AddFault(fakeorg.Fault{Path: "/", Cut: fakeorg.CutBefore})
		for range 20 {
			if _, err := x.c.work(bridge.Outbound, true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		if _, waiting, dropped := x.sim.crm.Webhooks(); waiting+dropped > 0 {
			t.Errorf("%d webhooks wait and %d were dropped while Salesforce is away", waiting, dropped)
		}
		x.heal()
		x.until("all edits are in Salesforce", 20*time.Minute, x.c.settled)
		x.clash(20, time.Second)
		x.agrees("after Salesforce is back")
	})
}

func TestBridge_WaitsOutTheDailyLimit(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 35}, nil, func(t *testing.T, x *ordeal) {
		x.sim.org.LimitAPI(int(x.sim.org.APICalls()))
		x.clash(30, time.Second)
		time.Sleep(3 * time.Hour)
		if _, waiting, dropped := x.sim.crm.Webhooks(); waiting+dropped > 0 {
			t.Errorf("%d webhooks wait and %d were dropped under the daily limit", waiting, dropped)
		}
		x.buried("under the daily limit", 0)
		x.sim.org.LimitAPI(1_000_000)
		time.Sleep(time.Hour + 20*time.Minute)
		x.clash(30, time.Second)
		x.agrees("after the daily limit")
	})
}

func TestBridge_TagsWhomItCreatesThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 36}, nil, func(t *testing.T, x *ordeal) {
		x.sim.crm.SetFaults(respondiotest.Faults{Lose: 0.4})
		for range 15 {
			if err := x.c.join(bridge.Inbound); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond)
		}
		x.heal()
		x.agrees("after lost answers")
		for _, p := range x.c.people {
			c, _ := x.sim.crm.Contact(p.contact)
			if p.last["Email"].way == bridge.Inbound && !slices.Contains(c.Tags, "salesforce") {
				t.Errorf("contact %d has no tag", p.contact)
			}
		}
	})
}
