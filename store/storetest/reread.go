package storetest

import (
	"slices"
	"testing"
	"time"

	"sfbridge/bridge"
)

// pagesThrough reads the mirror of an object page by page, and keeps how far a reader is.
func pagesThrough(t *testing.T, h *house) {
	var want []bridge.RecordID
	for i := range 7 {
		h.rows(row(i+1, 10, 1, "Email", "a@x.de"))
		want = append(want, record(i+1))
	}
	other := row(8, 10, 1, "Email", "a@x.de")
	other.Object = "ContactX"
	h.rows(other)
	slices.Sort(want)
	var got []bridge.RecordID
	for after := bridge.RecordID(""); ; after = got[len(got)-1] {
		rows, err := h.Mirrored(h.ctx(), org, "Contact", after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			if r.Org != org || r.Object != "Contact" || r.Values["Email"].Text != "a@x.de" || len(rows) > 3 {
				t.Fatalf("page %+v", rows)
			}
			if got = append(got, r.Record); len(got) > len(want) {
				t.Fatalf("rows come twice: %v", got)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	far := bridge.Rereading{Due: time.Unix(1e9, 0).UTC(), After: record(3)}
	if was, err := h.Rereading(h.ctx(), org, "Contact"); was != (bridge.Rereading{}) || err != nil {
		t.Errorf("before the first %+v, %v", was, err)
	}
	if err := h.KeepRereading(h.ctx(), org, "Contact", far); err != nil {
		t.Fatal(err)
	}
	h.Close()
	h.openStore()
	if was, err := h.Rereading(h.ctx(), org, "Contact"); was != far || err != nil {
		t.Errorf("after a restart %+v, %v, want %+v", was, err, far)
	}
	if was, err := h.Rereading(h.ctx(), org, "Account"); was != (bridge.Rereading{}) || err != nil {
		t.Errorf("of another object %+v, %v", was, err)
	}
}
