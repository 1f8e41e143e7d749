package bridge_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"sfbridge/bridge"
)

func TestValue_SurvivesJSON(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 999, time.FixedZone("", 3600))
	for _, v := range []bridge.Value{
		bridge.NullValue(), bridge.TextValue(" Mei \n"), bridge.NumberValue(1e21), bridge.NumberValue(math.Copysign(0, -1)), bridge.IntValue(9007199254740993),
		bridge.BoolValue(true), bridge.DateValue(at), bridge.DateTimeValue(at), bridge.MultiValue([]string{"b", "a", "", "b"}),
	} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		var back bridge.Value
		if err := json.Unmarshal(b, &back); err != nil || back != v {
			t.Errorf("%v went out as %s and came back as %v, %v", v, b, back, err)
		}
	}
	if _, err := json.Marshal(bridge.Value{}); err == nil {
		t.Error("an unknown value became JSON")
	}
	for _, bad := range []string{`{"number":"1","bool":"true"}`, `{"sorrow":"1"}`, `12`, `[]`, `"x`} {
		var v bridge.Value
		if err := json.Unmarshal([]byte(bad), &v); err == nil {
			t.Errorf("%s was read as %v", bad, v)
		}
	}
}

func TestValue_NeverTakesUnknownForNull(t *testing.T) {
	if (bridge.Value{}).Equal(bridge.Value{}) || bridge.NullValue().Equal(bridge.Value{}) || !bridge.NullValue().Equal(bridge.TextValue("  ")) {
		t.Error("unknown equals something")
	}
	if !bridge.TextValue("5").Equal(bridge.IntValue(5)) {
		t.Error("a number told as text is not equal to it")
	}
}

func TestVersion_LetsEventsWinOverRowsOfTheirSecond(t *testing.T) {
	sec := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	event := func(commit int64, seq int32) bridge.Version {
		return bridge.Version{At: sec, Commit: commit, Sequence: seq}
	}
	row := bridge.Version{At: sec}
	for _, c := range []struct {
		name   string
		v, w   bridge.Version
		before bool
	}{
		{"a row before an event of its second", row, event(1, 1), true},
		{"an event is not before a row of its second", event(1, 1), row, false},
		{"a row is not before itself", row, row, false},
		{"by commit", event(1, 9), event(2, 1), true},
		{"by sequence", event(1, 1), event(1, 2), true},
		{"equal is not before", event(1, 1), event(1, 1), false},
		{"by second first", event(9, 9), bridge.Version{At: sec.Add(time.Second), Commit: 1}, true},
	} {
		if got := c.v.Before(c.w); got != c.before {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestVerdict_IsThatOfTheOutermostMark(t *testing.T) {
	cause := errors.New("cause")
	for _, c := range []struct {
		err       error
		verdict   bridge.Verdict
		wait      time.Duration
		uncertain bool
	}{
		{nil, bridge.Done, 0, false},
		{cause, bridge.Retry, 0, false},
		{bridge.Permanent(cause), bridge.Bury, 0, false},
		{fmt.Errorf("more: %w", bridge.After(cause, time.Minute)), bridge.RetryAt, time.Minute, false},
		{bridge.Unavailable(cause, time.Hour), bridge.Wait, time.Hour, false},
		{bridge.Uncertain(cause), bridge.Retry, 0, true},
		{bridge.Uncertain(bridge.Unavailable(cause, time.Hour)), bridge.Wait, time.Hour, true},
		{bridge.Unavailable(bridge.Uncertain(cause), time.Second), bridge.Wait, time.Second, true},
		{bridge.Hint(bridge.Permanent(cause), "do something"), bridge.Bury, 0, false},
	} {
		verdict, wait := bridge.VerdictOf(c.err)
		if verdict != c.verdict || wait != c.wait || bridge.IsUncertain(c.err) != c.uncertain {
			t.Errorf("%v: verdict %d after %v, uncertain %v", c.err, verdict, wait, bridge.IsUncertain(c.err))
		}
		if c.err != nil && !errors.Is(c.err, cause) {
			t.Errorf("%v lost its cause", c.err)
		}
	}
	if bridge.Permanent(nil) != nil || bridge.Uncertain(nil) != nil || bridge.Hint(nil, "x") != nil {
		t.Error("a mark made an error of none")
	}
}

func TestValue_IsQuotedAsPackageJSONDoes(t *testing.T) {
	for _, s := range []string{"", "x", `a"b\\c`, "<b>&", "tab\t", "\x00", "\xff", "é", "\u2028", "🙂", "~ !"} {
		want, err := json.Marshal(map[string]string{"multi": s})
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(bridge.Value{Kind: bridge.Multi, Text: s})
		if err != nil || string(got) != string(want) {
			t.Errorf("%q: %s, want %s: %v", s, got, want, err)
		}
	}
}

func BenchmarkFields_MarshalJSON(b *testing.B) {
	f := bridge.Fields{"Phone": bridge.TextValue("+41791234567"), "Email": bridge.TextValue("mei@example.com"), "Amount__c": bridge.NumberValue(12.5),
		"DoNotCall": bridge.BoolValue(true), "Birthdate": {Kind: bridge.Date, Text: "1972-10-20"}, "Fax": bridge.NullValue()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(f); err != nil {
			b.Fatal(err)
		}
	}
}
