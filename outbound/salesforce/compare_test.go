package salesforce

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
)

func TestChanged_HandsPagesOfLiveRowsByTheTimeOfWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := orgClient(t, nil)
		contact(t, org, map[string]any{"LastName": "Old"})
		time.Sleep(time.Hour)
		since := time.Now()
		const n = 4100
		var gone bridge.RecordID
		for i := range n {
			id := contact(t, org, map[string]any{"LastName": "New"})
			if i == 0 {
				gone = id
			}
			if i%1000 == 0 {
				time.Sleep(time.Second)
			}
		}
		if err := org.Delete("Contact", string(gone)); err != nil {
			t.Fatal(err)
		}
		calls, pages, seen := org.APICalls(), 0, map[bridge.RecordID]bool{}
		var last time.Time
		err := client.Changed(t.Context(), bridge.Since{Object: "Contact", At: since, Fields: []bridge.Field{"LastName"}}, func(rows []bridge.Row) error {
			pages++
			for _, r := range rows {
				if r.Org == "" || r.Object != "Contact" || r.Values["LastName"].Text != "New" || r.Deleted || r.Version.At.Before(last) || r.Record == gone {
					t.Fatalf("row %+v behind %v", r, last)
				}
				seen[r.Record], last = true, r.Version.At
			}
			return nil
		})
		if err != nil || len(seen) != n-1 || pages != 3 {
			t.Errorf("%d rows in %d pages, %v", len(seen), pages, err)
		}
		if used := org.APICalls() - calls; used > 3+2 { // pages, and a session and a describe
			t.Errorf("%d calls", used)
		}
		all, err := client.Count(t.Context(), "Contact", time.Time{})
		some, err2 := client.Count(t.Context(), "Contact", since)
		if all != n || some != n-1 || err != nil || err2 != nil {
			t.Errorf("counted %d and %d, %v, %v", all, some, err, err2)
		}
	})
}

func TestDeleted_KnowsWhatLeftTheRecycleBinAndHowFarItReaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := orgClient(t, nil)
		purged, binned, live := contact(t, org, map[string]any{"LastName": "A"}), contact(t, org, map[string]any{"LastName": "B"}), contact(t, org, map[string]any{"LastName": "C"})
		since := time.Now()
		time.Sleep(time.Minute)
		if err := org.Delete("Contact", string(purged)); err != nil {
			t.Fatal(err)
		}
		org.EmptyBin("Contact")
		at := time.Now().UTC().Truncate(time.Second)
		time.Sleep(2 * time.Minute)
		if err := org.Delete("Contact", string(binned)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // the list of deletions knows whole minutes, the bin knows more
		d, err := client.Deleted(t.Context(), "Contact", since)
		if err != nil || len(d.Rows) != 2 || d.From.After(since) || time.Since(d.To) > time.Minute {
			t.Fatalf("%+v, %v", d, err)
		}
		for _, r := range d.Rows {
			if !r.Deleted || r.Record == live || r.Record == purged && !r.Version.At.Equal(at) {
				t.Errorf("row %+v", r)
			}
		}
		time.Sleep(20 * 24 * time.Hour)
		if d, err = client.Deleted(t.Context(), "Contact", since); err != nil || time.Since(d.From) > 15*24*time.Hour {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

func TestRights_AreAskedForAnew(t *testing.T) {
	_, client := orgClient(t, nil)
	before := client.Usage().Used
	for range 2 {
		if err := client.Rights(t.Context(), "Contact"); err != nil {
			t.Fatal(err)
		}
	}
	if used := client.Usage().Used - before; used < 2 {
		t.Errorf("%d calls for two looks", used)
	}
	if err := client.Rights(context.WithoutCancel(t.Context()), "Nothing__c"); err == nil {
		t.Error("an object that is not there was seen")
	}
}
