package rule_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func kin(t *testing.T, parents map[string]bridge.Object) *rule.Wants {
	t.Helper()
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Transfers: []bridge.Transfer{{
		ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Parents: parents, Condition: `sf.Account.Type != "Gone"`,
		Fields: []bridge.Pair{
			{Salesforce: "Account.Name", Platform: "company", Direction: bridge.Inbound}, {Salesforce: "LastName", Platform: "lastName"},
			{Platform: "plate", Direction: bridge.Inbound, Inbound: "sf.Vehicle__r.Plate__c"}, {Platform: "boss", Direction: bridge.Inbound, Inbound: "text(sf.ReportsTo.Name)"},
		},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	return set.Wants("o")
}

func TestParents_AreMirroredAndFollowed(t *testing.T) {
	w := kin(t, map[string]bridge.Object{"Vehicle__r": "Car__c"})
	if got := w.Objects(); !slices.Equal(got, []bridge.Object{"Account", "Car__c", "Contact"}) {
		t.Fatalf("objects %v", got)
	}
	if got := w.ReadSet("Account"); !slices.Equal(got, []bridge.Field{"Name", "Type"}) {
		t.Errorf("of accounts %v is kept", got)
	}
	c := bridge.Change{Object: "Account", Type: bridge.Update, Changed: []bridge.Field{"Name", "Fax"}, Values: bridge.Fields{"Name": text("Acme"), "Fax": text("1")}}
	if !w.Trim(&c) || len(c.Values) != 1 || len(w.Wanted(&c)) != 0 {
		t.Errorf("trimmed to %+v", c)
	}
	hit := w.Touches(&c)
	if len(hit) != 1 || hit[0].Reference != "AccountId" || !slices.Equal(hit[0].Dirty, []bridge.Field{"Account.Name"}) {
		t.Errorf("touched: %+v", hit)
	}
	for _, c := range []bridge.Change{{Object: "Account", Type: bridge.Delete}, {Object: "Account", Type: bridge.GapUpdate}, {Object: "Account", Type: bridge.Undelete}} {
		if hit := w.Touches(&c); len(hit) != 1 || len(hit[0].Dirty) != 2 {
			t.Errorf("%s touches %+v", c.Type, hit)
		}
	}
	if hit := w.Touches(&bridge.Change{Object: "Account", Type: bridge.Create}); hit != nil {
		t.Errorf("a new account has children: %+v", hit)
	}
	if w.Trim(&bridge.Change{Object: "Account", Type: bridge.Update, Changed: []bridge.Field{"Fax"}}) {
		t.Error("what nobody reads of an account is wanted")
	}
	keys := w.Keys(&bridge.Row{Object: "Contact", Values: bridge.Fields{"AccountId": text("001"), "Vehicle__c": bridge.NullValue(), "ReportsToId": text("003")}})
	if d := cmp.Diff(bridge.Fields{"AccountId": text("001")}, keys); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
	if off := kin(t, map[string]bridge.Object{"Account": ""}); !slices.Equal(off.Objects(), []bridge.Object{"Contact"}) {
		t.Errorf("a parent that is not to be followed is: %v", off.Objects())
	}
}

func TestParents_GiveWhatTheyHoldByNow(t *testing.T) {
	account := kin(t, nil).Parents("Contact")[0]
	if account.Stamp() != "Account.SystemModstamp" {
		t.Errorf("the age is read by %s", account.Stamp())
	}
	read := bridge.Fields{"AccountId": text("001"), "Account.Name": text("Old"), "Account.Type": text("A"), "LastName": text("Tan")}
	for name, c := range map[string]struct {
		ref    bridge.Value
		parent bridge.Row
		want   bridge.Fields
	}{
		"renamed": {text("001"), bridge.Row{Values: bridge.Fields{"Name": text("New")}}, bridge.Fields{"Account.Name": text("New"), "Account.Type": text("A")}},
		"emptied": {text("001"), bridge.Row{Values: bridge.Fields{"Type": bridge.NullValue()}}, bridge.Fields{"Account.Name": text("Old"), "Account.Type": bridge.NullValue()}},
		"unheard": {text("001"), bridge.Row{}, bridge.Fields{"Account.Name": text("Old"), "Account.Type": text("A")}},
		"deleted": {text("001"), bridge.Row{Deleted: true}, bridge.Fields{}},
		"hinted":  {text("001"), bridge.Row{Forgotten: []bridge.Field{"Name"}}, bridge.Fields{"Account.Type": text("A")}},
		"gapped":  {text("001"), bridge.Row{Forgotten: []bridge.Field{bridge.AllFields}, Values: bridge.Fields{"Type": text("B")}}, bridge.Fields{"Account.Type": text("B")}},
		"left":    {bridge.NullValue(), bridge.Row{}, bridge.Fields{"Account.Name": bridge.NullValue(), "Account.Type": bridge.NullValue()}},
		"unknown": {bridge.Value{}, bridge.Row{Values: bridge.Fields{"Name": text("New")}}, bridge.Fields{"Account.Name": text("Old"), "Account.Type": text("A")}},
	} {
		row := bridge.Fields{}
		for f, v := range read {
			row[f] = v
		}
		row["AccountId"] = c.ref
		got := account.Inherit(row, c.parent)
		delete(got, "AccountId")
		delete(got, "LastName")
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if read["Account.Name"] != text("Old") {
		t.Error("Inherit changed the values it was given")
	}
}
