package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// far is all that both far ends hold, and the calls that could have changed it.
func (f *field) far() (held string, writes []string) {
	f.t.Helper()
	b, err := json.Marshal([]any{f.sim.org.Rows("Contact"), f.sim.org.Rows("Task"), f.sim.crm.Contacts()})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, c := range f.sim.org.Calls() {
		if c.Method != http.MethodGet && !strings.Contains(c.Path, "/oauth2/token") && !strings.HasSuffix(c.Path, "/composite/sobjects/Contact") {
			writes = append(writes, c.Method+" "+c.Path)
		}
	}
	for _, r := range f.sim.crm.Requests() {
		if r.Method != http.MethodGet && !strings.Contains(r.Path, "/contact/list") {
			writes = append(writes, r.Method+" "+r.Path)
		}
	}
	return string(b), writes
}

// try runs one trial, holds it to its golden file, and to it that nothing was sent.
func (f *field) try(t *testing.T, name string, code int, args ...string) {
	t.Helper()
	held, writes := f.far()
	s := f.say(t.Context(), nil, append([]string{"try"}, args...)...)
	if s.code != code {
		t.Errorf("exit code %d, want %d", s.code, code)
	}
	after, more := f.far()
	if d := cmp.Diff(held, after); d != "" {
		t.Errorf("the trial changed what the far ends hold: %s", d)
	}
	if d := cmp.Diff(writes, more); d != "" {
		t.Errorf("the trial sent: %s", d)
	}
	text := strings.NewReplacer(f.sim.at.Org, "ORG", f.sim.at.Platform, "PLATFORM", filepath.Dir(f.file)+string(filepath.Separator), "").Replace(s.text)
	golden(t, filepath.Join("testdata", "cli", "try_"+name+".golden"), text)
}

// save writes a payload to a file that golden files can name.
func (f *field) save(t *testing.T, name, body string) string {
	t.Helper()
	name = filepath.Join(filepath.Dir(f.file), name)
	if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTry_ShowsEveryStepAndSendsNothing(t *testing.T) {
	f := newField(t)
	f.rewrite(`tags = ["salesforce"]`, "tags = [\"salesforce\"]\ncondition = 'sf.Email != null'")
	mei, err := f.sim.org.Create("Contact", map[string]any{"FirstName": "Mei", "LastName": "Tan", "Email": "mei@example.com", "Birthdate": "1990-01-31"})
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := f.sim.org.Create("Contact", map[string]any{"LastName": "Nobody"})
	if err != nil {
		t.Fatal(err)
	}
	f.try(t, "stranger", exitStopped, mei)
	f.try(t, "condition", exitStopped, nobody)
	f.try(t, "unseen", exitStopped, bridge.LongID("0035e0000009999"))
	f.start()
	f.until("the daemon listens to Salesforce", func() bool { return len(f.sim.org.Subscriptions()) > 0 })
	if err := f.sim.org.Update("Contact", mei, map[string]any{"FirstName": "May"}); err != nil {
		t.Fatal(err)
	}
	f.until("both sides agree", func() bool { return strings.Contains(f.say(t.Context(), nil, "try", mei).text, "nothing to send") })
	f.try(t, "same", exitStopped, mei)
	f.try(t, "same_json", exitStopped, mei, "--json")
	f.kill()
	if err := f.sim.org.Update("Contact", mei, map[string]any{"LastName": "Lim", "Birthdate": nil}); err != nil {
		t.Fatal(err)
	}
	f.try(t, "changed", exitStopped, mei)
	contact := f.sim.crm.Contacts()[0].ID
	if _, err := f.sim.crm.Edit(contact, map[string]string{"firstName": "Maya", "phone": "+60123456789"}); err != nil {
		t.Fatal(err)
	}
	f.try(t, "contact", exitStopped, fmt.Sprint(contact))
	stranger := f.sim.crm.Create(map[string]string{"firstName": "Ann", "email": "ann@example.com"})
	f.try(t, "contact_stranger", exitStopped, fmt.Sprint(stranger.ID))
	f.try(t, "contact_gone", exitStopped, "424242")
	f.try(t, "payload_event", exitStopped, "--payload", f.save(t, "event.json", fmt.Sprintf(
		`{"payload":{"ChangeEventHeader":{"entityName":"Contact","recordIds":[%q],"changeType":"UPDATE","changedFields":["Name.LastName"]},"Name":{"LastName":"Ong"}}}`, mei)))
	f.try(t, "payload_unread", exitStopped, "--payload", f.save(t, "unread.json", fmt.Sprintf(
		`{"payload":{"ChangeEventHeader":{"entityName":"Contact","recordIds":[%q],"changeType":"UPDATE","changedFields":["Fax"]},"Fax":"1"}}`, mei)))
	f.try(t, "payload_webhook", exitStopped, "-f", f.save(t, "webhook.json", fmt.Sprintf(
		`{"event_type":"contact.updated","event_id":"e1","contact":{"id":%d,"firstName":"Maya"}}`, contact)))
	f.try(t, "payload_activity", exitStopped, "-f", f.save(t, "closed.json", fmt.Sprintf(
		`{"event_type":"conversation.closed","event_id":"e2","contact":{"id":%d},"conversation":{"category":"Sale","summary":"Bought a car"}}`, contact)))
	f.try(t, "payload_broken", exitConfig, "-f", f.save(t, "broken.json", `{"event_type":`))
	f.try(t, "nothing", exitConfig)
	f.try(t, "project", exitConfig, mei, "--project", "sales")
}
