package respondio_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/platformtest"
	"sfbridge/bridge/platform/respondio"
	"sfbridge/bridge/platform/respondio/respondiotest"
)

func TestSend_CreatesByTheBestIdentityRespondIOKnows(t *testing.T) {
	email, phone := bridge.TextValue("mei@example.com"), bridge.TextValue("+60 12-345 6789")
	for _, c := range []struct {
		name     string
		identity []bridge.Identity
		set      bridge.Attributes
		path     string
	}{
		{"best first", []bridge.Identity{{Attribute: "phone", Value: phone}, {Attribute: "email", Value: email}}, nil, "phone%3A%2B60123456789"},
		{"not by a custom field", []bridge.Identity{{Attribute: "custom.salesforce_id", Value: bridge.TextValue("003")}, {Attribute: "email", Value: email}}, nil, "email%3Amei%40example.com"},
		{"not by a local phone", []bridge.Identity{{Attribute: "phone", Value: bridge.TextValue("012 345 6789")}, {Attribute: "email", Value: email}}, nil, "email%3Amei%40example.com"},
		{"by what is set", []bridge.Identity{{Attribute: "custom.salesforce_id", Value: bridge.TextValue("003")}}, bridge.Attributes{"phone": phone}, "phone%3A%2B60123456789"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, respondiotest.Options{}, nil)
			id, err := r.Send(t.Context(), bridge.Message{Op: bridge.OpCreate, Identity: c.identity, Set: c.set})
			if err != nil || id != "90001" {
				t.Fatalf("%q, %v", id, err)
			}
			if got := r.fake.Requests()[0].Path; got != "/v2/contact/create_or_update/"+c.path {
				t.Error(got)
			}
		})
	}
}

func TestSend_NeverLeavesTheFirstNameOut(t *testing.T) {
	identity := []bridge.Identity{{Attribute: "email", Value: bridge.TextValue("mei@example.com")}}
	for _, c := range []struct {
		set  bridge.Attributes
		want string
	}{
		{bridge.Attributes{"firstName": bridge.TextValue("Mei"), "lastName": bridge.TextValue("Tan")}, "Mei"},
		{bridge.Attributes{"firstName": bridge.NullValue(), "lastName": bridge.TextValue("Tan")}, "Tan"},
		{bridge.Attributes{"phone": bridge.TextValue("+60123456789")}, "+60123456789"},
		{nil, "mei@example.com"},
	} {
		r := newRig(t, respondiotest.Options{}, nil)
		if _, err := r.Send(t.Context(), bridge.Message{Op: bridge.OpCreate, Identity: identity, Set: c.set}); err != nil {
			t.Fatal(err)
		}
		if got := r.fake.Contacts()[0].Get("firstName"); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestSend_BuriesACreateThatNobodyCouldFindAgain(t *testing.T) {
	r := newRig(t, respondiotest.Options{}, nil)
	for _, number := range []string{"12 3", "+12 3", "0123456789", "+" + strings.Repeat("9", 10_000), "none", "+"} {
		_, err := r.Send(t.Context(), bridge.Message{Op: bridge.OpCreate, Identity: []bridge.Identity{{Attribute: "phone", Value: bridge.TextValue(number)}}})
		if v, _ := bridge.VerdictOf(err); v != bridge.Bury || len(err.Error()) > 300 || len(number) > 4 && strings.Contains(err.Error(), number) {
			t.Errorf("%.20s: %v", number, err)
		}
	}
	if n := len(r.fake.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestSend_TagsTenAtATime(t *testing.T) {
	r := newRig(t, respondiotest.Options{}, nil)
	c := r.fake.Create(map[string]string{"firstName": "Mei"})
	var tags []string
	for i := range 21 {
		tags = append(tags, fmt.Sprint("t", i))
	}
	if _, err := r.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: bridge.ContactID(fmt.Sprint(c.ID)), Tags: tags}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]int{"tag": 3}, r.fake.Calls()); d != "" {
		t.Error(d)
	}
}

func TestSend_ClearsAsConfigured(t *testing.T) {
	for _, c := range []struct{ text, custom, want string }{
		{respondio.ClearEmpty, respondio.ClearNull, `{"custom_fields":[{"name":"note","value":null}],"email":""}`},
		{respondio.ClearNull, respondio.ClearEmpty, `{"custom_fields":[{"name":"note","value":""}],"email":null}`},
	} {
		r := newRig(t, respondiotest.Options{}, func(cfg *respondio.Config) { cfg.ClearText, cfg.ClearCustom = c.text, c.custom })
		x := r.fake.Create(map[string]string{"firstName": "Mei", "email": "mei@example.com", "custom.note": "n"})
		_, err := r.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: bridge.ContactID(fmt.Sprint(x.ID)), Set: bridge.Attributes{
			"email": bridge.NullValue(), "custom.note": bridge.NullValue(),
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(r.fake.Requests()[0].Body); got != c.want {
			t.Error(got)
		}
	}
}

func TestSend_KeepsTheRateOfEachOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, respondiotest.Options{RatePerSecond: 5}, func(c *respondio.Config) { c.Rate = 5 })
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 51 {
			wg.Go(func() {
				_, err := r.Send(t.Context(), bridge.Message{Op: bridge.OpCreate, Set: bridge.Attributes{"email": bridge.TextValue(fmt.Sprintf("m%d@example.com", i))}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("51 creates at 5 a second took %s", took)
		}
	})
}

func TestSend_WaitsAsLongAsAskedAfterALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, respondiotest.Options{RatePerSecond: 1}, nil)
		set := bridge.Attributes{"email": bridge.TextValue("m@example.com")}
		for i := range 2 {
			_, err := r.Send(t.Context(), bridge.Message{Op: bridge.OpCreate, Set: set})
			v, wait := bridge.VerdictOf(err)
			if i == 1 && (v != bridge.Wait || wait != time.Second || bridge.IsUncertain(err)) {
				t.Errorf("verdict %d, wait %s: %v", v, wait, err)
			}
		}
	})
}

func TestClient_TakesAForeign404ForAWrongAddress(t *testing.T) {
	r := newRig(t, respondiotest.Options{}, func(c *respondio.Config) { c.BaseURL = "http://127.0.0.1/v2/wrong" })
	_, err := r.Fetch(t.Context(), "90001")
	if v, _ := bridge.VerdictOf(err); v != bridge.Wait {
		t.Errorf("verdict %d", v)
	}
	contains(t, err, "base_url")
	found, err := r.Find(t.Context(), "email", bridge.TextValue("mei@example.com"))
	if err == nil {
		t.Errorf("found %d contacts, and no error", len(found))
	}
}

func TestClient_PagesThroughASearch(t *testing.T) {
	r := newRig(t, respondiotest.Options{}, nil)
	for i := range 250 {
		r.fake.Create(map[string]string{"firstName": "Mei", "custom.salesforce_id": "003", "email": fmt.Sprintf("m%d@example.com", i)})
	}
	found, err := r.Find(t.Context(), "custom.salesforce_id", bridge.TextValue("003"))
	if err != nil || len(found) != 250 || r.fake.Calls()["list"] != 3 {
		t.Errorf("%d contacts by %v, %v", len(found), r.fake.Calls(), err)
	}
}

func TestClient_KeepsIDsOfTwentyDigits(t *testing.T) {
	m := &fixed{body: `{"id":18446744073709551615,"firstName":"Mei","custom_fields":[{"name":"big","value":123456789012345678901234567890},{"name":"odd","value":{}}],"assignee":null}`}
	r := newClientOf(t, m)
	c, err := r.Fetch(t.Context(), "18446744073709551615")
	if err != nil {
		t.Fatal(err)
	}
	want := bridge.Attributes{
		"id": bridge.TextValue("18446744073709551615"), "firstName": bridge.TextValue("Mei"), "custom.big": bridge.TextValue("123456789012345678901234567890"),
		"assignee.id": bridge.NullValue(), "assignee.email": bridge.NullValue(), "assignee.firstName": bridge.NullValue(), "assignee.lastName": bridge.NullValue(),
	}
	if d := cmp.Diff(want, c.Values); d != "" {
		t.Error(d)
	}
	if _, err := r.Fetch(t.Context(), "5"); err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("another contact's answer: %v", err)
	}
}

// fixed answers every call with the same body.
type fixed struct{ body string }

func (f *fixed) ServeHTTP(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(f.body)) }

func newClientOf(t *testing.T, h http.Handler) *respondio.Client {
	t.Helper()
	m := platformtest.NewMemory()
	srv := &http.Server{Handler: h}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(m) })
	cfg := respondio.Defaults()
	cfg.BaseURL, cfg.AllowPlainHTTP = "http://127.0.0.1", true
	c, err := respondio.New(cfg, respondio.Deps{Token: "token", DialContext: m.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = srv.Close()
		wg.Wait()
	})
	return c
}

func TestProbe_NamesTheRemedyForABadToken(t *testing.T) {
	r := newRig(t, respondiotest.Options{}, nil)
	if err := r.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	bad := newRig(t, respondiotest.Options{Token: "another-token-canary"}, nil)
	err := bad.Probe(t.Context())
	contains(t, err, "remedy: make a new access token")
	if v, _ := bridge.VerdictOf(err); v != bridge.Wait {
		t.Errorf("verdict %d", v)
	}
}

func TestConfig_NamesAllFaultsByKey(t *testing.T) {
	if cfg := respondio.Defaults(); cfg.Validate() != nil {
		t.Error(cfg.Validate())
	}
	bad := respondio.Config{BaseURL: "http://169.254.169.254/", Rate: -1, ClearText: "none", SignatureEncodings: []string{"rot13"}}
	err := bad.Validate()
	for _, key := range []string{"base_url: ", "rate: ", "timeout: ", "clear_text: ", "clear_custom: ", "signature_encodings[0]: "} {
		contains(t, err, key)
	}
	if _, err := respondio.New(bad, respondio.Deps{}); err == nil {
		t.Error("made a client of a bad address")
	}
}

func TestBody_EscapesWhatSalesforceHolds(t *testing.T) {
	r := newRig(t, respondiotest.Options{}, nil)
	evil := "\"}],\"firstName\":\"x\u2028<script>"
	x := r.fake.Create(map[string]string{"firstName": "Mei"})
	_, err := r.Send(t.Context(), bridge.Message{Op: bridge.OpUpdate, Contact: bridge.ContactID(fmt.Sprint(x.ID)), Set: bridge.Attributes{"custom.note": bridge.TextValue(evil)}})
	if err != nil || !json.Valid(r.fake.Requests()[0].Body) || r.fake.Contacts()[0].Get("custom.note") != evil {
		t.Error(err)
	}
}
