package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestBridge_KeepsAnEditInFewCommits counts what an edit of a linked pair makes durable while nothing else happens. What comes back from the side that was
// written is the last three and the last two:
//
//	platform -> Salesforce   take in · unconfirmed write · settle     take in · fold, confirm · settle
//	Salesforce -> platform   take in · fold · settle                  take in · settle
//
// Of these only the first two are between the edit and its far end.
func TestBridge_KeepsAnEditInFewCommits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{}, nil)
		defer b.close()
		b.start()
		b.create(t, "a@example.com")
		b.until("the contact is on the platform", time.Minute, func() bool { return b.byEmail("a@example.com") != nil })
		contact, record := b.byEmail("a@example.com").ID, b.record("a@example.com")["Id"].(string)
		for _, c := range []struct {
			what string
			most int
			edit func(name string)
		}{
			{"from the platform to Salesforce", 6, func(name string) {
				if _, err := b.sim.crm.Edit(contact, map[string]string{"lastName": name}); err != nil {
					t.Fatal(err)
				}
			}},
			{"from Salesforce to the platform", 5, func(name string) { b.edit(record, name) }},
		} {
			c.edit("First")
			time.Sleep(10 * time.Second)
			before := b.commits()
			c.edit("Second")
			time.Sleep(10 * time.Second)
			if got, sent := b.byEmail("a@example.com").Get("lastName"), b.record("a@example.com")["LastName"]; got != "Second" || sent != "Second" {
				t.Fatalf("%s: the platform has %s, Salesforce %v", c.what, got, sent)
			}
			if n := b.commits() - before; n != c.most {
				t.Errorf("%s: an edit takes %d commits, want %d", c.what, n, c.most)
			}
		}
	})
}

// commits is how many transactions the store has made durable.
func (b *bench) commits() int {
	b.t.Helper()
	all, err := b.app.metrics.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == "sfbridge_store_commit_duration_seconds" {
			return int(f.GetMetric()[0].GetHistogram().GetSampleCount())
		}
	}
	b.t.Fatal("nobody counts commits")
	return 0
}
