package fakeorg

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestControl_TurnsEverySwitch wants every member of the switch order to change what it names.
func TestControl_TurnsEverySwitch(t *testing.T) {
	checks := map[string]struct {
		value string
		on    func(o *Org) bool
	}{
		"twins":                {`{"order":"contact","delay":"2s"}`, func(o *Org) bool { return o.bus.twins == Twins{TwinsContactFirst, 2 * time.Second} }},
		"muteChildren":         {`true`, func(o *Org) bool { return o.muted }},
		"dialect":              {`{"rpcId":"rpc_id","noCredit":"70s"}`, func(o *Org) bool { return o.bus.patience() == 70*time.Second }},
		"splitUpdates":         {`true`, func(o *Org) bool { return o.bus.split }},
		"diffLongText":         {`true`, func(o *Org) bool { return o.bus.diffs }},
		"overflowAfter":        {`7`, func(o *Org) bool { return o.bus.overflow == 7 }},
		"hyperforce":           {`true`, func(o *Org) bool { return o.hyperforce }},
		"nameInCollections":    {`true`, func(o *Org) bool { return o.collectionsOrigin.Load() }},
		"slashOrigins":         {`true`, func(o *Org) bool { return o.slashOrigin.Load() }},
		"addChangeType":        {`"PURGE"`, func(o *Org) bool { return len(o.bus.schemas.symbols) == 1 }},
		"loseEvents":           {`3`, func(o *Org) bool { return o.bus.faults.lost == 3 }},
		"beat":                 {`"270s"`, func(o *Org) bool { return o.bus.beatIn() == 270*time.Second }},
		"steadyBeats":          {`true`, func(o *Org) bool { return o.bus.faults.steady }},
		"settleLatest":         {`"5s"`, func(o *Org) bool { return o.bus.faults.settle == 5*time.Second }},
		"repeatPieces":         {`true`, func(o *Org) bool { return o.bus.faults.repeatPieces }},
		"refuseRepeatedReplay": {`true`, func(o *Org) bool { return o.bus.faults.refuseRepeated }},
		"limitStreams":         {`1`, func(o *Org) bool { return o.bus.faults.maxStreams == 1 }},
		"hangStreams":          {`2`, func(o *Org) bool { return o.bus.faults.hang == 2 }},
		"slowAnswers":          {`"1s"`, func(o *Org) bool { return o.bus.faults.slow == time.Second }},
		"limitAnswers":         {`4`, func(o *Org) bool { return o.bus.faults.answer == 4 }},
		"delaySchemas":         {`"2s"`, func(o *Org) bool { return o.bus.faults.schemaDelay == 2*time.Second }},
	}
	all := reflect.TypeFor[switchOrder]()
	for i := range all.NumField() {
		name := all.Field(i).Tag.Get("json")
		check, known := checks[name]
		if !known {
			t.Errorf("switch %s is not tried", name)
			continue
		}
		d := newDesk(t, Options{})
		if check.on(d.org) {
			t.Errorf("%s is on before it was turned", name)
		}
		d.steer("switch", `{"`+name+`":`+check.value+`}`)
		if !check.on(d.org) {
			t.Errorf("%s was turned and is not on", name)
		}
		d.steer("reset", "")
		if check.on(d.org) && name != "addChangeType" {
			t.Errorf("%s outlives a reset", name)
		}
	}
}

func TestControl_ActsAsThePlatform(t *testing.T) {
	d := newDesk(t, Options{})
	id := d.created("Contact", fields{"LastName": "L"})
	gone := d.created("Contact", fields{"LastName": "G"})
	for _, step := range []struct{ body, want string }{
		{`{"act":"gap","object":"Contact","kind":"UPDATE","ids":["` + id + `"]}`, "Contact GAP_UPDATE"},
		{`{"act":"wildcard","object":"Contact"}`, "Contact GAP_UPDATE"},
		{`{"act":"geocode","object":"Contact","address":"MailingAddress","ids":["` + id + `"],"place":[1.5,2.5]}`, "Contact UPDATE"},
		{`{"act":"emit","header":{"entity":"Contact","records":["` + id + `"],"kind":"SNAPSHOT"},"fields":{"LastName":"S","MailingCity":"Bern"}}`, "Contact SNAPSHOT"},
	} {
		n := len(d.org.Events())
		d.steer("event", `{"platform":`+step.body+`}`)
		if got := d.since(n); got != step.want {
			t.Errorf("%s: %s", step.body, got)
		}
	}
	if _, body := decode(t, d.org, d.lastEvent()); body["Name.LastName"] != "S" || body["MailingAddress.City"] != "Bern" || len(body) != 4 {
		t.Errorf("emitted %v", body)
	}
	if err := d.org.Delete("Contact", gone); err != nil {
		t.Fatal(err)
	}
	if got := d.steer("event", `{"platform":{"act":"empty","object":"Contact"}}`); got["rows"] != json.Number("1") {
		t.Errorf("emptied %v", got)
	}
	for _, body := range []string{`{"act":"nap"}`, `{"act":"gap","object":"Contact"}`, `{"act":"emit","header":{"entity":"Contact"},"fields":{"Nope":1}}`,
		`{"act":"emit","header":{"entity":"Contact","kind":"NOPE"}}`, `{"act":"geocode","object":"Contact","ids":["x"],"address":"MailingAddress"}`} {
		if w := d.raw(http.MethodPost, "/__fake/v1/event", "", `{"platform":`+body+`}`); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
}

func TestControl_ChangesAnOrgAsAnAdminDoes(t *testing.T) {
	d := newDesk(t, Options{})
	d.steer("channel", `{"name":"Bridge__chn","members":["Contact","Lead"],"enrich":{"Contact":["Email"]}}`)
	if got := d.org.Channels()["/data/Bridge__chn"]; len(got) != 2 || len(d.org.bus.channels["/data/Bridge__chn"]["ContactChangeEvent"]) != 1 {
		t.Errorf("channels %v", d.org.Channels())
	}
	d.steer("right", `{"object":"lead","on":false}`)
	d.steer("right", `{"topic":"/data/ChangeEvents","on":false}`)
	d.steer("right", `{"select":"Task","on":false}`)
	if r := d.org.bus.rights; !r.hidden["LeadChangeEvent"] || !r.denied["/data/ChangeEvents"] || d.org.object("Task").Selected {
		t.Errorf("rights %v", r)
	}
	d.steer("right", `{"object":"Lead"}`)
	if d.org.bus.rights.hidden["LeadChangeEvent"] {
		t.Error("a right was not given back")
	}
	d.steer("field", `{"object":"Contact","add":{"name":"Rank__c","type":"string"},"before":"Level__c","agedAddresses":true}`)
	d.steer("automation", `{"object":"Contact","when":"before","set":{"Rank__c":"first"}}`)
	d.steer("automation", `{"object":"Contact","when":"after","set":{"Department":"Sales"}}`)
	id := d.created("Contact", fields{"LastName": "L"})
	if row, _ := d.org.Row("Contact", id); row["Rank__c"] != "first" || row["Department"] != "Sales" {
		t.Errorf("row %v", row)
	}
	if e := d.lastEvent().Header; e.Kind != "CREATE" {
		t.Errorf("automation made %+v", e)
	}
	d.steer("automation", `{"object":"Lead","assign":"`+d.org.Agent()+`"}`)
	if row, _ := d.org.Row("Lead", d.created("Lead", fields{"LastName": "L", "Company": "C"})); row["OwnerId"] != d.org.Agent() {
		t.Errorf("lead %v", row)
	}
	d.steer("org", `{"rename":"https://new.example","maintain":true}`)
	if s := d.org.standing.Load(); s.instance != "https://new.example" || !s.readOnly {
		t.Errorf("standing %+v", s)
	}
	d.steer("org", `{"maintain":false,"refresh":"00D000000000042"}`)
	if d.org.OrgID() != "00D000000000042EAA" {
		t.Errorf("org %s", d.org.OrgID())
	}
	d.steer("org", `{"migrate":"https://third.example"}`)
	d.steer("wire", `{"blackHole":true,"cut":true}`)
	if !d.org.Wire().hole {
		t.Error("no hole in the wire")
	}
	if got := d.steer("allocation", `{"delivery":500,"consume":10,"hourly":60}`); got["delivered"] != json.Number("10") || d.org.bus.meter.rate != 60 {
		t.Errorf("allocation %v", got)
	}
}

func TestControl_RefusesAdminsWhoErr(t *testing.T) {
	d := newDesk(t, Options{})
	for _, order := range []string{`channel {"members":["Contact"]}`, `channel {"name":"X","members":["Nope"]}`, `channel {"name":"X","enrich":{"Contact":["Email"]}}`,
		`right {}`, `field {"object":"Nope","remove":"X"}`, `field {"object":"Contact","add":{"name":"X__c"}}`, `automation {"object":"Contact"}`,
		`automation {"object":"Contact","when":"before","set":{"Nope":1}}`, `automation {"object":"Nope"}`, `switch {"nope":1}`, `org {"nope":1}`} {
		name, body, _ := strings.Cut(order, " ")
		if w := d.raw(http.MethodPost, "/__fake/v1/"+name, "", body); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", order, w.Code)
		}
	}
}
