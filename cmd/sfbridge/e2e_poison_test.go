package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// synctestBench runs a test of a daemon that nobody has started yet.
func synctestBench(t *testing.T, o simOptions, change func(*Config), test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, o, change)
		defer b.close()
		test(t, b)
	})
}

func TestBridge_BuriesWhatSalesforceRefusesWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 40}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		const sentence = "A last name may not be Nobody."
		x.sim.org.AfterSave("Contact", func(tx *fakeorg.Tx, id string) error {
			if row, _ := tx.Row("Contact", id); row["LastName"] == "Nobody" {
				return &fakeorg.Error{Status: 400, Code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", Message: sentence, Fields: []string{"LastName"}}
			}
			return nil
		})
		x.write(contact, map[string]string{"lastName": "Nobody"})
		for range 30 {
			if _, err := x.c.work(bridge.Outbound, true); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
		}
		x.until("the others' edits arrive", time.Minute, x.c.settled)
		letters := x.buried("after a refused name", 1)
		if len(letters) == 1 && !strings.Contains(letters[0].Reason, sentence) {
			t.Errorf("the reason is %q", letters[0].Reason)
		}
		if x.text(record, "LastName") != "Tan" {
			t.Error("the refused name is in Salesforce")
		}
		if n, err := x.app.store.Redrive(t.Context(), letters[0].ID); n != 1 || err != nil {
			t.Fatalf("redrove %d: %v", n, err)
		}
		time.Sleep(5 * time.Second)
		letters = x.buried("after a redrive in vain", 1)
		x.write(contact, map[string]string{"lastName": "Lim"})
		x.pair("a better name", record, contact)
		for range 2 {
			if _, err := x.app.store.Redrive(t.Context(), letters[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
		x.agrees("after the redrive")
		if x.text(record, "LastName") != "Lim" {
			t.Error("the redrive brought the refused name back")
		}
	})
}

func TestBridge_WritesAnActivityOnceThoughAnswersAreLost(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 41}, nil, func(t *testing.T, x *ordeal) {
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Share: 0.5, Seed: 2, Cut: fakeorg.CutAfter})
		for i := range 12 {
			if err := x.sim.crm.CloseConversation(x.c.people[i%6].contact, "Sales", "closed"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		x.heal()
		x.agrees("after lost answers")
		if n := len(x.sim.org.Rows("Task")); n != 12 {
			t.Errorf("%d tasks for 12 conversations", n)
		}
	})
}

func TestBridge_AsksAPersonWhereAnActivityWithoutAKeyMayHaveBeenWritten(t *testing.T) {
	t.Parallel()
	keyless := func(cfg *Config) { cfg.Projects["support"].Transfers[1].Key = "" }
	undergo(t, simOptions{seed: 42}, keyless, func(t *testing.T, x *ordeal) {
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Times: 1, Cut: fakeorg.CutAfter})
		if err := x.sim.crm.CloseConversation(x.c.people[0].contact, "Sales", "closed"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		x.buried("after a lost answer", 1)
		x.heal()
		if err := x.sim.crm.CloseConversation(x.c.people[0].contact, "Sales", "again"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := len(x.sim.org.Rows("Task")); n != 2 {
			t.Errorf("%d tasks for two conversations", n)
		}
		x.buried("after another conversation", 1)
		x.ends("after a lost answer")
	})
}

func TestBridge_GivesUpAWriteOfUnknownOutcomeWhoseRecordIsDeleted(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 43}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Cut: fakeorg.CutBefore})
		x.write(contact, map[string]string{"lastName": "Lim"})
		x.until("the write is cut", time.Minute, func() bool { return x.text(record, "LastName") == "Tan" && x.struck() })
		if err := x.sim.org.Delete("Contact", record); err != nil {
			t.Fatal(err)
		}
		x.heal()
		time.Sleep(time.Minute)
		x.agrees("after a write to a deleted record")
	})
}

// struck reports whether a fault of Salesforce has struck.
func (x *ordeal) struck() bool {
	for _, c := range x.sim.org.Calls() {
		if c.Fault {
			return true
		}
	}
	return false
}
