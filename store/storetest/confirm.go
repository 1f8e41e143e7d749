package storetest

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// confirm appends an event and folds it as one that confirms a write.
func (h *house) confirm(event string, u bridge.Unconfirmed) {
	h.t.Helper()
	h.append(change(event, 1))
	es, err := h.Unfolded(h.ctx(), 10)
	if err == nil {
		err = h.Fold(h.ctx(), es, nil, []bridge.Unconfirmed{u})
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func unconfirmed(t *testing.T, h *house) {
	var us []bridge.Unconfirmed
	for i := range 3 {
		us = append(us, bridge.Unconfirmed{
			Org: org, Project: project, Record: record(1), Field: "Email", Delivery: bridge.DeliveryID(fmt.Sprint(i)), At: time.Unix(int64(100-i), 0).UTC(), Value: bridge.TextValue("v"),
		})
	}
	if err := h.Stage(h.ctx(), bridge.Effects{Stage: us}); err != nil {
		t.Fatal(err)
	}
	h.confirm("echo", us[1])
	got, err := h.Unconfirmed(h.ctx(), org, record(1))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bridge.Unconfirmed{us[2], us[0]}, got, exactly); diff != "" {
		t.Error(diff)
	}
}

// agrees: what the stream confirms while the delivery is not settled is agreed on, and whoever had read the link before takes nothing of it back.
func agrees(t *testing.T, h *house) {
	text := bridge.TextValue
	l := bridge.Link{
		Org: org, Project: project, Object: "Contact", Record: record(1), Contact: "7", Since: time.Unix(1, 0).UTC(),
		Baseline: map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: text("old"), Platform: text("old")}, "phone": {Salesforce: text("1"), Platform: text("1")}},
	}
	agreed := map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: text("new"), Platform: text("New")}}
	u := bridge.Unconfirmed{
		Org: org, Project: project, Record: record(1), Field: "Email", Delivery: "a", Contact: "7", Of: []bridge.Attribute{"email"},
		At: time.Unix(2, 0).UTC(), Value: text("new"),
	}
	word := bridge.Claim{Org: org, Project: project, Identity: u.Word(), Delivery: "a", Sent: true}.And(&l, agreed)
	stage := func(e bridge.Effects) {
		t.Helper()
		if err := h.Stage(h.ctx(), e); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(email, phone string) {
		t.Helper()
		got, err := h.LinkOf(h.ctx(), org, project, record(1))
		if err != nil || got.Baseline["email"].Salesforce.Text != email || got.Baseline["phone"].Salesforce.Text != phone {
			t.Errorf("agreed on %v, want %s and %s; %v", got.Baseline, email, phone, err)
		}
	}
	stage(bridge.Effects{Links: []bridge.Link{l}, Stage: []bridge.Unconfirmed{u}})
	h.confirm("echo", u)
	holds("old", "1") // nobody left word: it is settled, and says what it says
	stage(bridge.Effects{Stage: []bridge.Unconfirmed{u}, Claims: []bridge.Claim{word}})
	before, err := h.LinkOf(h.ctx(), org, project, record(1))
	if err != nil {
		t.Fatal(err)
	}
	h.confirm("echo", u)
	holds("new", "1")
	before.Baseline = maps.Clone(before.Baseline)
	before.Baseline["phone"] = bridge.Agreed{Salesforce: text("2"), Platform: text("2")}
	stage(bridge.Effects{Links: []bridge.Link{before}})
	holds("new", "2")
	l.Baseline = map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: text("newest"), Platform: text("newest")}}
	stage(bridge.Effects{Links: []bridge.Link{l}, Stage: []bridge.Unconfirmed{u}})
	h.confirm("echo", u)
	holds("newest", "") // agreed on since
	later := word.And(&l, map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: text("later"), Platform: text("later")}})
	l.Baseline = map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: text("old"), Platform: text("old")}}
	stage(bridge.Effects{Links: []bridge.Link{l}, Stage: []bridge.Unconfirmed{u}, Claims: []bridge.Claim{later}})
	h.confirm("echo", u)
	holds("new", "") // the same delivery writes once more, and of that nobody knows
	u.Value, u.At = text("later"), u.At.Add(time.Second)
	stage(bridge.Effects{Stage: []bridge.Unconfirmed{u}})
	h.confirm("echo", u)
	holds("later", "")
}

// confirmsOnly: the stream confirms what it was compared with, not what the same delivery wrote to the field since.
func confirmsOnly(t *testing.T, h *house) {
	stage := func(value string, at int64, try int) bridge.Unconfirmed {
		u := bridge.Unconfirmed{
			Org: org, Project: project, Record: record(1), Field: "Email", Delivery: "a", Try: try, At: time.Unix(at, 0).UTC(), Value: bridge.TextValue(value),
		}
		if err := h.Stage(h.ctx(), bridge.Effects{Stage: []bridge.Unconfirmed{u}}); err != nil {
			t.Fatal(err)
		}
		return u
	}
	fold := func(confirmed bridge.Unconfirmed) []bridge.Unconfirmed {
		h.confirm("echo "+confirmed.Value.Text, confirmed)
		got, err := h.Unconfirmed(h.ctx(), org, record(1))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	old := stage("old", 1, 0)
	again := stage("new", 2, 0)
	if diff := cmp.Diff([]bridge.Unconfirmed{again}, fold(old), exactly); diff != "" {
		t.Error("the echo of the first write ended the second:", diff)
	}
	next := stage("newest", 3, 1) // in the place of what the record was seen to hold: each is told by itself
	if diff := cmp.Diff([]bridge.Unconfirmed{next}, fold(again), exactly); diff != "" {
		t.Error("the echo of a write that was done ended the one after it:", diff)
	}
	if got := fold(next); len(got) > 0 {
		t.Errorf("%v stay unconfirmed", got)
	}
}

// keepsTold: a write whose value somebody else's event may have brought is agreed on, and kept with the time of that until its own comes, or for a minute.
func keepsTold(t *testing.T, h *house) {
	text := bridge.TextValue
	l := bridge.Link{
		Org: org, Project: project, Object: "Contact", Record: record(1), Contact: "7", Since: time.Unix(1, 0).UTC(),
		Baseline: map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: text("old"), Platform: text("old")}},
	}
	u := bridge.Unconfirmed{
		Org: org, Project: project, Record: record(1), Field: "Email", Delivery: "a", Contact: "7", Of: []bridge.Attribute{"email"},
		At: time.Unix(2, 0).UTC(), Value: text("new"),
	}
	word := bridge.Claim{Org: org, Project: project, Identity: u.Word(), Delivery: "a", Sent: true}.And(&l, map[bridge.Attribute]bridge.Agreed{"email": {Salesforce: text("new"), Platform: text("New")}})
	stage := func(e bridge.Effects) {
		t.Helper()
		if err := h.Stage(h.ctx(), e); err != nil {
			t.Fatal(err)
		}
	}
	told := func(at time.Time) {
		t.Helper()
		u.Told = at
		h.confirm("echo", u)
	}
	left := func(want ...bridge.Unconfirmed) {
		t.Helper()
		got, err := h.Unconfirmed(h.ctx(), org, record(1))
		if diff := cmp.Diff(want, got, exactly); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	agreed := func(email string) {
		t.Helper()
		if got, err := h.LinkOf(h.ctx(), org, project, record(1)); err != nil || got.Baseline["email"].Salesforce.Text != email {
			t.Errorf("agreed on %v, want %s; %v", got.Baseline, email, err)
		}
	}
	stage(bridge.Effects{Links: []bridge.Link{l}, Stage: []bridge.Unconfirmed{u}, Claims: []bridge.Claim{word}})
	told(time.Unix(3, 0).UTC())
	left(u)
	agreed("new")
	stage(bridge.Effects{Links: []bridge.Link{l}}) // they agreed on something else since
	told(time.Time{})
	left()
	agreed("old")
	stage(bridge.Effects{Stage: []bridge.Unconfirmed{u}})
	told(time.Unix(3, 0).UTC())
	time.Sleep(2 * time.Minute)
	left()
}
