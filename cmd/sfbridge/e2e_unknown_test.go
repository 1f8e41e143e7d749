package main

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// count is how many living records of Salesforce have an address.
func (x *ordeal) count(email string) (n int) {
	for _, r := range x.sim.org.Rows("Contact") {
		if r["Email"] == email {
			n++
		}
	}
	return n
}

// While nobody knows whether a write was done, somebody else may have written: the record is read before anything is repeated. The stream is silent all
// the while, so that nothing but that look can tell.
func TestBridge_LooksAtTheRecordBeforeAWriteOfUnknownOutcomeIsRepeated(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 44}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.sim.org.Stall()
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Times: 1, Cut: fakeorg.CutAfter})
		x.write(contact, map[string]string{"lastName": "Lim"})
		for x.text(record, "LastName") != "Lim" {
			time.Sleep(100 * time.Microsecond)
		}
		x.fault(fakeorg.Fault{Status: 503}) // nothing is repeated before somebody else has written
		x.edit(record, map[string]any{"LastName": "Ng"})
		time.Sleep(time.Second)
		x.heal()
		time.Sleep(20 * time.Second)
		if got := x.text(record, "LastName"); got != "Ng" || !x.struck() {
			t.Errorf("%q stands in Salesforce, somebody wrote Ng after us; an answer was lost: %v", got, x.struck())
		}
		x.sim.org.Unstall()
		x.agrees("after a lost answer")
		if got := x.attribute(contact, "lastName"); got != "Ng" {
			t.Errorf("the platform says %q", got)
		}
	})
}

// Salesforce has no key to find the record by, and its stream is silent: only a look tells that an earlier try created it.
func TestBridge_LooksForTheRecordBeforeACreateOfUnknownOutcomeIsRepeated(t *testing.T) {
	t.Parallel()
	keyless := func(cfg *Config) { cfg.Projects["support"].Transfers[0].Key = "" }
	undergo(t, simOptions{seed: 45}, keyless, func(t *testing.T, x *ordeal) {
		const email = "aini@example.com"
		x.sim.org.Stall()
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Times: 1, Cut: fakeorg.CutAfter})
		x.sim.crm.Create(map[string]string{"firstName": "Aini", "lastName": "Binti", "email": email})
		x.until("the create is cut", time.Minute, func() bool { return x.struck() && x.count(email) > 0 })
		time.Sleep(20 * time.Second)
		if n := x.count(email); n != 1 {
			t.Errorf("%d records of one contact", n)
		}
		x.sim.org.Unstall()
		x.agrees("after a lost answer")
	})
}

// The same towards the platform, whose own key is the address: it is another one by the time the create is repeated.
func TestBridge_LooksForTheContactBeforeACreateOfUnknownOutcomeIsRepeated(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 46}, nil, func(t *testing.T, x *ordeal) {
		before := len(x.sim.crm.Contacts())
		x.sim.crm.SetFaults(respondiotest.Faults{Lose: 1})
		record, err := x.sim.org.Create("Contact", map[string]any{"FirstName": "Aini", "LastName": "Binti", "Email": "aini@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		for len(x.sim.crm.Contacts()) == before {
			time.Sleep(time.Millisecond)
		}
		x.sim.crm.SetFaults(respondiotest.Faults{Down: true})
		x.edit(record, map[string]any{"Email": "binti@example.com"})
		time.Sleep(10 * time.Second) // the mirror knows by now
		x.heal()
		x.agrees("after a lost answer")
		if n := len(x.sim.crm.Contacts()) - before; n != 1 {
			t.Errorf("%d contacts of one record", n)
		}
	})
}

// An edit in Salesforce waits for a platform that takes no messages, and the platform's own edit comes over it; Salesforce's answer to that is lost. The
// story tells at once: by the next try the record may be another one.
func TestBridge_TellsOfAnEditThatAWriteOfUnknownOutcomeMayHaveComeOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 48}, sales)
		defer b.close()
		before := &front{}
		other, stop := b.workspaceBehind(before)
		defer stop()
		b.start()
		x := &ordeal{bench: b, c: newCrowd(b.sim, b.w.now, 48)}
		record, _ := x.person("Mei", "Tan", "mei@example.com")
		b.until("both workspaces know her", time.Minute, func() bool { return named(other, "mei@example.com").ID != 0 })
		time.Sleep(time.Minute)

		before.say(func(w http.ResponseWriter, r *http.Request) bool {
			return r.Method == http.MethodPut && refuses(http.StatusServiceUnavailable, nil)(w, r)
		})
		x.edit(record, map[string]any{"LastName": "Ng"})
		time.Sleep(2 * time.Second)
		x.fault(fakeorg.Fault{Path: "/composite/sobjects", Times: 1, Cut: fakeorg.CutAfter})
		if _, err := other.Edit(named(other, "mei@example.com").ID, map[string]string{"lastName": "Lim"}); err != nil {
			t.Fatal(err)
		}
		b.until("the write arrived whose answer did not", 20*time.Second, func() bool { return x.text(record, "LastName") == "Lim" })
		x.fault(fakeorg.Fault{Status: http.StatusServiceUnavailable})
		time.Sleep(time.Second)
		if !strings.Contains(x.told(record), "both sides had changed LastName, and Salesforce's answer") {
			t.Errorf("the story tells %s", x.told(record))
		}
		before.say(nil)
		x.heal()
		b.until("the platform's edit stands at both ends", 5*time.Minute, func() bool {
			return named(other, "mei@example.com").Get("lastName") == "Lim" && x.text(record, "LastName") == "Lim"
		})
		x.agrees("after a write in doubt")
	})
}
