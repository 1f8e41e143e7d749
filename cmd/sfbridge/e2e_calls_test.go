package main

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/pubsub/fakeorg"
)

// How many contacts change at once, and how many are new at once.
const (
	crowded = 1000
	arrived = 300
)

func TestBridge_BringsAThousandChangedContactsToSalesforceInFewCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{}, nil)
		defer b.close()
		b.start()
		for i := range crowded {
			if _, err := b.sim.org.Create("Contact", map[string]any{"LastName": "Before", "Email": email(i)}); err != nil {
				t.Fatal(err)
			}
		}
		b.until("all contacts are on the platform", 10*time.Minute, func() bool { return len(b.sim.crm.Contacts()) == crowded })
		time.Sleep(2 * time.Minute)
		b.sim.org.AddFault(fakeorg.Fault{Path: "/services/data", Delay: fakeorg.Duration(40 * time.Millisecond)})
		for _, c := range []struct {
			linger string
			most   int
		}{{"0s", 20}, {"1s", 6}} {
			b.stop()
			b.cfg.Orgs["acme"].Linger = c.linger
			b.start()
			calls := b.changeAll("After " + c.linger)
			t.Logf("linger %s, 40 ms a call: %d calls for %d changed contacts", c.linger, len(calls), crowded)
			if len(calls) > c.most {
				t.Errorf("linger %s: %d calls, want %d at most: %q", c.linger, len(calls), c.most, calls)
			}
		}
		calls := b.createMany()
		t.Logf("linger 1s, 40 ms a call: %d calls for %d new contacts, each looked for by id, e-mail and phone", len(calls), arrived)
		if len(calls) > 90 {
			t.Errorf("%d calls for %d new contacts: %q", len(calls), arrived, calls)
		}
	})
}

// createMany has as many contacts made on the platform at once, and answers the calls that brought them to Salesforce.
func (b *bench) createMany() []string {
	b.t.Helper()
	before, there := len(b.sim.org.Calls()), len(b.sim.org.Rows("Contact"))
	for i := range arrived {
		b.sim.crm.Create(map[string]string{"lastName": "New", "email": "new." + email(i), "phone": fmt.Sprintf("+6012%07d", i)})
	}
	b.until("all are in Salesforce", 10*time.Minute, func() bool { return len(b.sim.org.Rows("Contact")) == there+arrived })
	time.Sleep(2 * time.Minute)
	if n := len(b.sim.org.Rows("Contact")) - there; n != arrived {
		b.t.Errorf("%d records for %d contacts", n, arrived)
	}
	return b.counted(before)
}

// changeAll has every contact changed on the platform at once, and answers the calls that brought it to Salesforce.
func (b *bench) changeAll(name string) []string {
	b.t.Helper()
	before := len(b.sim.org.Calls())
	for _, c := range b.sim.crm.Contacts() {
		if _, err := b.sim.crm.Edit(c.ID, map[string]string{"lastName": name}); err != nil {
			b.t.Fatal(err)
		}
	}
	b.until("all changes are in Salesforce", 10*time.Minute, func() bool {
		for _, r := range b.sim.org.Rows("Contact") {
			if r["LastName"] != name {
				return false
			}
		}
		return true
	})
	time.Sleep(2 * time.Minute)
	return b.counted(before)
}

// counted are the calls that cost something since the first so many.
func (b *bench) counted(before int) (calls []string) {
	for _, c := range b.sim.org.Calls()[before:] {
		if c.Counted {
			calls = append(calls, c.Method+" "+c.Path)
		}
	}
	return calls
}
