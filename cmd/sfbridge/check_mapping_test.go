package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// richSeed is an org whose Contact and Task have one field of each kind that a mapping can go wrong with.
func richSeed() *fakeorg.Seed {
	s := simSeed()
	s.Objects = append(s.Objects,
		fakeorg.ObjectSeed{Name: "Contact", Fields: []fakeorg.FieldSeed{
			{Name: "Full__c", Type: "string", Length: 80, Formula: true}, {Name: "Locked__c", Type: "string", Length: 20, ReadOnly: true},
			{Name: "Once__c", Type: "string", Length: 20, CreateOnly: true}, {Name: "Score__c", Type: "double", Precision: 10, Scale: 2},
			{Name: "Rank__c", Type: "picklist", Length: 255, Values: []string{"Gold", "Bronze"}, Restricted: true},
			{Name: "Mood__c", Type: "picklist", Length: 255, Values: []string{"Good", "Bad"}}, {Name: "Must__c", Type: "string", Length: 20, Required: true},
			{Name: "Must2__c", Type: "string", Length: 20, Required: true}, {Name: "Notes__c", Type: "textarea", Length: 32000},
			{Name: "Plain__c", Type: "string", Length: 64}, {Name: "Short__c", Type: "string", Length: 10, ExternalID: true, Unique: true},
			{Name: "Loose__c", Type: "string", Length: 64, ExternalID: true}, {Name: "Vip__c", Type: "boolean"},
			{Name: "RecordTypeId", Type: "reference", References: []string{"RecordType"}}, {Name: "Where__c", Type: "location"},
			{Name: "Count__c", Type: "double", Precision: 18, ExternalID: true, Unique: true}, {Name: "Frozen__c", Type: "string", Length: 64, ExternalID: true, Unique: true, ReadOnly: true},
			{Name: "Fee__c", Type: "currency", Precision: 10, Scale: 2}, {Name: "CurrencyIsoCode", Type: "picklist", Values: []string{"CHF", "JPY"}, Restricted: true, Default: "CHF"},
			{Name: "MailingCountryCode", Type: "picklist", Compound: "MailingAddress", Values: []string{"CH", "US"}, Labels: map[string]string{"CH": "Switzerland", "US": "United States"}, Restricted: true},
			{Name: "MailingStateCode", Type: "picklist", Compound: "MailingAddress", Values: []string{"ZH", "CA"}, Labels: map[string]string{"ZH": "Zurich", "CA": "California"},
				Of: map[string]string{"ZH": "CH", "CA": "US"}, Restricted: true},
		}},
		fakeorg.ObjectSeed{Name: "Account", Fields: []fakeorg.FieldSeed{{Name: "Tier__c", Type: "string", Length: 80, Formula: true}}},
		fakeorg.ObjectSeed{Name: "Task", Fields: []fakeorg.FieldSeed{{Name: "Sum__c", Type: "currency", Precision: 10, Scale: 2, Formula: true}, {Name: "Lead__c", Type: "reference", References: []string{"Lead"}, ReadOnly: true}}},
	)
	s.Users = []fakeorg.UserSeed{{Username: "left@acme.example", Inactive: true}, {Username: "ann@acme.example"}}
	for id, name := range map[string]string{customerType: "Customer", "0125e000000AAA2": "Closed", partnerType: "Partner"} {
		s.Rows = append(s.Rows, fakeorg.RowSeed{Object: "RecordType", ID: id, Fields: map[string]any{
			"Name": name, "DeveloperName": name, "SobjectType": "Contact", "IsActive": name != "Closed",
		}})
	}
	return s
}

// customerType is the id of a record type whose picklist Rank__c takes Gold alone, partnerType of one that takes all.
const (
	customerType = "0125e000000AAA1"
	partnerType  = "0125e000000AAA3"
)

// TestCheck_ComparesTheMappingWithBothSides holds every fault of a mapping that only the two sides can tell to its words.
func TestCheck_ComparesTheMappingWithBothSides(t *testing.T) {
	f := newFieldOf(t, simOptions{seed: 3, org: fakeorg.Options{Seed: richSeed()}, fields: []respondiotest.Field{
		{Name: "score", Type: "number"}, {Name: "vip", Type: "checkbox"}, {Name: "born", Type: "date"}, {Name: "level", Type: "list", Allow: []string{"Gold", "Silver"}},
		{Name: "note", Type: "text"}, {Name: "salesforce_id", Type: "text"},
	}})
	f.sim.org.LimitPicklist(customerType, "Contact", "Rank__c", "Gold")
	if err := f.sim.org.Hide("Contact", "Birthdate", true); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "[[project")
	cases, err := filepath.Glob(filepath.Join("testdata", "mapping", "*.toml"))
	if err != nil || len(cases) < 20 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".toml"), func(t *testing.T) {
			transfers, err := os.ReadFile(name)
			if err == nil {
				err = os.WriteFile(f.file, append([]byte(head), transfers...), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			byDefault := ""
			if strings.HasSuffix(name, "record_type_default.toml") {
				byDefault = customerType
			}
			f.sim.org.SetDefaultRecordType("Contact", byDefault)
			s := f.say(t.Context(), nil, "check")
			text := strings.NewReplacer(f.file, "config.toml", f.sim.at.Org, "ORG").Replace(s.text)
			if strings.Contains(text, "FAULT") != (s.code == exitEnvironment) {
				t.Errorf("exit code %d", s.code)
			}
			golden(t, strings.TrimSuffix(name, ".toml")+".golden", text)
		})
	}
}
