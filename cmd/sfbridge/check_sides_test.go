package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/pubsub/fakeorg"
)

// side is a trouble that one side gives, or the way to it.
type side struct {
	name    string
	rewrite []string // of the configuration: each text by the next
	prepare func(x *sides)
	works   bool // it is a warning: check does not fail
	rich    bool // the org has record types, and fields that must be filled
}

// sides are both ends in a bubble, and the way to them.
type sides struct {
	*bench
	hosts map[string]error // what dialing a host comes to
	ends  []func()
}

// fault has requests of the org whose path holds a text answered so.
func (x *sides) fault(path string, status int, body string) {
	x.sim.org.AddFault(fakeorg.Fault{Path: path, Status: status, Body: body})
}

// answers has a server of its own answer requests at the spare address: by h, or that there is nothing of the kind.
func (x *sides) answers(secure *tls.Config, h http.HandlerFunc) {
	x.t.Helper()
	ln, err := x.w.listen(x.t.Context(), spare)
	if err != nil {
		x.t.Fatal(err)
	}
	if secure != nil {
		ln = tls.NewListener(ln, secure)
	}
	if h == nil {
		h = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("<html>Nobody here</html>"))
		}
	}
	server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	x.run.Go(func() { _ = server.Serve(ln) })
	x.ends = append(x.ends, func() { _ = server.Close() })
}

// stranger is a certificate that no authority has signed.
func stranger(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"127.0.0.1"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

const (
	spare = "127.0.0.1:9" // an address where nobody listens, unless a case does
	away  = "away.example.com"
)

func nobody(host string) error {
	return &net.DNSError{Err: "no such host", Name: host, Server: "10.0.0.1:53", IsNotFound: true}
}

// ofOrg are the troubles of the login and of the org.
func ofOrg() []side {
	oauth := func(name, code, words string) side {
		return side{name: name, prepare: func(x *sides) {
			x.fault("/oauth2/token", http.StatusBadRequest, fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, words))
		}}
	}
	rest := func(name string, status int, code, words string) side {
		return side{name: name, prepare: func(x *sides) {
			x.fault("/services/data/v", status, fmt.Sprintf(`[{"errorCode":%q,"message":%q}]`, code, words))
		}}
	}
	login := []string{"http://" + memAddresses.Org, "http://" + spare}
	secure := []string{"http://" + memAddresses.Org, "https://" + spare}
	return []side{
		{name: "login_secret", rewrite: []string{"env:DEMO_CLIENT_SECRET", "env:WRONG"}},
		oauth("login_consumer_key", "invalid_client_id", "client identifier invalid"),
		oauth("login_no_flow", "unsupported_grant_type", "grant type not supported"),
		oauth("login_wrong_host", "invalid_grant", "request not supported on this domain"),
		oauth("login_no_run_as", "invalid_grant", "no client credentials user enabled"),
		oauth("login_user_inactive", "inactive_user", "user is inactive"),
		oauth("login_app_blocked", "OAUTH_APP_BLOCKED", "this app is blocked by admin"),
		oauth("login_scope", "invalid_scope", "the requested scope is not allowed"),
		oauth("login_too_often", "rate_limit_exceeded", "login rate exceeded"),
		{name: "login_no_salesforce", rewrite: login, prepare: func(x *sides) { x.answers(nil, nil) }},
		{name: "login_refused", rewrite: login},
		{name: "login_dns", rewrite: []string{"http://" + memAddresses.Org, "https://" + away}, prepare: func(x *sides) { x.hosts[away+":443"] = nobody(away) }},
		{name: "login_tls_stranger", rewrite: secure, prepare: func(x *sides) { x.answers(stranger(x.t), nil) }},
		{name: "login_tls_none", rewrite: secure, prepare: func(x *sides) { x.answers(nil, nil) }},
		{name: "login_silent", prepare: func(x *sides) {
			x.sim.org.AddFault(fakeorg.Fault{Path: "/oauth2/token", Delay: fakeorg.Duration(time.Hour)})
		}},
		{name: "login_other_org", rewrite: []string{"[org.acme]\n", "[org.acme]\nid = \"00D000000000009EAA\"\n"}},
		{name: "org_version", rewrite: []string{"[org.acme]\n", "[org.acme]\napi_version = \"99.0\"\n"}},
		rest("org_no_api", http.StatusForbidden, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"),
		rest("org_limit", http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
		rest("org_session", http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid"),
		rest("org_hours", http.StatusForbidden, "LOGIN_DURING_RESTRICTED_TIME", "login outside the hours"),
		rest("org_app_not_allowed", http.StatusForbidden, "CLIENT_NOT_ACCESSIBLE_FOR_USER", "the app is not allowed"),
		{name: "org_maintenance", prepare: func(x *sides) {
			x.fault("/services/data/v", http.StatusServiceUnavailable, "<html>Down for maintenance</html>")
		}},
		rest("org_broken", http.StatusInternalServerError, "UNKNOWN_EXCEPTION", "An unexpected error occurred. ErrorId: 42-17"),
		{name: "org_cut", prepare: func(x *sides) {
			x.sim.org.AddFault(fakeorg.Fault{Path: "/services/data/v", Cut: fakeorg.CutBefore})
		}},
	}
}

// ofStream are the troubles of topics.
func ofStream() []side {
	call := func(name, code string) side {
		return side{name: name, prepare: func(x *sides) { x.sim.org.FailCalls("GetTopic", code, 9) }}
	}
	pubsub := []string{`pubsub = "` + memAddresses.PubSub, `pubsub = "` + spare}
	return []side{
		{name: "topic_not_selected", prepare: func(x *sides) {
			if err := x.sim.org.Select("Contact", false); err != nil {
				x.t.Fatal(err)
			}
		}},
		{name: "topic_denied", prepare: func(x *sides) { x.sim.org.DenyTopic("/data/ContactChangeEvent", true) }},
		{name: "topic_hidden", prepare: func(x *sides) { x.sim.org.HideFrom("Contact") }},
		{name: "topic_no_channel", rewrite: []string{"[org.acme]\n", "[org.acme]\nchannel = \"Chat__chn\"\n"}},
		call("topic_token_refused", "service.auth.error"),
		call("topic_no_license", "service.tenant.license"),
		call("topic_allocation", "subscription.limit.exceeded"),
		call("topic_clients", "concurrent.client.limit.exceeded"),
		call("topic_away", "service.unavailable"),
		call("topic_new_code", "brand.new.code"),
		{name: "topic_refused", rewrite: pubsub},
		{name: "topic_dns", rewrite: []string{memAddresses.PubSub, away + ":7443", "pubsub_insecure = true", ""}, prepare: func(x *sides) { x.hosts[away+":7443"] = nobody(away) }},
		{name: "topic_tls_stranger", rewrite: append(pubsub, "pubsub_insecure = true", ""), prepare: func(x *sides) { x.answers(stranger(x.t), nil) }},
		{name: "topic_tls_none", rewrite: []string{"pubsub_insecure = true", ""}},
	}
}

// ofObjects are the troubles of what the running user may do and see. Those that a description tells are among the mappings.
func ofObjects() []side {
	describe := func(name string, status int, body string) side {
		return side{name: name, prepare: func(x *sides) { x.fault("/sobjects/Contact/describe", status, body) }}
	}
	return []side{
		describe("object_not_seen", http.StatusNotFound, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`),
		describe("object_no_access", http.StatusForbidden, `[{"errorCode":"INSUFFICIENT_ACCESS","message":"insufficient access rights on entity: Contact"}]`),
		describe("object_not_read", http.StatusOK, `{"name":"Contact","createable":true,"updateable":true,"queryable":false,"fields":[]}`),
		describe("object_away", http.StatusServiceUnavailable, `[{"errorCode":"SERVER_UNAVAILABLE","message":"Server unavailable"}]`),
		describe("object_limit", http.StatusForbidden, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`),
		{name: "field_hidden", prepare: func(x *sides) {
			if err := x.sim.org.Hide("Contact", "Birthdate", true); err != nil {
				x.t.Fatal(err)
			}
		}},
		{name: "picklists_not_told", rich: true, rewrite: []string{"name = \"contacts\"\n", "name = \"contacts\"\nrecord_type = \"Customer\"\n"}, prepare: func(x *sides) {
			x.fault("/ui-api/", http.StatusForbidden, `[{"errorCode":"INSUFFICIENT_ACCESS","message":"no access to the UI API"}]`)
		}},
		{name: "owner_not_asked", works: true, rewrite: []string{"name = \"contacts\"\n", "name = \"contacts\"\nowner = \"ann@acme.example\"\n"}, prepare: func(x *sides) {
			x.sim.org.AddFault(fakeorg.Fault{Path: "/v66.0/query", Nth: 2, Status: http.StatusForbidden, Body: `[{"errorCode":"INSUFFICIENT_ACCESS","message":"no access to User"}]`})
		}},
	}
}

// ofPlatform are the troubles of the workspace.
func ofPlatform() []side {
	status := func(name string, code int) side {
		return side{name: name, prepare: func(x *sides) { x.sim.crm.SetFaults(respondiotest.Faults{Status: code}) }}
	}
	base := []string{"http://" + memAddresses.Platform, "http://" + spare}
	return []side{
		{name: "platform_token", rewrite: []string{"env:DEMO_TOKEN", "env:WRONG"}},
		status("platform_forbidden", http.StatusForbidden),
		status("platform_not_found", http.StatusNotFound),
		status("platform_broken", http.StatusInternalServerError),
		{name: "platform_limited", prepare: func(x *sides) { x.sim.crm.SetFaults(respondiotest.Faults{Limited: true}) }},
		{name: "platform_away", prepare: func(x *sides) { x.sim.crm.SetFaults(respondiotest.Faults{Down: true}) }},
		{name: "platform_cut", prepare: func(x *sides) { x.sim.crm.SetFaults(respondiotest.Faults{Refuse: true}) }},
		{name: "platform_silent", prepare: func(x *sides) { x.sim.crm.SetFaults(respondiotest.Faults{Latency: time.Hour}) }},
		{name: "platform_refused", rewrite: base},
		{name: "platform_other", rewrite: base, prepare: func(x *sides) { x.answers(nil, nil) }},
		{name: "platform_dns", rewrite: []string{"http://" + memAddresses.Platform, "https://" + away}, prepare: func(x *sides) { x.hosts[away+":443"] = nobody(away) }},
		{name: "platform_tls_stranger", rewrite: []string{base[0], "https://" + spare}, prepare: func(x *sides) { x.answers(stranger(x.t), nil) }},
		{name: "platform_fields", works: true, rewrite: base, prepare: func(x *sides) {
			whole := x.sim.crm.Handler()
			x.answers(nil, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "custom_field") {
					http.Error(w, `{"code":403,"message":"Forbidden"}`, http.StatusForbidden)
					return
				}
				whole.ServeHTTP(w, r)
			})
		}},
	}
}

// TestCheck_SaysOfEachSideWhatIsWrongAndWhatToDo holds every trouble that a side can give, or the way to it, to its words. Each line that is not ok comes
// with what to do.
func TestCheck_SaysOfEachSideWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, all := range [][]side{ofOrg(), ofStream(), ofObjects(), ofPlatform()} {
		for _, c := range all {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { c.check(t) })
			})
		}
	}
}

func (c *side) check(t *testing.T) {
	o := simOptions{seed: 5}
	if c.rich {
		o.org.Seed = richSeed()
	}
	x := &sides{bench: newBench(t, o, nil), hosts: map[string]error{}}
	defer x.close()
	defer func() {
		for _, end := range x.ends {
			end()
		}
	}()
	near := x.w.dial
	x.w.dial = func(ctx context.Context, network, at string) (net.Conn, error) {
		if err := x.hosts[at]; err != nil {
			return nil, err
		}
		return near(ctx, network, at)
	}
	if c.prepare != nil {
		c.prepare(x)
	}
	found := x.look(c.rewrite)
	if (bad(found) > 0) == c.works {
		t.Errorf("%d faults", bad(found))
	}
	var b bytes.Buffer
	printFindings(&console{out: &b}, found)
	for _, f := range found {
		if f.Level != levelOK && (f.Place == "" || f.Text == "" || f.Remedy == "") {
			t.Errorf("%s: %s: the remedy is %q", f.Place, f.Text, f.Remedy)
		}
	}
	golden(t, filepath.Join("testdata", "sides", c.name+".golden"), waitTimes.ReplaceAllString(b.String(), "N s"))
}

// waitTimes are drawn, and no part of what is said.
var waitTimes = regexp.MustCompile(`\b[0-9.]+m?s\b`)

// look looks at both sides by the configuration of the trial, rewritten.
func (x *sides) look(rewrite []string) []Finding {
	x.t.Helper()
	text, err := x.sim.toml()
	if err != nil {
		x.t.Fatal(err)
	}
	for i := 0; i < len(rewrite); i += 2 {
		if next := strings.ReplaceAll(string(text), rewrite[i], rewrite[i+1]); next != string(text) {
			text = []byte(next)
		} else {
			x.t.Fatalf("%q is not in the configuration", rewrite[i])
		}
	}
	file := filepath.Join(x.t.TempDir(), "config.toml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		x.t.Fatal(err)
	}
	cfg, err := loadConfig(file, simSurroundings(map[string]string{"WRONG": "wrong-0123456789"}), ruleSyntax)
	if err != nil {
		x.t.Fatal(err)
	}
	found := look(x.t.Context(), cfg, file, x.w)
	for i := range found {
		found[i].Place = strings.ReplaceAll(found[i].Place, file, "config.toml")
	}
	return found
}
