package status

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sfbridge/bridge"
)

// ask sends one request to the handler as a browser or a program would.
func (w *world) ask(method, path string, head map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8081"+path, strings.NewReader(""))
	for k, v := range head {
		if k == "Host" {
			r.Host = v
		} else {
			r.Header.Set(k, v)
		}
	}
	out := httptest.NewRecorder()
	w.ServeHTTP(out, r)
	return out
}

func TestGuard_AnswersOnlyToItsOwnNames(t *testing.T) {
	w := newWorld(Config{Hosts: []string{"bridge.internal"}})
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8081": 200, "127.0.0.1:8081": 200, "127.8.8.8": 200, "[::1]:8081": 200, "bridge.internal:99": 200, "LOCALHOST": 200,
		"evil.com": 421, "evil.com:8081": 421, "localhost.evil.com": 421, "127.0.0.1.evil.com": 421, "10.0.0.1:8081": 421, "": 421, "bridge.internal.": 421,
	} {
		for _, path := range []string{"/livez", "/status", "/", "/dead-letters"} {
			if got := w.ask("GET", path, map[string]string{"Host": host}).Code; got != want {
				t.Errorf("Host %q of %s = %d, want %d", host, path, got, want)
			}
		}
	}
}

func TestGuard_AsksForTheToken(t *testing.T) {
	w := newWorld(Config{Token: "0123456789abcdef0123456789abcdef"})
	basic := httptest.NewRequest(http.MethodGet, "/", nil)
	basic.SetBasicAuth("anybody", "0123456789abcdef0123456789abcdef")
	for _, c := range []struct {
		path, auth string
		want       int
	}{
		{"/status", "Bearer 0123456789abcdef0123456789abcdef", 200},
		{"/status", basic.Header.Get("Authorization"), 200},
		{"/livez", "", 200},
		{"/readyz", "", 200},
		{"/status", "", 401},
		{"/metrics", "", 401},
		{"/status?token=0123456789abcdef0123456789abcdef", "", 401},
		{"/status", "Bearer 0123456789abcdef0123456789abcdeg", 401},
	} {
		if got := w.ask("GET", c.path, map[string]string{"Authorization": c.auth}).Code; got != c.want {
			t.Errorf("%s with %q = %d, want %d", c.path, c.auth, got, c.want)
		}
	}
	w.ask("GET", "/status", nil)
	if got := w.ask("GET", "/status", map[string]string{"Authorization": "Bearer 0123456789abcdef0123456789abcdef"}).Code; got != 429 {
		t.Errorf("the sixth try = %d, want 429 whatever it says", got)
	}
	w.now = w.now.Add(time.Minute)
	if got := w.ask("GET", "/status", map[string]string{"Authorization": "Bearer 0123456789abcdef0123456789abcdef"}).Code; got != 200 {
		t.Errorf("a minute later = %d", got)
	}
}

func TestGuard_RefusesActsOfOtherPages(t *testing.T) {
	for name, head := range map[string]map[string]string{
		"cross-site":  {"Sec-Fetch-Site": "cross-site"},
		"same-site":   {"Sec-Fetch-Site": "same-site"},
		"origin":      {"Origin": "http://evil.com"},
		"null origin": {"Origin": "null"},
		"other port":  {"Origin": "http://127.0.0.1:9999"},
	} {
		w := newWorld(Config{})
		w.busy(true)
		for _, act := range []string{"redrive", "drop"} {
			out := w.ask("POST", "/dead-letters/7f3a91c2d4e5/"+act, head)
			if out.Code != http.StatusForbidden || len(w.graves.all) != 2 {
				t.Errorf("%s %s = %d, %d letters are left", name, act, out.Code, len(w.graves.all))
			}
		}
	}
	w := newWorld(Config{})
	w.busy(true)
	out := w.ask("POST", "/dead-letters/7f3a91c2d4e5/redrive", map[string]string{"Sec-Fetch-Site": "same-origin", "Accept": "text/html,*/*"})
	if out.Code != http.StatusSeeOther || len(w.graves.redriven) != 1 {
		t.Errorf("our own page = %d, redriven %v", out.Code, w.graves.redriven)
	}
}

// TestRoutes_GetChangesNothing reads the route table and then tries every act with every method but POST.
func TestRoutes_GetChangesNothing(t *testing.T) {
	w := newWorld(Config{})
	w.busy(true)
	for _, r := range w.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		name := path[strings.LastIndex(path, "/")+1:]
		if acts := slices.Contains([]string{"redrive", "drop", "release", "skip"}, name); acts != (method == "POST") {
			t.Errorf("route %s", r.pattern)
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"} {
		out := w.ask(method, "/dead-letters/7f3a91c2d4e5/drop", map[string]string{"Origin": "http://127.0.0.1:8081", "Access-Control-Request-Method": "POST"})
		if out.Code/100 == 2 || len(w.graves.all) != 2 {
			t.Errorf("%s = %d", method, out.Code)
		}
		for head := range out.Header() {
			if strings.HasPrefix(head, "Access-Control-") {
				t.Errorf("%s answers %s", method, head)
			}
		}
	}
}

func TestGuard_ForbidsFramesAndForeignCode(t *testing.T) {
	w := newWorld(Config{})
	for _, path := range []string{"/", "/status", "/nowhere", "/dead-letters/none", "/app.js"} {
		head := w.ask("GET", path, nil).Header()
		policy := head.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") || head.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has policy %q, %v", path, policy, head)
		}
	}
	page := w.ask("GET", "/", nil).Body.String()
	for _, inline := range []string{"<style", " style=", "onclick", "javascript:", "http://", "https://", "<script>"} {
		if strings.Contains(page, inline) {
			t.Errorf("the page holds %q", inline)
		}
	}
}

func TestPage_ShowsTextOfOthersAsText(t *testing.T) {
	w := newWorld(Config{})
	w.busy(true)
	for _, evil := range []string{`<img src=x onerror=alert(1)>`, `"></script><script>alert(1)</script>`, `javascript:alert(1)`, `{{.Version}}`, "a\u2028b"} {
		w.log.add(bridge.Story{At: noon, Outcome: bridge.Skipped, Reason: evil, Record: bridge.RecordID(evil), Fields: []string{evil}})
		l := grave("x", bridge.Inbound, evil)
		l.ID, l.Delivery.Lane.Source = evil, evil
		w.graves.all = append(w.graves.all, l)
	}
	w.status.Alarms = append(w.status.Alarms, Alarm{Name: "<b>", Text: "<i>", Help: "<u>"})
	page := w.ask("GET", "/", nil).Body.String()
	for _, live := range []string{"<img", "<script>", "alert(1)</script>", "<b><", "<i>", "<u>", `action="javascript`} {
		if strings.Contains(page, live) {
			t.Errorf("the page holds %q alive", live)
		}
	}
	if !strings.Contains(page, "{{.Version}}") {
		t.Error("a template in a text was carried out")
	}
}

func TestErrors_ShowNothingFromInside(t *testing.T) {
	w := newWorld(Config{})
	w.graves.fail = errors.New("open /secret/path: token abc")
	w.log.fail = w.graves.fail
	w.busyLetters()
	for _, c := range []struct{ method, path string }{
		{"GET", "/dead-letters"}, {"POST", "/dead-letters/a/drop"}, {"GET", "/"}, {"GET", "/status/tail"}, {"GET", "/dead-letters/%00"}, {"GET", "/../../etc/passwd"},
		{"GET", "/dead-letters?limit=99999999999999999999"}, {"GET", "/dead-letters?limit=-1"}, {"GET", "/status/tail?after=-1"}, {"GET", "/status/tail?history=99999"},
	} {
		out := w.ask(c.method, c.path, nil)
		if body := out.Body.String(); strings.Contains(body, "secret") || strings.Contains(body, "goroutine") || strings.Contains(body, ".go:") {
			t.Errorf("%s %s answers %d %q", c.method, c.path, out.Code, body)
		}
		if c.path != "/" && out.Code/100 == 2 {
			t.Errorf("%s %s = %d", c.method, c.path, out.Code)
		}
	}
	if page := w.ask("GET", "/", nil); page.Code != 200 || !strings.Contains(page.Body.String(), "The store cannot be read") {
		t.Errorf("the page without a store = %d", page.Code)
	}
}

func (w *world) busyLetters() { w.graves.all = []bridge.DeadLetter{grave("a", bridge.Inbound, "x")} }

func TestNothing_ShowsValues(t *testing.T) {
	w := newWorld(Config{})
	w.busy(true)
	for _, path := range []string{"/", "/status", "/dead-letters", "/dead-letters/7f3a91c2d4e5", "/dead-letters/b1d9e07a66f0", "/status/tail?history=50&once"} {
		out := w.ask("GET", path, nil)
		if out.Code != 200 || strings.Contains(out.Body.String(), canary) {
			t.Errorf("%s = %d and shows a value: %v", path, out.Code, strings.Contains(out.Body.String(), canary))
		}
	}
}

func TestStatus_KeepsItsForm(t *testing.T) {
	w := newWorld(Config{})
	var empty map[string]any
	if err := json.Unmarshal(w.ask("GET", "/status", nil).Body.Bytes(), &empty); err != nil {
		t.Fatal(err)
	}
	if empty["schema"] != 1.0 || empty["alarms"] == nil || empty["topics"] == nil || empty["store"].(map[string]any)["bytes"] != nil {
		t.Errorf("status = %v", empty)
	}
	w.busy(true)
	golden(t, "testdata/status.json", w.ask("GET", "/status", nil).Body.String())
}

func TestHealth_SaysWhatIsMissing(t *testing.T) {
	w := newWorld(Config{})
	w.ready = []Check{{"store", true, "writable"}, {"clock", false, "70 s off"}}
	if out := w.ask("GET", "/readyz", nil); out.Code != 503 || out.Body.String() != "not ready\n" {
		t.Errorf("readyz = %d %q", out.Code, out.Body)
	}
	if out := w.ask("GET", "/readyz?verbose", nil); out.Body.String() != "[+] store writable\n[-] clock 70 s off\nnot ready\n" {
		t.Errorf("readyz?verbose = %q", out.Body)
	}
	w.ready[1].OK = true
	if out := w.ask("GET", "/readyz", nil); out.Code != 200 {
		t.Errorf("readyz = %d", out.Code)
	}
	if out := w.ask("GET", "/livez", nil); out.Code != 200 {
		t.Errorf("livez = %d", out.Code)
	}
	w.deps.Alive = func() bool { return false }
	if out := w.ask("GET", "/livez", nil); out.Code != 503 {
		t.Errorf("livez of a stuck daemon = %d", out.Code)
	}
}

func TestLetters_AreRedrivenAndDroppedOnce(t *testing.T) {
	w := newWorld(Config{})
	w.busy(true)
	for _, c := range []struct {
		path string
		want int
	}{
		{"/dead-letters/7f3a91c2d4e5/redrive", 200}, {"/dead-letters/7f3a91c2d4e5/redrive", 404}, {"/dead-letters/b1d9e07a66f0/drop", 200}, {"/dead-letters/none/drop", 404},
	} {
		if out := w.ask("POST", c.path, nil); out.Code != c.want {
			t.Errorf("%s = %d %s, want %d", c.path, out.Code, out.Body, c.want)
		}
	}
	if len(w.graves.all) != 0 || len(w.graves.redriven) != 1 || len(w.graves.gone) != 1 {
		t.Errorf("letters %v, redriven %v, dropped %v", w.graves.all, w.graves.redriven, w.graves.gone)
	}
}
