package rule_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func text(s string) bridge.Value { return bridge.TextValue(s) }

// contacts is a transfer of contacts, two ways, with a phone, an e-mail and a name.
func contacts(t *testing.T, change func(*bridge.Transfer)) *rule.Transfer {
	t.Helper()
	tr := bridge.Transfer{
		ID: "contacts", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both,
		Identity: []bridge.Pair{
			{Salesforce: "Email", Platform: "email", Format: bridge.EmailFormat},
			{Salesforce: "MobilePhone", Platform: "phone", Format: bridge.PhoneFormat},
		},
		Fields: []bridge.Pair{
			{Salesforce: "FirstName", Platform: "firstName"},
			{Salesforce: "LastName", Platform: "lastName", Default: text("-")},
			{Salesforce: "Email", Platform: "email", Format: bridge.EmailFormat},
			{Salesforce: "MobilePhone", Platform: "phone", Format: bridge.PhoneFormat},
			{Salesforce: "Score__c", Platform: "custom.score"},
		},
	}
	if change != nil {
		change(&tr)
	}
	set, err := rule.Compile([]bridge.Project{{ID: "crm", Org: "prod", Region: "MY", Transfers: []bridge.Transfer{tr}}})
	if err != nil {
		t.Fatal(err)
	}
	return set.Project("crm").Transfer("contacts")
}

func row() bridge.Fields {
	return bridge.Fields{
		"FirstName": text("Mei"), "LastName": text("Tan"), "Email": text("mei@example.com"), "MobilePhone": text("012-345 6789"),
		"Score__c": bridge.NumberValue(5),
	}
}

func agreed() *bridge.Link {
	base := map[bridge.Attribute]bridge.Agreed{}
	r := row()
	for f, a := range map[bridge.Field]bridge.Attribute{
		"FirstName": "firstName", "LastName": "lastName", "Email": "email", "MobilePhone": "phone", "Score__c": "custom.score",
	} {
		base[a] = bridge.Agreed{Salesforce: r[f], Platform: r[f]}
	}
	base["phone"] = bridge.Agreed{Salesforce: r["MobilePhone"], Platform: text("+60123456789")}
	base["custom.score"] = bridge.Agreed{Salesforce: r["Score__c"], Platform: text("5.0")}
	return &bridge.Link{Record: "003", Contact: "7", Baseline: base}
}

func TestInbound_CarriesWhatDiffersFromTheBaseline(t *testing.T) {
	tr := contacts(t, nil)
	for _, c := range []struct {
		name  string
		edit  func(bridge.Fields)
		dirty map[bridge.Field]bool
		want  bridge.Attributes
	}{
		{"nothing changed", func(bridge.Fields) {}, nil, bridge.Attributes{}},
		{"the same phone in another format", func(r bridge.Fields) { r["MobilePhone"] = text("+60 (12) 345-6789") }, nil, bridge.Attributes{}},
		{"a name", func(r bridge.Fields) { r["LastName"] = text("Lim") }, nil, bridge.Attributes{"lastName": text("Lim")}},
		{"cleared", func(r bridge.Fields) { r["FirstName"] = bridge.NullValue() }, nil, bridge.Attributes{"firstName": bridge.NullValue()}},
		{"a field that nobody touched", func(r bridge.Fields) { r["LastName"] = text("Lim") }, map[bridge.Field]bool{"Email": true}, bridge.Attributes{}},
		{"e-mail in other case", func(r bridge.Fields) { r["Email"] = text("MEI@Example.com") }, nil, bridge.Attributes{}},
	} {
		r := row()
		c.edit(r)
		j, err := tr.Inbound(r, agreed(), c.dirty)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if d := cmp.Diff(c.want, j.Attributes); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestInbound_NeedsUnknownValuesReadBeforeItJudges(t *testing.T) {
	r := row()
	delete(r, "LastName")
	_, err := contacts(t, nil).Inbound(r, nil, nil)
	var need *rule.NeedError
	if !errors.As(err, &need) || len(need.Fields) != 1 || need.Fields[0] != "LastName" {
		t.Fatalf("got %v, want a need for LastName", err)
	}
}

func TestInbound_DoesNotClearWhatWasNeverAgreedOn(t *testing.T) {
	r := row()
	r["FirstName"] = bridge.NullValue()
	j, err := contacts(t, nil).Inbound(r, &bridge.Link{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := j.Attributes["firstName"]; ok {
		t.Errorf("a fresh link would clear firstName with %v", v)
	}
}

func TestOutbound_WritesWhatThePlatformChanged(t *testing.T) {
	tr := contacts(t, nil)
	same := bridge.Attributes{"firstName": text("Mei"), "lastName": text("Tan"), "email": text("mei@example.com"), "phone": text("+60123456789"), "custom.score": text("5.00")}
	for _, c := range []struct {
		name      string
		edit      func(bridge.Attributes)
		to        rule.Target
		want      bridge.Fields
		conflicts []string
	}{
		{"an echo of ours", func(bridge.Attributes) {}, rule.Target{Row: row()}, bridge.Fields{}, nil},
		{"a name", func(a bridge.Attributes) { a["lastName"] = text("Lim") }, rule.Target{Row: row()}, bridge.Fields{"LastName": text("Lim")}, nil},
		{"what Salesforce has already", func(a bridge.Attributes) { a["lastName"] = text("Lim") },
			rule.Target{Row: bridge.Fields{"LastName": text("Lim")}}, bridge.Fields{}, nil},
		{"what Salesforce is about to lose", func(a bridge.Attributes) { a["lastName"] = text("Lim") },
			rule.Target{Row: bridge.Fields{"LastName": text("Lim")}, Open: map[bridge.Field]bool{"LastName": true}}, bridge.Fields{"LastName": text("Lim")}, nil},
		{"both changed", func(a bridge.Attributes) { a["lastName"] = text("Lim") },
			rule.Target{Row: bridge.Fields{"LastName": text("Ong")}}, bridge.Fields{"LastName": text("Lim")}, []string{"LastName"}},
		{"an attribute that is not told", func(a bridge.Attributes) { delete(a, "lastName") }, rule.Target{Row: row()}, bridge.Fields{}, nil},
		{"a required name cleared", func(a bridge.Attributes) { a["lastName"] = bridge.NullValue() }, rule.Target{Row: row()}, bridge.Fields{}, nil},
	} {
		a := bridge.Attributes{}
		for k, v := range same {
			a[k] = v
		}
		c.edit(a)
		j, err := tr.Outbound(a, agreed(), c.to)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if d := cmp.Diff(c.want, j.Fields); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		if d := cmp.Diff(c.conflicts, j.Conflicts); d != "" {
			t.Errorf("%s: conflicts (-want +got):\n%s", c.name, d)
		}
	}
}

// The contact says what it said when both sides agreed; that Salesforce says otherwise by now is no edit of the platform's.
func TestOutbound_LeavesAloneWhatOnlySalesforceChanged(t *testing.T) {
	tr := contacts(t, nil)
	said := bridge.Attributes{"firstName": text("Mei"), "lastName": text("Tan"), "email": text("mei@example.com"), "phone": text("+60123456789"), "custom.score": text("5.00")}
	newer := row()
	newer["LastName"] = text("Ong")
	for name, said := range map[string]bridge.Attributes{"nothing": said, "something else": {"firstName": text("May"), "lastName": text("Tan")}} {
		j, err := tr.Outbound(said, agreed(), rule.Target{Row: newer})
		if _, written := j.Fields["LastName"]; err != nil || written || len(j.Conflicts) > 0 {
			t.Errorf("%s edited on the platform: writes %v, conflicts %v, %v", name, j.Fields, j.Conflicts, err)
		}
	}
}

func TestOutbound_UnticksACheckboxThatThePlatformCleared(t *testing.T) {
	tr := contacts(t, func(tr *bridge.Transfer) {
		tr.Fields = append(tr.Fields, bridge.Pair{Salesforce: "Vip__c", Platform: "custom.vip"})
	})
	link := agreed()
	link.Baseline["custom.vip"] = bridge.Agreed{Salesforce: bridge.BoolValue(true), Platform: text("true")}
	j, err := tr.Outbound(bridge.Attributes{"custom.vip": bridge.NullValue()}, link, rule.Target{Row: bridge.Fields{"Vip__c": bridge.BoolValue(true)}})
	if err != nil || j.Fields["Vip__c"] != bridge.BoolValue(false) {
		t.Errorf("got %v, %v", j.Fields, err)
	}
}

func TestOutbound_ClearsOnlyWhatWasAgreedOn(t *testing.T) {
	tr := contacts(t, nil)
	none := bridge.Attributes{"phone": bridge.NullValue()}
	j, err := tr.Outbound(none, &bridge.Link{}, rule.Target{Row: row()})
	if err != nil || len(j.Fields) > 0 || len(j.Agreed) > 0 {
		t.Errorf("a contact without a phone that was just matched takes the record's: %v, %v, %v", j.Fields, j.Agreed, err)
	}
	if j, err = tr.Outbound(none, agreed(), rule.Target{Row: row()}); err != nil || !j.Fields["MobilePhone"].IsNull() {
		t.Errorf("a phone that was removed stays: %v, %v", j.Fields, err)
	}
}

func TestOutbound_FillsDefaultsOfANewRecord(t *testing.T) {
	j, err := contacts(t, nil).Outbound(bridge.Attributes{"firstName": text("Mei"), "lastName": bridge.NullValue()}, nil, rule.Target{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(bridge.Fields{"FirstName": text("Mei"), "LastName": text("-")}, j.Fields); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestExpressions_MapReadAndCondition(t *testing.T) {
	tr := contacts(t, func(tr *bridge.Transfer) {
		tr.Condition = `sf.Status__c == "Active"`
		tr.Fields = append(tr.Fields, bridge.Pair{Platform: "custom.full", Inbound: `sf.FirstName + " " + sf["LastName"]`, Direction: bridge.Inbound})
	})
	for _, f := range []bridge.Field{"Status__c", "FirstName", "LastName", "Email"} {
		if !tr.Reads(f) {
			t.Errorf("%s is not in the read set", f)
		}
	}
	r := row()
	if _, err := tr.Holds(r); err == nil {
		t.Error("a condition over an unknown field was judged")
	}
	r["Status__c"] = text("Active")
	if in, err := tr.Holds(r); err != nil || !in {
		t.Errorf("condition: %v, %v", in, err)
	}
	j, err := tr.Inbound(r, nil, nil)
	if err != nil || j.Attributes["custom.full"] != text("Mei Tan") {
		t.Errorf("got %v, %v", j.Attributes["custom.full"], err)
	}
}

func TestParents_AreReadAnewWhenTheRecordMovesToAnother(t *testing.T) {
	tr := contacts(t, func(tr *bridge.Transfer) {
		tr.Fields = append(tr.Fields, bridge.Pair{Salesforce: "Account.Name", Platform: "custom.company", Direction: bridge.Inbound})
	})
	if !tr.Reads("AccountId") {
		t.Fatal("the reference is not in the read set")
	}
	c := bridge.Change{Type: bridge.Update, Version: at(11, 101), Changed: []bridge.Field{"AccountId"}, Values: bridge.Fields{"AccountId": text("001")}}
	known := row()
	known["Account.Name"] = text("Acme")
	moved := rule.Fold(bridge.Row{Version: at(10, 100), Values: known}, &c)
	link := agreed()
	link.Baseline["custom.company"] = bridge.Agreed{Salesforce: text("Acme"), Platform: text("Acme")}
	_, err := tr.Inbound(moved.Values, link, map[bridge.Field]bool{"AccountId": true})
	var need *rule.NeedError
	if !errors.As(err, &need) || need.Fields[0] != "Account.Name" {
		t.Errorf("got %v, want a need for the new parent's name", err)
	}
}

func TestCompile_ReportsAllFaultsByPlace(t *testing.T) {
	_, err := rule.Compile([]bridge.Project{{ID: "crm", Transfers: []bridge.Transfer{
		{ID: "a", Condition: "sf.X =="}, {ID: "b", Fields: []bridge.Pair{{Inbound: "nope(1)"}}},
	}}})
	if err == nil {
		t.Fatal("two faulty expressions compiled")
	}
	for _, place := range []string{"project.crm.transfer[0] a", "project.crm.transfer[1] b"} {
		if !contains(err.Error(), place) {
			t.Errorf("the error does not name %s:\n%v", place, err)
		}
	}
}

func contains(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i:i+len(sub)] == sub {
			return true
		}
	}
	return false
}

func TestWants_TrimsToTheReadSetAndPicksTransfers(t *testing.T) {
	set, err := rule.Compile([]bridge.Project{{ID: "crm", Org: "prod", Transfers: []bridge.Transfer{{
		ID: "contacts", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both,
		Identity: []bridge.Pair{{Salesforce: "Email", Platform: "email", Format: bridge.EmailFormat}},
		Fields:   []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	w := set.Wants("prod")
	c := bridge.Change{Object: "Contact", Type: bridge.Update, Changed: []bridge.Field{"LastName", "Fax"}, Values: bridge.Fields{"LastName": text("Lim"), "Fax": text("1")}}
	if !w.Trim(&c) || len(c.Values) != 1 || len(c.Changed) != 1 {
		t.Errorf("trimmed to %+v", c)
	}
	if got := w.Wanted(&c); len(got) != 1 {
		t.Errorf("%d transfers want it", len(got))
	}
	for _, c := range []bridge.Change{
		{Object: "Contact", Type: bridge.Update, Changed: []bridge.Field{"Fax"}},
		{Object: "Case", Type: bridge.Create},
	} {
		if w.Trim(&c) {
			t.Errorf("%+v is wanted", c)
		}
	}
	r := bridge.Row{Object: "Contact", Values: bridge.Fields{"Email": text("Mei@Example.com")}}
	if d := cmp.Diff(bridge.Fields{"Email": text("mei@example.com")}, w.Keys(&r)); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
}

func FuzzPhone(f *testing.F) {
	f.Add("+60123456789", "MY")
	f.Add("٠١٢٣٤٥٦٧٨٩", "MY")
	f.Add("+200000000000", "0")
	f.Fuzz(func(t *testing.T, s, region string) {
		once := rule.Phone(s, region)
		if again := rule.Phone(once, region); once != again && len(once) > 0 && once[0] == '+' {
			t.Errorf("Phone(%q) = %q, then %q", s, once, again)
		}
	})
}

// FuzzExpression holds that no expression makes the daemon panic, and that one which is accepted answers a value that a field can hold, leave or an error.
func FuzzExpression(f *testing.F) {
	f.Add(`sf.A + "x"`)
	f.Add(`contact["a"] == null ? 1 : 2`)
	f.Add(`sf.Account.Name == null ? leave : clear`)
	f.Add(`[sf.A].map(x, {x: sf["B"]})[0].size() > 1`)
	for _, fn := range rule.Functions() {
		f.Add(fn.Example)
	}
	f.Fuzz(func(t *testing.T, s string) {
		set, err := rule.Compile([]bridge.Project{{ID: "p", Region: "JP", Transfers: []bridge.Transfer{{
			ID: "t", Direction: bridge.Both, Fields: []bridge.Pair{{Salesforce: "A", Platform: "a", Inbound: s, Outbound: s}},
		}}}})
		if err != nil {
			return
		}
		tr := set.Project("p").Transfer("t")
		in, err := tr.Inbound(bridge.Fields{"A": text("a"), "B": bridge.NumberValue(1.5), "Account.Name": bridge.NullValue()}, nil, map[bridge.Field]bool{"A": true})
		for _, v := range in.Attributes {
			if _, bad := v.MarshalJSON(); err == nil && bad != nil {
				t.Errorf("%s answered %v", s, v)
			}
		}
		_, _ = tr.Outbound(bridge.Attributes{"a": text("a"), "b": bridge.NullValue()}, nil, rule.Target{})
	})
}

func TestCompile_RefusesAKeyThatTwoProjectsShare(t *testing.T) {
	tr := bridge.Transfer{ID: "contacts", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Key: "Messaging_Id__c"}
	a := bridge.Project{ID: "a", Org: "acme", Transfers: []bridge.Transfer{tr}}
	b := bridge.Project{ID: "b", Org: "acme", Transfers: []bridge.Transfer{tr}}
	if _, err := rule.Compile([]bridge.Project{a, b}); err == nil {
		t.Error("two projects may write their contacts' ids to one field")
	}
	b.Org = "other"
	if _, err := rule.Compile([]bridge.Project{a, b}); err != nil {
		t.Errorf("two orgs: %v", err)
	}
}

func TestLanded_TakesWhatWasWrittenUnlessSomethingElseWasAgreedOnSince(t *testing.T) {
	tr := contacts(t, func(to *bridge.Transfer) {
		to.Fields = []bridge.Pair{
			{Salesforce: "FirstName", Platform: "firstName"}, {Salesforce: "LastName", Platform: "lastName"}, {Salesforce: "Email", Platform: "email"},
		}
	})
	both := func(text string) bridge.Agreed {
		return bridge.Agreed{Salesforce: bridge.TextValue(text), Platform: bridge.TextValue(text)}
	}
	link := &bridge.Link{Baseline: map[bridge.Attribute]bridge.Agreed{"firstName": both("old"), "lastName": both("old"), "email": both("old")}}
	word := bridge.Claim{}.And(link, map[bridge.Attribute]bridge.Agreed{"firstName": both("sent"), "lastName": both("sent"), "email": both("sent")})

	since := *link
	since.Baseline = map[bridge.Attribute]bridge.Agreed{"firstName": both("old"), "lastName": both("newer"), "email": both("old")}
	row := bridge.Fields{"FirstName": bridge.TextValue("edited"), "LastName": bridge.TextValue("newer"), "Email": bridge.TextValue("old")}
	got, edited := tr.Landed(&since, word, rule.Target{Row: row, Open: map[bridge.Field]bool{"Email": true}})
	want := map[bridge.Attribute]bridge.Agreed{"firstName": both("sent"), "lastName": both("newer"), "email": both("old")}
	if diff := cmp.Diff(want, got.Baseline); diff != "" {
		t.Errorf("firstName was written, lastName agreed on anew, email not confirmed: %s", diff)
	}
	if len(edited) != 1 || edited[0] != "FirstName" {
		t.Errorf("edited since: %v, want FirstName", edited)
	}

	again := word.And(got, map[bridge.Attribute]bridge.Agreed{"firstName": both("third"), "lastName": both("third")})
	for _, base := range []string{"old", "sent"} { // the echo of the first write may have been agreed on since
		since.Baseline["firstName"] = both(base)
		if got, _ := tr.Landed(&since, again, rule.Target{Row: row}); !got.Baseline["firstName"].Equal(both("third")) {
			t.Errorf("with %q agreed on, a second write left %v", base, got.Baseline["firstName"])
		}
	}
	if less := tr.Forget(again, "FirstName"); len(less.Agreed) != 2 || len(again.Agreed) != 3 {
		t.Errorf("forgotten: %v of %v", less.Agreed, again.Agreed)
	}
}
