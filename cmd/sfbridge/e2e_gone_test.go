package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/store"
)

// anew has whoever is edited after his record was deleted created anew.
func anew(c *Config) { c.Projects["support"].Transfers[0].OnGone = string(bridge.CreateGone) }

// bin puts a record into the recycle bin, and waits until the bridge has heard of it.
func (x *ordeal) bin(record string) {
	x.t.Helper()
	if err := x.sim.org.Delete("Contact", record); err != nil {
		x.t.Fatal(err)
	}
	time.Sleep(10 * time.Second)
}

// records are the living ones of an e-mail address.
func (x *ordeal) records(email string) (ids []string) {
	for _, r := range x.sim.org.Rows("Contact") {
		if r["Email"] == email {
			ids = append(ids, r["Id"].(string))
		}
	}
	return ids
}

// heir waits for the one record in the place of another.
func (x *ordeal) heir(email, was string) string {
	x.t.Helper()
	x.until("somebody is in the place of "+was, time.Minute, func() bool { return len(x.records(email)) > 0 })
	time.Sleep(time.Minute)
	ids := x.records(email)
	if len(ids) != 1 || ids[0] == was {
		x.explain()
		x.t.Fatalf("records %v in the place of %s", ids, was)
	}
	return ids[0]
}

// told are the reasons in the story of a record.
func (x *ordeal) told(record string) string {
	x.t.Helper()
	lines, err := x.app.store.Stories(x.t.Context(), store.StoryFilter{Record: bridge.RecordID(record)}, 50)
	if err != nil {
		x.t.Fatal(err)
	}
	var all []string
	for _, l := range lines {
		all = append(all, l.Reason)
	}
	return strings.Join(all, "\n")
}

func TestBridge_CreatesAnewWhoIsEditedAfterHisRecordWasDeletedWhereAskedTo(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 60}, anew, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.bin(record)
		if err := x.sim.crm.Tag(contact, "met"); err != nil { // a callback, and no edit
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if n := len(x.records("mei@example.com")); n != 0 {
			t.Errorf("%d records of her, and nobody has edited her", n)
		}
		for _, name := range []string{"Lim", "Ong", "Koh"} {
			x.write(contact, map[string]string{"lastName": name})
		}
		heir := x.heir("mei@example.com", record)
		x.pair("all of the contact is in the new record", heir, contact)
		if s := x.told(heir); !strings.Contains(s, "in the place of "+record+", which was deleted") {
			t.Errorf("the story of the new record says %q", s)
		}
		x.edit(heir, map[string]any{"FirstName": "Ann"})
		x.pair("an edit of the new record", heir, contact)
		x.write(contact, map[string]string{"lastName": "Tan"})
		x.pair("an answer to the new record", heir, contact)
		x.agrees("after a creation anew")
	})
}

func TestBridge_LeavesWhomADeletionEndedByDefault(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 61}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.bin(record)
		x.write(contact, map[string]string{"lastName": "Lim"})
		time.Sleep(10 * time.Minute)
		if n := len(x.records("mei@example.com")); n != 0 {
			t.Errorf("%d records of her were created, and nobody asked", n)
		}
	})
}

// TestBridge_CreatesAnewWhomAWriteFindsDeleted: the stream is silent, so that the bridge hears of the deletion from Salesforce's refusal alone.
func TestBridge_CreatesAnewWhomAWriteFindsDeleted(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 62}, anew, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.sim.org.Stall()
		if err := x.sim.org.Delete("Contact", record); err != nil {
			t.Fatal(err)
		}
		x.write(contact, map[string]string{"firstName": "May", "custom.salesforce_id": record})
		x.write(contact, map[string]string{"lastName": "Lim"})
		heir := x.heir("mei@example.com", record)
		x.pair("all of the contact is in the new record", heir, contact)
		x.sim.org.Unstall()
		x.write(contact, map[string]string{"lastName": "Ong"})
		x.pair("an edit once the deletion is told", heir, contact)
		x.agrees("after a refusal")
	})
}

func TestBridge_DoublesNobodyWhoseRecordComesBackAfterHeWasCreatedAnew(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 63}, anew, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		x.bin(record)
		x.write(contact, map[string]string{"email": "mei.lim@example.com", "lastName": "Lim"}) // nothing says any more who she was
		heir := x.heir("mei.lim@example.com", record)
		contacts := len(x.sim.crm.Contacts())
		if err := x.sim.org.Undelete("Contact", record); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		x.edit(record, map[string]any{"FirstName": "Old"})
		time.Sleep(time.Minute)
		if n := len(x.sim.crm.Contacts()); n != contacts {
			x.explain()
			t.Errorf("%d contacts, were %d", n, contacts)
		}
		if s := x.told(record); !strings.Contains(s, "is linked to "+heir+" already") {
			t.Errorf("the story of the record that came back says %q", s)
		}
		x.write(contact, map[string]string{"lastName": "Ong"})
		x.pair("an edit after the record came back", heir, contact)
		if x.text(record, "LastName") != "Tan" || x.text(heir, "FirstName") != "Mei" {
			t.Error("the record that came back got what the new one should, or gave what it should not")
		}
		x.bin(heir)
		x.edit(record, map[string]any{"FirstName": "Mei"})
		x.pair("the record that came back, once the other is gone", record, contact)
	})
}

func TestBridge_CreatesAnewOnceAlthoughItIsKilledInBetween(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"known by the contact's id": anew,
		"known by no id":            func(c *Config) { anew(c); c.Projects["support"].Transfers[0].Key = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undergo(t, simOptions{seed: 64}, change, func(t *testing.T, x *ordeal) {
				record, contact := x.person("Mei", "Tan", "mei@example.com")
				x.bin(record)
				x.sim.org.Stall() // nor does the stream tell
				x.fault(fakeorg.Fault{Path: "/composite/sobjects", Cut: fakeorg.CutAfter})
				x.write(contact, map[string]string{"lastName": "Lim"})
				x.until("the record was created and nobody heard", time.Minute, func() bool { return len(x.records("mei@example.com")) > 0 })
				x.stop()
				n := len(x.sim.org.Rows("Contact"))
				x.write(contact, map[string]string{"email": "ong@example.com", "lastName": "Ong"}) // out of all knowledge
				x.heal()
				x.sim.org.Unstall()
				x.start()
				heir := x.heir("ong@example.com", record)
				x.pair("the edit is in the record that was made before the stop", heir, contact)
				if more := len(x.sim.org.Rows("Contact")) - n; more != 0 {
					t.Errorf("%d records more", more)
				}
				x.agrees("after a stop in the middle of a creation")
			})
		})
	}
}

func TestBridge_CreatesNobodyAnewWhoseRecordWasMerged(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 65}, anew, func(t *testing.T, x *ordeal) {
		winner, _ := x.person("May", "Tan", "may@example.com")
		loser, left := x.person("Mei", "Tan", "mei@example.com")
		if err := x.sim.org.Do(func(tx *fakeorg.Tx) error { return tx.Merge("Contact", winner, loser) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		n := len(x.sim.org.Rows("Contact"))
		x.write(left, map[string]string{"lastName": "Lim"})
		time.Sleep(time.Minute)
		if more := len(x.sim.org.Rows("Contact")) - n; more != 0 {
			t.Errorf("%d records more for whom a merge left over", more)
		}
		lines, err := x.app.store.Stories(t.Context(), store.StoryFilter{}, 20)
		if err != nil || !slices.ContainsFunc(lines, func(l bridge.Story) bool { return strings.Contains(l.Reason, "goes on as another one") }) {
			t.Errorf("no story says why, %v", err)
		}
	})
}
