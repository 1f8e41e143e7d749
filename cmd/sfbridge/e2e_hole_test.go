package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// filled waits until no hole is open any more.
func (x *ordeal) filled(when string) {
	x.t.Helper()
	x.until(when+": the holes are filled", 30*time.Minute, func() bool { return len(x.open()) == 0 })
}

// open are the holes that are not closed.
func (x *ordeal) open() (open []bridge.Hole) {
	x.t.Helper()
	all, err := x.app.store.Holes(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	for _, h := range all {
		if !h.Closed {
			open = append(open, h)
		}
	}
	return open
}

// left answers the hole that a stop left, and how many there are besides that of the first run.
func (x *ordeal) left() (*bridge.Hole, int) {
	x.t.Helper()
	all, err := x.app.store.Holes(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	var last *bridge.Hole
	n := 0
	for i := range all {
		if !strings.HasPrefix(all[i].Reason, "first run") {
			last = &all[i]
			n++
		}
	}
	return last, n
}

// deletes has the contacts of deleted records deleted.
func deletes(c *Config) { c.Projects["support"].Transfers[0].OnDelete = string(bridge.DeleteContact) }

func TestBridge_RecordsTheHoleOfAStopExactlyAndFillsIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stop  time.Duration
		hole  bool
		least int // deliveries that the day allows; 0 for no bound
	}{
		"71 h 59 min":                {stop: 71*time.Hour + 59*time.Minute},
		"72 h 01 min":                {stop: 72*time.Hour + time.Minute, hole: true},
		"10 days":                    {stop: 240 * time.Hour, hole: true},
		"10 days, deliveries scarce": {stop: 240 * time.Hour, hole: true, least: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undergo(t, simOptions{seed: 70}, deletes, func(t *testing.T, x *ordeal) {
				x.filled("the first run")
				edited, contact := x.person("Mei", "Tan", "mei@example.com")
				gone, lost := x.person("Ann", "Lim", "ann@example.com")
				time.Sleep(5 * time.Minute) // a keepalive moves the position on
				topic, began := topicOf("Contact"), time.Now()
				x.stop()
				stood, err := x.standing(topic)
				if err != nil {
					t.Fatal(err)
				}
				x.edit(edited, map[string]any{"LastName": "Wong"})
				if err := x.sim.org.Delete("Contact", gone); err != nil {
					t.Fatal(err)
				}
				late, err := x.sim.org.Create("Contact", map[string]any{"LastName": "Koh", "Email": "koh@example.com"})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(c.stop - time.Since(stood.At))
				x.sim.org.Allocation(c.least)
				x.edit(late, map[string]any{"Title": "Head"}) // one of the events that are kept
				x.start()
				x.edit(late, map[string]any{"FirstName": "Amy"})
				x.until("what changed meanwhile is on the platform", 30*time.Minute, func() bool {
					_, err := x.sim.crm.Contact(lost)
					koh := x.byEmail("koh@example.com")
					return x.attribute(contact, "lastName") == "Wong" && err != nil && koh != nil && koh.Get("firstName") == "Amy"
				})
				h, n := x.left()
				switch {
				case !c.hole && n > 0:
					t.Errorf("hole %+v of a stop that Salesforce bridges", h)
				case c.hole && (n != 1 || !h.From.Equal(stood.At.Add(-10*time.Minute)) || h.To.Before(began.Add(c.stop-time.Minute)) || time.Until(h.To) > 0):
					t.Errorf("%d holes, the last %+v; the position stood at %v", n, h, stood.At)
				}
				x.filled("after the stop")
				tip := x.sim.org.Subscriptions()
				if want := map[bool]string{true: "LATEST", false: "EARLIEST"}[c.least > 0]; c.hole && tip[0].From != want {
					t.Errorf("reading went on from %s, want %s", tip[0].From, want)
				}
				x.sim.org.Allocation(0)
				x.agrees("after the stop")
			})
		})
	}
}

// standing is the position at which the daemon stopped.
func (x *ordeal) standing(topic bridge.Topic) (p bridge.Position, err error) {
	all := x.app.orgs["acme"].streams
	for _, s := range all {
		if st := s.Status(); st.Topic == topic {
			return st.Position, nil
		}
	}
	return p, fmt.Errorf("no stream of %s", topic)
}

func TestBridge_FillsWhatLeftTheRecycleBinMeanwhile(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 71}, deletes, func(t *testing.T, x *ordeal) {
		purged, contact := x.person("Mei", "Tan", "mei@example.com")
		time.Sleep(5 * time.Minute)
		x.stop()
		if err := x.sim.org.Delete("Contact", purged); err != nil {
			t.Fatal(err)
		}
		x.sim.org.EmptyBin("Contact")
		time.Sleep(96 * time.Hour)
		x.start()
		x.filled("after the stop")
		time.Sleep(time.Minute)
		row, err := x.app.store.Rows(t.Context(), x.app.orgs["acme"].ID(), "Contact", []bridge.RecordID{bridge.RecordID(purged)})
		if err != nil || !row[0].Deleted {
			t.Errorf("the mirror holds %+v, %v", row, err)
		}
		if _, err := x.sim.crm.Contact(contact); err == nil {
			t.Error("the contact of a record that was purged is left")
		}
	})
}

func TestBridge_HoldsAMassOfDeletionsForAnOperator(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 72}, deletes, func(t *testing.T, x *ordeal) {
		var records []string
		for i := range 5 {
			record, _ := x.person("Mei", fmt.Sprint("Tan ", i), fmt.Sprintf("mei.%d@example.com", i))
			records = append(records, record)
		}
		x.filled("the first run")
		time.Sleep(5 * time.Minute)
		contacts := len(x.sim.crm.Contacts())
		x.stop()
		for _, id := range records[:4] {
			if err := x.sim.org.Delete("Contact", id); err != nil {
				t.Fatal(err)
			}
		}
		x.edit(records[4], map[string]any{"LastName": "Lee"})
		time.Sleep(96 * time.Hour)
		x.start()
		x.until("the hole is held", 10*time.Minute, func() bool { open := x.open(); return len(open) == 1 && open[0].Held() != "" })
		time.Sleep(time.Hour)
		if n := len(x.sim.crm.Contacts()); n != contacts {
			t.Fatalf("%d contacts are left of %d, and nobody was asked", n, contacts)
		}
		if c := x.byEmail("mei.4@example.com"); c.Get("lastName") != "Lee" {
			t.Errorf("the edit waits with the deletions: %s", c.Get("lastName"))
		}
		if err := x.app.store.ApproveHole(t.Context(), x.open()[0].ID(), false); err != nil {
			t.Fatal(err)
		}
		x.filled("after an operator's word")
		time.Sleep(time.Minute)
		if n := len(x.sim.crm.Contacts()); n != contacts-4 {
			t.Errorf("%d contacts are left of %d", n, contacts)
		}
		x.agrees("after an operator's word")
	})
}

func TestBridge_TakesWhatCannotBeSeenForNoDeletion(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 73}, deletes, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.filled("the first run")
		time.Sleep(5 * time.Minute)
		x.stop()
		x.edit(record, map[string]any{"LastName": "Lee"})
		time.Sleep(96 * time.Hour)
		x.fault(fakeorg.Fault{Path: "/sobjects/Contact/describe", Status: 404, Body: `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`})
		x.start()
		time.Sleep(time.Hour)
		if _, err := x.sim.crm.Contact(contact); err != nil {
			t.Fatal("a contact was deleted because its record could not be seen")
		}
		if open := x.open(); len(open) != 1 || x.app.orgs["acme"].filler.Problem() == "" {
			t.Errorf("holes %+v, problem %q", open, x.app.orgs["acme"].filler.Problem())
		}
		x.heal()
		x.filled("once the object can be seen")
		x.pair("once the object can be seen", record, contact)
	})
}

func TestBridge_ComparesAnObjectOfWhichMoreChangedThanEventsTell(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 74}, nil, func(t *testing.T, x *ordeal) {
		var records []string
		var contacts []uint64
		for i := range 12 {
			record, contact := x.person("Mei", fmt.Sprint("Tan ", i), fmt.Sprintf("mei.%d@example.com", i))
			records, contacts = append(records, record), append(contacts, contact)
		}
		x.filled("the first run")
		x.sim.org.OverflowAfter(5)
		err := x.sim.org.Do(func(tx *fakeorg.Tx) error {
			for i, id := range records {
				if err := tx.Update("Contact", id, map[string]any{"LastName": fmt.Sprint("Lim ", i)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if h := x.open(); len(h) != 1 || h[0].Object != "Contact" || h[0].Whole {
			t.Fatalf("holes %+v", h)
		}
		x.filled("after an overflow")
		for i, contact := range contacts {
			x.pair("after an overflow", records[i], contact)
		}
		x.sim.org.OverflowAfter(0)
		x.agrees("after an overflow")
		if _, err := x.sim.org.Wildcard("Contact"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if h := x.open(); len(h) != 1 || h[0].Object != "Contact" || !h[0].Whole {
			t.Fatalf("holes %+v", h)
		}
		x.filled("after a change of a field's type")
		x.agrees("after a change of a field's type")
	})
}

// TestBridge_CarriesWhatARowReadForAnotherFieldHadLost loses the event of one field, and keeps a later one of another field for which the row has to be
// read: the mirror knows both then, and the platform one of them.
func TestBridge_CarriesWhatARowReadForAnotherFieldHadLost(t *testing.T) {
	t.Parallel()
	for name, reads := range map[string]bool{"a difference": true, "a whole value": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undergo(t, simOptions{seed: 117, fields: everyAttribute()}, everyField, func(t *testing.T, x *ordeal) {
				x.filled("the first run")
				k := newCast(x)
				k.works("before")
				k.edit(k.records[0], map[string]any{"Description": prose("begun")})
				k.same("before the stop")
				time.Sleep(5 * time.Minute)
				x.stop()
				k.edit(k.records[0], map[string]any{"LastName": "Lim"})
				time.Sleep(96 * time.Hour)
				x.sim.org.DiffLongText(reads)
				k.edit(k.records[0], map[string]any{"Description": prose("ended")})
				x.start()
				x.filled("after the stop")
				k.same("after the stop")
				k.works("after")
				k.rests("at last")
			})
		})
	}
}
