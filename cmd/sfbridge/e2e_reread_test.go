package main

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/store"
)

// formulaSeed is an org whose contacts and accounts have a formula.
func formulaSeed() *fakeorg.Seed {
	s := simSeed()
	s.Objects = append(s.Objects,
		fakeorg.ObjectSeed{Name: "Contact", Fields: []fakeorg.FieldSeed{{Name: "Grade__c", Type: "string", Length: 80, Formula: true}}},
		fakeorg.ObjectSeed{Name: "Account", Fields: []fakeorg.FieldSeed{{Name: "Tier__c", Type: "string", Length: 80, Formula: true}}},
	)
	return s
}

// graded runs a test of contacts whose grade, which is a formula, is the company on the platform, and is read again every hour.
func graded(t *testing.T, change func(*TransferConfig), test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fields := []respondiotest.Field{{Name: "salesforce_id"}, {Name: "company"}, {Name: "birthday"}}
		b := newBench(t, simOptions{seed: 73, fields: fields, org: fakeorg.Options{Seed: formulaSeed()}}, func(c *Config) {
			tr := &c.Projects["support"].Transfers[0]
			tr.Fields = append(tr.Fields, PairConfig{Platform: "custom.company", Direction: string(bridge.Inbound), Salesforce: "Grade__c"})
			tr.Reread = "1h"
			if change != nil {
				change(tr)
			}
		})
		defer b.close()
		b.start()
		test(b)
	})
}

// grades has formulas come to other values, of which no event tells.
func (b *bench) grades(object, record string, fields map[string]any) {
	b.t.Helper()
	if err := b.sim.org.Recompute(object, record, fields); err != nil {
		b.t.Fatal(err)
	}
}

// rereads are the calls that read records by their ids since the first n calls, and all other data calls.
func (b *bench) rereads(n int) (reads, others []string) {
	for _, call := range b.counted(n) {
		switch {
		case strings.Contains(call, "/composite/sobjects/") || strings.Contains(call, "Id+IN") || strings.Contains(call, "Id%20IN"):
			reads = append(reads, call)
		case !strings.Contains(call, "/describe"):
			others = append(others, call)
		}
	}
	return reads, others
}

func TestBridge_CarriesAFormulaThatChangesWithoutAnEvent(t *testing.T) {
	t.Parallel()
	graded(t, nil, func(b *bench) {
		var records []string
		for _, email := range []string{"a@x.example", "b@x.example", "c@x.example"} {
			records = append(records, b.child(email, nil))
		}
		b.until("all are on the platform", time.Minute, func() bool { return len(b.sim.crm.Contacts()) == 3 })
		time.Sleep(90 * time.Minute) // what was unknown of them is read by now
		before, requests := len(b.sim.org.Calls()), len(b.sim.crm.Requests())
		b.grades("Contact", records[1], map[string]any{"Grade__c": "A"})
		time.Sleep(time.Second)
		if got := b.company("b@x.example"); got != "" {
			b.t.Fatalf("the company is %q, and nobody has read it", got)
		}
		time.Sleep(time.Hour + time.Minute)
		b.companies("the new value is there, and no other", map[string]string{"a@x.example": "", "b@x.example": "A", "c@x.example": ""})
		reads, others := b.rereads(before)
		if len(reads) != 1 || len(others) > 0 {
			b.t.Errorf("one page was read by %q, and %q", reads, others)
		}
		if n := len(b.sim.crm.Requests()) - requests; n != 1 {
			b.t.Errorf("%d requests to the platform for one contact", n)
		}

		b.toldOfReread(records[1], "Grade__c")

		before, requests = len(b.sim.org.Calls()), len(b.sim.crm.Requests())
		time.Sleep(8 * time.Hour)
		reads, others = b.rereads(before)
		if len(reads) != 8 || len(others) > 0 {
			b.t.Errorf("eight hours in which nothing changes cost %d reads and %q", len(reads), others)
		}
		if n := len(b.sim.crm.Requests()) - requests; n > 0 {
			b.t.Errorf("%d requests to the platform in eight hours in which nothing changes", n)
		}
		b.grades("Contact", records[1], map[string]any{"Grade__c": nil})
		time.Sleep(time.Hour + time.Minute)
		b.companies("an empty formula empties", map[string]string{"b@x.example": ""})
	})
}

// toldOfReread holds that the last line about a record says that a field was read again, and was sent.
func (b *bench) toldOfReread(record string, field bridge.Field) {
	b.t.Helper()
	lines, err := b.app.store.Stories(b.t.Context(), store.StoryFilter{}, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, l := range lines {
		if string(l.Record) != record || l.Outcome != bridge.Sent {
			continue
		}
		if len(l.Heard) != 1 || l.Heard[0].Kind != bridge.RereadEntry || !slices.Equal(l.Heard[0].Fields, []bridge.Field{field}) {
			b.t.Errorf("the line says %+v", l)
		}
		return
	}
	b.t.Error("no line tells of it")
}

func TestBridge_KeepsTheTimeOfTheNextRereadOverARestart(t *testing.T) {
	t.Parallel()
	graded(t, func(tr *TransferConfig) { tr.Reread = "6h" }, func(b *bench) {
		record := b.child("a@x.example", nil)
		b.until("she is on the platform", time.Minute, func() bool { return len(b.sim.crm.Contacts()) == 1 })
		passed := func() bool {
			r, err := b.app.store.Rereading(b.t.Context(), b.app.orgs["acme"].ID(), "Contact")
			return err == nil && time.Until(r.Due) > 5*time.Hour+50*time.Minute
		}
		time.Sleep(5 * time.Minute) // the hole of the first start is filled, wherever the first time falls
		b.until("she was read again", 7*time.Hour, passed)
		due, err := b.app.store.Rereading(b.t.Context(), b.app.orgs["acme"].ID(), "Contact")
		if err != nil {
			b.t.Fatal(err)
		}
		b.stop()
		b.start()
		before := len(b.sim.org.Calls())
		b.grades("Contact", record, map[string]any{"Grade__c": "A"})
		time.Sleep(time.Until(due.Due) - time.Minute)
		if reads, _ := b.rereads(before); len(reads) > 0 {
			b.t.Errorf("read before it was due: %q", reads)
		}
		time.Sleep(2 * time.Minute)
		b.companies("it was read when it was due", map[string]string{"a@x.example": "A"})

		b.stop()
		b.grades("Contact", record, map[string]any{"Grade__c": "B"})
		time.Sleep(48 * time.Hour)
		before = len(b.sim.org.Calls())
		b.start()
		time.Sleep(20 * time.Minute)
		b.companies("what was due meanwhile is read soon", map[string]string{"a@x.example": "B"})
		if reads, _ := b.rereads(before); len(reads) != 1 {
			b.t.Errorf("eight passes were missed, and the records were read by %q", reads)
		}
	})
}

func TestBridge_BringsWhoMeetsAConditionByAFormulaOnly(t *testing.T) {
	t.Parallel()
	graded(t, func(tr *TransferConfig) { tr.Condition = `sf.Grade__c == "go"` }, func(b *bench) {
		b.child("stays@x.example", nil)
		record := b.child("goes@x.example", nil)
		b.grades("Contact", record, map[string]any{"Grade__c": "slow"})
		time.Sleep(3 * time.Hour)
		if n := len(b.sim.crm.Contacts()); n > 0 {
			b.t.Fatalf("%d contacts are on the platform, and none meets the condition", n)
		}
		b.grades("Contact", record, map[string]any{"Grade__c": "go"})
		b.until("who meets it now is there", 70*time.Minute, func() bool { return b.byEmail("goes@x.example") != nil })
		time.Sleep(3 * time.Hour)
		if n := len(b.sim.crm.Contacts()); n != 1 {
			b.t.Errorf("%d contacts are on the platform, want one", n)
		}
	})
}

func TestBridge_TellsTheChildrenOfAFormulaOfTheirParent(t *testing.T) {
	t.Parallel()
	graded(t, func(tr *TransferConfig) { tr.Fields[len(tr.Fields)-1].Salesforce = "Account.Tier__c" }, func(b *bench) {
		acme := b.account("Acme")
		b.child("a@x.example", acme)
		b.child("b@x.example", acme)
		b.child("c@x.example", b.account("Other"))
		b.until("all are on the platform", time.Minute, func() bool { return len(b.sim.crm.Contacts()) == 3 })
		time.Sleep(2 * time.Hour)
		before := len(b.sim.org.Calls())
		b.grades("Account", acme, map[string]any{"Tier__c": "Gold"})
		time.Sleep(time.Hour + time.Minute)
		b.companies("the children have it", map[string]string{"a@x.example": "Gold", "b@x.example": "Gold", "c@x.example": ""})
		if reads, others := b.rereads(before); len(reads) > 2 || len(others) > 0 {
			b.t.Errorf("read by %q, and %q", reads, others)
		}
	})
}

func TestBridge_ReadsNothingAgainForAShadow(t *testing.T) {
	t.Parallel()
	graded(t, func(tr *TransferConfig) { tr.Shadow = true }, func(b *bench) {
		b.child("a@x.example", nil)
		time.Sleep(5 * time.Minute)
		before := b.sim.org.APICalls()
		time.Sleep(6 * time.Hour)
		if n := b.sim.org.APICalls() - before; n > 0 {
			b.t.Errorf("%d calls for what is not sent", n)
		}
	})
}
