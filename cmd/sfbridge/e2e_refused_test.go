package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/store"
)

// refusing is a bench whose contacts have a field of each kind that may be refused; way is what becomes of what is.
func refusing(t *testing.T, way string, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		seed := simSeed()
		seed.Objects = append(seed.Objects, fakeorg.ObjectSeed{Name: "Contact", Fields: []fakeorg.FieldSeed{
			{Name: "Rank__c", Type: "picklist", Length: 255, Values: []string{"Gold", "Other"}, Restricted: true},
			{Name: "Short__c", Type: "string", Length: 10}, {Name: "Page__c", Type: "string", Length: 12},
		}})
		fields := []respondiotest.Field{{Name: "salesforce_id"}, {Name: "birthday"}, {Name: "short"}, {Name: "rank"}, {Name: "page"}}
		b := newBench(t, simOptions{org: fakeorg.Options{Seed: seed}, fields: fields}, func(c *Config) {
			tr := &c.Projects["support"].Transfers[0]
			tr.Fields = append(tr.Fields,
				PairConfig{Salesforce: "Short__c", Platform: "custom.short", OnRefused: way},
				PairConfig{Salesforce: "Rank__c", Platform: "custom.rank", Default: "Other", OnRefused: way},
				PairConfig{Salesforce: "Page__c", Platform: "custom.page", OnRefused: way},
			)
			activity := &c.Projects["support"].Transfers[1]
			for i := range activity.Fields {
				activity.Fields[i].OnRefused = way
			}
		})
		defer b.close()
		b.start()
		test(b)
	})
}

// tan makes a contact on the platform and waits for its record, nil where none comes.
func (b *bench) tan(more map[string]string) (contact uint64, record map[string]any) {
	b.t.Helper()
	c := map[string]string{"lastName": "Tan", "email": "tan@x.example"}
	for k, v := range more {
		c[k] = v
	}
	contact = b.sim.crm.Create(c).ID
	time.Sleep(time.Minute)
	return contact, b.record("tan@x.example")
}

// attribute is what the platform holds of a contact.
func (b *bench) attribute(contact uint64, name string) string {
	b.t.Helper()
	c, err := b.sim.crm.Contact(contact)
	if err != nil {
		b.t.Fatal(err)
	}
	return c.Get(name)
}

// buriedFor are the reasons of what was buried.
func (b *bench) buriedFor() (all []string) {
	b.t.Helper()
	letters, err := b.app.store.DeadLetters(b.t.Context(), store.LetterFilter{}, 10)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, l := range letters {
		all = append(all, l.Reason)
	}
	return all
}

const longText = "a text of many words"

func TestBridge_BuriesWhatIsTooLongWithSalesforcesSentence(t *testing.T) {
	t.Parallel()
	refusing(t, "", func(b *bench) {
		if _, row := b.tan(map[string]string{"custom.short": longText}); row != nil {
			b.t.Errorf("written all the same: %v", row["Short__c"])
		}
		if all := b.buriedFor(); len(all) != 1 || !strings.Contains(all[0], "STRING_TOO_LONG") || !strings.Contains(all[0], "(max length=10)") {
			b.t.Errorf("buried: %q", all)
		}
	})
}

func TestBridge_CutsWhatIsTooLongWhereAskedTo(t *testing.T) {
	t.Parallel()
	refusing(t, "truncate", func(b *bench) {
		contact, row := b.tan(map[string]string{"custom.short": longText, "custom.page": "fits"})
		if row == nil || row["Short__c"] != "a text of…" || row["Page__c"] != "fits" {
			b.t.Fatalf("the record holds %v; buried: %v", row, b.buriedFor())
		}
		if said := b.reasons(); !strings.Contains(said, "Short__c was cut to 10 characters (STRING_TOO_LONG)") {
			b.t.Errorf("no story says so: %s", said)
		}
		if _, err := b.sim.crm.Edit(contact, map[string]string{"custom.page": longText, "firstName": "Mei"}); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if said := b.reasons(); !strings.Contains(said, "Page__c was cut to 12 characters (STRING_TOO_LONG)") {
			b.t.Errorf("no story tells of the update: %s", said)
		}
		row = b.record("tan@x.example")
		if row["Page__c"] != "a text of m…" || row["FirstName"] != "Mei" || row["Short__c"] != "a text of…" {
			b.t.Errorf("an update left %v, %v and %v:\n%s", row["Page__c"], row["FirstName"], row["Short__c"], b.reasons())
		}
		for _, name := range []string{"custom.short", "custom.page"} {
			if got := b.attribute(contact, name); got != longText {
				b.t.Errorf("the platform's %s is %q by now", name, got)
			}
		}
		if strings.Contains(b.reasons(), "both sides had changed") {
			b.t.Errorf("what was cut passes for somebody's edit:\n%s", b.reasons())
		}
		b.quiet(contact)
		if err := b.sim.org.Update("Contact", row["Id"].(string), map[string]any{"Short__c": "mine"}); err != nil {
			b.t.Fatal(err)
		}
		b.until("an edit in Salesforce goes to the platform", time.Minute, func() bool { return b.attribute(contact, "custom.short") == "mine" })
	})
}

// quiet sees to it that nobody writes anything while nobody edits, also where a record is told of anew.
func (b *bench) quiet(contact uint64) {
	b.t.Helper()
	before, asked := len(b.writes()), len(b.sim.crm.Requests())
	if err := b.sim.org.Update("Contact", b.record("tan@x.example")["Id"].(string), map[string]any{"Department": "none of ours"}); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(10 * time.Minute)
	if n := len(b.writes()) - before; n != 0 {
		b.t.Errorf("%d writes to Salesforce while nobody edits", n)
	}
	for _, r := range b.sim.crm.Requests()[asked:] {
		if r.Method != http.MethodGet {
			b.t.Errorf("%s %s while nobody edits contact %d", r.Method, r.Path, contact)
		}
	}
}

// writes are the calls that wrote contacts.
func (b *bench) writes() (all []string) {
	for _, c := range b.sim.org.Calls() {
		if c.Method != http.MethodGet && strings.Contains(c.Path, "/composite/sobjects") {
			all = append(all, c.Path)
		}
	}
	return all
}

func TestBridge_TakesTheDefaultForWhatIsNoValueWhereAskedTo(t *testing.T) {
	t.Parallel()
	refusing(t, "default", func(b *bench) {
		contact, row := b.tan(map[string]string{"custom.rank": "Iron"})
		if row == nil || row["Rank__c"] != "Other" {
			b.t.Fatalf("the record holds %v; buried: %v", row, b.buriedFor())
		}
		if got := b.attribute(contact, "custom.rank"); got != "Iron" {
			b.t.Errorf("the platform's rank is %q by now", got)
		}
		b.quiet(contact)
		if _, err := b.sim.crm.Edit(contact, map[string]string{"custom.short": longText}); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if all := b.buriedFor(); len(all) != 1 || !strings.Contains(all[0], "STRING_TOO_LONG") {
			b.t.Errorf("what is too long is not cut where only values may give way; buried: %q", all)
		}
	})
}

func TestBridge_LeavesOutWhatIsRefusedWhereAskedTo(t *testing.T) {
	t.Parallel()
	refusing(t, "drop", func(b *bench) {
		contact, row := b.tan(map[string]string{"custom.rank": "Iron", "custom.short": longText, "custom.page": "fits"})
		if row == nil || row["Rank__c"] != nil || row["Short__c"] != nil || row["Page__c"] != "fits" {
			b.t.Fatalf("the record holds %v; buried: %v", row, b.buriedFor())
		}
		if err := b.sim.org.Hide("Contact", "Page__c", true); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(2 * time.Hour) // the describe is older than it may be
		if _, err := b.sim.crm.Edit(contact, map[string]string{"custom.page": "else", "firstName": "Mei"}); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if row = b.record("tan@x.example"); row["FirstName"] != "Mei" || row["Page__c"] != "fits" {
			b.t.Errorf("an update left %v and %v; buried: %v", row["FirstName"], row["Page__c"], b.buriedFor())
		}
		for name, want := range map[string]string{"custom.rank": "Iron", "custom.short": longText, "custom.page": "else"} {
			if got := b.attribute(contact, name); got != want {
				b.t.Errorf("the platform's %s is %q by now", name, got)
			}
		}
	})
}

// TestBridge_ExpectsNothingOfARowOfWhichNothingIsLeft: a write that gave way altogether is not waited for, so what a user writes next is news.
func TestBridge_ExpectsNothingOfARowOfWhichNothingIsLeft(t *testing.T) {
	t.Parallel()
	refusing(t, "drop", func(b *bench) {
		contact, row := b.tan(nil)
		before := len(b.writes())
		if _, err := b.sim.crm.Edit(contact, map[string]string{"custom.rank": "Iron"}); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if n := len(b.writes()) - before; n != 1 {
			b.t.Errorf("%d calls for a row of which nothing is left", n)
		}
		if err := b.sim.org.Update("Contact", row["Id"].(string), map[string]any{"Rank__c": "Gold"}); err != nil {
			b.t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if got := b.attribute(contact, "custom.rank"); got != "Gold" {
			b.t.Errorf("the platform's rank is %q by now:\n%s", got, b.reasons())
		}
		if strings.Contains(b.reasons(), "written over") || len(b.buriedFor()) > 0 {
			b.t.Errorf("an edit after a refused one passes for one before it, or is buried:\n%s", b.reasons())
		}
	})
}

func TestBridge_CutsAnActivityWhereAskedTo(t *testing.T) {
	t.Parallel()
	refusing(t, "truncate", func(b *bench) {
		contact, _ := b.tan(nil)
		if err := b.sim.crm.CloseConversation(contact, "Sale "+strings.Repeat("x", 300), "done"); err != nil {
			b.t.Fatal(err)
		}
		b.until("the task is there", time.Minute, func() bool { return len(b.sim.org.Rows("Task")) == 1 })
		subject := b.sim.org.Rows("Task")[0]["Subject"].(string)
		if n := len([]rune(subject)); n != 255 || !strings.HasSuffix(subject, "…") {
			b.t.Errorf("a subject of %d characters: %s", n, subject)
		}
		if !slices.ContainsFunc(strings.Split(b.reasons(), "\n"), func(s string) bool { return strings.HasPrefix(s, "Subject was cut to 255") }) {
			b.t.Errorf("no story says so: %s", b.reasons())
		}
	})
}
