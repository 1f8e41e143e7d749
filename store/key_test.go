package store

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"sfbridge/bridge"
)

func TestIDPart_KeepsIdsApartThatDifferByCaseOnly(t *testing.T) {
	for id, want := range map[string]string{
		"003000000000001AAA": "003000000000001aaa",
		"00D000000000001EAA": "00d000000000001eaa",
		"00D000000000001AAA": "_" + "303044303030303030303030303031414141", // its suffix is wrong
		"003000000000001":    "_" + "303033303030303030303030303031",
		"":                   "_",
	} {
		got := idPart(id)
		if len(id) == 18 && want[0] == '_' {
			if got[0] != '_' {
				t.Errorf("%q is %q in a key", id, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q is %q in a key, want %q", id, got, want)
		}
	}
	if a, b := idPart("003000000000AbcIAA"), idPart("003000000000aBcQAA"); a == b {
		t.Errorf("two ids are both %q", a)
	}
}

func FuzzParts_AreKeysAndStayApart(f *testing.F) {
	f.Add("a", "A")
	f.Add("_61", "a")
	f.Add("", "_")
	f.Add(strings.Repeat("a", 41), strings.Repeat("a", 40))
	f.Add("00D000000000001EAA", "00d000000000001eaa")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, part := range []func(string) string{idPart[string], namePart[string]} {
			if err := ValidKey(part(a)); err != nil || strings.Contains(part(a), "/") {
				t.Errorf("%q is %q in a key: %v", a, part(a), err)
			}
			if a != b && part(a) == part(b) {
				t.Errorf("%q and %q are both %q", a, b, part(a))
			}
		}
		if err := ValidKey(objectPart(bridge.Object(a))); err != nil {
			t.Error(err)
		}
		if k := linkKey(bridge.OrgID(a), bridge.ProjectID(b), bridge.RecordID(a)); len(k) > MaxKey {
			t.Errorf("a key of %d bytes", len(k))
		}
	})
}

func FuzzOpen_TakesOnlyWhatSealMade(f *testing.F) {
	f.Add("x/1", []byte("payload"), 3, byte(1))
	f.Fuzz(func(t *testing.T, key string, payload []byte, at int, flip byte) {
		val := seal(key, payload)
		got, err := open(key, val)
		if err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("open: %q, %v", got, err)
		}
		if _, err := open(key+"x", val); err == nil {
			t.Error("the value of another key is taken")
		}
		if flip != 0 {
			val[((at%len(val))+len(val))%len(val)] ^= flip
			if _, err := open(key, val); !errors.Is(err, ErrCorrupt) {
				t.Errorf("a value with a wrong byte: %v", err)
			}
		}
		if _, err := open(key, payload); err == nil && !bytes.Equal(seal(key, payload[min(len(payload), envelopeSize):]), payload) {
			t.Error("bytes that no seal made are taken")
		}
	})
}

func FuzzDecodeEntry_NeverPanics(f *testing.F) {
	e := bridge.Entry{
		Kind: bridge.CallbackEntry, Callback: &bridge.Callback{Body: []byte("raw \xff")}, Row: &bridge.Row{Org: "o", Object: "Contact", Record: "r"},
		Deliveries: []bridge.Delivery{{ID: "d", Dirty: []bridge.Field{"A"}}},
	}
	b, err := encodeEntry(&e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte("\x02{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEntry(7, b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Error(err)
			}
			return
		}
		if e.ID != 7 {
			t.Errorf("entry %d", e.ID)
		}
		again, err := encodeEntry(&e)
		if err != nil {
			return // a value of JSON that is no value of ours
		}
		if _, err := decodeEntry(7, again); err != nil {
			t.Error(err)
		}
	})
}

func TestEncodeEntry_KeepsBodyAndRow(t *testing.T) {
	e := bridge.Entry{Callback: &bridge.Callback{Event: "e", Body: []byte("raw \xff\x00")}, Row: &bridge.Row{Org: "o", Object: "Contact", Record: "r"}}
	b, err := encodeEntry(&e)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeEntry(1, b)
	if err != nil || string(got.Callback.Body) != "raw \xff\x00" || got.Row.Record != "r" || got.Row.Object != "Contact" || got.Row.Org != "o" {
		t.Errorf("%+v %+v %v", got.Callback, got.Row, err)
	}
	if e.Callback.Body == nil {
		t.Error("the caller's callback was changed")
	}
}

func TestSequence_ShowsNothingBeforeWhatIsUnderWay(t *testing.T) {
	q := sequence{next: 1}
	a, b := q.take(2), q.take(1)
	c := q.take(3)
	q.done(c)
	if q.done(b); q.frontier() != 0 {
		t.Errorf("frontier %d while the first is under way", q.frontier())
	}
	if q.done(a); q.frontier() != 6 {
		t.Errorf("frontier %d, want 6", q.frontier())
	}
}

// TestSequence_AnEmptyTakeEndsNobodyElses: a position that moves without entries once showed the entry beside it before that was durable, so that it was
// folded late or never.
func TestSequence_AnEmptyTakeEndsNobodyElses(t *testing.T) {
	q := sequence{next: 1}
	beat := q.take(0)
	entry := q.take(1)
	if q.done(beat); q.frontier() != 0 {
		t.Errorf("frontier %d while the entry is under way", q.frontier())
	}
	if q.done(entry); q.frontier() != 1 {
		t.Errorf("frontier %d, want 1", q.frontier())
	}
}
