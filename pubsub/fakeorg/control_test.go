package fakeorg

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// steer sends a control request and wants it done.
func (d *desk) steer(name, body string) map[string]any {
	d.t.Helper()
	w := d.raw(http.MethodPost, "/__fake/v1/"+name, "application/json", body)
	if w.Code != http.StatusOK {
		d.t.Fatalf("%s: %d %s", name, w.Code, w.Body)
	}
	return mustDecode[map[string]any](d.t, w)
}

func (d *desk) observe(path string) *httptest.ResponseRecorder {
	d.t.Helper()
	return d.raw(http.MethodGet, "/__fake/v1/"+path, "", "")
}

func TestControl_EditsRowsAsAPerson(t *testing.T) {
	d := newDesk(t, Options{})
	d.token = ""
	got := d.steer("event", `{"edits":[{"object":"Account","verb":"create","fields":{"Name":"Acme"}},{"object":"Contact","verb":"create","fields":{"LastName":"Lee"}}]}`)
	ids := got["ids"].([]any)
	events := d.org.Events()
	if len(ids) != 2 || len(events) != 2 || events[0].Header.Key != events[1].Header.Key || events[0].Header.User != d.org.Agent() {
		t.Fatalf("ids %v, events %+v", ids, events)
	}
	id := ids[1].(string)
	d.steer("event", `{"origin":"","user":"`+d.org.IntegrationUser()+`","edits":[{"object":"Contact","verb":"update","id":"`+id+`","fields":{"Title":"T"}}]}`)
	if head := d.lastEvent().Header; head.Origin != "" || head.User != d.org.IntegrationUser() {
		t.Errorf("header %+v", head)
	}
	d.steer("event", `{"edits":[{"object":"Contact","verb":"delete","id":"`+id+`"}]}`)
	d.steer("event", `{"edits":[{"object":"Contact","verb":"undelete","id":"`+id+`"}]}`)
	rows := mustDecode[struct{ Rows []map[string]any }](t, d.observe("rows?object=contact")).Rows
	if len(rows) != 1 || rows[0]["Title"] != "T" || rows[0]["Id"] != id {
		t.Errorf("rows %v", rows)
	}
	if n := len(mustDecode[struct{ Events []any }](t, d.observe("events")).Events); n != 5 {
		t.Errorf("%d events", n)
	}
}

func TestControl_InjectsEventsAsTheyAre(t *testing.T) {
	d := newDesk(t, Options{})
	payload := base64.StdEncoding.EncodeToString([]byte{1, 2, 3})
	got := d.steer("event", `{"inject":{"topic":"/data/AccountChangeEvent","schemaId":"s1","schema":"{\"type\":\"record\",\"name\":\"AccountChangeEvent\",\"fields\":[]}","payload":"`+payload+`"}}`)
	if e := d.lastEvent(); e.ID != got["id"] || e.SchemaID != "s1" || string(e.Payload) != "\x01\x02\x03" {
		t.Errorf("event %+v, answer %v", e, got)
	}
}

func TestControl_SteersEverything(t *testing.T) {
	d := newDesk(t, Options{})
	d.created("Contact", fields{"LastName": "A"})
	d.steer("expire", "")
	if len(d.org.Events()) != 0 {
		t.Error("events outlived their expiry")
	}
	d.steer("stall", `{"on":true}`)
	d.steer("stall", `{"on":false}`)
	d.steer("close", `{"code":14,"message":"gone"}`)
	d.steer("close", `{"error":"subscription.fetch.replayid.corrupted","count":2}`)
	if got := d.steer("clock", `{"offset":"72h","advance":"90s"}`); got["offset"] != "72h1m30s" || !d.org.Now().Equal(deskTime.Add(72*time.Hour+90*time.Second)) {
		t.Errorf("clock %v", got)
	}
	d.steer("clock", `{"offset":"0s"}`)
	if got := d.steer("allocation", `{"delivery":5,"api":1}`); got["delivery"] != json.Number("5") || got["api"] != json.Number("1") {
		t.Errorf("allocation %v", got)
	}
	d.refused(d.do(http.MethodGet, "/limits", nil), 403, "REQUEST_LIMIT_EXCEEDED")
	d.steer("allocation", `{"api":1000}`)
	d.steer("fault", `{"rule":{"path":"/limits","status":500,"body":"[]","nth":1},"rpc":"GetSchema","error":"schema.api.unavailable"}`)
	if w := d.do(http.MethodGet, "/limits", nil); w.Code != 500 {
		t.Errorf("fault: %d", w.Code)
	}
	d.steer("fault", `{"clear":true}`)
	d.steer("hide", `{"object":"contact","field":"fax"}`)
	if d.org.object("Contact").sees("Fax") != nil {
		t.Error("a hidden field is seen")
	}
	d.steer("hide", `{"object":"contact","field":"fax","on":false}`)
	d.steer("revoke", `{"token":"`+d.token+`"}`)
	d.refused(d.do(http.MethodGet, "/limits", nil), 401, "INVALID_SESSION_ID")
	if got := mustDecode[struct{ Counted int }](t, d.observe("calls")).Counted; got != 2 {
		t.Errorf("%d calls counted", got)
	}
	if w := d.observe("subscriptions"); w.Code != http.StatusOK {
		t.Errorf("subscriptions: %d", w.Code)
	}
	d.steer("reset", "")
	if len(d.org.Rows("Contact")) != 0 || len(d.org.Calls()) != 0 || len(d.org.Rows("User")) != 2 {
		t.Error("the org is not as it was")
	}
}

func TestControl_RefusesWhatItDoesNotKnow(t *testing.T) {
	d := newDesk(t, Options{})
	for path, body := range map[string]string{
		"nope": "", "event": `{"edit":[]}`, "clock": `{"offset":5}`, "hide": `{"object":"Nope"}`, "event/x": "", "fault": "{",
	} {
		if w := d.raw(http.MethodPost, "/__fake/v1/"+path, "", body); w.Code != 400 && w.Code != 404 {
			t.Errorf("%s %s: %d", path, body, w.Code)
		}
	}
	if w := d.raw(http.MethodPost, "/__fake/v1/event", "", `{"edits":[{"object":"Contact","verb":"create","fields":{}}]}`); w.Code != 400 {
		t.Errorf("a refused edit: %d", w.Code)
	}
	for _, path := range []string{"nope", "rows", "rows?object=Nope"} {
		if w := d.observe(path); w.Code != 400 && w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
