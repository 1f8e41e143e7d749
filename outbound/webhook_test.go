package outbound

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
)

const touched = `{"id":"e1","type":"contact","contact":"42"}`

// post is an authentic request to source shop.
func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/shop", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Signature", signedHook{testSecret}.sign([]byte(body)))
	return r
}

func serve(s *Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func TestServer_TakesWhatIsAuthentic(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	inbox := &memoryInbox{}
	s := newTestServer(t, inbox, func(_ *Config, d *Deps) { d.Now = func() time.Time { return now } })
	if w := serve(s, post(touched)); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Fatalf("answered %d %q", w.Code, w.Body)
	}
	want := []bridge.Callback{{
		Org: knownOrg(), Project: "shop", Event: "e1", Kind: bridge.ContactTouched, Type: "contact", Contact: "42",
		Received: now, Body: []byte(touched),
	}}
	if d := cmp.Diff(want, inbox.kept); d != "" {
		t.Error(d)
	}
}

func TestServer_RefusesAttacks(t *testing.T) {
	with := func(change func(*http.Request)) *http.Request { r := post(touched); change(r); return r }
	header := func(name string, values ...string) *http.Request {
		return with(func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values })
	}
	stale := func(body string) *http.Request {
		r := post(body)
		r.Header.Set("X-Signature", signedHook{testSecret}.sign([]byte(touched)))
		return r
	}
	good := signedHook{testSecret}.sign([]byte(touched))
	tests := []struct {
		name string
		r    *http.Request
		want int
	}{
		{"1 no signature", header("X-Signature"), 401},
		{"2 empty signature", header("X-Signature", ""), 401},
		{"3 wrong secret", header("X-Signature", signedHook{"wrong"}.sign([]byte(touched))), 401},
		{"4 re-serialised", stale(`{"contact":"42","id":"e1","type":"contact"}`), 401},
		{"5 trailing newline", stale(touched + "\n"), 401},
		{"6 empty body", post(""), 400},
		{"8 version v0", header("X-Signature", strings.Replace(good, "v1", "v0", 1)), 401},
		{"9 empty version", header("X-Signature", "v1="), 401},
		{"10 many signatures", header("X-Signature", slicesRepeat(good, 500)...), 401},
		{"13 upper hex", header("X-Signature", "v1="+strings.ToUpper(good[3:])), 401},
		{"14 another source's secret", header("X-Signature", signedHook{"another secret of 24 bytes and more"}.sign([]byte(touched))), 401},
		{"19 id too long", post(`{"id":"` + strings.Repeat("x", 10_000) + `","type":"contact"}`), 400},
		{"19 id with line break", post(`{"id":"a\r\nb","type":"contact"}`), 400},
		{"19 id with NUL", post(`{"id":"a\u0000b","type":"contact"}`), 400},
		{"20 no id", post(`{"type":"contact","contact":"42"}`), 400},
		{"26 unknown source", with(func(r *http.Request) { r.URL.Path = "/hooks/nope" }), 404},
		{"26 unknown path", with(func(r *http.Request) { r.URL.Path = "/nope" }), 404},
		{"26 longer path", with(func(r *http.Request) { r.URL.Path = "/hooks/shop/x" }), 404},
		{"26 no source", with(func(r *http.Request) { r.URL.Path = "/hooks/" }), 404},
		{"26 dots", with(func(r *http.Request) { r.URL.Path = "/hooks/../hooks/shop" }), 404},
		{"27 GET", with(func(r *http.Request) { r.Method = "GET" }), 405},
		{"27 PUT", with(func(r *http.Request) { r.Method = "PUT" }), 405},
		{"27 TRACE", with(func(r *http.Request) { r.Method = "TRACE" }), 405},
		{"27 unheard of", with(func(r *http.Request) { r.Method = "FETCH" }), 405},
		{"27 GET of an unknown source", with(func(r *http.Request) { r.Method, r.URL.Path = "GET", "/hooks/nope" }), 405},
		{"28 xml", header("Content-Type", "application/xml"), 415},
		{"28 multipart", header("Content-Type", "multipart/form-data; boundary=x"), 415},
		{"28 none", header("Content-Type"), 415},
		{"28 two", header("Content-Type", "application/json", "application/json"), 415},
		{"28 charset", header("Content-Type", "application/json; charset=utf-16"), 415},
		{"28 broken", header("Content-Type", "application/json; ="), 415},
		{"29 announced too large", with(func(r *http.Request) { r.ContentLength = 1<<20 + 1 }), 413},
		{"31 gzip", header("Content-Encoding", "gzip"), 415},
		{"31 gzip behind identity", header("Content-Encoding", "identity", "gzip"), 415},
		{"32 depth", post(strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)), 400},
		{"32 one too deep", post(`{"id":"e","a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + "}"), 400},
		{"33 brackets", post(strings.Repeat("[", 1<<20)), 400},
		{"34 doubled id", post(`{"id":"1","id":"2","type":"contact"}`), 400},
		{"34 doubled by escape", post(`{"id":"1","\u0069d":"2","type":"contact"}`), 400},
		{"34 doubled by case", post(`{"id":"1","ID":"2","type":"contact"}`), 400},
		{"34 doubled below", post(`{"id":"1","type":"contact","c":[{"a":1,"b":2,"a":3}]}`), 400},
		{"35 not UTF-8", post("{\"id\":\"\xff\",\"type\":\"contact\"}"), 400},
		{"35 byte order mark", post("\ufeff" + touched), 400},
		{"38 array", post(`[1]`), 400},
		{"json cut", post(`{"id":"1"`), 400},
	}
	inbox := &memoryInbox{}
	s := newTestServer(t, inbox, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(s, tt.r)
			if w.Code != tt.want || w.Body.String() != http.StatusText(tt.want)+"\n" {
				t.Errorf("answered %d %q, want %d", w.Code, w.Body, tt.want)
			}
			if w.Header().Get("Connection") != "close" {
				t.Error("the connection goes on after a refusal")
			}
		})
	}
	if inbox.count() != 0 {
		t.Errorf("%d refused callbacks were taken", inbox.count())
	}
}

func slicesRepeat(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

func TestServer_RefusalsLookAlikeOnEveryPath(t *testing.T) {
	s := newTestServer(t, &memoryInbox{}, nil)
	unknown, other := post(touched), post(touched)
	unknown.URL.Path, other.URL.Path = "/hooks/nope", "/elsewhere"
	a, b := serve(s, unknown).Result(), serve(s, other).Result()
	if d := cmp.Diff(a.Header, b.Header); d != "" || a.StatusCode != b.StatusCode {
		t.Errorf("%d, %d: %s", a.StatusCode, b.StatusCode, d)
	}
}

// endless is a body that never ends and counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '['
	}
	e.read += len(p)
	return len(p), nil
}

func TestServer_StopsReadingABodyWithoutLengthAtItsCap(t *testing.T) {
	s := newTestServer(t, &memoryInbox{}, nil)
	body := &endless{}
	r := post(touched)
	r.Body, r.ContentLength = io.NopCloser(body), -1
	if w := serve(s, r); w.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("answered %d", w.Code)
	}
	if body.read > 3<<20 {
		t.Errorf("read %d bytes", body.read)
	}
	if held := s.held.bytes.Load(); held != 0 {
		t.Errorf("%d bytes are still counted", held)
	}
}

func TestServer_RefusesACompressedBombUnread(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = io.CopyN(z, &endless{}, 10<<20)
	_ = z.Close()
	s := newTestServer(t, &memoryInbox{}, nil)
	r := post(bomb.String())
	r.Header.Set("Content-Encoding", "gzip")
	if w := serve(s, r); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("answered %d", w.Code)
	}
}

func TestServer_AnswersBusyWhenNothingCanBeKept(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config, *Deps)
		inbox  *memoryInbox
		after  string
	}{
		{"not ready", func(_ *Config, d *Deps) { d.Ready = func() error { return errors.New("store is closed") } }, &memoryInbox{}, "10"},
		{"org not known", func(_ *Config, d *Deps) {
			d.Sources["shop"] = Source{Project: "shop", Org: func() bridge.OrgID { return "" }, Hook: signedHook{testSecret}}
		}, &memoryInbox{}, "10"},
		{"journal full", nil, &memoryInbox{fail: bridge.ErrFull}, "10"},
		{"commit failed", nil, &memoryInbox{fail: errors.New("disk")}, "1"},
		{"bodies fill the memory", func(c *Config, _ *Deps) { c.Held = 10 }, &memoryInbox{}, "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(newTestServer(t, tt.inbox, tt.change), post(touched))
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != tt.after {
				t.Errorf("answered %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
			if tt.inbox.count() != 0 {
				t.Error("taken all the same")
			}
		})
	}
}

func TestServer_AnswersADuplicateAsTaken(t *testing.T) {
	inbox := &memoryInbox{}
	s := newTestServer(t, inbox, nil)
	for _, body := range []string{touched, touched, `{"id":"e1","type":"contact","contact":"other"}`} {
		if w := serve(s, post(body)); w.Code != http.StatusOK {
			t.Errorf("answered %d", w.Code)
		}
	}
	desk := post(touched)
	desk.URL.Path = "/hooks/desk"
	desk.Header.Set("X-Signature", signedHook{"another secret of 24 bytes and more"}.sign([]byte(touched)))
	if w := serve(s, desk); w.Code != http.StatusOK {
		t.Errorf("answered %d", w.Code)
	}
	if inbox.count() != 2 {
		t.Errorf("%d kept, want one for each source", inbox.count())
	}
}

func TestServer_TakesOneOfManyCopiesAtOnce(t *testing.T) {
	inbox := &memoryInbox{}
	s := newTestServer(t, inbox, nil)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if w := serve(s, post(touched)); w.Code != http.StatusOK {
				t.Errorf("answered %d", w.Code)
			}
		})
	}
	wg.Wait()
	if inbox.count() != 1 {
		t.Errorf("%d kept", inbox.count())
	}
}

func TestServer_CountsAndForgetsWhatNoTransferKnows(t *testing.T) {
	inbox := &memoryInbox{}
	registry := prometheus.NewRegistry()
	s := newTestServer(t, inbox, func(_ *Config, d *Deps) { d.Registerer = registry })
	if w := serve(s, post(`{"id":"e1","type":"weather"}`)); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
	w := serve(s, post(`{"id":"e2","type":"challenge","challenge":"abc"}`))
	if w.Code != http.StatusOK || w.Body.String() != `{"challenge":"abc"}` || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("answered %d %q %v", w.Code, w.Body, w.Header())
	}
	if inbox.count() != 0 {
		t.Error("kept")
	}
	if got := counted(t, registry, "sfbridge_webhook_ignored_total"); got != 2 {
		t.Errorf("counted %v", got)
	}
}

func TestServer_OutlivesAPanickingHookAndLogsNoPayload(t *testing.T) {
	var log bytes.Buffer
	s := newTestServer(t, &memoryInbox{}, func(_ *Config, d *Deps) { d.Log = textLog(&log) })
	if w := serve(s, post(`{"id":"e1","type":"panic","contact":"canary"}`)); w.Code != http.StatusInternalServerError {
		t.Errorf("answered %d", w.Code)
	}
	if !strings.Contains(log.String(), "panicked") || strings.Contains(log.String(), "canary") {
		t.Errorf("logged %s", log.String())
	}
}

func TestServer_NamesEveryFaultOfItsSources(t *testing.T) {
	_, err := New(Config{}, Deps{Sources: map[string]Source{"a/b": {}}})
	for _, want := range []string{"inbox", `"a/b": the name`, "needs a project"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %q", err, want)
		}
	}
}

func TestServer_MetricNamesStay(t *testing.T) {
	registry := prometheus.NewRegistry()
	inbox := &memoryInbox{}
	s := newTestServer(t, inbox, func(_ *Config, d *Deps) { d.Registerer = registry })
	serve(s, post(touched))
	serve(s, post(touched))
	serve(s, post(`{"id":"e","type":"other"}`))
	serve(s, post(""))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
	}
	want := []string{
		"sfbridge_webhook_commit_duration_seconds", "sfbridge_webhook_connections_refused_total", "sfbridge_webhook_duplicates_total",
		"sfbridge_webhook_ignored_total", "sfbridge_webhook_rejected_total", "sfbridge_webhook_requests_total",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

func counted(t *testing.T, registry *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}
