package fakeorg

import (
	"net/http"
	"strings"
	"testing"
)

// international is an org with state and country picklists, several currencies and record types: all of it is a matter of the seed.
const international = `{
	"objects": [
		{"name": "Contact", "fields": [
			{"name": "MailingCountryCode", "type": "picklist", "compound": "MailingAddress", "values": ["CH", "JP", "US"], "restricted": true},
			{"name": "MailingStateCode", "type": "picklist", "compound": "MailingAddress", "values": ["BE", "CA", "ZH"], "restricted": true},
			{"name": "RecordTypeId", "type": "reference", "references": ["RecordType"]}
		]},
		{"name": "Opportunity", "fields": [
			{"name": "CurrencyIsoCode", "type": "picklist", "values": ["CHF", "JPY"], "restricted": true, "default": "CHF"}
		]}
	],
	"rows": [{"object": "RecordType", "id": "012000000000001", "fields": {"Name": "Guest", "DeveloperName": "Guest", "SobjectType": "Contact", "IsActive": true}}]
}`

func TestSeed_MakesAnInternationalOrg(t *testing.T) {
	seed, err := ReadSeed(strings.NewReader(international))
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, Options{Seed: seed})
	id := d.created("Contact", fields{"LastName": "L", "MailingCountryCode": "CH", "RecordTypeId": "012000000000001"})
	row := mustDecode[fields](t, d.do(http.MethodGet, "/sobjects/Contact/"+id+"?fields=MailingAddress,RecordTypeId", nil))
	if address := row["MailingAddress"].(map[string]any); address["countryCode"] != "CH" || address["stateCode"] != nil {
		t.Errorf("address %v", address)
	}
	d.refused(d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "L", "MailingCountryCode": "Schweiz"}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
	deal := d.created("Opportunity", fields{"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-01"})
	if row, _ := d.org.Row("Opportunity", deal); row["CurrencyIsoCode"] != "CHF" {
		t.Errorf("currency %v", row["CurrencyIsoCode"])
	}
	if w := d.do(http.MethodGet, "/sobjects/Contact/describe", nil); !strings.Contains(w.Body.String(), `"developerName":"Guest"`) {
		t.Error("describe does not tell the record type")
	}
}
