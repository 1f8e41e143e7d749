package store

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// written are entries of every kind as they are stored.
func written(t testing.TB) (heads [][]byte) {
	lane := bridge.Lane{Org: "00D000000000001EAA", Project: "crm", Direction: bridge.Inbound, Source: "003000000000001AAA"}
	at := time.Date(2026, 11, 22, 1, 2, 3, 456789, time.UTC)
	odd := lane
	odd.Source = "\"\\/\u2028 \x00 \xff é"
	for _, e := range []bridge.Entry{
		{Kind: bridge.OperatorEntry, At: at},
		{Kind: bridge.ChangeEntry, At: at.In(time.FixedZone("", 9*3600)), Change: &bridge.Change{
			Org: lane.Org, Topic: "/data/ContactChangeEvent", Event: "1-2", Object: "Contact", Records: []bridge.RecordID{"003000000000001AAA"}, Type: bridge.Update,
			Version: bridge.Version{At: at, Commit: 12, Sequence: 3}, Changed: []bridge.Field{"Email"}, Values: bridge.Fields{
				"Email": bridge.TextValue("a@b.example \\ \" \n é"), "Phone": bridge.NullValue(), "Amount": bridge.NumberValue(1.5), "Old": bridge.BoolValue(true),
			},
		}, Deliveries: []bridge.Delivery{
			{ID: "d1", Kind: bridge.State, Lane: lane, Transfer: "contacts", Object: "Contact", Edge: bridge.EdgeCreate, Dirty: []bridge.Field{"Email", "Phone"}, Ours: true},
			{ID: "d2", Kind: bridge.State, Lane: lane, Transfer: "Contacts, again"},
		}},
		{Kind: bridge.CallbackEntry, At: at, Callback: &bridge.Callback{Org: lane.Org, Project: "crm", Event: "e", Body: []byte(`{"a":1}`), Received: at},
			Deliveries: []bridge.Delivery{{ID: "d3", Kind: bridge.Append, Lane: lane}}},
		{Kind: bridge.CallbackEntry, At: at, Deliveries: []bridge.Delivery{{ID: "d4", Kind: bridge.Append, Lane: odd}}},
	} {
		head, _, err := jsonHead(1, jsonEncoded(t, &e))
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, head)
	}
	return heads
}

func skimmed(b []byte) (entryHead, bool) { return (&opening{names: names{}}).skim(b) }

// TestSkim_ReadsWhatIsWritten keeps the start fast: what we write is skimmed, and says the same as when it is decoded.
func TestSkim_ReadsWhatIsWritten(t *testing.T) {
	for i, b := range written(t) {
		got, ok := skimmed(b)
		if odd := i == 3; ok == odd {
			t.Errorf("entry %d skims: %v; %s", i, ok, b)
		}
		want, err := decodeHead(b)
		if err != nil {
			t.Fatal(err)
		}
		if ok && !sameHead(got, want) {
			t.Errorf("entry %d skims as %+v, it is %+v", i, got, want)
		}
	}
}

// TestSkim_LeavesOddJSONToTheDecoder names JSON that a skimmer could misread.
func TestSkim_LeavesOddJSONToTheDecoder(t *testing.T) {
	const fine = `{"kind":"x","at":"2026-11-22T01:02:03Z","deliveries":[{"id":"1","kind":"append","lane":{"org":"o","project":"p","direction":"inbound","source":"s"}}]}`
	if _, ok := skimmed([]byte(fine)); !ok {
		t.Fatal("what all others are made from does not skim")
	}
	for _, c := range [][2]string{
		{`"kind":"x"`, `"At":"2025-11-22T01:02:03Z"`}, {`"kind":"x"`, `"at":"2025-11-22T01:02:03Z"`}, {`"kind":"x"`, `"deliveries":[{"id":"2"}]`},
		{`"kind":"x"`, `"kind": "x"`}, {`"kind":"x"`, `"kind":"\x"`}, {`"kind":"x"`, `"kind":"\u12"`}, {`"kind":"x"`, "\"kind\":\"\n\""}, {`"kind":"x"`, `"kind":tru`},
		{`"kind":"x"`, `"kind":01`}, {`"kind":"x"`, `"kind":1.`}, {`"kind":"x"`, `"kind":-`}, {`"kind":"x"`, `"kind":[1,]`}, {`"kind":"x"`, `"kind":{"a"}`},
		{`"kind":"x"`, `"kind":{,}`}, {`"kind":"x"`, `"kind":` + strings.Repeat("[", 40) + strings.Repeat("]", 40)}, {`"id":"1"`, `"id":"\u0031"`},
		{`"id":"1"`, `"ID":"1"`}, {`"id":"1"`, `"id":"1","id":"2"`}, {`"id":"1"`, `"id":null`}, {`"org":"o"`, `"org":"o","more":1`}, {`"s"}}]}`, `"s"}}]} `},
		{`"s"}}]}`, `"s"}}]}}`}, {`"s"}}]}`, `"s"}}]`}, {`[{"id"`, `[],"x":[{"id"`}, {`Z"`, `"`},
	} {
		odd := strings.Replace(fine, c[0], c[1], 1)
		if h, ok := skimmed([]byte(odd)); ok {
			t.Errorf("%s skims as %+v", odd, h)
		}
	}
}

// sameHead compares what lanes need.
func sameHead(skimmed, decoded entryHead) bool {
	for i := range decoded.Deliveries {
		decoded.Deliveries[i].Dirty = nil
	}
	return cmp.Equal(skimmed, decoded)
}

// FuzzSkim demands of everything that skims that it is JSON and decodes to the same.
func FuzzSkim(f *testing.F) {
	for _, b := range written(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := skimmed(b)
		if !ok {
			return
		}
		if want, err := decodeHead(b); err != nil || !sameHead(got, want) {
			t.Errorf("%q skims as %+v, it decodes as %+v, %v", b, got, want, err)
		}
	})
}
