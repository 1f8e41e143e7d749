package rule_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// grading reads a formula in two projects: in one it is mapped, in the other it decides who is carried. A third transfer sends nothing.
func grading(t *testing.T) *rule.Wants {
	t.Helper()
	transfer := func(name bridge.TransferID, every time.Duration, change func(*bridge.Transfer)) bridge.Transfer {
		tr := bridge.Transfer{
			ID: name, Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Reread: every,
			Fields: []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}, {Salesforce: "Account.Tier__c", Platform: "tier", Direction: bridge.Inbound}},
		}
		change(&tr)
		return tr
	}
	mapped := func(tr *bridge.Transfer) {
		tr.Fields = append(tr.Fields, bridge.Pair{Salesforce: "Grade__c", Platform: "grade", Direction: bridge.Inbound})
	}
	set, err := rule.Compile([]bridge.Project{
		{ID: "a", Org: "o", Transfers: []bridge.Transfer{transfer("mapped", 2*time.Hour, mapped), transfer("plain", 0, func(*bridge.Transfer) {})}},
		{ID: "b", Org: "o", Transfers: []bridge.Transfer{transfer("asked", time.Hour, func(tr *bridge.Transfer) { tr.Condition = `sf.Grade__c == "go"` })}},
		{ID: "c", Org: "o", Transfers: []bridge.Transfer{transfer("shadow", time.Minute, func(tr *bridge.Transfer) { mapped(tr); tr.Shadow = true })}},
		{ID: "d", Org: "o", Transfers: []bridge.Transfer{transfer("off", time.Minute, func(tr *bridge.Transfer) { mapped(tr); tr.InboundTiming.Never = true })}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return set.Wants("o")
}

func TestRereads_AreTheFieldsOfWhoeverSends(t *testing.T) {
	w := grading(t)
	want := []rule.Reread{{"Account", time.Hour, []bridge.Field{"Tier__c"}}, {"Contact", time.Hour, []bridge.Field{"AccountId", "Grade__c", "LastName"}}}
	if d := cmp.Diff(want, w.Rereads()); d != "" {
		t.Errorf("rereads (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]bridge.ProjectID{"a", "b"}, w.Linked("Contact")); d != "" {
		t.Errorf("linked in (-want +got):\n%s", d)
	}
	for _, c := range []struct {
		o     bridge.Object
		field bridge.Field
		whole bool
	}{{"Contact", "Grade__c", true}, {"Contact", "LastName", false}, {"Account", "Tier__c", true}, {"Account", "Name", false}} {
		if got := w.Whole(c.o, []bridge.Field{c.field}); got != c.whole {
			t.Errorf("for %s the whole of %s matters: %v", c.field, c.o, got)
		}
	}
}

func TestNews_ConcernsTheLinkedAndWhoMeetsAConditionNow(t *testing.T) {
	w := grading(t)
	at := bridge.Version{At: time.Unix(100, 0)}
	row := func(grade string) bridge.Row {
		return bridge.Row{Org: "O", Object: "Contact", Record: "003", Version: at, Values: bridge.Fields{"LastName": text("Tan"), "Grade__c": text(grade)}}
	}
	a, b := []bridge.ProjectID{"a"}, []bridge.ProjectID{"b"}
	for name, c := range map[string]struct {
		known, read bridge.Row
		linked      []bridge.ProjectID
		want        []bridge.TransferID
		silent      bool
	}{
		"nothing differs":               {known: row("A"), read: row("A"), linked: a, silent: true},
		"linked where it is mapped":     {known: row("A"), read: row("B"), linked: a, want: []bridge.TransferID{"mapped"}},
		"linked where it decides":       {known: row("go"), read: row("no"), linked: b, want: []bridge.TransferID{"asked"}},
		"linked in both":                {known: row("go"), read: row("no"), linked: []bridge.ProjectID{"a", "b"}, want: []bridge.TransferID{"mapped", "asked"}},
		"linked nowhere":                {known: row("A"), read: row("B")},
		"linked nowhere, meets it now":  {known: row("A"), read: row("go"), want: []bridge.TransferID{"asked"}},
		"linked nowhere, not any more":  {known: row("go"), read: row("A")},
		"unseen":                        {known: row("A"), read: bridge.Row{}, linked: a, silent: true},
		"never heard of":                {known: bridge.Row{}, read: row("A"), linked: a, silent: true},
		"deleted":                       {known: bridge.Row{Version: at, Deleted: true}, read: row("A"), linked: a, silent: true},
		"all of it is unknown":          {known: bridge.Row{Version: at, Forgotten: []bridge.Field{bridge.AllFields}}, read: row("A"), linked: a, silent: true},
		"what decides was not known":    {known: bridge.Row{Object: "Contact", Version: at, Values: bridge.Fields{"LastName": text("Tan")}}, read: row("go")},
		"what is mapped was not known":  {known: bridge.Row{Object: "Contact", Version: at, Values: bridge.Fields{"LastName": text("Tan")}}, read: row("A"), linked: a, want: []bridge.TransferID{"mapped"}},
		"linked in a shadow's projects": {known: row("A"), read: row("B"), linked: []bridge.ProjectID{"c", "d"}},
	} {
		n, anew := w.News(c.known, c.read, c.linked)
		if anew == c.silent {
			t.Errorf("%s: news is %v", name, anew)
		}
		var got []bridge.TransferID
		for _, h := range n.Hits {
			if got = append(got, h.Transfer.ID); h.Dirty != nil && !cmp.Equal(h.Dirty, []bridge.Field{"Grade__c"}) {
				t.Errorf("%s: dirty is %v", name, h.Dirty)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: concerns (-want +got):\n%s", name, d)
		}
		if anew && (n.Row.Version != bridge.Version{} || len(n.Row.Values) != 1) {
			t.Errorf("%s: the row is %+v", name, n.Row)
		}
	}
	known := bridge.Row{Object: "Account", Record: "001", Version: at, Values: bridge.Fields{"Tier__c": text("Tin")}}
	n, _ := w.News(known, bridge.Row{Version: at, Values: bridge.Fields{"Tier__c": text("Gold")}}, nil)
	if len(n.Hits) != 0 || len(n.Touched) != 2 || !cmp.Equal(n.Touched[0].Dirty, []bridge.Field{"Account.Tier__c"}) {
		t.Errorf("of a parent %+v", n)
	}
}

func TestRenew_LeavesTheRowAsOldAsItWas(t *testing.T) {
	at := bridge.Version{At: time.Unix(100, 0), Commit: 7}
	known := bridge.Row{Version: at, Values: bridge.Fields{"LastName": text("Tan"), "Grade__c": text("A")}, Forgotten: []bridge.Field{"Rank__c", "Email"}}
	got := rule.Renew(known, bridge.Row{Values: bridge.Fields{"Grade__c": text("B"), "Rank__c": text("1")}})
	want := bridge.Row{Version: at, Values: bridge.Fields{"LastName": text("Tan"), "Grade__c": text("B"), "Rank__c": text("1")}, Forgotten: []bridge.Field{"Email"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("renewed (-want +got):\n%s", d)
	}
	if known.Values["Grade__c"] != text("A") {
		t.Error("the known row was changed")
	}
	for _, r := range []bridge.Row{{}, {Version: at, Deleted: true}, {Version: at, Values: bridge.Fields{}, Forgotten: []bridge.Field{bridge.AllFields}}} {
		if d := cmp.Diff(r, rule.Renew(r, bridge.Row{Values: bridge.Fields{"Grade__c": text("B")}})); d != "" {
			t.Errorf("a row that says nothing of itself was renewed (-want +got):\n%s", d)
		}
	}
}
