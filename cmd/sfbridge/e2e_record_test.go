package main

import (
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

func TestBridge_LinksAgainWhatIsTakenOutOfTheRecycleBin(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 20}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		if err := x.sim.org.Delete("Contact", record); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if x.attribute(contact, "email") != "mei@example.com" {
			t.Error("the contact went with its record")
		}
		x.restart()
		if err := x.sim.org.Undelete("Contact", record); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		x.edit(record, map[string]any{"FirstName": "Ann"})
		x.pair("an edit after the undelete", record, contact)
		x.write(contact, map[string]string{"lastName": "Lim"})
		x.pair("an answer after the undelete", record, contact)
		x.agrees("after an undelete")
	})
}

func TestBridge_DeletesAndUndeletesInOneBreathAndEndsEqual(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 21}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		for range 5 {
			if err := x.sim.org.Delete("Contact", record); err != nil {
				t.Fatal(err)
			}
			if err := x.sim.org.Undelete("Contact", record); err != nil {
				t.Fatal(err)
			}
			x.write(contact, map[string]string{"firstName": "Ann"})
			x.edit(record, map[string]any{"LastName": "Lim"})
			time.Sleep(time.Duration(x.c.random.Int64N(int64(50 * time.Millisecond))))
		}
		x.pair("after five breaths", record, contact)
		x.agrees("after five breaths")
	})
}

func TestBridge_SendsNothingForARecordThatIsDeletedBeforeItIsCarried(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 22}, nil, func(t *testing.T, x *ordeal) {
		contacts := len(x.sim.crm.Contacts())
		err := x.sim.org.Do(func(tx *fakeorg.Tx) error {
			id, err := tx.Create("Contact", map[string]any{"LastName": "Brief", "Email": "brief@example.com"})
			if err != nil {
				return err
			}
			return tx.Delete("Contact", id)
		})
		if err != nil {
			t.Fatal(err)
		}
		x.agrees("after a brief life")
		if n := len(x.sim.crm.Contacts()); n != contacts {
			t.Errorf("%d contacts, were %d", n, contacts)
		}
	})
}

func TestBridge_MovesTheLinkWhenARecordIsMerged(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 23}, nil, func(t *testing.T, x *ordeal) {
		loser, contact := x.person("Mei", "Tan", "mei@example.com")
		winner, err := x.sim.org.Create("Contact", map[string]any{"FirstName": "May", "LastName": "Tan-Lim"}) // nobody can be matched
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		err = x.sim.org.Do(func(tx *fakeorg.Tx) error {
			if err := tx.Merge("Contact", winner, loser); err != nil {
				return err
			}
			return tx.Update("Contact", winner, map[string]any{"Email": "mei@example.com"})
		})
		if err != nil {
			t.Fatal(err)
		}
		x.pair("the contact holds what the winner holds", winner, contact)
		x.write(contact, map[string]string{"lastName": "Lim"})
		x.pair("an edit on the platform after the merge", winner, contact)
		x.edit(winner, map[string]any{"FirstName": "Ann"})
		x.pair("an edit in Salesforce after the merge", winner, contact)
		x.agrees("after a merge")
	})
}

func TestBridge_KeepsTheWinnersContactWhenTwoKnownRecordsAreMerged(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 24}, nil, func(t *testing.T, x *ordeal) {
		winner, kept := x.person("May", "Tan", "may@example.com")
		loser, left := x.person("Mei", "Tan", "mei@example.com")
		if err := x.sim.org.Do(func(tx *fakeorg.Tx) error { return tx.Merge("Contact", winner, loser) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		x.write(kept, map[string]string{"lastName": "Lim"})
		x.pair("an edit of the winner's contact", winner, kept)
		x.edit(winner, map[string]any{"FirstName": "Ann"})
		x.pair("an edit of the winner", winner, kept)
		if x.attribute(left, "email") != "mei@example.com" || x.attribute(left, "firstName") != "Mei" {
			t.Error("the loser's contact was written over")
		}
		x.agrees("after a merge of two")
	})
}

func TestBridge_CreatesAgainWhomThePlatformDeleted(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 25}, nil, func(t *testing.T, x *ordeal) {
		record, contact := x.person("Mei", "Tan", "mei@example.com")
		if err := x.sim.crm.Delete(contact); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		x.edit(record, map[string]any{"FirstName": "Ann"})
		x.until("she is on the platform again", time.Minute, func() bool { return x.byEmail("mei@example.com") != nil })
		time.Sleep(time.Second)
		anew := x.byEmail("mei@example.com")
		if anew.ID == contact || len(anew.Tags) != 1 {
			t.Errorf("the new contact is %+v", anew)
		}
		x.pair("the new contact holds the record", record, anew.ID)
		x.write(anew.ID, map[string]string{"lastName": "Lim"})
		x.pair("the new contact's edit", record, anew.ID)
		x.agrees("after a deletion on the platform")
	})
}

func TestBridge_LeavesASecondRecordOfTheSameEmailAlone(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 26}, nil, func(t *testing.T, x *ordeal) {
		first, contact := x.person("Mei", "Tan", "mei@example.com")
		second, err := x.sim.org.Create("Contact", map[string]any{"FirstName": "Double", "LastName": "Tan", "Email": "mei@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		x.edit(second, map[string]any{"FirstName": "Twin"})
		x.edit(first, map[string]any{"FirstName": "Ann"})
		x.pair("the first one's edit", first, contact)
		x.write(contact, map[string]string{"lastName": "Lim"})
		x.pair("the contact's edit", first, contact)
		if x.text(second, "FirstName") != "Twin" || x.text(second, "LastName") != "Tan" {
			t.Error("the second record was written over")
		}
		if err := x.sim.org.Delete("Contact", first); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		x.edit(second, map[string]any{"FirstName": "Heir"})
		x.pair("the second record once the first is gone", second, contact)
		x.agrees("after two of one e-mail")
	})
}

func TestBridge_LinksTwoWhoCameAtBothEndsAtOnce(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 27}, nil, func(t *testing.T, x *ordeal) {
		for range 5 {
			x.sim.crm.Create(map[string]string{"firstName": "Mei", "lastName": "Tan", "email": "mei@example.com", "phone": "+60123456789"})
			if _, err := x.sim.org.Create("Contact", map[string]any{"FirstName": "May", "LastName": "Tan", "Email": "mei@example.com"}); err != nil {
				t.Fatal(err)
			}
			x.until("both are linked", time.Minute, func() bool {
				r, c := x.record("mei@example.com"), x.byEmail("mei@example.com")
				return r != nil && c != nil && r["FirstName"] == c.Get("firstName") && r["MobilePhone"] == c.Get("phone")
			})
			time.Sleep(10 * time.Second)
			record, _ := x.record("mei@example.com")["Id"].(string)
			contact := x.byEmail("mei@example.com").ID
			x.agrees("after a meeting")
			x.edit(record, map[string]any{"Email": nil, "MobilePhone": nil, "LastName": "Gone"})
			time.Sleep(10 * time.Second)
			if err := x.sim.org.Delete("Contact", record); err != nil {
				t.Fatal(err)
			}
			if err := x.sim.crm.Delete(contact); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
	})
}

func TestBridge_WritesWhatTheContactSaysToTheRecordItFinds(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 28}, nil, func(t *testing.T, x *ordeal) {
		x.sim.org.Stall() // the bridge does not hear of her
		record, err := x.sim.org.Create("Contact", map[string]any{"FirstName": "May", "LastName": "Tan", "Email": "mei@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		contact := x.sim.crm.Create(map[string]string{"firstName": "Mei", "lastName": "Tan", "email": "mei@example.com"}).ID
		x.pair("the record that was found", record, contact)
		x.sim.org.Unstall()
		if got := x.text(record, "FirstName"); got != "Mei" {
			t.Errorf("the first name is %q", got)
		}
		x.agrees("after an adoption")
	})
}

func TestBridge_TakesNobodyForItsOwnWhomItDidNotCreate(t *testing.T) {
	t.Parallel()
	undergo(t, simOptions{seed: 29}, nil, func(t *testing.T, x *ordeal) {
		for i, trial := range []respondiotest.Faults{{Down: true}, {Limited: true}, {Refuse: true}} {
			x.sim.crm.SetFaults(trial)
			email := fmt.Sprintf("mei%d@example.com", i)
			record, err := x.sim.org.Create("Contact", map[string]any{"FirstName": "May", "LastName": "Tan", "Email": email})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			contact := x.sim.crm.Create(map[string]string{"firstName": "Mei", "lastName": "Tan", "email": email}).ID
			time.Sleep(10 * time.Second)
			x.heal()
			x.pair("a contact that somebody made meanwhile", record, contact)
			x.agrees("after a trial of a create")
		}
	})
}
