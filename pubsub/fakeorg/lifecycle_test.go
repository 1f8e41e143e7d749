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

// since says in one line each what the org has told after so many events.
func (d *desk) since(n int) string {
	var out []string
	for _, e := range d.org.Events()[n:] {
		out = append(out, e.Header.Entity+" "+e.Header.Kind)
	}
	return strings.Join(out, ", ")
}

func TestConvert_IsSteeredInEveryWay(t *testing.T) {
	d := newPersonDesk(t)
	lead := func(more string) string {
		got := d.steer("event", `{"edits":[{"object":"Lead","verb":"create","fields":{"LastName":"Lee","Phone":"7"`+more+`}}]}`)
		return got["ids"].([]any)[0].(string)
	}
	tests := []struct{ name, company, to, events string }{
		{"all", `,"Company":"C"`, `{}`, "Account CREATE, Contact CREATE, Opportunity CREATE, Lead UPDATE, Task UPDATE"},
		{"no deal", `,"Company":"C"`, `{"noOpportunity":true}`, "Account CREATE, Contact CREATE, Lead UPDATE, Task UPDATE"},
		{"the lead first", `,"Company":"C"`, `{"noOpportunity":true,"order":["Lead","Contact","Account"]}`, "Lead UPDATE, Contact CREATE, Account CREATE, Task UPDATE"},
		{"a person", ``, `{"noOpportunity":true}`, "Account CREATE, Contact CREATE, Lead UPDATE, Task UPDATE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d.t = t
			id := lead(tt.company)
			task := d.created("Task", fields{"Subject": "S", "WhoId": id})
			n := len(d.org.Events())
			made := d.steer("convert", `{"lead":"`+id+`","to":`+tt.to+`}`)
			if got := d.since(n); got != tt.events {
				t.Errorf("events %s", got)
			}
			row, _ := d.org.Row("Lead", id)
			contact, _ := d.org.Row("Contact", made["contact"].(string))
			if row["ConvertedContactId"] != made["contact"] || contact["AccountId"] != made["account"] || contact["Phone"] != "7" || contact["LastName"] != "Lee" {
				t.Errorf("lead %v, contact %v", row, contact)
			}
			if isPerson(contact) != (tt.name == "a person") {
				t.Errorf("contact %v", contact)
			}
			if row, _ := d.org.Row("Task", task); row["WhoId"] != made["contact"] || row["AccountId"] != made["account"] {
				t.Errorf("task %v", row)
			}
		})
	}
}

func TestConvert_FillsWhatIsThere(t *testing.T) {
	d := newDesk(t, Options{})
	account := d.created("Account", fields{"Name": "Acme"})
	contact := d.created("Contact", fields{"LastName": "Lee", "AccountId": account, "Title": "Dr"})
	lead := d.created("Lead", fields{"LastName": "Li", "Company": "C", "Title": "Ms", "Email": "li@x.io", "City": "Bern"})
	n := len(d.org.Events())
	d.steer("convert", `{"lead":"`+lead+`","to":{"account":"`+account+`","contact":"`+contact+`","noOpportunity":true,"status":"Working - Contacted"}}`)
	if got := d.since(n); got != "Account UPDATE, Contact UPDATE, Lead UPDATE" {
		t.Errorf("events %s", got)
	}
	if row, _ := d.org.Row("Contact", contact); row["LastName"] != "Lee" || row["Title"] != "Dr" || row["Email"] != "li@x.io" || row["MailingCity"] != "Bern" {
		t.Errorf("contact %v", row)
	}
	if row, _ := d.org.Row("Lead", lead); row["ConvertedAccountId"] != account || row["ConvertedOpportunityId"] != nil || row["Status"] != "Working - Contacted" {
		t.Errorf("lead %v", row)
	}
	d.refused(d.do(http.MethodPatch, "/sobjects/Lead/"+lead, fields{"Title": "X"}), 400, "CANNOT_UPDATE_CONVERTED_LEAD")
	rest := d.created("Lead", fields{"LastName": "Li", "Company": "C"})
	n = len(d.org.Events())
	if w := d.raw(http.MethodPost, "/__fake/v1/convert", "", `{"lead":"`+rest+`","to":{"contact":"003000000000009"}}`); w.Code != 400 {
		t.Errorf("a contact that is not there: %d", w.Code)
	}
	if got := d.since(n); got != "" || len(d.org.Rows("Account")) != 1 {
		t.Errorf("a refused conversion left %s", got)
	}
}

func TestMerge_IsSteeredWithItsChildrenHeardOrNot(t *testing.T) {
	d := newDesk(t, Options{})
	made := func() (ids []string) {
		for _, name := range []string{"W", "L1", "L2"} {
			ids = append(ids, d.created("Contact", fields{"LastName": name, "Title": name}))
		}
		d.created("Task", fields{"Subject": "S", "WhoId": ids[2]})
		return ids
	}
	ids := made()
	n := len(d.org.Events())
	d.steer("merge", `{"object":"Contact","winner":"`+ids[0]+`","losers":["`+ids[1]+`","`+ids[2]+`"],"fields":{"Title":"L1"}}`)
	if got := d.since(n); got != "Contact DELETE, Task UPDATE, Contact UPDATE" {
		t.Errorf("events %s", got)
	}
	if head := d.org.Events()[n].Header; len(head.Records) != 2 {
		t.Errorf("the losers came as %v", head.Records)
	}
	if row, _ := d.org.Row("Contact", ids[0]); row["Title"] != "L1" {
		t.Errorf("winner %v", row)
	}
	d.steer("switch", `{"muteChildren":true}`)
	ids = made()
	n = len(d.org.Events())
	d.steer("merge", `{"object":"Contact","winner":"`+ids[0]+`","losers":["`+ids[2]+`"]}`)
	if got := d.since(n); got != "Contact DELETE, Contact UPDATE" {
		t.Errorf("events %s", got)
	}
	for name, losers := range map[string]string{"itself": `"` + ids[0] + `"`, "nobody": "", "the dead": `"` + ids[2] + `"`, "three": `"1","2","3"`} {
		if w := d.raw(http.MethodPost, "/__fake/v1/merge", "", `{"object":"Contact","winner":"`+ids[0]+`","losers":[`+losers+`]}`); w.Code != 400 {
			t.Errorf("merge with %s: %d", name, w.Code)
		}
	}
}

func TestMerge_TakesPersonsWithTheirContacts(t *testing.T) {
	d := newPersonDesk(t)
	winner, kept := d.person(nil)
	loser, lost := d.person(nil)
	business := d.created("Account", fields{"Name": "Acme"})
	task := d.created("Task", fields{"Subject": "S", "WhoId": lost})
	n := len(d.org.Events())
	d.steer("switch", `{"twins":{"order":"contact"}}`)
	d.steer("merge", `{"object":"Account","winner":"`+winner+`","losers":["`+loser+`"]}`)
	if got := d.since(n); got != "Contact DELETE, Task UPDATE, Account DELETE, Contact UPDATE, Account UPDATE" {
		t.Errorf("events %s", got)
	}
	if row, _ := d.org.Row("Contact", lost); row["MasterRecordId"] != kept || row["IsDeleted"] != true {
		t.Errorf("the loser's contact %v", row)
	}
	if row, _ := d.org.Row("Task", task); row["WhoId"] != kept {
		t.Errorf("task %v", row)
	}
	third, other := d.person(nil)
	for _, order := range []string{
		`"Account","winner":"` + business + `","losers":["` + winner + `"]`, `"Account","winner":"` + winner + `","losers":["` + business + `"]`,
		`"Account","winner":"` + winner + `","losers":["` + winner + `"]`, `"Contact","winner":"` + kept + `","losers":["` + other + `"]`,
	} {
		if w := d.raw(http.MethodPost, "/__fake/v1/merge", "", `{"object":`+order+`}`); w.Code != 400 {
			t.Errorf("merge of %s: %d", order, w.Code)
		}
	}
	if row, _ := d.org.Row("Account", third); row["IsDeleted"] == true {
		t.Error("a merge that was refused took the row")
	}
	if w := d.raw(http.MethodPost, "/__fake/v1/switch", "", `{"twins":{"order":"other"}}`); w.Code != 400 {
		t.Errorf("an order of twins that there is not: %d", w.Code)
	}
}

func TestAssign_RunsUnlessARowSaysNo(t *testing.T) {
	d := newDesk(t, Options{Seed: &Seed{Rows: []RowSeed{{Object: "Group", ID: "00G000000000001", Fields: fields{"Name": "Sales", "Type": "Queue"}},
		{Object: "QueueSobject", Fields: fields{"QueueId": "00G000000000001", "SobjectType": "Lead"}}}}})
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
