package clienttest

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"sfbridge/pubsub/fakeorg"
)

// wideFields is more than a 64-bit map can tell.
const wideFields = 150

// wideObject is a custom object whose bitmaps take many bytes.
func wideObject() fakeorg.ObjectSeed {
	o := fakeorg.ObjectSeed{Name: "Wide__c", Label: "Wide", Plural: "Wides", Prefix: "a0W"}
	for i := range wideFields {
		o.Fields = append(o.Fields, fakeorg.FieldSeed{Name: wideField(i), Type: "string", Length: 80})
	}
	return o
}

func wideField(i int) string { return fmt.Sprintf("F%03d__c", i) }

func TestPubSubClient_DecodesMapsOfMoreThan64Bits(t *testing.T) {
	w := startWorld(t)
	stream := subscribe(t, w, "/data/Wide__ChangeEvent", "latest")
	stream.awaitBeat(t)
	id := w.create(t, "Wide__c", map[string]any{"Name": "W", wideField(0): "a", wideField(149): "b"})
	if e := stream.event(t); e.header.ChangeType != "CREATE" || e.body[wideField(149)] != "b" {
		t.Errorf("%s with %v", e.header.ChangeType, e.body[wideField(149)])
	}
	w.call(t, http.MethodPatch, "sobjects/Wide__c/"+id, map[string]any{wideField(149): nil, wideField(63): "c", wideField(64): "d"})
	e := stream.event(t)
	changed := []string{wideField(63), wideField(64), wideField(149), "LastModifiedDate"}
	e.wantHeader(t, header{
		EntityName: "Wide__c", RecordIDs: []string{id}, ChangeType: "UPDATE", ChangeOrigin: origin, SequenceNumber: 1,
		ChangedFields: changed, NulledFields: []string{wideField(149)},
	})
	e.wantBody(t, w.row(t, "Wide__c", id), only(changed))
}

// TestPubSubClient_DecodesEveryStandardObject reads the channel that carries all objects: each event names its own schema.
func TestPubSubClient_DecodesEveryStandardObject(t *testing.T) {
	w := startWorld(t)
	stream := subscribe(t, w, "/data/ChangeEvents", "latest")
	stream.awaitBeat(t)
	account := w.create(t, "Account", map[string]any{"Name": "Acme", "BillingCity": "Basel", "AnnualRevenue": 5e9, "NumberOfEmployees": 12})
	contact := w.create(t, "Contact", map[string]any{"LastName": "Lee", "AccountId": account})
	rows := []struct{ object, id string }{
		{"Account", account},
		{"Contact", contact},
		{"Lead", w.create(t, "Lead", map[string]any{"FirstName": "Li", "LastName": "Wu", "Company": "Wu AG", "City": "Chur", "PostalCode": "7000"})},
		{"Case", w.create(t, "Case", map[string]any{"Subject": "Broken", "ContactId": contact, "Origin": "Phone"})},
		{"Opportunity", w.create(t, "Opportunity", map[string]any{
			"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": 1234.5, "AccountId": account,
		})},
		{"Event", w.create(t, "Event", map[string]any{
			"Subject": "Call", "ActivityDateTime": "2026-11-21T09:00:00Z", "DurationInMinutes": 15, "WhoId": contact,
		})},
		{"Task", w.create(t, "Task", map[string]any{
			"Subject": "Write", "Status": "Completed", "Priority": "Normal", "ActivityDate": "2026-11-21", "WhoId": contact, "CallDurationInSeconds": 73,
		})},
	}
	schemas := map[string]bool{}
	for i, e := range stream.events(t, len(rows)) {
		r := rows[i]
		t.Run(r.object, func(t *testing.T) {
			e.wantHeader(t, header{EntityName: r.object, RecordIDs: []string{r.id}, ChangeType: "CREATE", ChangeOrigin: origin, SequenceNumber: 1})
			e.wantBody(t, w.row(t, r.object, r.id), everyField)
			schemas[e.schemaID] = true
		})
	}
	if len(schemas) != len(rows) {
		t.Errorf("%d objects came with %d schemas", len(rows), len(schemas))
	}
}

// TestPubSubClient_DecodesOneChangeOfManyRows lets one call change many rows in the same way, which a real org may tell in one event.
func TestPubSubClient_DecodesOneChangeOfManyRows(t *testing.T) {
	w := startWorld(t)
	records := []map[string]any{}
	ids := []string{}
	for range 5 {
		id := w.create(t, "Contact", map[string]any{"LastName": "Same"})
		ids = append(ids, id)
		records = append(records, map[string]any{"attributes": map[string]any{"type": "Contact"}, "Id": id, "Department": "New"})
	}
	stream := subscribe(t, w, contacts, "latest")
	stream.awaitBeat(t)
	w.call(t, http.MethodPatch, "composite/sobjects", map[string]any{"records": records})
	var heard []string
	all := stream.events(t, len(ids))
	for i, e := range all {
		if e.header.TransactionKey != all[0].header.TransactionKey || e.header.SequenceNumber != i+1 || e.body["Department"] != "New" {
			t.Errorf("transaction %s number %d says %v", e.header.TransactionKey, e.header.SequenceNumber, e.body["Department"])
		}
		heard = append(heard, e.header.RecordIDs...)
	}
	if slices.Sort(heard); !slices.Equal(heard, ids) {
		t.Errorf("heard of %v, want %v", heard, ids)
	}
}
