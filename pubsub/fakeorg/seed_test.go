package fakeorg

import (
	"strings"
	"testing"
)

func TestID_CarriesTheCaseInItsSuffix(t *testing.T) {
	for short, long := range map[string]string{
		"00D5e0000012345": "00D5e0000012345EAA",
		"001000000000000": "001000000000000AAA",
		"0035e00000AbCdE": "0035e00000AbCdEAAV",
	} {
		if got := id18(short); got != long {
			t.Errorf("id18(%s) = %s, want %s", short, got, long)
		}
		for _, text := range []string{short, long, strings.ToLower(long), strings.ToUpper(long)} {
			if got, ok := parseID(text); !ok || got != long {
				t.Errorf("parseID(%s) = %s, %v", text, got, ok)
			}
		}
	}
	for _, bad := range []string{"", "003", "0035e00000AbCdEAAA", "0035e00000AbCd!AAV", "0035e00000AbCdEAA9"} {
		if got, ok := parseID(bad); ok {
			t.Errorf("parseID(%s) = %s", bad, got)
		}
	}
	seen := map[string]bool{}
	for n := range int64(5000) {
		id := makeID("003", n)
		if seen[id] || len(id) != 18 {
			t.Fatalf("makeID(%d) = %s", n, id)
		}
		seen[id] = true
	}
}

const vehicles = `{
	"name": "Garage",
	"objects": [
		{"name": "Vehicle__c", "label": "Vehicle", "plural": "Vehicles", "fields": [
			{"name": "Vin__c", "type": "string", "length": 17, "externalId": true, "unique": true},
			{"name": "Driver__c", "type": "reference", "references": ["Contact"]},
			{"name": "Seen__c", "type": "location", "scale": 6}
		]},
		{"name": "Contact", "fields": [{"name": "Shoe_Size__c", "type": "double", "precision": 3, "scale": 1}]}
	],
	"users": [{"username": "eve@garage.example", "id": "005000000000042"}],
	"rows": [
		{"object": "Account", "ref": "acme", "id": "001000000000007", "fields": {"Name": "Acme"}},
		{"object": "Contact", "ref": "lee", "fields": {"LastName": "Lee", "AccountId": "@acme", "Shoe_Size__c": 42.5, "CreatedDate": "2020-01-01T00:00:00Z"}},
		{"object": "Vehicle__c", "fields": {"Name": "Car", "Vin__c": "V1", "Driver__c": "@lee"}}
	]
}`

func TestSeed_AddsObjectsFieldsUsersAndRowsInSilence(t *testing.T) {
	seed, err := ReadSeed(strings.NewReader(vehicles))
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, Options{Seed: seed})
	car := d.query("SELECT Vin__c, Driver__r.Name, Driver__r.Account.Id, Driver__r.CreatedDate FROM Vehicle__c").Records[0]
	driver := car["Driver__r"].(map[string]any)
	if driver["Name"] != "Lee" || driver["Account"].(map[string]any)["Id"] != id18("001000000000007") || driver["CreatedDate"] != "2020-01-01T00:00:00.000+0000" {
		t.Errorf("car %v", car)
	}
	if len(d.org.Events()) != 0 {
		t.Error("a seed raised events")
	}
	if u := d.query("SELECT Username, IsActive FROM User WHERE Id = '005000000000042'").Records; len(u) != 1 || u[0]["IsActive"] != true {
		t.Errorf("users %v", u)
	}
	if d.org.object("vehicle__C").Find("Seen__Longitude__s") == nil {
		t.Error("a location has no parts")
	}
	if err := d.org.Reset(); err != nil || len(d.org.Rows("Vehicle__c")) != 1 {
		t.Errorf("after reset: %d vehicles, %v", len(d.org.Rows("Vehicle__c")), err)
	}
}

func TestReadSeed_NamesTheFault(t *testing.T) {
	for text, want := range map[string]string{
		`{"objcts":[]}`: "objcts",
		`{"objects":[{"name":"A__c","fields":[{"name":"B__c","type":"stringg"}]}]}`:   "stringg",
		`{"objects":[{"name":"Contact","fields":[{"name":"phone","type":"phone"}]}]}`: "there already",
		`{"objects":[{"name":"Thing","fields":[]}]}`:                                  "prefix",
		`{"objects":[{"name":"Thing","prefix":"003","fields":[]}]}`:                   "belongs to Contact",
	} {
		if _, err := ReadSeed(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	seed, err := ReadSeed(strings.NewReader(`{"rows":[{"object":"Contact","fields":{"Nope":1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Seed: seed}); err == nil || !strings.Contains(err.Error(), "row 1 (Contact)") {
		t.Errorf("open: %v", err)
	}
}
