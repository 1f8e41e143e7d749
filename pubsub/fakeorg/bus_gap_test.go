package fakeorg

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGap_SaysThatSomethingHappenedAndNotWhat(t *testing.T) {
	o := New(Options{})
	id, err := o.Create("Contact", map[string]any{"LastName": "L"})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []ChangeKind{KindCreate, KindUpdate, KindDelete, KindUndelete} {
		before := last(t, o).Header
		e, err := o.Gap("Contact", kind, id, "003000000000001")
		if err != nil {
			t.Fatal(err)
		}
		header, body := decode(t, o, e)
		if header["changeType"] != "GAP_"+string(kind) || len(body) != 0 || header["changeOrigin"] != "" || header["commitNumber"].(int64) <= before.Number ||
			len(header["changedFields"].([]any)) != 0 || header["transactionKey"] == "" {
			t.Errorf("header %v, body %v", header, body)
		}
		if diff := cmp.Diff([]any{id, "003000000000001AAA"}, header["recordIds"]); diff != "" {
			t.Error(diff)
		}
	}
	for _, err := range []error{second(o.Gap("Nope", KindUpdate, id)), second(o.Gap("Contact", KindUpdate)), second(o.Wildcard("Nope"))} {
		if err == nil {
			t.Error("a gap of nothing")
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestWildcard_NamesEveryRecordOfAnObject(t *testing.T) {
	o := New(Options{})
	e, err := o.Wildcard("account")
	if err != nil {
		t.Fatal(err)
	}
	if header, body := decode(t, o, e); header["recordIds"].([]any)[0] != "001*" || header["entityName"] != "Account" || len(body) != 0 {
		t.Errorf("%v %v", header, body)
	}
}

func TestGeocode_FlagsNothingButPartsOfACompound(t *testing.T) {
	o := New(Options{})
	id, err := o.Create("Contact", map[string]any{"LastName": "L", "MailingCity": "Bern"})
	if err != nil {
		t.Fatal(err)
	}
	was, _ := o.Row("Contact", id)
	if err := o.Geocode("Contact", id, "MailingAddress", 46.9481, 7.4474); err != nil {
		t.Fatal(err)
	}
	e := last(t, o)
	header, body := decode(t, o, e)
	want := map[string]any{"MailingAddress": "com.sforce.eventbus.Address", "MailingAddress.Latitude": 46.9481, "MailingAddress.Longitude": 7.4474}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	s, err := newSchema(o.object("Contact"))
	if err != nil {
		t.Fatal(err)
	}
	flags := bitmaps([]place{s.places["MailingLatitude"], s.places["MailingLongitude"]})
	if diff := cmp.Diff(flags, e.Header.Changed); diff != "" || len(flags) != 1 || header["changeOrigin"] != "" || header["commitUser"] == o.Agent() {
		t.Errorf("%s header %v", diff, header)
	}
	if row, _ := o.Row("Contact", id); row["LastModifiedById"] != was["LastModifiedById"] || row["MailingLatitude"] != 46.9481 {
		t.Errorf("row %v", row)
	}
	for _, err := range []error{o.Geocode("Contact", id, "Name", 1, 1), o.Geocode("Contact", "003000000000009", "MailingAddress", 1, 1),
		o.Geocode("Nope", id, "MailingAddress", 1, 1), o.Geocode("Contact", id, "MailingAddress", 91, 1)} {
		if err == nil {
			t.Error("a place that cannot be")
		}
	}
}

func TestHyperforce_NumbersCommitsByTheClockAndNeverBackwards(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	o := New(Options{Now: func() time.Time { return at }})
	commit := func() int64 {
		if _, err := o.Create("Contact", map[string]any{"LastName": "L"}); err != nil {
			t.Fatal(err)
		}
		header, _ := decode(t, o, last(t, o))
		return header["commitNumber"].(int64)
	}
	small := commit()
	o.Hyperforce(true)
	big, next := commit(), commit()
	if small > 1<<53 || big != at.UnixNano() || next != big+1 {
		t.Errorf("commit numbers %d, %d, %d", small, big, next)
	}
	o.Hyperforce(false)
	if got := commit(); got <= next {
		t.Errorf("commit number %d after %d", got, next)
	}
}

func TestOverflow_CountsEachFieldOfAnUpdate(t *testing.T) {
	o := New(Options{})
	var ids []string
	for range 3 {
		id, err := o.Create("Contact", map[string]any{"LastName": "L"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	n := len(o.Events())
	o.OverflowAfter(5)
	if err := o.Do(func(tx *Tx) error {
		for i, id := range ids {
			if err := tx.Update("Contact", id, map[string]any{"Title": string(rune('a' + i)), "Department": "d"}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 Contact UPDATE [" + ids[0] + "]", "2 Contact UPDATE [" + ids[1] + "]", "3 Contact GAP_OVERFLOW [000000000000000AAA]"}
	if diff := cmp.Diff(want, told(o)[n:]); diff != "" {
		t.Error(diff)
	}
}
