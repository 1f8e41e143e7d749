package rule_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

const (
	leadID    = bridge.RecordID("00Q000000000001EAA")
	contactID = bridge.RecordID("003000000000002AAA")
	accountID = bridge.RecordID("001000000000003AAA")
)

// people are a project's transfers of leads, person accounts and contacts.
func people(t *testing.T) (*rule.Set, *rule.Project) {
	t.Helper()
	tr := func(o bridge.Object, email, score bridge.Field) bridge.Transfer {
		return bridge.Transfer{
			ID: bridge.TransferID(o), Object: o, Kind: bridge.ContactTouched, Direction: bridge.Both,
			Identity: []bridge.Pair{{Salesforce: email, Platform: "email", Format: bridge.EmailFormat}},
			Fields: []bridge.Pair{
				{Salesforce: "LastName", Platform: "lastName"}, {Salesforce: email, Platform: "email", Format: bridge.EmailFormat},
				{Salesforce: score, Platform: "custom.score"},
			},
		}
	}
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Transfers: []bridge.Transfer{
		tr("Lead", "Email", "Points__c"), tr("Account", "PersonEmail", "Score__pc"), tr("Contact", "Email", "Score__c"),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return set, set.Project("p")
}

func TestConvertedInto_NamesTheHeirsOfAConvertedLeadAlone(t *testing.T) {
	row := bridge.Fields{"IsConverted": bridge.BoolValue(true), "ConvertedContactId": text(string(contactID)), "ConvertedAccountId": bridge.NullValue()}
	if into, converted := rule.ConvertedInto(row); !converted || into != (bridge.Conversion{Contact: contactID}) {
		t.Errorf("into %+v, converted %t", into, converted)
	}
	row["IsConverted"] = bridge.BoolValue(false)
	if _, converted := rule.ConvertedInto(row); converted {
		t.Error("a lead that is none of it passed for converted")
	}
	if _, converted := rule.ConvertedInto(nil); converted {
		t.Error("a lead of which nobody knows passed for converted")
	}
}

func TestWants_ReadsAndFindsLeadsByWhatTheyWereConvertedInto(t *testing.T) {
	set, _ := people(t)
	w := set.Wants("o")
	c := bridge.Change{
		Object: "Lead", Type: bridge.Update, Changed: []bridge.Field{"IsConverted", "ConvertedContactId", "Status"},
		Values: bridge.Fields{"IsConverted": bridge.BoolValue(true), "ConvertedContactId": text(string(contactID)), "Status": text("Closed")},
	}
	if !w.Trim(&c) || len(c.Changed) != 2 || len(w.Wanted(&c)) != 1 {
		t.Errorf("the conversion is trimmed to %v and wanted by %d", c.Changed, len(w.Wanted(&c)))
	}
	if keys := w.Keys(&bridge.Row{Object: "Lead", Values: c.Values}); !keys["ConvertedContactId"].Equal(text(string(contactID))) {
		t.Errorf("keys %v", keys)
	}
}

func TestInherit_KeepsWhatHoldsForTheHeirAndLeavesTheRestToBeFilled(t *testing.T) {
	_, p := people(t)
	both := func(v string) bridge.Agreed { return bridge.Agreed{Salesforce: text(v), Platform: text(v)} }
	link := &bridge.Link{Baseline: map[bridge.Attribute]bridge.Agreed{"lastName": both("Tan"), "email": both("a@x.io"), "custom.score": both("5")}}
	lead := bridge.Fields{"LastName": text("Tan"), "Email": text("a@x.io"), "Points__c": text("5")}
	for _, c := range []struct {
		name string
		heir bridge.Fields
		want map[bridge.Attribute]bridge.Agreed
	}{
		{"all was brought over", bridge.Fields{"LastName": text("Tan"), "Email": text("a@x.io"), "Score__c": text("5")},
			map[bridge.Attribute]bridge.Agreed{"lastName": both("Tan"), "email": both("a@x.io"), "custom.score": both("5")}},
		{"edited on the way", bridge.Fields{"LastName": text("Lim"), "Email": text("b@x.io"), "Score__c": text("7")},
			map[bridge.Attribute]bridge.Agreed{"lastName": both("Tan"), "email": both("a@x.io")}},
		{"not brought over", bridge.Fields{"LastName": text("Tan"), "Email": bridge.NullValue(), "Score__c": bridge.NullValue()},
			map[bridge.Attribute]bridge.Agreed{"lastName": both("Tan")}},
		{"not known", nil, map[bridge.Attribute]bridge.Agreed{}},
	} {
		if d := cmp.Diff(c.want, rule.Inherit(link, p.Leads(), p.Heirs(false), lead, c.heir)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	lead["Email"] = bridge.NullValue() // cleared before it was converted, and not carried yet
	got := rule.Inherit(link, p.Leads(), p.Heirs(false), lead, bridge.Fields{"Email": bridge.NullValue()})
	if d := cmp.Diff(map[bridge.Attribute]bridge.Agreed{"email": both("a@x.io")}, got); d != "" {
		t.Errorf("what a user cleared would be filled again: %s", d)
	}
}

func TestLivingBy_LeavesOutConvertedLeadsAndHalvesOfPersons(t *testing.T) {
	_, p := people(t)
	for name, c := range map[bridge.TransferID]bridge.Fields{
		"Lead": {"IsConverted": bridge.BoolValue(true)}, "Contact": {"IsPersonAccount": bridge.BoolValue(true)},
	} {
		if tr := p.Transfer(name); p.Living(tr, c) || !p.Living(tr, nil) {
			t.Errorf("%s: %v is matched, or an unknown one is not", name, c)
		}
	}
	if by := p.LivingBy(p.Transfer("Account")); len(by) > 0 {
		t.Errorf("accounts are narrowed by %v", by)
	}
}
