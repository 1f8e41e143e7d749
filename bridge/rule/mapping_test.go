package rule_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// pairs is a transfer of nothing but the pairs given, in a project of Taiwan.
func pairs(t *testing.T, phones bridge.Phones, all ...bridge.Pair) *rule.Transfer {
	t.Helper()
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Region: "TW", Phones: phones, Transfers: []bridge.Transfer{{
		ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both,
		Identity: []bridge.Pair{{Salesforce: "Phone", Platform: "phone", Format: bridge.PhoneFormat}}, Fields: all,
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	return set.Project("p").Transfer("t")
}

// settled is the link once what was judged is agreed on.
func settled(link *bridge.Link, j rule.Judged) *bridge.Link {
	l := bridge.Link{Baseline: map[bridge.Attribute]bridge.Agreed{}}
	if link != nil {
		for a, v := range link.Baseline {
			l.Baseline[a] = v
		}
	}
	for a, v := range j.Agreed {
		l.Baseline[a] = v
	}
	return &l
}

func TestExpressions_SetClearOrLeave(t *testing.T) {
	tr := pairs(t, bridge.Phones{}, bridge.Pair{
		Salesforce: "Status__c", Platform: "status",
		Inbound:  `sf.Status__c == "Gone" ? leave : sf.Status__c == "None" ? clear : lower(sf.Status__c)`,
		Outbound: `contact["status"] == "gone" ? leave : contact["status"] == "none" ? clear : upper(contact["status"])`,
	})
	link := &bridge.Link{Baseline: map[bridge.Attribute]bridge.Agreed{"status": {Salesforce: text("OLD"), Platform: text("old")}}}
	for sf, want := range map[string]bridge.Attributes{"New": {"status": text("new")}, "None": {"status": bridge.NullValue()}, "Gone": {}, "OLD": {}} {
		j, err := tr.Inbound(bridge.Fields{"Status__c": text(sf)}, link, nil)
		if d := cmp.Diff(want, j.Attributes); err != nil || d != "" {
			t.Errorf("inbound %s: %v (-want +got):\n%s", sf, err, d)
		}
	}
	for said, want := range map[string]bridge.Fields{"new": {"Status__c": text("NEW")}, "none": {"Status__c": bridge.NullValue()}, "gone": {}, "old": {}} {
		c, to := bridge.Attributes{"status": text(said)}, rule.Target{Row: bridge.Fields{"Status__c": text("OLD")}}
		j, err := tr.Outbound(c, link, to)
		if d := cmp.Diff(want, j.Fields); err != nil || d != "" {
			t.Errorf("outbound %s: %v (-want +got):\n%s", said, err, d)
		}
		if after := settled(link, j); tr.Stale(c, after) {
			t.Errorf("outbound %s: what was dealt with is still looked at", said)
		}
	}
}

func TestPair_FillsOnlyWhatIsEmpty(t *testing.T) {
	tr := pairs(t, bridge.Phones{}, bridge.Pair{Salesforce: "Title", Platform: "title", IfEmpty: true})
	said := bridge.Attributes{"title": text("Dr")}
	for name, c := range map[string]struct {
		row  bridge.Fields
		want bridge.Fields
	}{
		"created": {nil, bridge.Fields{"Title": text("Dr")}},
		"empty":   {bridge.Fields{"Title": bridge.NullValue()}, bridge.Fields{"Title": text("Dr")}},
		"filled":  {bridge.Fields{"Title": text("Prof")}, bridge.Fields{}},
	} {
		j, err := tr.Outbound(said, nil, rule.Target{Row: c.row})
		if d := cmp.Diff(c.want, j.Fields); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
		}
	}
	var need *rule.NeedError
	if _, err := tr.Outbound(said, nil, rule.Target{Row: bridge.Fields{}}); !errors.As(err, &need) || need.Fields[0] != "Title" {
		t.Errorf("a field that nobody has read: %v, want a need for it", err)
	}

	j, err := tr.Inbound(bridge.Fields{"Title": text("Prof")}, &bridge.Link{}, nil)
	if err != nil || !tr.Filling(&j) {
		t.Fatalf("%v, %v; want a look at the contact", j.Attributes, err)
	}
	tr.Fill(&j, bridge.Attributes{"title": text("Dr")})
	if len(j.Attributes)+len(j.Agreed) > 0 {
		t.Errorf("what the contact has is written over: %v", j.Attributes)
	}
	j, _ = tr.Inbound(bridge.Fields{"Title": text("Prof")}, &bridge.Link{}, nil)
	if tr.Fill(&j, bridge.Attributes{"title": bridge.NullValue()}); j.Attributes["title"] != text("Prof") {
		t.Errorf("an empty attribute stays empty: %v", j.Attributes)
	}
}

func TestPair_NeverClearsWhatIsKept(t *testing.T) {
	tr := pairs(t, bridge.Phones{}, bridge.Pair{Salesforce: "Title", Platform: "title", KeepNull: true})
	link := &bridge.Link{Baseline: map[bridge.Attribute]bridge.Agreed{"title": {Salesforce: text("Dr"), Platform: text("Dr")}}}
	in, err1 := tr.Inbound(bridge.Fields{"Title": bridge.NullValue()}, link, nil)
	out, err2 := tr.Outbound(bridge.Attributes{"title": bridge.NullValue()}, link, rule.Target{Row: bridge.Fields{"Title": text("Dr")}})
	if err1 != nil || err2 != nil || len(in.Attributes)+len(out.Fields) > 0 {
		t.Errorf("cleared: %v, %v, %v, %v", in.Attributes, out.Fields, err1, err2)
	}
}

func TestPair_ExchangesPicklistValues(t *testing.T) {
	tr := pairs(t, bridge.Phones{}, bridge.Pair{Salesforce: "Rating__c", Platform: "stage", Values: map[string]string{"Hot": "Hot Lead", "Cold": "Cold Lead"}},
		bridge.Pair{Salesforce: "Tags__c", Platform: "tags", Values: map[string]string{"R": "Red", "B": "Blue"}})
	j, err := tr.Inbound(bridge.Fields{"Rating__c": text("HOT"), "Tags__c": bridge.MultiValue([]string{"R", "B", "X"})}, nil, nil)
	want := bridge.Attributes{"stage": text("Hot Lead"), "tags": bridge.MultiValue([]string{"Blue", "Red", "X"})}
	if d := cmp.Diff(want, j.Attributes); err != nil || d != "" {
		t.Errorf("inbound: %v (-want +got):\n%s", err, d)
	}
	k, err := tr.Outbound(bridge.Attributes{"stage": text("cold lead"), "tags": text("other")}, settled(nil, j), rule.Target{Row: bridge.Fields{"Rating__c": text("HOT")}})
	if d := cmp.Diff(bridge.Fields{"Rating__c": text("Cold"), "Tags__c": text("other")}, k.Fields); err != nil || d != "" {
		t.Errorf("outbound: %v (-want +got):\n%s", err, d)
	}
	back := bridge.Attributes{"stage": text("Hot Lead"), "tags": bridge.MultiValue([]string{"Blue", "Red", "X"})}
	if k, err := tr.Outbound(back, settled(nil, j), rule.Target{Row: bridge.Fields{}}); err != nil || len(k.Fields) > 0 {
		t.Errorf("our own values come back: %v, %v", k.Fields, err)
	}
}

// One name on the platform and two in Salesforce: both fields have a baseline of their own though they have one attribute.
func TestPair_PartsOneAttributeIntoTwoFields(t *testing.T) {
	tr := pairs(t, bridge.Phones{},
		bridge.Pair{Platform: "name", Direction: bridge.Inbound, Inbound: "displayName(sf.FirstName, sf.LastName)"},
		bridge.Pair{Salesforce: "FirstName", Platform: "name", Direction: bridge.Outbound, Outbound: `firstName(contact["name"])`},
		bridge.Pair{Salesforce: "LastName", Platform: "name", Direction: bridge.Outbound, Outbound: `lastName(contact["name"])`, Default: text("(unknown)")})
	c := bridge.Attributes{"name": text("王小明")}
	j, err := tr.Outbound(c, nil, rule.Target{})
	if d := cmp.Diff(bridge.Fields{"FirstName": text("小明"), "LastName": text("王")}, j.Fields); err != nil || d != "" {
		t.Fatalf("created: %v (-want +got):\n%s", err, d)
	}
	row := bridge.Fields{"FirstName": text("小明"), "LastName": text("王")}
	link := settled(nil, j)
	if tr.Stale(c, link) || !tr.Stale(bridge.Attributes{"name": text("王大明")}, link) {
		t.Error("the name that was agreed on is stale, or an edited one is not")
	}
	in, err := tr.Inbound(row, link, nil)
	if err != nil || in.Attributes["name"] != text("王小明") {
		t.Errorf("back again: %v, %v", in.Attributes, err)
	}
	link = settled(link, in)
	if in, err = tr.Inbound(row, link, nil); err != nil || len(in.Attributes) > 0 {
		t.Errorf("an echo is carried: %v, %v", in.Attributes, err)
	}
	j, err = tr.Outbound(bridge.Attributes{"name": text("王大明")}, link, rule.Target{Row: row})
	if d := cmp.Diff(bridge.Fields{"FirstName": text("大明")}, j.Fields); err != nil || d != "" || len(j.Conflicts) > 0 {
		t.Errorf("edited: conflicts %v, %v (-want +got):\n%s", j.Conflicts, err, d)
	}
	if none, err := tr.Outbound(bridge.Attributes{"name": bridge.NullValue()}, nil, rule.Target{}); err != nil || none.Fields["LastName"] != text("(unknown)") {
		t.Errorf("nobody has a name: %v, %v", none.Fields, err)
	}
}

func TestPair_IsMadeAnewWhenAnyOfItsAttributesChanges(t *testing.T) {
	tr := pairs(t, bridge.Phones{},
		bridge.Pair{Salesforce: "Title", Platform: "title", Outbound: `join([contact["title"], contact["suffix"]], " ")`},
		bridge.Pair{Salesforce: "Note__c", Direction: bridge.Outbound, Outbound: `join([contact["a"], contact["b"]], "/")`},
		bridge.Pair{Salesforce: "Source__c", Direction: bridge.Outbound, Outbound: `"Chat"`})
	c := bridge.Attributes{"title": text("Dr"), "suffix": text("PhD"), "a": text("1"), "b": text("2")}
	row := bridge.Fields{"Title": bridge.NullValue(), "Note__c": bridge.NullValue(), "Source__c": text("Web")}
	j, err := tr.Outbound(c, nil, rule.Target{Row: row})
	if d := cmp.Diff(bridge.Fields{"Title": text("Dr PhD"), "Note__c": text("1/2"), "Source__c": text("Chat")}, j.Fields); err != nil || d != "" {
		t.Fatalf("%v (-want +got):\n%s", err, d)
	}
	link, row := settled(nil, j), j.Fields
	if tr.Stale(c, link) {
		t.Error("what was agreed on is stale")
	}
	if of := tr.Attributes("Title"); len(of) != 2 {
		t.Errorf("the title is known by %v in the baseline", of)
	}
	row["Source__c"] = text("Fair") // somebody's edit in Salesforce, which a constant does not fight
	for a, want := range map[bridge.Attribute]bridge.Fields{"suffix": {"Title": text("Dr MD")}, "a": {"Note__c": text("MD/2")}, "other": {}} {
		edited := bridge.Attributes{a: text("MD")}
		for k, v := range c {
			if k != a {
				edited[k] = v
			}
		}
		j, err := tr.Outbound(edited, link, rule.Target{Row: row})
		if d := cmp.Diff(want, j.Fields); err != nil || d != "" {
			t.Errorf("%s edited: %v (-want +got):\n%s", a, err, d)
		}
		if stale := tr.Stale(edited, link); stale != (len(want) > 0) {
			t.Errorf("%s edited: stale is %v", a, stale)
		}
	}
	if j, err := tr.Outbound(bridge.Attributes{"title": text("Prof"), "a": text("9")}, link, rule.Target{Row: row}); err != nil || len(j.Fields) > 0 {
		t.Errorf("made of attributes that were not told: %v, %v", j.Fields, err)
	}
}

func TestPhones_HaveAFormOnEitherSide(t *testing.T) {
	phone := bridge.Pair{Salesforce: "Phone", Platform: "phone", Format: bridge.PhoneFormat}
	for _, c := range []struct {
		phones          bridge.Phones
		in, out, found  string
		claimsAreEqual  bool
		sameToThePlease string
	}{
		{bridge.Phones{}, "+886912345678", "0912-345-678", "+886912345678", true, "+886 912 345 678"},
		{bridge.Phones{Platform: bridge.PhoneDigits, Salesforce: bridge.PhoneNational}, "886912345678", "0912 345 678", "886912345678", true, "886-912-345678"},
		{bridge.Phones{Platform: bridge.PhoneInternational, Salesforce: bridge.PhoneE164}, "+886 912 345 678", "+886912345678", "+886 912 345 678", true, "0912345678"},
		{bridge.Phones{Exact: true}, "0912.345.678", "0912-345-678", "0912.345.678", false, ""},
	} {
		tr := pairs(t, c.phones, phone)
		row := bridge.Fields{"Phone": text("0912.345.678")}
		in, err := tr.Inbound(row, nil, nil)
		if err != nil || in.Attributes["phone"] != text(c.in) {
			t.Errorf("%+v: inbound %v, %v; want %s", c.phones, in.Attributes, err, c.in)
		}
		out, err := tr.Outbound(bridge.Attributes{"phone": text("0912-345-678")}, nil, rule.Target{})
		if err != nil || out.Fields["Phone"] != text(c.out) {
			t.Errorf("%+v: outbound %v, %v; want %s", c.phones, out.Fields, err, c.out)
		}
		ids, err := tr.Identity(row)
		if err != nil || ids[0].Value != text(c.found) {
			t.Errorf("%+v: looked for as %v, %v; want %s", c.phones, ids, err, c.found)
		}
		keys := tr.Keys(bridge.Attributes{"phone": text("0912-345-678")})
		if same := keys[0].Claim == rule.ClaimName("p", "phone", ids[0].Value); same != c.claimsAreEqual {
			t.Errorf("%+v: both sides claim one name: %v", c.phones, same)
		}
		if c.sameToThePlease != "" {
			if again, err := tr.Outbound(bridge.Attributes{"phone": text(c.sameToThePlease)}, settled(nil, in), rule.Target{Row: row}); err != nil || len(again.Fields) > 0 {
				t.Errorf("%+v: %s counts as an edit: %v, %v", c.phones, c.sameToThePlease, again.Fields, err)
			}
		}
	}
}

func TestPhones_TellExtensionsApart(t *testing.T) {
	tr := pairs(t, bridge.Phones{Platform: bridge.PhoneInternational}, bridge.Pair{Salesforce: "Phone", Platform: "phone", Format: bridge.PhoneFormat})
	row := bridge.Fields{"Phone": text("02-2345-6789#12")}
	in, err := tr.Inbound(row, nil, nil)
	if err != nil || in.Attributes["phone"] != text("+886 2 2345 6789 ext. 12") {
		t.Fatalf("inbound: %v, %v", in.Attributes, err)
	}
	link := settled(nil, in)
	moved, err := tr.Inbound(bridge.Fields{"Phone": text("02-2345-6789#34")}, link, nil)
	if err != nil || moved.Attributes["phone"] != text("+886 2 2345 6789 ext. 34") {
		t.Errorf("another extension is not carried: %v, %v", moved.Attributes, err)
	}
	bare, err := tr.Inbound(bridge.Fields{"Phone": text("02-2345-6789")}, link, nil)
	if err != nil || bare.Attributes["phone"] != text("+886 2 2345 6789") {
		t.Errorf("an extension that was taken off is not carried: %v, %v", bare.Attributes, err)
	}
	if out, err := tr.Outbound(bridge.Attributes{"phone": text("+886223456789")}, &bridge.Link{}, rule.Target{Row: row}); err != nil || len(out.Fields) > 0 {
		t.Errorf("the switchboard's number is written over the extension: %v, %v", out.Fields, err)
	}
	k := tr.Keys(bridge.Attributes{"phone": text("02-2345-6789 分機 12")})[0]
	if !k.Exact() || k.Value != text("+886223456789") || tr.Others(k, row) || !tr.Others(k, bridge.Fields{"Phone": text("02-2345-6789 ext 34")}) ||
		tr.Others(k, bridge.Fields{"Phone": text("02-2345-6789")}) {
		t.Errorf("key %+v", k)
	}
	if tr.Keys(bridge.Attributes{"phone": text("02-2345-6789")})[0].Exact() {
		t.Error("a number without extension asks for one")
	}
}

func TestCompile_RefusesWhatItCannotReadByTheSyntaxTree(t *testing.T) {
	for expression, want := range map[string]string{
		`has(sf.Email) ? 1 : 2`: "write sf.Email != null", `sf.size() > 1`: "stands alone", `sf[sf.Email]`: "stands alone", `sf.exists(k, k == "a")`: "stands alone",
		`contact`: "stands alone", `sf.Account.Owner.Name`: "one parent up", `sf["Account"].Owner.Name`: "one parent up", `[1].map(sf, sf)[0]`: "stands alone",
		`nope(sf.X)`: "undeclared", `phone()`: "no matching overload", `cut(sf.X)`: "no matching overload", `sf.X =`: "Syntax error", `"a" + 1`: "no matching overload",
		strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100): "recursion", `"` + strings.Repeat("a", 9000) + `"`: "size",
	} {
		_, err := rule.Compile([]bridge.Project{{ID: "p", Transfers: []bridge.Transfer{{ID: "t", Fields: []bridge.Pair{{Platform: "a", Inbound: expression}}}}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", expression, err, want)
		}
	}
	for condition, want := range map[string]string{`sf.Email`: "", `"yes"`: "true or false", `1 + 1`: "true or false", `yes(sf.Email)`: "", `contact["a"] == "b"`: "not known inbound", `sf.A ==`: "Syntax"} {
		if err := rule.CheckCondition(condition); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("condition %s: %v, want %q", condition, err, want)
		}
	}
}

func TestReadSet_HoldsEveryNameOfTheSyntaxTree(t *testing.T) {
	tr := pairs(t, bridge.Phones{}, bridge.Pair{Platform: "a", Direction: bridge.Inbound,
		Inbound: `sf.A == null ? [sf.B].map(x, x + text(sf["C"]))[0] : either(sf.Account.Name, pick(sf.D, {"k": sf.E}), sf.Vehicle__r.Plate__c)`})
	for _, f := range []bridge.Field{"A", "B", "C", "D", "E", "Account.Name", "AccountId", "Vehicle__r.Plate__c", "Vehicle__c", "Phone"} {
		if !tr.Reads(f) {
			t.Errorf("%s is read and not in the read set", f)
		}
	}
	for _, f := range []bridge.Field{"Account", "Name", "Vehicle__r", "x"} {
		if tr.Reads(f) {
			t.Errorf("%s is in the read set", f)
		}
	}
}

func TestHolds_IsTrueFalseOrAnError(t *testing.T) {
	set, err := rule.Compile([]bridge.Project{{ID: "p", Transfers: []bridge.Transfer{{ID: "t", Condition: "sf.OptIn__c"}}}})
	if err != nil {
		t.Fatal(err)
	}
	tr := set.Project("p").Transfer("t")
	for _, c := range []struct {
		v    bridge.Value
		in   bool
		fine bool
	}{{bridge.BoolValue(true), true, true}, {bridge.BoolValue(false), false, true}, {bridge.NullValue(), false, true}, {text("true"), false, false}} {
		if in, err := tr.Holds(bridge.Fields{"OptIn__c": c.v}); in != c.in || (err == nil) != c.fine {
			t.Errorf("%v: %v, %v", c.v, in, err)
		}
	}
}

func TestExpressions_CostNoMoreThanTheirBound(t *testing.T) {
	thousand := `"` + strings.Repeat("a,", 1000) + `"`
	for _, expression := range []string{
		`list(` + thousand + `).map(a, list(` + thousand + `).map(b, a + b)).size()`,
		`list(` + thousand + `).map(a, upper(` + thousand + `)).size()`,
		strings.Repeat(`replace(`, 20) + `"aaaaaaaa"` + strings.Repeat(`, "a", "aaaaaaaaaa")`, 20),
	} {
		if v, err := mapped(t, expression, bridge.Fields{}); err == nil {
			t.Errorf("%.40s answered %.40s", expression, v)
		}
	}
}

func TestKeys_FindAPhoneByEachProjectsCountry(t *testing.T) {
	var all []bridge.Project
	for id, region := range map[bridge.ProjectID]string{"tw": "TW", "jp": "JP"} {
		all = append(all, bridge.Project{ID: id, Org: "o", Region: region, Transfers: []bridge.Transfer{{
			ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both,
			Identity: []bridge.Pair{{Salesforce: "Phone", Platform: "phone", Format: bridge.PhoneFormat}},
		}}})
	}
	set, err := rule.Compile(all)
	if err != nil {
		t.Fatal(err)
	}
	kept := set.Wants("o").Keys(&bridge.Row{Object: "Contact", Values: bridge.Fields{"Phone": text("03-1234-5678")}})
	for _, p := range all {
		k := set.Project(p.ID).Transfer("t").Keys(bridge.Attributes{"phone": text("03-1234-5678")})[0]
		if got := kept[k.Index]; got != k.Value || k.Field != "Phone" {
			t.Errorf("%s: looks for %v under %s, and the mirror knows %v", p.ID, k.Value, k.Index, kept)
		}
	}
}
