package fakeorg

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// told says in one line each what events tell.
func told(o *Org) []string {
	var out []string
	for _, e := range o.Events() {
		h := e.Header
		out = append(out, fmt.Sprintf("%d %s %s %v", h.Sequence, h.Entity, h.Kind, h.Records))
	}
	return out
}

func update(o *Object, id string, row map[string]any, changed ...string) Edit {
	return Edit{Object: o, Record: id, Kind: KindUpdate, Row: row, Changed: changed}
}

func TestCommit_BecomesEvents(t *testing.T) {
	car, hidden := vehicle(), vehicle()
	hidden.Name, hidden.Selected = "Trip__c", false
	stamp := time.UnixMilli(1690667843000)
	row := func(plate, name string) map[string]any {
		return map[string]any{"Plate__c": plate, "Name": name, "LastModifiedDate": stamp}
	}
	one := Edit{Object: car, Record: "1", Kind: KindCreate, Row: row("a", "n")}
	tests := []struct {
		name  string
		edits []Edit
		want  []string
	}{
		{"equal updates are one event", []Edit{update(car, "1", row("a", "x"), "Plate__c"), update(car, "2", row("a", "y"), "Plate__c")},
			[]string{"1 Vehicle__c UPDATE [1 2]"}},
		{"other values are other events", []Edit{update(car, "1", row("a", "x"), "Plate__c"), update(car, "2", row("b", "x"), "Plate__c")},
			[]string{"1 Vehicle__c UPDATE [1]", "2 Vehicle__c UPDATE [2]"}},
		{"other fields are other events", []Edit{update(car, "1", row("a", "x"), "Plate__c"), update(car, "2", row("a", "x"), "Plate__c", "Name")},
			[]string{"1 Vehicle__c UPDATE [1]", "2 Vehicle__c UPDATE [2]"}},
		{"deletions are one event", []Edit{{Object: car, Record: "1", Kind: KindDelete}, {Object: car, Record: "2", Kind: KindDelete}},
			[]string{"1 Vehicle__c DELETE [1 2]"}},
		{"creations stand alone", []Edit{one, {Object: car, Record: "2", Kind: KindCreate, Row: row("a", "n")}},
			[]string{"1 Vehicle__c CREATE [1]", "2 Vehicle__c CREATE [2]"}},
		{"what is not selected leaves a hole", []Edit{one, {Object: hidden, Record: "9", Kind: KindCreate}, {Object: car, Record: "2", Kind: KindDelete}},
			[]string{"1 Vehicle__c CREATE [1]", "3 Vehicle__c DELETE [2]"}},
		{"created, then updated", []Edit{one, update(car, "1", row("b", "n"), "Plate__c")}, []string{"1 Vehicle__c CREATE [1]"}},
		{"created, then deleted", []Edit{one, {Object: car, Record: "1", Kind: KindDelete}}, nil},
		{"updated, then deleted", []Edit{update(car, "1", row("a", "x"), "Plate__c"), {Object: car, Record: "1", Kind: KindDelete}},
			[]string{"1 Vehicle__c DELETE [1]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := New(Options{})
			publish(o, tt.edits...)
			if diff := cmp.Diff(tt.want, told(o)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCommit_FoldsUpdatesOfOneRecord(t *testing.T) {
	o, car := New(Options{}), vehicle()
	publish(o, update(car, "1", map[string]any{"Plate__c": "a"}, "Plate__c"),
		update(car, "1", map[string]any{"Plate__c": "b", "Name": "n"}, "Name"))
	_, body := decode(t, o, last(t, o))
	if diff := cmp.Diff(map[string]any{"Plate__c": "b", "Name": "n"}, body); diff != "" {
		t.Error(diff)
	}
}

func TestCommit_IsStampedInWholeSeconds(t *testing.T) {
	o := New(Options{})
	o.bus.publish(Commit{Key: "k", Number: 1 << 62, Time: time.UnixMilli(1690667843999), Edits: []Edit{{Object: vehicle(), Record: "1", Kind: KindDelete}}})
	header, _ := decode(t, o, last(t, o))
	if header["commitTimestamp"] != int64(1690667843000) || header["commitNumber"] != int64(1<<62) {
		t.Errorf("%v", header)
	}
}

func TestSplitUpdates_TellsFirstWhatRecordsShare(t *testing.T) {
	o, car := New(Options{}), vehicle()
	o.SplitUpdates(true)
	stamp := time.UnixMilli(1690667843000)
	publish(o,
		update(car, "1", map[string]any{"Plate__c": "a", "Name": "x", "LastModifiedDate": stamp}, "Plate__c", "Name"),
		update(car, "2", map[string]any{"Plate__c": "b", "Name": "x", "LastModifiedDate": stamp}, "Plate__c", "Name"))
	if diff := cmp.Diff([]string{"1 Vehicle__c UPDATE [1 2]", "2 Vehicle__c UPDATE [1]", "3 Vehicle__c UPDATE [2]"}, told(o)); diff != "" {
		t.Fatal(diff)
	}
	_, shared := decode(t, o, o.Events()[0])
	_, rest := decode(t, o, o.Events()[2])
	want := []map[string]any{{"Name": "x", "LastModifiedDate": stamp.UnixMilli()}, {"Plate__c": "b"}}
	if diff := cmp.Diff(want, []map[string]any{shared, rest}); diff != "" {
		t.Error(diff)
	}
}

func TestOverflow_TellsTheRestInOneEventAnObject(t *testing.T) {
	o, car := New(Options{}), vehicle()
	o.OverflowAfter(1)
	publish(o, Edit{Object: car, Record: "1", Kind: KindDelete}, Edit{Object: car, Record: "2", Kind: KindDelete}, Edit{Object: car, Record: "3", Kind: KindDelete})
	if diff := cmp.Diff([]string{"1 Vehicle__c DELETE [1]", "2 Vehicle__c GAP_OVERFLOW [000000000000000AAA]"}, told(o)); diff != "" {
		t.Error(diff)
	}
	if header, body := decode(t, o, last(t, o)); header["changeOrigin"] != "" || len(body) != 0 {
		t.Errorf("%v %v", header, body)
	}
}
