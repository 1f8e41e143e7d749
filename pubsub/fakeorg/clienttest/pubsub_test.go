package clienttest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"
)

const (
	contacts = "/data/ContactChangeEvent"
	visits   = "/data/Visit__ChangeEvent"
	origin   = "com/salesforce/api/rest/64.0;client=trial"
)

// subscribe runs the npm client on a topic. from is "latest", "earliest" or a replay id.
func subscribe(t *testing.T, w *world, topic string, from any) *program {
	t.Helper()
	return startNode(t, w, "pubsub.mjs", map[string]any{
		"loginUrl": w.secure, "endpoint": w.pubsub, "clientId": clientID, "clientSecret": clientSecret, "topic": topic, "from": from,
	})
}

// awaitBeat returns once the stream has said that it lives and has nothing to send.
func (p *program) awaitBeat(t *testing.T) {
	t.Helper()
	line := p.next(t)
	if _, alive := line["alive"]; !alive {
		t.Fatalf("want a keepalive, got %v", line)
	}
}

// event returns the next event, past keepalives.
func (p *program) event(t *testing.T) event {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; {
		line := p.next(t)
		if _, alive := line["alive"]; !alive {
			return decode(t, line)
		}
	}
	t.Fatalf("no event within %s", patience)
	return event{}
}

// events returns the events of the next n records, in the order of the stream. The client hands over events while it still
// fetches the schema of one before them, so what it prints can be out of order.
func (p *program) events(t *testing.T, n int) (all []event) {
	t.Helper()
	for n > 0 {
		e := p.event(t)
		all = append(all, e)
		n -= len(e.header.RecordIDs)
	}
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Compare(a.replay, b.replay) })
	return all
}

// richContact has something in many kinds of fields; what it leaves out must be null in the event.
func richContact() map[string]any {
	return map[string]any{
		"Salutation": "Ms.", "FirstName": " Ann ", "LastName": "Lée", "Email": "Ann.Lee@Example.COM", "Phone": "+41 44 123 45 67",
		"MailingStreet": "Gasse 1\r\n2. Stock", "MailingCity": "Zürich", "MailingPostalCode": "8001", "MailingCountry": "Switzerland",
		"Birthdate": "1969-12-31", "Description": "first line\nsecond 🙂", "DoNotCall": true, "LeadSource": "Web", "Bridge_Key__c": "k-1",
	}
}

func TestPubSubClient_DecodesACreateFieldByField(t *testing.T) {
	w := startWorld(t)
	stream := subscribe(t, w, contacts, "latest")
	stream.awaitBeat(t)
	id := w.create(t, "Contact", richContact())
	e := stream.event(t)
	e.wantHeader(t, header{EntityName: "Contact", RecordIDs: []string{id}, ChangeType: "CREATE", ChangeOrigin: origin, SequenceNumber: 1})
	e.wantBody(t, w.row(t, "Contact", id), everyField)
}

func TestPubSubClient_DecodesAnUpdateOfPartsAndOfNulls(t *testing.T) {
	w := startWorld(t)
	id := w.create(t, "Contact", richContact())
	stream := subscribe(t, w, contacts, "latest")
	stream.awaitBeat(t)
	w.call(t, http.MethodPatch, "sobjects/Contact/"+id, map[string]any{
		"FirstName": "Anna", "MailingCity": "Bern", "MailingPostalCode": nil, "Phone": nil, "Title": "Dr", "LeadSource": "Web",
	})
	e := stream.event(t)
	changed := []string{"Name.FirstName", "MailingAddress.City", "MailingAddress.PostalCode", "Phone", "Title", "LastModifiedDate"}
	e.wantHeader(t, header{
		EntityName: "Contact", RecordIDs: []string{id}, ChangeType: "UPDATE", ChangeOrigin: origin, SequenceNumber: 1,
		ChangedFields: changed, NulledFields: []string{"MailingAddress.PostalCode", "Phone"},
	})
	e.wantBody(t, w.row(t, "Contact", id), only(changed))
}

func TestPubSubClient_DecodesADelete(t *testing.T) {
	w := startWorld(t)
	id := w.create(t, "Contact", richContact())
	stream := subscribe(t, w, contacts, "latest")
	stream.awaitBeat(t)
	w.call(t, http.MethodDelete, "sobjects/Contact/"+id, nil)
	e := stream.event(t)
	e.wantHeader(t, header{EntityName: "Contact", RecordIDs: []string{id}, ChangeType: "DELETE", ChangeOrigin: origin, SequenceNumber: 1})
	e.wantBody(t, nil, noField)
}

func TestPubSubClient_DecodesACustomObjectOfEveryType(t *testing.T) {
	w := startWorld(t)
	stream := subscribe(t, w, visits, "latest")
	stream.awaitBeat(t)
	person := w.create(t, "Contact", map[string]any{"LastName": "Visited"})
	id := w.create(t, "Visit__c", map[string]any{
		"Name": "V-1", "Key__c": "one", "Amount__c": 12345678.9, "Score__c": -0.0625, "Share__c": 99.5, "Day__c": "2024-02-29",
		"At__c": "2026-11-21T23:59:59.999+02:00", "Done__c": true, "Mood__c": "Good", "Tags__c": "red;blue", "Notes__c": "a\nb",
		"Mail__c": "Who@Example.com", "Page__c": "https://example.com/x", "Tel__c": "(0) 1", "Person__c": person,
		"Place__Latitude__s": 46.94809, "Place__Longitude__s": 7.44744,
	})
	e := stream.event(t)
	e.wantHeader(t, header{EntityName: "Visit__c", RecordIDs: []string{id}, ChangeType: "CREATE", ChangeOrigin: origin, SequenceNumber: 1})
	e.wantBody(t, w.row(t, "Visit__c", id), everyField)

	w.call(t, http.MethodPatch, "sobjects/Visit__c/Key__c/one", map[string]any{"Done__c": false, "Tags__c": "green", "Amount__c": nil, "Place__Latitude__s": 47.0})
	e = stream.event(t)
	if got := e.header.NulledFields; len(got) != 1 || got[0] != "Amount__c" {
		t.Errorf("nulled %v, want Amount__c", got)
	}
	for _, want := range []string{"Done__c", "Tags__c", "Amount__c", "Place__c.Latitude"} {
		if !only(e.header.ChangedFields)(want) {
			t.Errorf("changed %v, want %s among them", e.header.ChangedFields, want)
		}
	}
	if e.body["Done__c"] != false || e.body["Tags__c"] != "green" || e.body["Mood__c"] != nil {
		t.Errorf("body %v", e.body)
	}
}

func TestPubSubClient_StartsWhereItIsTold(t *testing.T) {
	w := startWorld(t)
	var ids []string
	for i := range 3 {
		ids = append(ids, w.create(t, "Contact", map[string]any{"LastName": "Person " + strconv.Itoa(i)}))
	}
	var second float64
	t.Run("earliest", func(t *testing.T) {
		stream := subscribe(t, w, contacts, "earliest")
		for i, e := range stream.events(t, len(ids)) {
			if e.header.RecordIDs[0] != ids[i] {
				t.Errorf("event %d is of %s, want %s", i, e.header.RecordIDs[0], ids[i])
			}
			if i == 1 {
				second = e.replay
			}
		}
		stream.awaitBeat(t)
	})
	t.Run("replay id", func(t *testing.T) {
		stream := subscribe(t, w, contacts, second)
		if e := stream.event(t); e.header.RecordIDs[0] != ids[2] {
			t.Errorf("the event after the second is of %s, want %s", e.header.RecordIDs[0], ids[2])
		}
		stream.awaitBeat(t)
	})
	t.Run("latest", func(t *testing.T) {
		stream := subscribe(t, w, contacts, "latest")
		stream.awaitBeat(t)
		id := w.create(t, "Contact", map[string]any{"LastName": "Fresh"})
		if e := stream.event(t); e.header.RecordIDs[0] != id {
			t.Errorf("the first event is of %s, want %s", e.header.RecordIDs[0], id)
		}
	})
}

func TestPubSubClient_ReadsOnPastAHundred(t *testing.T) {
	w := startWorld(t)
	const rows = 250
	batch := make([]map[string]any, 0, 50)
	for i := range rows {
		batch = append(batch, map[string]any{"attributes": map[string]any{"type": "Contact"}, "LastName": "Row " + strconv.Itoa(i)})
		if len(batch) == cap(batch) {
			w.call(t, http.MethodPost, "composite/sobjects", map[string]any{"records": batch})
			batch = batch[:0]
		}
	}
	stream := subscribe(t, w, contacts, "earliest")
	for i, e := range stream.events(t, rows) {
		want := "Row " + strconv.Itoa(i)
		if name, _ := e.body["Name"].(map[string]any); name["LastName"] != want {
			t.Fatalf("event %d is of %v, want %s", i, e.body["Name"], want)
		}
	}
	stream.awaitBeat(t)
}

func TestPubSubClient_IsToldWhatIsWrong(t *testing.T) {
	w := startWorld(t)
	for _, c := range []struct {
		name, topic string
		from        any
	}{{"topic", "/data/NothingChangeEvent", "latest"}, {"replay id", contacts, 1 << 52}} {
		t.Run(c.name, func(t *testing.T) {
			line := subscribe(t, w, c.topic, c.from).next(t)
			if _, isError := line["error"]; !isError {
				t.Errorf("want an error, got %v", line)
			}
		})
	}
}
