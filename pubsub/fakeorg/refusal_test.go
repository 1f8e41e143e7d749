package fakeorg

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDuplicateRule_StopsWhoeverDoesNotAskToSave(t *testing.T) {
	d := newDesk(t, Options{})
	there := d.created("Contact", fields{"LastName": "Tan", "Email": "mei@x.io"})
	d.created("Lead", fields{"LastName": "Tan", "Company": "C", "Email": "mei@x.io"})
	d.org.SetDuplicateRules(DuplicateRule{Object: "Contact", Fields: []string{"Email"}, Against: []string{"Contact", "Lead"}})
	body := fields{"LastName": "Other", "Email": "MEI@x.io"}
	w := d.do(http.MethodPost, "/sobjects/Contact", body)
	d.refused(w, 400, "DUPLICATES_DETECTED")
	if text := w.Body.String(); !strings.Contains(text, there) || !strings.Contains(text, `"entityType":"Lead"`) || !strings.Contains(text, `"allowSave":true`) {
		t.Errorf("the answer does not name both matches: %s", text)
	}

	d.extra["Sforce-Duplicate-Rule-Header"] = "allowSave=true; runAsCurrentUser=true"
	row := fields{"attributes": fields{"type": "Contact"}, "LastName": "Other", "Email": "mei@x.io"}
	w = d.do(http.MethodPost, "/composite/sobjects", fields{"records": []fields{row}})
	if text := w.Body.String(); !strings.Contains(text, "DUPLICATES_DETECTED") || strings.Contains(text, there) {
		t.Errorf("collections take no such header and name no match: %s", text)
	}
	d.created("Contact", body)
	d.org.SetDuplicateRules(DuplicateRule{Object: "Contact", Fields: []string{"Email"}, Block: true})
	d.refused(d.do(http.MethodPost, "/sobjects/Contact", body), 400, "DUPLICATES_DETECTED")
	delete(d.extra, "Sforce-Duplicate-Rule-Header")
	if w := d.do(http.MethodPatch, "/sobjects/Contact/"+there, fields{"Title": "Dr"}); w.Code != http.StatusNoContent {
		t.Errorf("a change beside the rule was refused: %s", w.Body)
	}
}

func TestRecordType_MustBeTheObjectsActiveAndTheUsers(t *testing.T) {
	types := func(id, object string, active bool) RowSeed {
		return RowSeed{Object: "RecordType", ID: id, Fields: fields{"Name": "N", "DeveloperName": "N" + id, "SobjectType": object, "IsActive": active}}
	}
	d := newDesk(t, Options{Seed: &Seed{
		Objects: []ObjectSeed{{Name: "Contact", Fields: []FieldSeed{{Name: "RecordTypeId", Type: "reference", References: []string{"RecordType"}}}}},
		Rows:    []RowSeed{types("012000000000001", "Contact", true), types("012000000000002", "Contact", false), types("012000000000003", "Lead", true), types("012000000000004", "Contact", true)},
	}})
	d.org.BarRecordType("012000000000004", true)
	d.created("Contact", fields{"LastName": "L", "RecordTypeId": "012000000000001"})
	for _, id := range []string{"012000000000002", "012000000000003", "012000000000004"} {
		d.refused(d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "L", "RecordTypeId": id}), 400, "INVALID_CROSS_REFERENCE_KEY")
	}
	if text := d.do(http.MethodGet, "/sobjects/Contact/describe", nil).Body.String(); strings.Count(text, `"available":false`) != 2 {
		t.Error("describe does not tell that two of the types are not available")
	}
}

// TestLimitPicklist_HoldsForRowsOfItsRecordType: what a type does not take is refused in a restricted picklist alone, also where the type is the user's default.
func TestLimitPicklist_HoldsForRowsOfItsRecordType(t *testing.T) {
	const customer = "012000000000001"
	d := newDesk(t, Options{Seed: &Seed{
		Objects: []ObjectSeed{{Name: "Contact", Fields: []FieldSeed{
			{Name: "RecordTypeId", Type: "reference", References: []string{"RecordType"}},
			{Name: "Rank__c", Type: "picklist", Length: 40, Values: []string{"Gold", "Iron"}, Restricted: true},
			{Name: "Mood__c", Type: "picklist", Length: 40, Values: []string{"Good", "Bad"}},
			{Name: "Tags__c", Type: "multipicklist", Length: 40, Values: []string{"A", "B", "C"}, Restricted: true},
			{Name: "Free__c", Type: "picklist", Length: 40, Values: []string{"Any", "All"}, Restricted: true},
		}}},
		Rows: []RowSeed{{Object: "RecordType", ID: customer, Fields: fields{"Name": "C", "DeveloperName": "C", "SobjectType": "Contact", "IsActive": true}}},
	}})
	d.org.LimitPicklist(customer, "Contact", "Rank__c", "Gold")
	d.org.LimitPicklist(customer, "Contact", "Mood__c", "Good")
	d.org.LimitPicklist(customer, "Contact", "Tags__c", "A", "C")
	free := d.created("Contact", fields{"LastName": "L", "Rank__c": "Iron", "Tags__c": "A;B"})
	if row, _ := d.org.Row("Contact", free); row["RecordTypeId"] != nil {
		t.Errorf("a row without a type is of type %v", row["RecordTypeId"])
	}
	for name, value := range map[string]string{"Rank__c": "Iron", "Tags__c": "A;B"} {
		d.refused(d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "L", "RecordTypeId": customer, name: value}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
	}
	d.org.SetDefaultRecordType("Contact", customer)
	d.refused(d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "L", "Rank__c": "Iron"}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
	id := d.created("Contact", fields{"LastName": "L", "Rank__c": "Gold", "Mood__c": "Bad", "Tags__c": "A;C", "Free__c": "Any"})
	if row, _ := d.org.Row("Contact", id); row["RecordTypeId"] != id18(customer) {
		t.Errorf("a row gets type %v by default", row["RecordTypeId"])
	}
	d.refused(d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"Rank__c": "Iron"}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
	d.refused(d.do(http.MethodPatch, "/sobjects/Contact/"+free, fields{"RecordTypeId": customer}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
	d.org.LimitPicklist(customer, "Contact", "Rank__c", "Iron")
	if w := d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"Title": "Dr", "Rank__c": "Gold"}); w.Code != http.StatusNoContent {
		t.Errorf("what the row has already was refused once its type no longer takes it: %s", w.Body)
	}
	if text := d.do(http.MethodGet, "/sobjects/Contact/describe", nil).Body.String(); strings.Count(text, `"defaultRecordTypeMapping":true`) != 1 {
		t.Error("describe does not tell the one default")
	}
}

func TestQueue_OwnsWhatItIsFor(t *testing.T) {
	d := newDesk(t, Options{Seed: &Seed{Rows: []RowSeed{
		{Object: "Group", ID: "00G000000000001", Fields: fields{"Name": "Sales", "DeveloperName": "Sales", "Type": "Queue"}},
		{Object: "QueueSobject", Fields: fields{"QueueId": "00G000000000001", "SobjectType": "Lead"}},
	}}})
	d.created("Lead", fields{"LastName": "L", "Company": "C", "OwnerId": "00G000000000001"})
	d.refused(d.do(http.MethodPost, "/sobjects/Case", fields{"Subject": "S", "OwnerId": "00G000000000001"}), 400, "FIELD_INTEGRITY_EXCEPTION")
	d.refused(d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "L", "OwnerId": "00G000000000001"}), 400, "INVALID_CROSS_REFERENCE_KEY")
}

func TestPlaces_GoByTheirCodes(t *testing.T) {
	d := newDesk(t, Options{Seed: &Seed{Objects: []ObjectSeed{{Name: "Contact", Fields: []FieldSeed{
		{Name: "MailingCountryCode", Type: "picklist", Compound: "MailingAddress", Values: []string{"CH", "US"}, Labels: map[string]string{"CH": "Switzerland", "US": "United States"}, Restricted: true},
		{Name: "MailingStateCode", Type: "picklist", Compound: "MailingAddress", Values: []string{"ZH", "CA"}, Labels: map[string]string{"ZH": "Zurich", "CA": "California"},
			Of: map[string]string{"ZH": "CH", "CA": "US"}, Restricted: true},
	}}}}})
	id := d.created("Contact", fields{"LastName": "L", "MailingCountryCode": "CH", "MailingState": "Zurich"})
	if row, _ := d.org.Row("Contact", id); row["MailingCountry"] != "Switzerland" || row["MailingStateCode"] != "ZH" {
		t.Errorf("stored %v", row)
	}
	for name, body := range map[string]fields{
		"no country of the list":       {"MailingCountry": "Schweiz"},
		"code and label differ":        {"MailingCountryCode": "US", "MailingCountry": "Switzerland"},
		"state without country":        {"MailingCountryCode": nil, "MailingStateCode": "CA"},
		"state of another country":     {"MailingCountryCode": "CH", "MailingStateCode": "CA"},
		"label of another's state":     {"MailingState": "California"},
		"state of the list of nowhere": {"MailingState": "Bavaria"},
	} {
		t.Run(name, func(t *testing.T) {
			d.t = t
			d.refused(d.do(http.MethodPatch, "/sobjects/Contact/"+id, body), 400, "FIELD_INTEGRITY_EXCEPTION")
		})
	}
	if w := d.do(http.MethodPatch, "/sobjects/Contact/"+id, fields{"MailingCountry": "United States", "MailingState": "California"}); w.Code != http.StatusNoContent {
		t.Errorf("refused: %s", w.Body)
	}
}

func TestLabour_RefusesWhoMeetsALockOfAnotherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Options{})
		account := d.created("Account", fields{"Name": "A"})
		d.org.Labour(time.Second)
		send := func(parent string) string {
			row := fields{"attributes": fields{"type": "Contact"}, "LastName": "L"}
			if parent != "" {
				row["AccountId"] = parent
			}
			return d.do(http.MethodPost, "/composite/sobjects", fields{"records": []fields{row}}).Body.String()
		}
		first := make(chan string)
		go func() { first <- send(account) }()
		time.Sleep(500 * time.Millisecond)
		if text := send(account); !strings.Contains(text, "UNABLE_TO_LOCK_ROW") {
			t.Errorf("two calls wrote under one parent at a time: %s", text)
		}
		if n := d.org.Clashes(); n != 1 {
			t.Errorf("%d clashes", n)
		}
		if text := <-first; !strings.Contains(text, `"success":true`) {
			t.Errorf("whoever came first was refused: %s", text)
		}
		if text := send(account); !strings.Contains(text, `"success":true`) {
			t.Errorf("the lock outlived its call: %s", text)
		}
	})
}
