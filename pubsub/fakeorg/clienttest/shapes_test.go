package clienttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sfbridge/pubsub/fakeorg"
)

// all is the channel that carries every object.
const all = "/data/ChangeEvents"

// must ends the test where a step of the org's own people failed.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// byObject returns the event of an object among those of one transaction.
func byObject(t *testing.T, events []event, object string) event {
	t.Helper()
	i := slices.IndexFunc(events, func(e event) bool { return e.header.EntityName == object })
	if i < 0 {
		t.Fatalf("no event of %s", object)
	}
	return events[i]
}

func TestPubSubClient_DecodesBothRowsOfAPersonAccount(t *testing.T) {
	w := startWorld(t)
	stream := subscribe(t, w, all, "latest")
	stream.awaitBeat(t)
	account := w.create(t, "Account", map[string]any{
		"RecordTypeId": w.org.PersonRecordType(), "Salutation": "Ms.", "FirstName": "Ann", "LastName": "Lee", "PersonEmail": "ann@example.com",
		"PersonMailingCity": "Bern", "Phone": "1",
	})
	contact, _ := w.row(t, "Account", account)["PersonContactId"].(string)
	events := stream.events(t, 2)
	if events[0].header.TransactionKey != events[1].header.TransactionKey {
		t.Error("the twins are of two transactions")
	}
	byObject(t, events, "Account").wantBody(t, w.row(t, "Account", account), everyField)
	byObject(t, events, "Contact").wantBody(t, w.row(t, "Contact", contact), everyField)

	must(t, w.org.Update("Contact", contact, map[string]any{"LastName": "Wu", "Title": "Dr"}))
	events = stream.events(t, 2)
	e := byObject(t, events, "Account")
	if got := e.header.ChangedFields; !only(got)("Name.LastName") || !only(got)("PersonTitle") || only(got)("Name") {
		t.Errorf("changed %v", got)
	}
	e.wantBody(t, w.row(t, "Account", account), only(e.header.ChangedFields))
}

func TestPubSubClient_DecodesAConversionAndWhatThePlatformDoes(t *testing.T) {
	w := startWorld(t)
	id := w.create(t, "Contact", map[string]any{"LastName": "Lee", "MailingCity": "Bern", "Description": strings.Repeat("a line of text\r\n", 100) + "end"})
	lead := w.create(t, "Lead", map[string]any{"LastName": "Wu", "Company": "Wu AG"})
	stream := subscribe(t, w, all, "latest")
	stream.awaitBeat(t)
	must(t, w.org.Do(func(tx *fakeorg.Tx) error { _, err := tx.Convert(lead); return err }))
	events := stream.events(t, 4)
	e := byObject(t, events, "Lead")
	if e.header.SequenceNumber != 4 || e.body["IsConverted"] != true || e.body["ConvertedContactId"] != byObject(t, events, "Contact").header.RecordIDs[0] {
		t.Errorf("header %+v, body %v", e.header, e.body)
	}
	must(t, w.org.Geocode("Contact", id, "MailingAddress", 46.948, 7.447))
	// The client passes over a bitmap of parts that stands alone, so its values are what it tells of a geocode.
	e = stream.event(t)
	e.wantBody(t, w.row(t, "Contact", id), only([]string{"MailingAddress.Latitude", "MailingAddress.Longitude"}))
	w.org.DiffLongText(true)
	must(t, w.org.Update("Contact", id, map[string]any{"Description": strings.Repeat("a line of text\r\n", 100) + "END"}))
	e = stream.event(t)
	if got, _ := e.body["Description"].(string); len(e.header.DiffFields) != 1 || !strings.HasPrefix(got, "--- \n+++ ") {
		t.Errorf("diffs %v, description %q", e.header.DiffFields, got)
	}
	if _, err := w.org.Gap("Contact", fakeorg.KindUpdate, id); err != nil {
		t.Fatal(err)
	}
	e = stream.event(t)
	if e.header.ChangeType != "GAP_UPDATE" || e.header.RecordIDs[0] != id {
		t.Errorf("header %+v", e.header)
	}
	e.wantBody(t, nil, noField)
	w.org.Hyperforce(true)
	must(t, w.org.Update("Contact", id, map[string]any{"Title": "Dr"}))
	if e = stream.event(t); len(e.header.CommitNumber) != 19 {
		t.Errorf("commit number %s", e.header.CommitNumber)
	}
}

func TestPubSubClient_DecodesBeforeAndAfterASchemaChanged(t *testing.T) {
	w := startWorld(t)
	id := w.create(t, "Contact", map[string]any{"LastName": "Lee", "Department": "one"})
	stream := subscribe(t, w, all, "latest")
	stream.awaitBeat(t)
	for i, change := range []func() error{
		func() error { return nil },
		func() error {
			return w.org.AddField("Contact", fakeorg.FieldSeed{Name: "Middle__c", Type: "string"}, "Bridge_Key__c")
		},
		func() error { return w.org.AgeAddresses("Contact", true) },
		func() error { return w.org.RemoveField("Contact", "Middle__c") },
	} {
		must(t, change())
		must(t, w.org.Update("Contact", id, map[string]any{"Department": fmt.Sprint("dept ", i), "MailingCity": fmt.Sprint("city ", i)}))
		e := stream.event(t)
		address, _ := e.body["MailingAddress"].(map[string]any)
		if e.body["Department"] != fmt.Sprint("dept ", i) || address["City"] != fmt.Sprint("city ", i) {
			t.Errorf("step %d: body %v", i, e.body)
		}
		if got := e.header.ChangedFields; !only(got)("Department") || !only(got)("MailingAddress.City") {
			t.Errorf("step %d: changed %v", i, got)
		}
	}
}

// TestPubSubClient_DecodesTransactionsThatComeApart: enriched events under one replay id, updates that are split, and more than an org tells one by one.
func TestPubSubClient_DecodesTransactionsThatComeApart(t *testing.T) {
	w := startWorld(t)
	var ids []string
	for i := range 3 {
		ids = append(ids, w.create(t, "Contact", map[string]any{"LastName": fmt.Sprint("Lee ", i), "Email": fmt.Sprintf("lee%d@example.com", i)}))
	}
	together := func(change func(tx *fakeorg.Tx, i int, id string) error) {
		t.Helper()
		must(t, w.org.Do(func(tx *fakeorg.Tx) error {
			for i, id := range ids {
				if err := change(tx, i, id); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	update := func(fields func(i int) map[string]any) func(*fakeorg.Tx, int, string) error {
		return func(tx *fakeorg.Tx, i int, id string) error { return tx.Update("Contact", id, fields(i)) }
	}

	w.org.SetChannel("Bridge__chn", "Contact")
	must(t, w.org.EnrichChannel("Bridge__chn", "Contact", "Email"))
	enriched := subscribe(t, w, "/data/Bridge__chn", "latest")
	enriched.awaitBeat(t)
	stream := subscribe(t, w, contacts, "latest")
	stream.awaitBeat(t)
	together(update(func(int) map[string]any { return map[string]any{"Department": "One"} }))
	merged := stream.event(t)
	if !slices.Equal(merged.header.RecordIDs, ids) || merged.body["Email"] != nil {
		t.Errorf("the object's own topic tells of %v, %v", merged.header.RecordIDs, merged.body["Email"])
	}
	for i, e := range enriched.events(t, len(ids)) {
		if e.replay != merged.replay {
			t.Errorf("enriched event %d has replay id %v, the merged one %v", i, e.replay, merged.replay)
		}
		if len(e.header.RecordIDs) != 1 || e.body["Email"] != fmt.Sprintf("lee%d@example.com", slices.Index(ids, e.header.RecordIDs[0])) || e.body["Department"] != "One" {
			t.Errorf("enriched event %d of %v has %v", i, e.header.RecordIDs, e.body)
		}
		if only(e.header.ChangedFields)("Email") {
			t.Errorf("what enriches is flagged: %v", e.header.ChangedFields)
		}
	}

	w.org.SplitUpdates(true)
	together(update(func(i int) map[string]any { return map[string]any{"Department": "Two", "Title": fmt.Sprint("T", i)} }))
	shared := stream.event(t)
	if !slices.Equal(shared.header.RecordIDs, ids) || shared.body["Department"] != "Two" || shared.body["Title"] != nil {
		t.Errorf("what records share: %v, %v", shared.header.RecordIDs, shared.body)
	}
	for i, e := range stream.events(t, len(ids)) {
		if !slices.Equal(e.header.RecordIDs, ids[i:i+1]) || e.body["Title"] != fmt.Sprint("T", i) || e.header.TransactionKey != shared.header.TransactionKey {
			t.Errorf("what record %d has beside it: %+v, %v", i, e.header, e.body["Title"])
		}
	}
	w.org.SplitUpdates(false)

	w.org.OverflowAfter(2)
	together(func(tx *fakeorg.Tx, i int, _ string) error {
		_, err := tx.Create("Contact", map[string]any{"LastName": fmt.Sprint("Wu ", i)})
		return err
	})
	for range 2 {
		if e := stream.event(t); e.header.ChangeType != "CREATE" {
			t.Errorf("before the overflow: %+v", e.header)
		}
	}
	if e := stream.event(t); e.header.ChangeType != "GAP_OVERFLOW" || len(e.header.RecordIDs) != 1 {
		t.Errorf("the overflow: %+v", e.header)
	}
	if _, err := w.org.Wildcard("Contact"); err != nil {
		t.Fatal(err)
	}
	if e := stream.event(t); len(e.header.RecordIDs) != 1 || !strings.HasSuffix(e.header.RecordIDs[0], "*") {
		t.Errorf("the wildcard: %+v", e.header)
	}
}
