package main

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/store"
)

// ordeal is a running bridge with a crowd that is known at both ends.
type ordeal struct {
	*bench
	c *crowd
}

// undergo runs a test of a bridge under trial: a dozen people are known at both ends when it begins.
func undergo(t *testing.T, o simOptions, change func(*Config), trial func(t *testing.T, x *ordeal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, o, change)
		defer b.close()
		b.crowd = newCrowd(b.sim, b.w.now, o.seed+1)
		x := &ordeal{b, b.crowd}
		b.start()
		for range 6 {
			x.joins()
		}
		b.until("everybody is known at both ends", time.Minute, x.c.settled)
		x.c.meet()
		time.Sleep(time.Second)
		trial(t, x)
	})
}

// joins brings one person in at each end.
func (x *ordeal) joins() {
	x.t.Helper()
	for _, way := range []bridge.Direction{bridge.Inbound, bridge.Outbound} {
		if err := x.c.join(way); err != nil {
			x.t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
}

// clash lets people edit whomever they like, whoever else is editing him.
func (x *ordeal) clash(n int, step time.Duration) {
	x.t.Helper()
	for i := range n {
		way := bridge.Inbound
		if x.c.random.IntN(2) == 0 {
			way = bridge.Outbound
		}
		if somebody, err := x.c.work(way, false); err != nil || !somebody {
			x.t.Fatalf("edit %d: somebody %v, %v", i, somebody, err)
		}
		time.Sleep(time.Duration(x.c.random.Int64N(int64(step))))
	}
}

// agrees waits until both ends hold the same and stay so, quietly, with nothing buried.
func (x *ordeal) agrees(when string) {
	x.t.Helper()
	x.ends(when)
	x.buried(when, 0)
}

// ends waits until both ends hold the same and stay so without a call.
func (x *ordeal) ends(when string) {
	x.t.Helper()
	x.until(when+": both ends are equal", 2*time.Minute, func() bool {
		all, _ := x.c.unequal()
		return len(all) == 0
	})
	time.Sleep(2 * time.Minute)
	if all, _ := x.c.unequal(); len(all) > 0 {
		x.explain()
		x.t.Errorf("%s: %d fields came apart again, first %s", when, len(all), all[0])
	}
	if all := x.c.twice(); len(all) > 0 {
		x.explain()
		x.t.Errorf("%s: %d people are doubled, first %s", when, len(all), all[0])
	}
	x.quiet(when)
}

// quiet reports calls while nobody edits.
func (x *ordeal) quiet(when string) {
	x.t.Helper()
	calls, requests := x.sim.org.APICalls(), len(x.sim.crm.Requests())
	time.Sleep(5 * time.Minute)
	if a, b := x.sim.org.APICalls()-calls, len(x.sim.crm.Requests())-requests; a+int64(b) > 0 {
		x.explain()
		x.t.Errorf("%s: %d calls to Salesforce and %d to the platform while nobody edits", when, a, b)
	}
}

// buried checks how many dead letters there are, and answers them.
func (x *ordeal) buried(when string, want int) []bridge.DeadLetter {
	x.t.Helper()
	letters, err := x.app.store.DeadLetters(x.t.Context(), store.LetterFilter{}, 100)
	if err != nil {
		x.t.Fatal(err)
	}
	if len(letters) != want {
		x.t.Errorf("%s: %d deliveries are buried, want %d", when, len(letters), want)
		for _, l := range letters {
			text, _ := json.Marshal(l.Reason)
			x.t.Logf("buried: %s of %s: %s", l.Delivery.Transfer, l.Delivery.Lane.Source, text)
		}
	}
	return letters
}

// person makes somebody in Salesforce and waits until he is on the platform.
func (x *ordeal) person(first, last, email string) (record string, contact uint64) {
	x.t.Helper()
	record, err := x.sim.org.Create("Contact", map[string]any{"FirstName": first, "LastName": last, "Email": email})
	if err != nil {
		x.t.Fatal(err)
	}
	x.until(email+" is on the platform", time.Minute, func() bool { return x.byEmail(email) != nil })
	time.Sleep(time.Second)
	return record, x.byEmail(email).ID
}

// edit changes fields of a record in Salesforce.
func (x *ordeal) edit(record string, fields map[string]any) {
	x.t.Helper()
	if err := x.sim.org.Update("Contact", record, fields); err != nil {
		x.t.Fatal(err)
	}
}

// write changes fields of a contact on the platform.
func (x *ordeal) write(contact uint64, fields map[string]string) {
	x.t.Helper()
	if _, err := x.sim.crm.Edit(contact, fields); err != nil {
		x.t.Fatal(err)
	}
}

// pair waits until a record and a contact hold the same.
func (x *ordeal) pair(when, record string, contact uint64) {
	x.t.Helper()
	x.until(when, 2*time.Minute, func() bool {
		row, _ := x.sim.org.Row("Contact", record)
		c, _ := x.sim.crm.Contact(contact)
		for field, attribute := range attributes {
			text, _ := row[field].(string)
			if text != c.Get(attribute) {
				return false
			}
		}
		return true
	})
}

// text is a field of a record in Salesforce.
func (x *ordeal) text(record, field string) string {
	row, _ := x.sim.org.Row("Contact", record)
	text, _ := row[field].(string)
	return text
}

// attribute is an attribute of a contact on the platform.
func (x *ordeal) attribute(contact uint64, name string) string {
	c, _ := x.sim.crm.Contact(contact)
	return c.Get(name)
}

// restart stops the daemon in the middle of what it does and starts it again.
func (x *ordeal) restart() {
	x.t.Helper()
	x.stop()
	x.start()
}

// fault makes Salesforce go wrong until the test heals it.
func (x *ordeal) fault(f fakeorg.Fault) { x.sim.org.AddFault(f) }

// heal ends all faults at both ends.
func (x *ordeal) heal() {
	x.sim.org.ClearFaults()
	x.sim.crm.SetFaults(respondiotest.Faults{})
}
