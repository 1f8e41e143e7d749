package status

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var shots = flag.String("shots", "", "a folder in which to leave pictures of the page")

// browser finds chromium, or skips; where CI is true it must be there.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("chromium is not installed")
	}
	t.Skip("chromium is not installed")
	return ""
}

func browse(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), browser(t), append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars",
		"--user-data-dir=" + dir, "--timeout=8000"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(out)
}

// TestBrowser_ShowsThePageAndItsFeed holds that a real browser, under our own policy, draws the page and runs the script.
func TestBrowser_ShowsThePageAndItsFeed(t *testing.T) {
	w := newWorld(Config{})
	w.busy(true)
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/status/tail" {
			asked <- struct{}{}
		}
		w.ServeHTTP(rw, r)
	}))
	defer server.Close()
	dom := browse(t, "--dump-dom", server.URL)
	for _, want := range []string{"3 things need attention", "breaker-open", "/data/ContactChangeEvent", `action="/dead-letters/7f3a91c2d4e5/redrive"`, "respond.io"} {
		if !strings.Contains(dom, want) {
			t.Errorf("the browser does not show %q", want)
		}
	}
	if len(asked) == 0 {
		t.Error("the script did not open its feed")
	}
	if strings.Contains(dom, canary) {
		t.Error("a value is on the page")
	}
}

func TestBrowser_Pictures(t *testing.T) {
	if *shots == "" {
		t.Skip("no folder for pictures was named")
	}
	for _, name := range []string{"calm", "trouble", "shadow", "timed"} {
		w := newWorld(Config{})
		w.busy(name == "trouble")
		if name == "shadow" {
			w.shade()
		}
		if name == "timed" {
			w.timed()
			w.shade()
		}
		server := httptest.NewServer(framed(w))
		for look, flags := range map[string][]string{"light": nil, "dark": {"--force-dark-mode", "--blink-settings=preferredColorScheme=0"}} {
			for width, size := range map[string]string{"desktop": "1280,2100", "phone": "500,3400"} {
				file := filepath.Join(*shots, name+"-"+look+"-"+width+".png")
				browse(t, append(flags, "--screenshot="+file, "--window-size="+size, server.URL+"/"+map[string]string{"phone": "frame"}[width])...)
			}
		}
		server.Close()
	}
}

// framed shows the page 390 pixels wide, which no window of a headless browser is.
func framed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/frame" {
			_, _ = w.Write([]byte(`<!doctype html><body style="margin:0;background:#888"><iframe src="/" style="border:0;width:390px;height:3400px"></iframe>`))
			return
		}
		next.ServeHTTP(&unframed{w}, r)
	})
}

type unframed struct{ http.ResponseWriter }

func (u *unframed) Write(b []byte) (int, error) {
	u.Header().Del("X-Frame-Options")
	u.Header().Del("Content-Security-Policy")
	return u.ResponseWriter.Write(b)
}

func (u *unframed) Unwrap() http.ResponseWriter { return u.ResponseWriter }
