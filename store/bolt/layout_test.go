package bolt_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// layout1 puts into a store what a process of layout 1 left: a callback, a change that is owed to one of its two projects, one that failed once, and a row
// that is not folded.
func layout1(t *testing.T, db *bolt.DB) {
	t.Helper()
	dump, err := os.ReadFile(filepath.Join("testdata", "layout-1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var tx store.Tx
	for line := range strings.Lines(string(dump)) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		val, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		tx.Ops = append(tx.Ops, store.Op{Key: key, Val: val})
	}
	if err := db.Apply(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
}

// left are the row and the first change of it.
func left() (*bridge.Row, *bridge.Change) {
	at := time.Date(2026, 3, 1, 9, 30, 15, 250_000_000, time.UTC)
	row := &bridge.Row{
		Org: "00D000000000001EAA", Object: "Contact", Record: "003000000000004AAA", Version: bridge.Version{At: at},
		Values: bridge.Fields{"Email": bridge.TextValue("c@d.example")}, Forgotten: []bridge.Field{bridge.AllFields},
		Since: map[bridge.Field]bridge.Version{"Email": {At: at, Commit: 5}}, Keys: bridge.Fields{"Email": bridge.TextValue("c@d.example")},
	}
	change := &bridge.Change{
		Org: "00D000000000001EAA", Topic: "/data/ContactChangeEvent", Event: "event-2", Object: "Contact", Records: []bridge.RecordID{"003000000000002AAA"},
		Type: bridge.Update, Origin: bridge.Origin{API: "com/salesforce/api/rest/66.0", Client: "crm", User: "005000000000001AAA"},
		Version: bridge.Version{At: at, Commit: 1<<60 + 2, Sequence: 2}, Tx: "tx",
		Changed: []bridge.Field{"Email", "Phone"}, Cleared: []bridge.Field{"Phone"}, Reread: []bridge.Field{"Notes"}, Values: bridge.Fields{
			"Email": bridge.TextValue("ünal@b.example"), "Phone": bridge.NullValue(), "Amount": bridge.NumberValue(1.5), "Old": bridge.BoolValue(true),
		},
	}
	return row, change
}

// TestStore_CarriesWhatLayout1Left upgrades a store with work in it: nothing of it is lost, and a change that came since is carried beside it.
func TestStore_CarriesWhatLayout1Left(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := bolt.Open(path, verified())
	if err != nil {
		t.Fatal(err)
	}
	defer run(t, db)()
	layout1(t, db)
	s := store.New(db, store.Options{})
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Append(t.Context(), []bridge.Entry{callbackEntry("since")}, nil); err != nil {
		t.Fatal(err)
	}
	es, err := s.Unfolded(t.Context(), 10)
	if err == nil {
		err = s.Fold(t.Context(), es, nil, nil)
	}
	if err != nil || len(es) != 2 {
		t.Fatalf("%d entries were not folded, %v", len(es), err)
	}
	row, change := left()
	if diff := cmp.Diff(row, es[0].Row); diff != "" {
		t.Error(diff)
	}
	got := map[bridge.DeliveryID]bridge.Work{}
	for _, o := range []bridge.Outlet{
		{Project: "crm", Direction: bridge.Outbound}, {Project: "crm", Direction: bridge.Inbound}, {Project: "crm", Direction: bridge.Inbound},
		{Project: "crm", Direction: bridge.Inbound}, callbackEntry("since").Deliveries[0].Lane.Outlet(),
	} {
		w, err := s.Next(t.Context(), o)
		if err == nil {
			err = s.Settle(t.Context(), w, bridge.Effects{})
		}
		if err != nil {
			t.Fatal(err)
		}
		got[w.Head().ID] = w
	}
	if cb := got["d1"].Entry.Callback; cb == nil || string(cb.Body) != "{\"a\":\"\xff\"}" || !cb.Received.Equal(row.Version.At) {
		t.Errorf("the callback is %+v", cb)
	}
	if diff := cmp.Diff(change, got["d2"].Entry.Change); diff != "" {
		t.Error(diff)
	}
	if w := got["d4"]; w.Attempts != 1 || w.LastError != "busy" {
		t.Errorf("of the one that failed is known: %d failures, %q", w.Attempts, w.LastError)
	}
	for _, prefix := range []string{"e/", "a/"} {
		if items, err := db.Scan(t.Context(), prefix, "", 10); err != nil || len(items) > 0 {
			t.Errorf("%d of %s are left, %v", len(items), prefix, err)
		}
	}
	if it, err := db.Get(t.Context(), "c/layout"); err != nil || !strings.Contains(string(it.Val), `{"version":2,"salt":"H5T5DJAFQLRQHSFHMO3KHNKWAU"}`) {
		t.Errorf("the layout is %s, %v: an older sfbridge would open it", it.Val, err)
	}
}
