package rule_test

import (
	"maps"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// bending is a transfer whose pairs give way, with what a contact says of them and what its record holds.
func bending(t *testing.T) (*rule.Transfer, bridge.Attributes, bridge.Fields) {
	t.Helper()
	tr := contacts(t, func(tr *bridge.Transfer) {
		tr.Fields = append(tr.Fields,
			bridge.Pair{Salesforce: "Title", Platform: "custom.title", OnRefused: bridge.TruncateRefused},
			bridge.Pair{Salesforce: "LeadSource", Platform: "custom.source", Default: text("Other"), OnRefused: bridge.DefaultRefused},
			bridge.Pair{Salesforce: "Fax", Platform: "custom.fax", OnRefused: bridge.DropRefused},
			bridge.Pair{Salesforce: "Department", Platform: "custom.department"},
			bridge.Pair{Salesforce: "Rating", Platform: "custom.rating", Default: text("Other"), OnRefused: bridge.DefaultRefused},
			bridge.Pair{Salesforce: "Mood", Platform: "custom.mood", Default: text("Good"), OnRefused: bridge.DefaultRefused},
			bridge.Pair{Salesforce: "Fax2", Platform: "custom.fax2", OnRefused: bridge.DropRefused},
			bridge.Pair{Salesforce: "Level", Platform: "custom.level", Direction: bridge.Outbound},
			bridge.Pair{Salesforce: "Level", Platform: "custom.shown", Direction: bridge.Inbound, OnRefused: bridge.DropRefused},
		)
	})
	said := bridge.Attributes{
		"custom.title": text("Head of everything"), "custom.source": text("Moon"), "custom.fax": text("x"), "custom.department": text("Sales and more"),
		"custom.rating": text("Other"), "custom.mood": text("Grim"), "custom.fax2": bridge.NullValue(), "custom.level": text("Iron"),
	}
	return tr, said, bridge.Fields{
		"Title": text("Clerk"), "LeadSource": text("Web"), "Fax": text("1"), "Department": text("Sales"), "Rating": text("Web"), "Mood": text("Good"), "Fax2": text("2"), "Level": text("Gold"),
	}
}

func TestBend_GivesWayOnlyWhereThePairSaysSo(t *testing.T) {
	long := func(f bridge.Field) bridge.Refusal {
		return bridge.Refusal{Code: "STRING_TOO_LONG", Cause: bridge.TooLong, Fields: []bridge.Field{f}, Longest: map[bridge.Field]int{f: 8}}
	}
	strange := func(f bridge.Field) bridge.Refusal {
		return bridge.Refusal{Cause: bridge.NotListed, Fields: []bridge.Field{f}}
	}
	for name, c := range map[string]struct {
		refusal bridge.Refusal
		field   bridge.Field
		want    bridge.Value // in the row; unknown where the field is not written
		agreed  bridge.Value
		way     string
	}{
		"too long, to be cut":           {long("Title"), "Title", text("Head of…"), text("Head of…"), "Title was cut to 8 characters (STRING_TOO_LONG)"},
		"of unknown length":             {bridge.Refusal{Cause: bridge.TooLong, Fields: []bridge.Field{"Title"}}, "Title", text("Head of everything"), text("Head of everything"), ""},
		"no value, and only to be cut":  {strange("Title"), "Title", text("Head of everything"), text("Head of everything"), ""},
		"no value, with a default":      {strange("LeadSource"), "LeadSource", text("Other"), text("Other"), "LeadSource got its default"},
		"too long, with a default":      {long("LeadSource"), "LeadSource", text("Moon"), text("Moon"), ""},
		"anything, to be dropped":       {bridge.Refusal{Fields: []bridge.Field{"Fax"}}, "Fax", bridge.Value{}, text("1"), "Fax was left out"},
		"too long, and nothing is said": {long("Department"), "Department", text("Sales and more"), text("Sales and more"), ""},
		"another field's fault":         {long("Birthdate"), "Title", text("Head of everything"), text("Head of everything"), ""},
		"no value, though its length is told": {bridge.Refusal{Cause: bridge.NotListed, Fields: []bridge.Field{"Title"}, Longest: map[bridge.Field]int{"Title": 8}},
			"Title", text("Head of everything"), text("Head of everything"), ""},
		"the default itself":            {strange("Rating"), "Rating", text("Other"), text("Other"), ""},
		"a default that it has already": {strange("Mood"), "Mood", bridge.Value{}, text("Good"), "Mood got its default"},
		"an empty one":                  {strange("Fax2"), "Fax2", bridge.NullValue(), bridge.NullValue(), ""},
		"what another pair only reads":  {strange("Level"), "Level", text("Iron"), text("Iron"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			tr, said, holds := bending(t)
			link := &bridge.Link{Baseline: map[bridge.Attribute]bridge.Agreed{"custom.fax2": {Salesforce: text("2"), Platform: text("2")}}}
			j, err := tr.Outbound(said, link, rule.Target{Row: holds})
			if err != nil {
				t.Fatal(err)
			}
			o := rule.Outgoing{Judged: &j, Set: maps.Clone(j.Fields), Holds: holds}
			ways := tr.Bend(o, c.refusal)
			if o.Set[c.field] != j.Fields[c.field] {
				t.Errorf("%v goes out where %v was judged", o.Set[c.field], j.Fields[c.field])
			}
			if got := strings.Join(ways, "|"); got != c.way {
				t.Errorf("it says %q, want %q", got, c.way)
			}
			if got := j.Fields[c.field]; got != c.want {
				t.Errorf("the row holds %v, want %v", got, c.want)
			}
			for _, p := range tr.Fields {
				if p.Salesforce == c.field && p.Direction.Covers(bridge.Outbound) {
					want := bridge.Agreed{Salesforce: c.agreed, Platform: said[p.Platform]}
					if d := cmp.Diff(want, j.Agreed[p.Platform]); d != "" {
						t.Errorf("agreed on (-want +got):\n%s", d)
					}
				}
			}
		})
	}
}

// TestBend_LeavesThePlatformsValueAlone: what was cut or left out does not come back as an edit, in either direction, until somebody edits it.
func TestBend_LeavesThePlatformsValueAlone(t *testing.T) {
	tr, said, holds := bending(t)
	j, err := tr.Outbound(said, nil, rule.Target{Row: holds})
	if err != nil {
		t.Fatal(err)
	}
	o := rule.Outgoing{Judged: &j, Set: j.Fields, Holds: holds}
	tr.Bend(o, bridge.Refusal{Cause: bridge.TooLong, Fields: []bridge.Field{"Title"}, Longest: map[bridge.Field]int{"Title": 8}})
	tr.Bend(o, bridge.Refusal{Cause: bridge.NotListed, Fields: []bridge.Field{"LeadSource", "Fax"}})
	link := &bridge.Link{Baseline: j.Agreed}
	after := row()
	for f, v := range holds {
		after[f] = v
	}
	for f, v := range j.Fields {
		after[f] = v
	}
	got, err := tr.Inbound(after, link, map[bridge.Field]bool{"Title": true, "LeadSource": true, "Fax": true})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []bridge.Attribute{"custom.title", "custom.source", "custom.fax"} {
		if v, goes := got.Attributes[a]; goes {
			t.Errorf("%s is overwritten by %v", a, v)
		}
	}
	if again, err := tr.Outbound(said, link, rule.Target{Row: after}); err != nil || len(again.Fields) > 0 {
		t.Errorf("written once more: %v, %v", again.Fields, err)
	}
	after["Title"] = text("Boss")
	got, err = tr.Inbound(after, link, map[bridge.Field]bool{"Title": true})
	if v := got.Attributes["custom.title"]; err != nil || v != text("Boss") {
		t.Errorf("an edit in Salesforce goes as %v, %v", v, err)
	}
}

// TestBend_HoldsNothingElseBack: a pair that gives way to nothing is carried once its mapping was corrected, though its record is as it was.
func TestBend_HoldsNothingElseBack(t *testing.T) {
	base := map[bridge.Attribute]bridge.Agreed{"custom.a": {Salesforce: text("Hot"), Platform: text("hot")}, "custom.b": {Salesforce: text("Hot"), Platform: text("hot")}}
	tr := contacts(t, func(tr *bridge.Transfer) {
		tr.Fields = []bridge.Pair{
			{Salesforce: "A", Platform: "custom.a", Values: map[string]string{"Hot": "burning"}},
			{Salesforce: "B", Platform: "custom.b", Values: map[string]string{"Hot": "burning"}, OnRefused: bridge.TruncateRefused},
		}
	})
	got, err := tr.Inbound(bridge.Fields{"A": text("Hot"), "B": text("Hot")}, &bridge.Link{Baseline: base}, map[bridge.Field]bool{"A": true, "B": true})
	if d := cmp.Diff(bridge.Attributes{"custom.a": text("burning")}, got.Attributes); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestBend_CutsBySalesforcesCountAndNeverThroughACharacter(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"abcdef", 5, "abcd…"}, {"ab  cdef", 5, "ab…"}, {"😀😀😀", 5, "😀😀…"}, {"😀😀😀", 4, "😀…"}, {"a😀", 2, "a…"}, {"會議室預約", 3, "會議…"},
		{"abcdef", 1, ""}, {"abcdef", 0, ""}, {"ab\xffcdef", 4, "ab\xff…"},
		{"a👨‍👩‍👧b", 9, "a…"}, {"a👨‍👩‍👧bc", 10, "a👨‍👩‍👧…"}, {"🇲🇾🇹🇼", 7, "🇲🇾…"}, {"🇲🇾🇹🇼", 4, ""}, {"👍🏽👍🏽", 6, "👍🏽…"},
		{"ne\u0301e\u0301e", 4, "ne\u0301…"}, {"ne\u0301e", 3, "n…"}, {"\u1112\u1161\u11ab\u1100\u1173\u11af", 4, "\u1112\u1161\u11ab…"}, {"क्षि!", 4, ""}, {"☎️☎️", 3, "☎️…"}, {"1️⃣2️⃣", 5, "1️⃣…"},
	} {
		tr, said, holds := bending(t)
		said["custom.title"] = text(c.text)
		j, err := tr.Outbound(said, nil, rule.Target{Row: holds})
		if err != nil {
			t.Fatal(err)
		}
		ways := tr.Bend(rule.Outgoing{Judged: &j, Set: j.Fields, Holds: holds},
			bridge.Refusal{Cause: bridge.TooLong, Fields: []bridge.Field{"Title"}, Longest: map[bridge.Field]int{"Title": c.most}})
		got := j.Fields["Title"].Text
		if c.want == "" && (len(ways) > 0 || got != c.text) || c.want != "" && got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.most, got, c.want)
		}
		if n := len(utf16.Encode([]rune(got))); c.want != "" && n > c.most {
			t.Errorf("%q has %d units, more than %d", got, n, c.most)
		}
	}
}
