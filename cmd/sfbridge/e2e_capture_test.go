package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/store"
)

// captured is one event of a real org with its complete decode.
type captured struct {
	SchemaID      string         `json:"schemaId"`
	EventID       string         `json:"eventId"`
	ReplayIDHex   string         `json:"replayIdHex"`
	PayloadBase64 string         `json:"payloadBase64"`
	Decoded       map[string]any `json:"decoded"`
	Changed       []string       `json:"changedFieldNames"`
}

func (c captured) header(name string) any {
	return c.Decoded["ChangeEventHeader"].(map[string]any)[name]
}

func (c captured) records() (ids []string) {
	for _, id := range c.header("recordIds").([]any) {
		ids = append(ids, id.(string))
	}
	return ids
}

// captures reads the captured events where they are; a clone without them has none.
func captures(t *testing.T) (dir string, all []captured) {
	t.Helper()
	dir = filepath.Join("..", "..", "..", "shared", "fixtures", "cdc")
	b, err := os.ReadFile(filepath.Join(dir, "events.json"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the captured events are needed here: %v", err)
		}
		t.Skipf("the captured events are not here, which is usual outside the team: %v", err)
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return dir, all
}

// accountPairs are the fields that the captured events speak of, and where they go.
var accountPairs = []struct {
	event, field string // in the event, over REST
	attribute    string
}{
	{"Name", "Name", "firstName"}, {"Phone", "Phone", "phone"}, {"Some_Email__c", "Some_Email__c", "email"},
	{"Some_Check_Box__c", "Some_Check_Box__c", "custom.checked"}, {"Active__c", "Active__c", "custom.active"},
	{"CleanStatus", "CleanStatus", "custom.clean"}, {"BillingAddress.CountryCode", "BillingCountryCode", "custom.country"},
}

func accountTransfer(c *Config) {
	p := c.Projects["support"]
	p.Region = "US"
	t := TransferConfig{
		Name: "accounts", Object: "Account", Direction: string(bridge.Inbound), NoMatchInbound: string(bridge.CreateNew),
		NoMatchOutbound: string(bridge.SkipIt), OnDelete: string(bridge.KeepContact),
		Identity: []PairConfig{{Salesforce: "Some_Email__c", Platform: "email", Format: "email"}, {Salesforce: "Phone", Platform: "phone", Format: "phone"}},
		Fields:   []PairConfig{{Salesforce: "Id", Platform: "custom.salesforce_id"}},
	}
	for _, pair := range accountPairs {
		pc := PairConfig{Salesforce: pair.field, Platform: pair.attribute}
		switch pair.attribute {
		case "email", "phone":
			pc.Format = pair.attribute
		}
		t.Fields = append(t.Fields, pc)
	}
	p.Transfers = []TransferConfig{t}
}

// capturedOrg is an org that has the captured events' fields, and the rows that the updates speak of.
func capturedOrg(all []captured) fakeorg.Options {
	account := fakeorg.ObjectSeed{Name: "Account", Fields: []fakeorg.FieldSeed{
		{Name: "Some_Email__c", Type: "email"}, {Name: "Some_Check_Box__c", Type: "boolean"},
		{Name: "Active__c", Type: "picklist", Values: []string{"Yes", "No"}}, {Name: "BillingCountryCode", Type: "string", Compound: "BillingAddress", Length: 10},
	}}
	seed := &fakeorg.Seed{Name: "Captured", Objects: []fakeorg.ObjectSeed{account}}
	known := map[string]bool{}
	for _, e := range all {
		if e.header("changeType") != "UPDATE" {
			continue
		}
		for i, id := range e.records() {
			if known[id] {
				continue
			}
			known[id] = true
			seed.Rows = append(seed.Rows, fakeorg.RowSeed{Object: "Account", ID: id, Fields: map[string]any{
				"Name": fmt.Sprint("Seeded ", i), "Phone": fmt.Sprintf("20255501%02d", i), "Some_Email__c": fmt.Sprintf("seeded%d@example.com", i),
				"Active__c": "Yes", "Some_Check_Box__c": false,
			}})
		}
	}
	return fakeorg.Options{Seed: seed, OrgID: "00D5e0000012345EAA"}
}

// value reads a path of the decoded event.
func (c captured) value(path string) (any, bool) {
	for i := range len(path) {
		if path[i] == '.' {
			parent, ok := c.Decoded[path[:i]].(map[string]any)
			return parent[path[i+1:]], ok
		}
	}
	v, ok := c.Decoded[path]
	return v, ok
}

func TestBridge_CarriesCapturedEventsExactlyAsTheyDecode(t *testing.T) {
	dir, all := captures(t)
	synctest.Test(t, func(t *testing.T) {
		own := []respondiotest.Field{{Name: "salesforce_id", Type: "text"}, {Name: "checked", Type: "checkbox"}, {Name: "active", Type: "text"},
			{Name: "clean", Type: "text"}, {Name: "country", Type: "text"}}
		b := newBench(t, simOptions{org: capturedOrg(all), fields: own}, accountTransfer)
		defer b.close()
		if _, err := b.sim.org.LoadSchemas(dir); err != nil {
			t.Fatal(err)
		}
		b.start()
		want := map[string]map[string]string{} // by record and attribute
		for _, e := range all {
			payload, err1 := base64.StdEncoding.DecodeString(e.PayloadBase64)
			if err1 != nil {
				t.Fatal(err1)
			}
			// The captures' own replay ids lie behind those that the org has given out.
			if _, err := b.sim.org.Inject(fakeorg.Event{Topic: "/data/AccountChangeEvent", ID: e.EventID, SchemaID: e.SchemaID, Payload: payload}); err != nil {
				t.Fatal(err)
			}
			e.expect(want)
		}
		b.until("every record of the captures is on the platform", time.Minute, func() bool { return len(b.sim.crm.Contacts()) == len(want) })
		time.Sleep(time.Minute)
		got := map[string]respondiotest.Contact{}
		for _, c := range b.sim.crm.Contacts() {
			got[c.Get("custom.salesforce_id")] = c
		}
		checked := 0
		for id, attributes := range want {
			c, ok := got[id]
			if !ok {
				t.Errorf("record %s is not on the platform", id)
				continue
			}
			for a, v := range attributes {
				checked++
				if c.Get(a) != v {
					t.Errorf("record %s: %s is %q, the event says %q", id, a, c.Get(a), v)
				}
			}
		}
		if len(want) != 5 || checked < 20 {
			t.Errorf("only %d values of %d records were compared", checked, len(want))
		}
		if letters, err := b.app.store.DeadLetters(t.Context(), store.LetterFilter{}, 10); err != nil || len(letters) > 0 {
			t.Errorf("dead letters: %v %v", letters, err)
		}
	})
}

// expect notes what the platform must hold after the event: what a create says, and what an update has changed.
func (c captured) expect(want map[string]map[string]string) {
	for _, id := range c.records() {
		if want[id] == nil {
			want[id] = map[string]string{}
		}
		for _, pair := range accountPairs {
			v, ok := c.value(pair.event)
			if !ok || c.header("changeType") == "UPDATE" && !slices.Contains(c.Changed, pair.event) || v == nil {
				continue
			}
			text := fmt.Sprint(v)
			if pair.attribute == "phone" {
				text = "+1" + text
			}
			want[id][pair.attribute] = text
		}
	}
}
