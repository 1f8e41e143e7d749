package main

import (
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/pubsub/fakeorg"
)

// crowded is how many contacts change at once.
const crowded = 1000

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
		time.Sleep(5 * time.Minute)
		b.sim.org.AddFault(fakeorg.Fault{Path: "/services/data", Delay: fakeorg.Duration(40 * time.Millisecond)})
		for _, c := range []struct {
			linger string
			most   int
		}{{"1s", 6}, {"0s", 20}} {
			b.stop()
			b.cfg.Orgs["acme"].Linger = c.linger
			b.start()
			calls := b.changeAll("After " + c.linger)
			t.Logf("linger %s, 40 ms a call: %d calls for %d changed contacts", c.linger, len(calls), crowded)
			if len(calls) > c.most {
				t.Errorf("linger %s: %d calls, want %d at most: %q", c.linger, len(calls), c.most, calls)
			}
		}
	})
}

// changeAll has every contact changed on the platform at once, and answers the calls that brought it to Salesforce.
func (b *bench) changeAll(name string) (calls []string) {
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
	time.Sleep(5 * time.Minute)
	for _, c := range b.sim.org.Calls()[before:] {
		if c.Counted {
			calls = append(calls, c.Method+" "+c.Path)
		}
	}
	return calls
}
