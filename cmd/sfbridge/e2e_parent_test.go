package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// kinship runs a test of contacts whose company on the platform is the name of their account.
func kinship(t *testing.T, change func(*TransferConfig), test func(b *bench)) {
	t.Helper()
	ancestry(t, change, func(b *bench) {
		b.start()
		test(b)
	})
}

// ancestry is kinship before the daemon runs.
func ancestry(t *testing.T, change func(*TransferConfig), test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fields := []respondiotest.Field{{Name: "salesforce_id"}, {Name: "company"}, {Name: "birthday"}}
		b := newBench(t, simOptions{seed: 71, fields: fields}, func(c *Config) {
			tr := &c.Projects["support"].Transfers[0]
			tr.Fields = append(tr.Fields, PairConfig{Platform: "custom.company", Direction: string(bridge.Inbound), Inbound: `either(sf.Account.Name, "private")`})
			if change != nil {
				change(tr)
			}
		})
		defer b.close()
		test(b)
	})
}

// child makes a contact of an account.
func (b *bench) child(email string, account any) (record string) {
	b.t.Helper()
	record, err := b.sim.org.Create("Contact", map[string]any{"LastName": "Tan", "Email": email, "AccountId": account})
	if err != nil {
		b.t.Fatal(err)
	}
	return record
}

// save changes a record in Salesforce.
func (b *bench) save(object, record string, fields map[string]any) {
	b.t.Helper()
	if err := b.sim.org.Update(object, record, fields); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) company(email string) string {
	c := b.byEmail(email)
	if c == nil {
		return ""
	}
	return c.Get("custom.company")
}

func (b *bench) companies(what string, want map[string]string) {
	b.t.Helper()
	b.until(what, time.Minute, func() bool {
		for email, name := range want {
			if b.company(email) != name {
				return false
			}
		}
		return true
	})
}

func (b *bench) account(name string) string {
	b.t.Helper()
	id, err := b.sim.org.Create("Account", map[string]any{"Name": name})
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func TestBridge_TellsTheChildrenOfAParentThatIsRenamed(t *testing.T) {
	t.Parallel()
	kinship(t, nil, func(b *bench) {
		acme, other := b.account("Acme"), b.account("Other")
		want := map[string]string{}
		for i := range 130 {
			email := fmt.Sprintf("a%d@x.example", i)
			b.child(email, acme)
			want[email] = "Acme"
		}
		moving := b.child("moving@x.example", other)
		b.child("alone@x.example", nil)
		want["moving@x.example"], want["alone@x.example"] = "Other", "private"
		b.companies("everybody has the name of his account", want)
		time.Sleep(5 * time.Minute) // what came before is compared, which would tell the children too

		calls := b.sim.org.APICalls()
		b.save("Account", acme, map[string]any{"Name": "Acme Ltd"})
		for i := range 130 {
			want[fmt.Sprintf("a%d@x.example", i)] = "Acme Ltd"
		}
		b.companies("the new name is with all", want)
		if n := b.sim.org.APICalls() - calls; n > 0 {
			b.t.Errorf("a rename cost %d calls to Salesforce", n)
		}

		calls = b.sim.org.APICalls()
		b.save("Contact", moving, map[string]any{"AccountId": acme})
		want["moving@x.example"] = "Acme Ltd"
		b.companies("who moves has the name of his new account", want)
		b.save("Account", other, map[string]any{"Name": "Nobody's"})
		time.Sleep(time.Minute)
		b.companies("a parent that was left is none", want)
		b.save("Contact", moving, map[string]any{"AccountId": nil})
		want["moving@x.example"] = "private"
		b.companies("who leaves has none", want)
		if n := b.sim.org.APICalls() - calls; n > 0 {
			b.t.Errorf("who moves and leaves cost %d calls to Salesforce", n)
		}
	})
}

func TestBridge_CarriesARenameThatCameWhileItWasDown(t *testing.T) {
	t.Parallel()
	kinship(t, nil, func(b *bench) {
		acme := b.account("Acme")
		record := b.child("mei@x.example", acme)
		b.companies("she has the name", map[string]string{"mei@x.example": "Acme"})
		time.Sleep(time.Second)
		b.stop()
		b.save("Account", acme, map[string]any{"Name": "Acme Ltd"})
		b.save("Account", acme, map[string]any{"Name": "Acme plc"})
		b.start()
		b.companies("she has the last name", map[string]string{"mei@x.example": "Acme plc"})
		b.save("Contact", record, map[string]any{"LastName": "Lim"})
		time.Sleep(time.Minute)
		b.companies("an edit of hers brings no old name back", map[string]string{"mei@x.example": "Acme plc"})
	})
}

func TestBridge_ReadsAParentThatWasThereBeforeWithTheFirstChildAlone(t *testing.T) {
	t.Parallel()
	ancestry(t, nil, func(b *bench) {
		acme := b.account("Acme")
		time.Sleep(time.Hour)
		b.start()
		time.Sleep(5 * time.Minute) // what came before is compared
		before := len(b.sim.org.Calls())
		want := map[string]string{}
		for i := range 5 {
			email := fmt.Sprintf("a%d@x.example", i)
			b.child(email, acme)
			want[email] = "Acme"
			b.companies("the child has the name of an account that the stream never told of", want)
			time.Sleep(time.Minute)
		}
		reads := slices.DeleteFunc(b.counted(before), func(call string) bool { return !strings.Contains(call, "Account.Name") })
		if len(reads) != 1 {
			b.t.Errorf("read %d times: %q", len(reads), reads)
		}
		b.save("Account", acme, map[string]any{"Name": "Acme Ltd"})
		for email := range want {
			want[email] = "Acme Ltd"
		}
		b.companies("all have the new name", want)
	})
}

func TestBridge_LetsAParentDecideTheCondition(t *testing.T) {
	t.Parallel()
	kinship(t, func(tr *TransferConfig) {
		tr.Condition = `sf.Account.Name != null && sf.Account.Name.startsWith("Key ")`
	}, func(b *bench) {
		acme := b.account("Acme")
		b.child("mei@x.example", acme)
		time.Sleep(time.Minute)
		if b.byEmail("mei@x.example") != nil {
			b.t.Error("a record outside the condition was carried")
		}
		b.save("Account", acme, map[string]any{"Name": "Key Acme"})
		b.companies("she is carried once her account is a key account", map[string]string{"mei@x.example": "Key Acme"})
	})
}

func TestBridge_FollowsNoParentWhereItIsNotAsked(t *testing.T) {
	t.Parallel()
	kinship(t, func(tr *TransferConfig) { tr.Parents = map[string]string{"Account": ""} }, func(b *bench) {
		if n := len(b.sim.org.Subscriptions()); n != 1 {
			b.t.Errorf("%d subscriptions, want that of contacts alone", n)
		}
		acme := b.account("Acme")
		record := b.child("mei@x.example", acme)
		b.companies("she has the name", map[string]string{"mei@x.example": "Acme"})
		b.save("Account", acme, map[string]any{"Name": "Acme Ltd"})
		time.Sleep(time.Minute)
		if got := b.company("mei@x.example"); got != "Acme" {
			b.t.Errorf("the company is %q", got)
		}
		b.save("Contact", record, map[string]any{"AccountId": nil})
		b.companies("what is read of the record itself still goes", map[string]string{"mei@x.example": "private"})
	})
}

// TestBridge_TellsOfTheParentThatIsLeftOfAMerge merges accounts in orgs that tell of each contact which moves, and in such as do not: there the children
// of the account that went are read, and what was read of the other one with them must not outlive its next change.
func TestBridge_TellsOfTheParentThatIsLeftOfAMerge(t *testing.T) {
	t.Parallel()
	for name, muted := range map[string]bool{"each child is told of": false, "no child is": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kinship(t, nil, func(b *bench) {
				b.sim.org.MuteChildren(muted)
				winner, loser := b.account("Acme"), b.account("Acme Ltd")
				b.child("a@x.example", winner)
				moved := b.child("b@x.example", loser)
				b.companies("all are on the platform", map[string]string{"a@x.example": "Acme", "b@x.example": "Acme Ltd"})
				time.Sleep(10 * time.Minute)
				if err := b.sim.org.Do(func(tx *fakeorg.Tx) error { return tx.Merge("Account", winner, loser) }); err != nil {
					t.Fatal(err)
				}
				b.companies("who moved has the other one's name", map[string]string{"a@x.example": "Acme", "b@x.example": "Acme"})
				b.save("Account", winner, map[string]any{"Name": "Umbrella"}) // in the second in which it was read
				b.companies("a new name is with both", map[string]string{"a@x.example": "Umbrella", "b@x.example": "Umbrella"})
				time.Sleep(time.Minute)
				b.sim.org.LoseEvents(1)
				b.save("Account", winner, map[string]any{"Name": "Wonka"})
				if _, err := b.sim.org.Gap("Account", fakeorg.KindUpdate, winner); err != nil {
					t.Fatal(err)
				}
				b.companies("a new name that is not told is with both", map[string]string{"a@x.example": "Wonka", "b@x.example": "Wonka"})
				b.save("Contact", moved, map[string]any{"LastName": "Lim"})
				b.until("an edit after all this", time.Minute, func() bool { return b.byEmail("b@x.example").Get("lastName") == "Lim" })
			})
		})
	}
}
