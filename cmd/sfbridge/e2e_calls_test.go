package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/pubsub/fakeorg"
)

// arrived is how many contacts are new at once.
const arrived = 300

func TestBridge_BringsAThousandChangedContactsToSalesforceInFewCalls(t *testing.T) {
	t.Parallel()
	crowded := crowdOf(t, 1000)
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
	})
}

func TestBridge_BringsManyNewContactsToSalesforceInFewCalls(t *testing.T) {
	t.Parallel()
	many := crowdOf(t, arrived)
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{}, nil)
		defer b.close()
		b.start()
		b.sim.org.AddFault(fakeorg.Fault{Path: "/services/data", Delay: fakeorg.Duration(40 * time.Millisecond)})
		for _, c := range []struct {
			linger    string
			one, many int
		}{{"0s", 2, 25}, {"1s", 2, 8}} {
			b.stop()
			b.cfg.Orgs["acme"].Linger = c.linger
			b.start()
			time.Sleep(3 * time.Minute)
			b.createMany(1) // describes are read
			for people, most := range map[int]int{1: c.one, many: c.many} {
				calls, took := b.createMany(people)
				t.Logf("linger %s, 40 ms a call: %d calls and %v for %d new contacts, each looked for by id, e-mail and phone", c.linger, len(calls), took, people)
				if len(calls) > most {
					t.Errorf("linger %s: %d calls for %d new contacts, want %d at most: %q", c.linger, len(calls), people, most, calls)
				}
			}
		}
	})
}

// TestBridge_RemembersOverARestartHowManyRowsTriggersBear: whoever has to learn it anew sends calls of 200 rows that fail.
func TestBridge_RemembersOverARestartHowManyRowsTriggersBear(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{}, func(c *Config) { c.Orgs["acme"].Linger = "1s" })
		defer b.close()
		b.start()
		b.sim.org.LimitChunk("Contact", 20)
		writes := func() (n int) {
			calls, _ := b.createMany(160)
			for _, c := range calls {
				if strings.Contains(c, "/composite/sobjects/Contact") {
					n++
				}
			}
			return n
		}
		learning := writes()
		b.stop()
		b.start()
		time.Sleep(3 * time.Minute)
		known := writes()
		t.Logf("160 new contacts, 20 rows a call at most: %d writes while that is learned, %d after a restart", learning, known)
		if least := 160 / 20; known < least || known > 160/10+2 || known >= learning {
			t.Errorf("%d writes after a restart, %d while it was learned", known, learning)
		}
		if n := len(b.sim.org.Rows("Contact")); n != 320 {
			t.Errorf("%d records", n)
		}
	})
}

// createMany has so many contacts made on the platform at once, and answers the calls that brought them to Salesforce and how long it took.
func (b *bench) createMany(people int) ([]string, time.Duration) {
	b.t.Helper()
	before, there, began := len(b.sim.org.Calls()), len(b.sim.org.Rows("Contact")), time.Now()
	for i := range people {
		id := fmt.Sprintf("%07d", there+i)
		b.sim.crm.Create(map[string]string{"lastName": "New", "email": "new." + id + "@example.com", "phone": "+6012" + id})
	}
	b.until("all are in Salesforce", 10*time.Minute, func() bool { return len(b.sim.org.Rows("Contact")) == there+people })
	took := time.Since(began)
	time.Sleep(2 * time.Minute)
	if n := len(b.sim.org.Rows("Contact")) - there; n != people {
		b.t.Errorf("%d records for %d contacts", n, people)
	}
	return b.counted(before), took
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
