package fakeorg

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestMerge_MovesReferencesAndBinsTheLoser(t *testing.T) {
	d := newDesk(t, Options{})
	winner, loser := d.created("Contact", fields{"LastName": "W"}), d.created("Contact", fields{"LastName": "L"})
	task := d.created("Task", fields{"Subject": "S", "WhoId": loser})
	before := len(d.org.Events())
	if err := d.org.Do(func(tx *Tx) error { return tx.Merge("Contact", winner, loser) }); err != nil {
		t.Fatal(err)
	}
	if row, _ := d.org.Row("Task", task); row["WhoId"] != winner {
		t.Errorf("WhoId %v", row["WhoId"])
	}
	q := "SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true"
	bin := mustDecode[page](t, d.do(http.MethodGet, "/queryAll?q="+url.QueryEscape(q), nil)).Records
	if len(bin) != 1 || bin[0]["Id"] != loser || bin[0]["MasterRecordId"] != winner {
		t.Errorf("recycle bin %v", bin)
	}
	var kinds []string
	for _, e := range d.org.Events()[before:] {
		kinds = append(kinds, e.Header.Entity+" "+e.Header.Kind)
	}
	if got := strings.Join(kinds, ", "); got != "Task UPDATE, Contact DELETE, Contact UPDATE" {
		t.Errorf("events %s", got)
	}
}

func TestConvert_TellsAccountContactOpportunityLeadInOrder(t *testing.T) {
	d := newDesk(t, Options{})
	lead := d.created("Lead", fields{"LastName": "Lee", "Company": "Acme", "Email": "lee@x.io", "City": "Bern"})
	before := len(d.org.Events())
	var made Conversion
	if err := d.org.Do(func(tx *Tx) (err error) {
		made, err = tx.Convert(lead)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range d.org.Events()[before:] {
		told = append(told, e.Header.Entity+" "+e.Header.Kind)
	}
	if got := strings.Join(told, ", "); got != "Account CREATE, Contact CREATE, Opportunity CREATE, Lead UPDATE" {
		t.Errorf("events %s", got)
	}
	contact, _ := d.org.Row("Contact", made.Contact)
	if row, _ := d.org.Row("Lead", lead); row["ConvertedContactId"] != made.Contact || row["IsConverted"] != true || contact["Email"] != "lee@x.io" ||
		contact["AccountId"] != made.Account || contact["MailingCity"] != "Bern" {
		t.Errorf("lead %v, contact %v", row, contact)
	}
	if err := d.org.Do(func(tx *Tx) error { _, err := tx.Convert(lead); return err }); err == nil {
		t.Error("a converted lead was converted")
	}
}

func TestAssign_RunsUnlessARowSaysNo(t *testing.T) {
	d := newDesk(t, Options{Seed: &Seed{Rows: []RowSeed{{Object: "Group", ID: "00G000000000001", Fields: fields{"Name": "Sales", "Type": "Queue"}}}}})
	queue := id18("00G000000000001")
	d.org.Assign("Lead", queue)
	owner := func(id string) any {
		row, _ := d.org.Row("Lead", id)
		return row["OwnerId"]
	}
	body := fields{"LastName": "L", "Company": "C"}
	if got := owner(d.created("Lead", body)); got != queue {
		t.Errorf("without the header: %v", got)
	}
	d.extra["Sforce-Auto-Assign"] = "FALSE"
	if got := owner(d.created("Lead", body)); got != d.org.IntegrationUser() {
		t.Errorf("with the header: %v", got)
	}
	rows := []fields{{"attributes": fields{"type": "Lead"}, "LastName": "L", "Company": "C"}}
	if got := owner(d.collection(http.MethodPost, "", fields{"records": rows})[0].ID); got != queue {
		t.Errorf("in a collection: %v", got)
	}
	delete(d.extra, "Sforce-Auto-Assign")
	d.refused(d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "L", "OwnerId": queue}), 400, "INVALID_CROSS_REFERENCE_KEY")
	if got := d.query("SELECT Owner.Name, Owner.Type FROM Lead WHERE OwnerId = '" + queue + "'").Records[0]["Owner"].(map[string]any); got["Name"] != "Sales" || got["Type"] != "Queue" {
		t.Errorf("owner %v", got)
	}
}
