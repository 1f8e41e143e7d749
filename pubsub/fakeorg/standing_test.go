package fakeorg

import (
	"net/http"
	"strings"
	"testing"
)

func (d *desk) login() map[string]any {
	d.t.Helper()
	got := mustDecode[map[string]any](d.t, d.raw(http.MethodPost, "/services/oauth2/token", "application/x-www-form-urlencoded",
		"grant_type=client_credentials&client_id=fakeorg&client_secret=fakeorg-secret"))
	d.token, _ = got["access_token"].(string)
	return got
}

func TestRename_ShowsInTheNextToken(t *testing.T) {
	d := newDesk(t, Options{InstanceURL: "https://old.example/"})
	if got := d.login()["instance_url"]; got != "https://old.example" {
		t.Errorf("instance_url %v", got)
	}
	d.org.Rename("https://new.example")
	if w := d.do(http.MethodGet, "/limits", nil); w.Code != http.StatusOK {
		t.Errorf("an old session answers %d", w.Code)
	}
	if got := d.login()["instance_url"]; got != "https://new.example" {
		t.Errorf("instance_url %v", got)
	}
}

func TestRefresh_MakesAnotherOrg(t *testing.T) {
	d := newDesk(t, Options{Sandbox: true})
	d.created("Contact", fields{"LastName": "A"})
	d.org.Refresh("00D000000000042")
	d.refused(d.do(http.MethodGet, "/limits", nil), 401, "INVALID_SESSION_ID")
	if id, _ := d.login()["id"].(string); !strings.Contains(id, "/id/00D000000000042EAA/") {
		t.Errorf("identity %s", id)
	}
	org := d.query("SELECT Id, IsSandbox FROM Organization").Records
	if len(org) != 1 || org[0]["Id"] != "00D000000000042EAA" || org[0]["IsSandbox"] != true {
		t.Errorf("organization %v", org)
	}
	if len(d.org.Events()) != 0 || len(d.query("SELECT LastName FROM Contact").Records) != 1 {
		t.Error("events outlive a refresh, or rows do not")
	}
}

func TestMaintain_ReadsGoOn(t *testing.T) {
	d := newDesk(t, Options{})
	d.org.Maintain(true)
	w := d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "A"})
	if w.Code != http.StatusServiceUnavailable || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("write: %d %v", w.Code, w.Header())
	}
	d.query("SELECT Id FROM Contact")
	d.org.Maintain(false)
	d.created("Contact", fields{"LastName": "A"})
}
