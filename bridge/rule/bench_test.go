package rule_test

import (
	"fmt"
	"testing"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// BenchmarkPair is what mapping and comparing one field costs, by what its pair asks for.
func BenchmarkPair(b *testing.B) {
	for _, c := range []struct {
		name string
		pair bridge.Pair
		row  bridge.Fields
	}{
		{"plain", bridge.Pair{Salesforce: "A", Platform: "a"}, bridge.Fields{"A": text("Tan")}},
		{"email", bridge.Pair{Salesforce: "A", Platform: "a", Format: bridge.EmailFormat}, bridge.Fields{"A": text("Mei@Example.com")}},
		{"values", bridge.Pair{Salesforce: "A", Platform: "a", Values: map[string]string{"Hot": "hot lead"}}, bridge.Fields{"A": text("Hot")}},
		{"phone", bridge.Pair{Salesforce: "A", Platform: "a", Format: bridge.PhoneFormat}, bridge.Fields{"A": text("0912-345-678")}},
		{"phone-e164", bridge.Pair{Salesforce: "A", Platform: "a", Format: bridge.PhoneFormat}, bridge.Fields{"A": text("+886912345678")}},
		{"phone-wide", bridge.Pair{Salesforce: "A", Platform: "a", Format: bridge.PhoneFormat}, bridge.Fields{"A": text("０９１２－３４５－６７８")}},
		{"expression", bridge.Pair{Platform: "a", Inbound: `sf.A == null ? clear : sf.A + "!"`}, bridge.Fields{"A": text("Tan")}},
		{"name", bridge.Pair{Platform: "a", Inbound: `displayName(sf.A, sf.B)`}, bridge.Fields{"A": text("小明"), "B": text("王")}},
		{"pick", bridge.Pair{Platform: "a", Inbound: `pick(sf.A, {"Hot": "hot lead", "Cold": "cold lead"}, leave)`}, bridge.Fields{"A": text("Cold")}},
	} {
		tr := benchTransfer(b, c.pair)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if j, err := tr.Inbound(c.row, nil, nil); err != nil || len(j.Attributes) != 1 {
					b.Fatal(j, err)
				}
			}
		})
	}
}

// BenchmarkPhone is the same of a phone that was not read lately; those of BenchmarkPair were, as the second and every later look of a delivery finds them.
func BenchmarkPhone(b *testing.B) {
	for name, form := range map[string]string{"national": "0912-%03d-%03d", "e164": "+886912%03d%03d"} {
		tr := benchTransfer(b, bridge.Pair{Salesforce: "A", Platform: "a", Format: bridge.PhoneFormat})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if j, err := tr.Inbound(bridge.Fields{"A": text(fmt.Sprintf(form, i/1000%1000, i%1000))}, nil, nil); err != nil || len(j.Attributes) != 1 {
					b.Fatal(j, err)
				}
			}
		})
	}
}

// BenchmarkRecord is what a whole record costs, as the recipe maps it and twelve plain fields beside: mapped anew, found unchanged, and the way back.
func BenchmarkRecord(b *testing.B) {
	all := []bridge.Pair{
		{Salesforce: "FirstName", Platform: "firstName", Outbound: `contact["lastName"] == null ? firstName(contact["firstName"]) : contact["firstName"]`},
		{Salesforce: "LastName", Platform: "lastName", Outbound: `either(contact["lastName"], lastName(contact["firstName"]))`, Default: text("(unknown)")},
		{Salesforce: "Email", Platform: "email", Format: bridge.EmailFormat}, {Salesforce: "MobilePhone", Platform: "phone", Format: bridge.PhoneFormat},
	}
	row := bridge.Fields{"FirstName": text("Mei"), "LastName": text("Tan"), "Email": text("mei@example.com"), "MobilePhone": text("0912-345-678")}
	contact := bridge.Attributes{"firstName": text("Mei"), "lastName": text("Lim"), "email": text("mei@example.com"), "phone": text("+886912345678")}
	for i := range 12 {
		f, a := bridge.Field(fmt.Sprintf("F%d__c", i)), bridge.Attribute(fmt.Sprintf("custom.f%d", i))
		all = append(all, bridge.Pair{Salesforce: f, Platform: a})
		row[f], contact[a] = text("value"), text("value")
	}
	tr := benchTransfer(b, all...)
	first, err := tr.Inbound(row, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	link := settled(nil, first)
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if j, err := tr.Inbound(row, nil, nil); err != nil || len(j.Attributes) != 16 {
				b.Fatal(j, err)
			}
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if j, err := tr.Inbound(row, link, nil); err != nil || len(j.Attributes) != 0 {
				b.Fatal(j, err)
			}
		}
	})
	b.Run("back", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if j, err := tr.Outbound(contact, link, rule.Target{Row: row}); err != nil || len(j.Fields) != 1 {
				b.Fatal(j.Fields, err)
			}
		}
	})
}

func benchTransfer(b *testing.B, all ...bridge.Pair) *rule.Transfer {
	b.Helper()
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Region: "TW", Transfers: []bridge.Transfer{{
		ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Fields: all,
	}}}})
	if err != nil {
		b.Fatal(err)
	}
	rule.Phone("0912-345-678", "TW") // the first one waits for the tables of all countries
	return set.Project("p").Transfer("t")
}
