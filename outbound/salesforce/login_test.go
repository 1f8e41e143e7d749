package salesforce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

const goodGrant = `{"access_token":"00D5e0000012345!AQcanary","instance_url":"http://org.test","id":"https://login.salesforce.com/id/00D5e0000012345EAA/0055e000001AbcDAAS","token_type":"Bearer","issued_at":"1795287662123"}`

// endpoint answers logins and counts them.
type endpoint struct {
	logins atomic.Int64
	answer func(n int64) (int, string)
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/services/oauth2/token" {
		http.NotFound(w, r)
		return
	}
	status, body := e.answer(e.logins.Add(1))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func always(status int, body string) *endpoint {
	return &endpoint{answer: func(int64) (int, string) { return status, body }}
}

func TestLogin_KnowsWhereAndWhoItIs(t *testing.T) {
	_, login := dialled(t, always(200, goodGrant), nil)
	s, err := login.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, instance, tenant := s.Stream()
	if token != "00D5e0000012345!AQcanary" || instance != "http://org.test" || tenant != "00D5e0000012345EAA" || s.User != "0055e000001AbcDAAS" {
		t.Errorf("%s %s %s %s", token, instance, tenant, s.User)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("login", "session", s)
	if out := fmt.Sprintf("%v %+v %#v %s", s, s, s, log.String()); strings.Contains(out, "canary") {
		t.Errorf("printed the token: %s", out)
	}
}

func TestLogin_RenewsOnceForAllWhoWereRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := always(200, goodGrant)
		_, login := dialled(t, e, nil)
		old, err := login.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				login.Invalidate(old)
				if s, err := login.Token(t.Context()); err != nil || s.generation != 2 {
					t.Errorf("%v, %v", s, err)
				}
			})
		}
		wg.Wait()
		if n := e.logins.Load(); n != 2 {
			t.Errorf("%d logins", n)
		}
	})
}

func TestClient_RenewsOnceForFiftyCallsRefused(t *testing.T) {
	org := fakeorg.New(fakeorg.Options{Seed: keyedContacts()})
	now := time.Now()
	var ahead atomic.Int64
	client, _ := dialled(t, org.Handler(), func(_ *Config, d *Deps) {
		d.Now = func() time.Time { return now.Add(time.Duration(ahead.Load())) }
	})
	if _, err := client.Limits(t.Context()); err != nil {
		t.Fatal(err)
	}
	org.Revoke("")
	ahead.Store(int64(time.Minute))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := client.Limits(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := calls(org, http.MethodPost, "/oauth2/token"); n != 2 {
		t.Errorf("%d logins", n)
	}
}

func TestLogin_GuardsTheTokenEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := always(400, `{"error":"invalid_client","error_description":"invalid client credentials"}`)
		_, login := dialled(t, e, nil)
		for start := time.Now(); time.Since(start) < time.Hour; time.Sleep(time.Second) {
			_, err := login.Token(t.Context())
			if v, wait := bridge.VerdictOf(err); v != bridge.Wait || wait <= 0 {
				t.Fatalf("verdict %d, wait %v: %v", v, wait, err)
			}
		}
		if n := e.logins.Load(); n > 30 {
			t.Errorf("%d logins in an hour", n)
		}
		e.answer = func(int64) (int, string) { return 200, goodGrant }
		time.Sleep(loginWindow)
		if _, err := login.Token(t.Context()); err != nil {
			t.Errorf("no login after the fault was mended: %v", err)
		}
	})
}

func TestLogin_SaysWhenAFreshSessionIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, login := dialled(t, always(200, goodGrant), nil)
		s, _ := login.Token(t.Context())
		login.Invalidate(s)
		_, err := login.Token(t.Context())
		if v, wait := bridge.VerdictOf(err); v != bridge.Wait || wait != loginGap || !strings.Contains(err.Error(), "a moment ago") {
			t.Errorf("%d %v %v", v, wait, err)
		}
	})
}

func TestLogin_RenewsBeforehandAndGoesOnWhenThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(n int64) (int, string) {
			if n == 2 {
				return 503, `{"error":"server_error"}`
			}
			return 200, goodGrant
		}}
		_, login := dialled(t, e, nil)
		want := []uint64{1, 1, 1, 2}
		for i, wait := range []time.Duration{0, 49 * time.Minute, time.Minute, time.Minute} {
			time.Sleep(wait)
			if s, err := login.Token(t.Context()); err != nil || s.generation != want[i] {
				t.Errorf("step %d: %v, %v", i, s, err)
			}
		}
	})
}

func TestLogin_RefusesGrantsThatLeadAstray(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           string
	}{
		{"88 instance elsewhere", "http://org.test", "https://evil.com", "no host of Salesforce"},
		{"88 instance only ends alike", "http://org.test", "https://evilsalesforce.com", "no host of Salesforce"},
		{"88 instance with user", "http://org.test", "https://x.my.salesforce.com@evil.com", "user"},
		{"88 instance with port", "http://org.test", "https://x.my.salesforce.com:22", "port"},
		{"88 plain instance", "http://org.test", "http://x.my.salesforce.com", "plain http"},
		{"101 no instance", `"instance_url":"http://org.test",`, "", "no instance_url"},
		{"101 no token", `"access_token":"00D5e0000012345!AQcanary",`, "", "no usable access token"},
		{"token with line break", "AQcanary", `AQ\r\nX: y`, "no usable access token"},
		{"no identity", "/id/00D5e0000012345EAA/0055e000001AbcDAAS", "/id/x", "identity"},
		{"101 page", goodGrant, "<html>maintenance</html>", "HTML"},
		{"101 five MiB", goodGrant, `"` + strings.Repeat("x", 5<<20) + `"`, "log in"},
		{"101 no JSON", goodGrant, "access_token=x", "JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, login := dialled(t, always(200, strings.Replace(goodGrant, tt.old, tt.new, 1)), nil)
			_, err := login.Token(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || verdict(err) != bridge.Wait {
				t.Errorf("%d %v", verdict(err), err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Error("the token is in the error")
			}
		})
	}
}

func TestLogin_FollowsAnInstanceOfSalesforce(t *testing.T) {
	for _, instance := range []string{"https://acme.my.salesforce.com", "https://acme--x.sandbox.my.salesforce.com/", "https://na1.force.com"} {
		_, login := dialled(t, always(200, strings.Replace(goodGrant, "http://org.test", instance, 1)), nil)
		s, err := login.Token(t.Context())
		if err != nil || s.InstanceURL != strings.TrimSuffix(instance, "/") {
			t.Errorf("%s: %q %v", instance, s.InstanceURL, err)
		}
	}
}

func TestLogin_HoldsToOneOrg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(n int64) (int, string) {
			if n == 1 {
				return 200, goodGrant
			}
			return 200, strings.ReplaceAll(goodGrant, "00D5e0000012345EAA", "00D5e0000099999EAA")
		}}
		_, login := dialled(t, e, nil)
		s, err := login.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		login.Invalidate(s)
		if _, err := login.Token(t.Context()); !errors.Is(err, ErrOtherOrg) || !errors.Is(login.Err(), ErrOtherOrg) {
			t.Error(err)
		}
		_, pinned := dialled(t, always(200, goodGrant), func(c *Config, _ *Deps) { c.OrgID = "00D5e0000099999EAA" })
		if _, err := pinned.Token(t.Context()); !errors.Is(err, ErrOtherOrg) {
			t.Error(err)
		}
		_, short := dialled(t, always(200, goodGrant), func(c *Config, _ *Deps) { c.OrgID = "00D5e0000012345" })
		if _, err := short.Token(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestLogin_ACallerWhoGoesAwayCostsTheOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, login := dialled(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(5 * time.Second):
			case <-r.Context().Done():
			}
			_, _ = w.Write([]byte(goodGrant))
		}), nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := login.Token(ctx); err == nil {
			t.Error("a login without an answer")
		}
		if _, err := login.Token(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestLogin_SaysWhatAnAdministratorCanDo(t *testing.T) {
	tests := []struct{ code, said, want string }{
		{"invalid_grant", "request not supported on this domain", "My Domain"},
		{"invalid_grant", "no client credentials user enabled", "Run As"},
		{"invalid_grant", "ip restricted", "external client app"},
		{"invalid_client_id", "client identifier invalid", "consumer key"},
		{"invalid_client", "invalid client credentials fakeorg-secret", "consumer secret"},
		{"unsupported_grant_type", "grant type not supported", "client credentials flow"},
		{"inactive_user", "user is inactive", "Run As user"},
		{"inactive_org", "organization has been locked", "support"},
		{"invalid_app_access", "user is not admin approved to access this app", "external client app"},
	}
	for _, tt := range tests {
		_, login := dialled(t, always(400, fmt.Sprintf(`{"error":%q,"error_description":%q}`, tt.code, tt.said)), nil)
		_, err := login.Token(t.Context())
		var hint *bridge.HintError
		if !errors.As(err, &hint) || !strings.Contains(hint.Hint, tt.want) || strings.Contains(err.Error(), "fakeorg-secret") {
			t.Errorf("%s: %v", tt.code, err)
		}
		e, ok := asAPIError(err)
		if _, wait := bridge.VerdictOf(err); !ok || e.Class != Setup || wait != setupWait {
			t.Errorf("%s: class %s, wait %v", tt.code, e.Class, wait)
		}
	}
}

func TestLogin_WaitsWhileTheEndpointIsAway(t *testing.T) {
	for _, e := range []*endpoint{
		always(503, "<html>down</html>"), always(500, `{"error":"server_error"}`), always(400, `{"error":"invalid_grant","error_description":"login rate exceeded"}`),
		always(302, ""), always(429, ""),
	} {
		_, login := dialled(t, e, nil)
		if _, err := login.Token(t.Context()); verdict(err) != bridge.Wait {
			t.Error(err)
		}
	}
}

func TestConfig_NamesAllFaultsAtOnce(t *testing.T) {
	err := Config{APIVersion: "66", ClientName: "a b", Reserve: 101}.Validate()
	for _, want := range []string{"API version", "client name", "consumer key", "My Domain", "reserve"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %q", err, want)
		}
	}
	if err := testConfig().Validate(); err != nil {
		t.Error(err)
	}
}
