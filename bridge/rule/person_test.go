package rule_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

func TestWanted_TakesBothHalvesOfAPersonForTheAccount(t *testing.T) {
	set, p := people(t)
	w := set.Wants("o")
	tr := p.Transfer("Account")
	c := bridge.Change{Object: "Contact", Type: bridge.Update, Changed: []bridge.Field{"Email", "Score__c", "Fax"}}
	if !w.Trim(&c) {
		t.Fatal("nobody wants the contact")
	}
	if d := cmp.Diff([]bridge.Field{"PersonEmail", "Score__pc"}, wanted(w, &c)[tr]); d != "" {
		t.Error(d)
	}
	c = bridge.Change{Object: "Contact", Type: bridge.Create, Values: bridge.Fields{"IsPersonAccount": bridge.BoolValue(false)}}
	if _, hit := wanted(w, &c)[tr]; hit {
		t.Error("an ordinary contact was taken for half a person")
	}
	c = bridge.Change{Object: "Contact", Type: bridge.Delete}
	if _, hit := wanted(w, &c)[tr]; hit {
		t.Error("the account's own event tells of a deletion")
	}
}

// wanted are the hits of a change by transfer.
func wanted(w *rule.Wants, c *bridge.Change) map[*rule.Transfer][]bridge.Field {
	all := map[*rule.Transfer][]bridge.Field{}
	for _, h := range w.Wanted(c) {
		all[h.Transfer] = h.Dirty
	}
	return all
}

func TestTwin_IsTheChangeOfTheAccount(t *testing.T) {
	set, _ := people(t)
	c := bridge.Change{
		Org: "00D", Object: "Contact", Records: []bridge.RecordID{contactID}, Type: bridge.Update, Version: at(10, 100),
		Changed: []bridge.Field{"Email", "LastName"}, Cleared: []bridge.Field{"Email"},
		Values: bridge.Fields{"Email": bridge.NullValue(), "LastName": text("Lim")}, Reread: []bridge.Field{"Score__c"},
	}
	got, tells := set.Wants("o").Twin(&c, accountID)
	want := bridge.Change{
		Org: "00D", Object: "Account", Records: []bridge.RecordID{accountID}, Type: bridge.Update, Version: at(10, 100),
		Changed: []bridge.Field{"LastName", "PersonEmail"}, Values: bridge.Fields{"PersonEmail": bridge.NullValue(), "LastName": text("Lim")},
		Reread: []bridge.Field{"Score__pc"},
	}
	if d := cmp.Diff(want, got); d != "" || !tells {
		t.Errorf("tells %t %s", tells, d)
	}
}

// The halves come in any order: what is older than the row may be newer than what the row says of that field.
func TestFoldHalf_KeepsTheNewestOfEachField(t *testing.T) {
	update := func(commit int64, f bridge.Field, v string) *bridge.Change {
		return &bridge.Change{Type: bridge.Update, Version: at(10, commit), Changed: []bridge.Field{f}, Values: bridge.Fields{f: text(v)}}
	}
	r := bridge.Row{Version: at(10, 1), Values: bridge.Fields{"Phone": text("1"), "PersonEmail": text("1")}}
	for _, c := range []*bridge.Change{update(5, "Phone", "5"), update(3, "PersonEmail", "3"), update(2, "PersonEmail", "2"), update(4, "Phone", "4")} {
		r = rule.FoldHalf(r, c)
	}
	if d := cmp.Diff(bridge.Fields{"Phone": text("5"), "PersonEmail": text("3")}, r.Values); d != "" || r.Version != at(10, 5) {
		t.Errorf("version %+v %s", r.Version, d)
	}
	gone := rule.FoldHalf(r, &bridge.Change{Type: bridge.Delete, Version: at(10, 9)})
	if late := rule.FoldHalf(gone, update(8, "Phone", "8")); !late.Deleted || len(late.Values) > 0 {
		t.Errorf("a change from before the deletion brought the row back: %+v", late)
	}
	read := rule.Merge(r, bridge.Row{Version: bridge.Version{At: at(11, 0).At}, Values: bridge.Fields{"Phone": text("read"), "PersonEmail": text("read")}})
	if late := rule.FoldHalf(read, update(9, "Phone", "9")); late.Values["Phone"] != text("read") {
		t.Errorf("an event from before the reading undid it: %+v", late)
	}
}

func TestFold_RemembersWhatItForgot(t *testing.T) {
	r := bridge.Row{Version: at(10, 1), Values: bridge.Fields{"A": text("1"), "B": text("1")}}
	r = rule.Fold(r, &bridge.Change{Type: bridge.Update, Version: at(10, 2), Reread: []bridge.Field{"A"}})
	if d := cmp.Diff([]bridge.Field{"A"}, r.Forgotten); d != "" || r.Values["A"].Known() {
		t.Errorf("%v %s", r.Values, d)
	}
	if read := rule.Merge(r, bridge.Row{Version: bridge.Version{At: at(10, 0).At}, Values: bridge.Fields{"A": text("2")}}); len(read.Forgotten) > 0 || read.Values["A"] != text("2") {
		t.Errorf("once it is read it is known: %+v", read)
	}
	if gap := rule.Fold(r, &bridge.Change{Type: bridge.GapUpdate, Version: at(10, 3)}); len(gap.Forgotten) != 1 || gap.Forgotten[0] != bridge.AllFields {
		t.Errorf("after a gap %v is forgotten", gap.Forgotten)
	}
}
