package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// populate makes people in Salesforce before the daemon was ever started.
func (b *bench) populate(n int) (records []string) {
	b.t.Helper()
	for i := range n {
		id, err := b.sim.org.Create("Contact", map[string]any{"FirstName": "Mei", "LastName": fmt.Sprint("Tan ", i), "Email": fmt.Sprintf("mei.%d@example.com", i)})
		if err != nil {
			b.t.Fatal(err)
		}
		records = append(records, id)
	}
	time.Sleep(time.Hour)
	return records
}

// loaded waits until the first load is over.
func (b *bench) loaded() {
	b.t.Helper()
	b.until("the first load is over", time.Hour, func() bool {
		all, err := b.app.store.Holes(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		return len(all) == 1 && all[0].Closed && all[0].Whole
	})
}

func TestBridge_LoadsWhatIsThereBesideItsChangesAndOverARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 95}, func(c *Config) { c.Orgs["acme"].FirstLoad = string(bridge.LoadMirror) })
		defer b.close()
		const n = 4_500
		records := b.populate(n)
		b.start()
		b.sim.org.AddFault(fakeorg.Fault{Path: "/query", Delay: fakeorg.Duration(5 * time.Second)})
		calls := b.sim.org.APICalls()
		time.Sleep(100 * time.Second) // 90 s after the anchor reading began: a page is here, the next is on its way
		if all, err := b.app.store.Holes(t.Context()); err != nil || len(all) != 1 || all[0].Closed || all[0].Filled["Contact"].Upto.IsZero() {
			t.Fatalf("the load is not under way: %+v, %v", all, err)
		}
		b.stop()
		b.start()
		for i := range 20 { // while the load runs
			if err := b.sim.org.Update("Contact", records[i*200], map[string]any{"LastName": fmt.Sprint("Lim ", i)}); err != nil {
				t.Fatal(err)
			}
			if err := b.sim.org.Delete("Contact", records[i*200+1]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
		}
		b.loaded()
		time.Sleep(2 * time.Minute)
		if used := b.sim.org.APICalls() - calls; used > 60 {
			t.Errorf("%d calls for %d records", used, n)
		}
		if got := len(b.sim.crm.Contacts()); got != 20 {
			t.Errorf("%d contacts, want those whose records changed", got)
		}
		for i, id := range records {
			rows, err := b.app.store.Rows(t.Context(), b.app.orgs["acme"].ID(), "Contact", []bridge.RecordID{bridge.RecordID(id)})
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprint("Tan ", i)
			if i%200 == 0 && i < 4_000 {
				want = fmt.Sprint("Lim ", i/200)
			}
			if gone := i%200 == 1 && i < 4_000; rows[0].Deleted != gone || !gone && rows[0].Values["LastName"].Text != want {
				t.Fatalf("the mirror says of %d: %+v, want %s", i, rows[0], want)
			}
		}
		found, err := b.app.store.Lookup(t.Context(), b.app.orgs["acme"].ID(), "Contact", "Email", bridge.TextValue("mei.4321@example.com"))
		if err != nil || len(found) != 1 || string(found[0]) != records[4321] {
			t.Errorf("looked up %v, %v", found, err)
		}
	})
}

func TestBridge_SendsWhatIsThereOnceWhereItIsAskedTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 96}, func(c *Config) { c.Orgs["acme"].FirstLoad = string(bridge.LoadSend) })
		defer b.close()
		const n = 150
		b.populate(n)
		b.start()
		b.loaded()
		b.until("everybody is on the platform", time.Hour, func() bool { return len(b.sim.crm.Contacts()) == n })
		time.Sleep(5 * time.Minute)
		creates := 0
		for _, r := range b.sim.crm.Requests() {
			if r.Method == http.MethodPost && strings.HasPrefix(string(r.Body), "{") && strings.Contains(string(r.Body), "firstName") {
				creates++
			}
		}
		if got := len(b.sim.crm.Contacts()); got != n || creates > n {
			t.Errorf("%d contacts of %d people by %d creates", got, n, creates)
		}
	})
}
