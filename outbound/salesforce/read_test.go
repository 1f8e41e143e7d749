package salesforce

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// peek reads a request's body and puts it back.
func peek(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

func TestRead_KeepsOrderAndLeavesTheUnseenWithoutVersion(t *testing.T) {
	org, client := orgClient(t, nil)
	a := contact(t, org, map[string]any{"LastName": "A"})
	gone := contact(t, org, map[string]any{"LastName": "B"})
	c := contact(t, org, map[string]any{"LastName": "C"})
	if err := org.Delete("Contact", string(gone)); err != nil {
		t.Fatal(err)
	}
	rows, err := client.Read(t.Context(), "Contact", []bridge.RecordID{c, gone, a}, []bridge.Field{"LastName", "FirstName", "Hidden__c"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"C", "", "A"} {
		got := rows[i]
		if got.Deleted || got.Version.At.IsZero() != (want == "") || got.Values["LastName"].Text != want || got.Version.At.Nanosecond() != 0 {
			t.Errorf("row %d: %+v", i, got)
		}
	}
	if rows[0].Org == "" || rows[0].Object != "Contact" || rows[0].Record != c {
		t.Errorf("%+v", rows[0])
	}
	if _, known := rows[0].Values["Hidden__c"]; known || !rows[0].Values["FirstName"].IsNull() {
		t.Errorf("%+v", rows[0].Values)
	}
}

func TestRead_GoesOneParentUp(t *testing.T) {
	org, client := orgClient(t, nil)
	account, err := org.Create("Account", map[string]any{"Name": "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	with, without := contact(t, org, map[string]any{"LastName": "A", "AccountId": account}), contact(t, org, map[string]any{"LastName": "B"})
	rows, err := client.Read(t.Context(), "Contact", []bridge.RecordID{with, without}, []bridge.Field{"LastName", "Account.Name", "Owner.Nope"})
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].Values["Account.Name"] != bridge.TextValue("Acme") || !rows[1].Values["Account.Name"].IsNull() || rows[1].Values["LastName"].Text != "B" {
		t.Errorf("%+v", rows)
	}
}

func TestRead_RefusesWhatIsNoID(t *testing.T) {
	org, client := orgClient(t, nil)
	if _, err := client.Read(t.Context(), "Contact", []bridge.RecordID{"' OR Name != '"}, nil); verdict(err) != bridge.Bury {
		t.Error(err)
	}
	if len(org.Calls()) != 0 {
		t.Error("called all the same")
	}
}

func TestMatch_FindsByValueWhateverStandsInIt(t *testing.T) {
	org, client := orgClient(t, nil)
	names := []string{`O'Neil`, `back\slash`, `' OR Name != '`, "%", "tab\there", `\' OR LastName != \'`}
	ids := map[string]bridge.RecordID{}
	for _, n := range names {
		ids[n] = contact(t, org, map[string]any{"LastName": n})
	}
	for _, n := range names {
		found, err := client.Match(t.Context(), "Contact", text("LastName", n), 10)
		if d := cmp.Diff([]bridge.RecordID{ids[n]}, found); err != nil || d != "" {
			t.Errorf("%q: %v %s", n, err, d)
		}
	}
}

func TestMatch_WritesEveryTypeAsSOQLWantsIt(t *testing.T) {
	org, client := orgClient(t, nil)
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	id := contact(t, org, map[string]any{
		"LastName": "A", "Score__c": 1.5, "Agreed__c": true, "Seen__c": "2026-11-21T10:00:00.000Z", "Birthdate": "1999-12-31", "Email": "A@Example.com",
	})
	contact(t, org, map[string]any{"LastName": "B", "FirstName": "x", "Score__c": 2})
	by := bridge.Fields{
		"Score__c": bridge.NumberValue(1.5), "Agreed__c": bridge.BoolValue(true), "Seen__c": bridge.DateTimeValue(at),
		"Birthdate": bridge.DateValue(time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)), "FirstName": bridge.NullValue(), "Email": bridge.TextValue("a@example.com"),
	}
	found, err := client.Match(t.Context(), "Contact", by, 2)
	if d := cmp.Diff([]bridge.RecordID{id}, found); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func TestMatch_LeavesOutTheDeletedAndKeepsToItsLimit(t *testing.T) {
	org, client := orgClient(t, nil)
	var ids []bridge.RecordID
	for range 4 {
		ids = append(ids, contact(t, org, map[string]any{"LastName": "Same"}))
	}
	if err := org.Delete("Contact", string(ids[0])); err != nil {
		t.Fatal(err)
	}
	found, err := client.Match(t.Context(), "Contact", text("LastName", "Same"), 2)
	if d := cmp.Diff(ids[1:3], found); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	for name, by := range map[string]bridge.Fields{
		"nothing": {}, "an unknown value": {"LastName": {}}, "a long text": text("LastName", strings.Repeat("x", 5000)),
	} {
		if _, err := client.Match(t.Context(), "Contact", by, 2); verdict(err) != bridge.Bury {
			t.Errorf("matched by %s: %v", name, err)
		}
	}
}

func TestFate_TellsDeletedFromUnseen(t *testing.T) {
	org, client := orgClient(t, nil)
	alive, gone := contact(t, org, map[string]any{"LastName": "A"}), contact(t, org, map[string]any{"LastName": "B"})
	if err := org.Delete("Contact", string(gone)); err != nil {
		t.Fatal(err)
	}
	unseen := bridge.RecordID(bridge.LongID("0035e00000zzzzz"))
	fates, err := client.Fate(t.Context(), "Contact", []bridge.RecordID{unseen, gone, alive})
	want := []bridge.Fate{{Record: unseen}, {Record: gone, Deleted: true}, {Record: alive}}
	if d := cmp.Diff(want, fates); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func TestFate_NamesTheMasterOfAMerge(t *testing.T) {
	master := `"MasterRecordId":"0035e00000AbCdE"`
	org := fakeorg.New(fakeorg.Options{})
	client, _ := dialled(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/queryAll") {
			_, _ = w.Write([]byte(`{"done":true,"records":[{"Id":"0035e00000zzzzz","IsDeleted":true,` + master + `}]}`))
			return
		}
		org.Handler().ServeHTTP(w, r)
	}), nil)
	fates, err := client.Fate(t.Context(), "Contact", []bridge.RecordID{"0035e00000zzzzz"})
	if err != nil || !fates[0].Deleted || fates[0].Master != bridge.RecordID(bridge.LongID("0035e00000AbCdE")) {
		t.Errorf("%+v %v", fates, err)
	}
}

func TestQuery_ReadsAllPages(t *testing.T) {
	org, client := orgClient(t, nil)
	for i := range 2100 {
		contact(t, org, map[string]any{"LastName": fmt.Sprintf("L%d", i)})
	}
	rows, err := client.query(t.Context(), "SELECT Id FROM Contact", false)
	if err != nil || len(rows) != 2100 || calls(org, http.MethodGet, "/query") < 2 {
		t.Errorf("%d rows in %d calls, %v", len(rows), calls(org, http.MethodGet, "/query"), err)
	}
}

func TestQuery_FollowsNoPageOutsideOfTheAPI(t *testing.T) {
	org := fakeorg.New(fakeorg.Options{})
	for _, next := range []string{"https://evil.com/x", "//evil.com/x", "/services/oauth2/revoke"} {
		client, _ := dialled(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/query") {
				_, _ = fmt.Fprintf(w, `{"done":false,"nextRecordsUrl":%q,"records":[]}`, next)
				return
			}
			org.Handler().ServeHTTP(w, r)
		}), nil)
		if _, err := client.query(t.Context(), "SELECT Id FROM Contact", false); err == nil {
			t.Errorf("followed %s", next)
		}
	}
}

func TestProbe_SaysWhichOrgAnswers(t *testing.T) {
	org, client := orgClient(t, func(o *fakeorg.Options) { o.Sandbox = true })
	f, err := client.Probe(t.Context())
	if err != nil || string(f.Org) != org.OrgID() || !f.Sandbox || f.Usage.Max != 100_000 || string(f.User) != org.IntegrationUser() {
		t.Errorf("%+v %v", f, err)
	}
}

func TestProbe_NamesAVersionThatTheOrgDoesNotServe(t *testing.T) {
	org := fakeorg.New(fakeorg.Options{})
	client, _ := dialled(t, org.Handler(), func(c *Config, _ *Deps) { c.APIVersion = "v99.0" })
	if _, err := client.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "v99.0") {
		t.Error(err)
	}
}

func TestDescribe_TellsWhatACheckMustKnow(t *testing.T) {
	_, client := orgClient(t, nil)
	facts, err := client.Describe(t.Context(), "Contact")
	if err != nil {
		t.Fatal(err)
	}
	key, last, address := facts.Fields["Bridge__c"], facts.Fields["LastName"], facts.Fields["MailingAddress"]
	if !key.Key() || !key.Unique || key.Length != 64 || !last.Required() || last.Key() || address.Updateable || facts.KeyPrefix != "003" {
		t.Errorf("%+v %+v %+v", key, last, address)
	}
	if v := facts.Fields["Wants__c"].Values; len(v) != 3 || v[0].Value != "a" {
		t.Errorf("%+v", v)
	}
}

func TestQuota_ProbesOnceAnHourWhileTheDayIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, client := orgClient(t, func(o *fakeorg.Options) { o.Now = time.Now })
		contact(t, org, map[string]any{"LastName": "A"})
		if _, err := client.Describe(t.Context(), "Contact"); err != nil {
			t.Fatal(err)
		}
		day := org.AddFault(fakeorg.Fault{Path: "/services/data/v", Status: 403, Body: refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")})
		_ = day
		before := calls(org, "", "/services/data/v")
		for start := time.Now(); time.Since(start) < 24*time.Hour; time.Sleep(time.Minute) {
			w := client.Write(t.Context(), []bridge.Write{create("B")})[0]
			if v, wait := bridge.VerdictOf(w.Err); v != bridge.Wait || wait <= 0 || wait > time.Hour {
				t.Fatalf("verdict %d, wait %v, %v", v, wait, w.Err)
			}
		}
		if n := calls(org, "", "/services/data/v") - before; n > 24 {
			t.Errorf("%d calls in 24 hours", n)
		}
		org.ClearFaults()
		time.Sleep(time.Hour)
		for range 3 {
			if w := client.Write(t.Context(), []bridge.Write{create("B")})[0]; w.Err != nil {
				t.Errorf("not resumed: %v", w.Err)
			}
		}
	})
}

func TestQuota_StopsAtTheReserve(t *testing.T) {
	org, client := orgClient(t, func(o *fakeorg.Options) { o.APIUsageMax = 20 })
	n := 0
	for range 30 {
		if _, err := client.Limits(t.Context()); err == nil {
			n++
		} else if verdict(err) != bridge.Wait || !strings.Contains(err.Error(), "reserve") {
			t.Error(err)
		}
	}
	if n != 16 || org.APICalls() != 16 {
		t.Errorf("%d of 20 calls went through", n)
	}
}

func TestUsage_ReadsTheHeaderAlone(t *testing.T) {
	for header, want := range map[string][2]int{
		"api-usage=18/15000": {18, 15000}, "api-usage=18/5000; per-app-api-usage=17/250(appName=x)": {18, 5000},
		"per-app-api-usage=17/250(appName=x)": {}, "api-usage=x/1": {}, "": {},
	} {
		if u, _ := parseUsage(header, time.Time{}); u.Used != want[0] || u.Max != want[1] {
			t.Errorf("%q: %+v", header, u)
		}
	}
}

func TestClient_CountsUnderStableNames(t *testing.T) {
	registry := prometheus.NewRegistry()
	org := fakeorg.New(fakeorg.Options{})
	for _, name := range []string{"main", "second"} { // two orgs share one registry
		client, _ := dialled(t, org.Handler(), func(c *Config, d *Deps) { c.Name, d.Registerer = name, registry })
		if _, err := client.Limits(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
	}
	want := []string{
		"sfbridge_rest_call_duration_seconds", "sfbridge_rest_calls_total", "sfbridge_salesforce_api_limit", "sfbridge_salesforce_api_used",
		"sfbridge_salesforce_auth_state", "sfbridge_token_refresh_total",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

func TestDecimal_KeepsEveryDigit(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "-0.0": "0", "1.50": "1.5", "12345678901234567890": "12345678901234567890", "1E+3": "1000", "1.25e1": "12.5", "5e-3": "0.005",
		"0.1": "0.1", "100": "100", "-7.10": "-7.1", "1.5E7": "15000000", "007": "7",
	} {
		if got, ok := decimal(in); !ok || got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "-", "x", "1.", ".5", "1e", "1e999999999", "0x10", "+1", "1,5", "NaN", "--1"} {
		if got, ok := decimal(in); ok {
			t.Errorf("%q was read as %s", in, got)
		}
	}
}

func FuzzFieldValue(f *testing.F) {
	for _, seed := range []string{`"2026-11-21T10:00:00.000+0000"`, `1.5e3`, `true`, `null`, `"a;b"`, `{"city":"x"}`, `12345678901234567890`} {
		f.Add(seed, uint8(3))
	}
	for _, seed := range []string{`"0000-01-01T0:00:00,000+0200"`, `"9999-12-31T23:30:00.000-0100"`} { // of no year with four digits in UTC
		f.Add(seed, uint8(5))
	}
	types := []string{"string", "boolean", "int", "double", "date", "datetime", "multipicklist", "email", "address"}
	f.Fuzz(func(t *testing.T, raw string, kind uint8) {
		if !json.Valid([]byte(raw)) || strings.TrimSpace(raw) != raw {
			return
		}
		field := &FieldFacts{Name: "F", Type: types[int(kind)%len(types)]}
		v, err := field.value(json.RawMessage(raw))
		if err != nil || !v.Known() || v.IsNull() {
			return
		}
		again, ok := field.canonical(v.Text)
		if !ok || !again.Equal(v) {
			t.Fatalf("%s: %+v is read again as %+v", raw, v, again)
		}
		if sent, err := field.wire(v); field.Type != "address" && (err != nil || sent == nil) {
			t.Fatalf("%+v cannot be written back: %v", v, err)
		}
	})
}
