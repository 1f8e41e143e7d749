package status

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// policy forbids the page everything but its own files; it holds neither inline script nor inline style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard is what every request passes first.
func (h *Handler) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeText(w, http.StatusForbidden, "requests of other web pages are not carried out\n")
	}))
	guarded := h.hosts(h.token(cross.Handler(next)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		guarded.ServeHTTP(w, r)
	})
}

// hosts refuses names that are not ours: a page of evil.com whose name was made to lead to loopback still says Host: evil.com.
func (h *Handler) hosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.knows(r.Host) {
			writeText(w, http.StatusMisdirectedRequest, "this host name is not served; admin_hosts in the configuration adds one\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *Handler) knows(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || slices.Contains(h.cfg.Hosts, host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	// An address cannot be rebound: with a token, a probe may call by whatever address the machine has.
	return err == nil && (ip.IsLoopback() || h.cfg.Token != "")
}

// token asks for the token, as a bearer or, from browsers, as the password of any user.
func (h *Handler) token(next http.Handler) http.Handler {
	if h.cfg.Token == "" {
		return next
	}
	now, tries := h.cfg.TokenNow, &tries{by: map[string]*rate.Limiter{}}
	if now == nil {
		now = func() string { return h.cfg.Token }
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/livez" || r.URL.Path == "/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		if !tries.open(r.RemoteAddr, h.deps.Now()) {
			w.Header().Set("Retry-After", "60")
			writeText(w, http.StatusTooManyRequests, "too many wrong tokens\n")
			return
		}
		want, got := sha256.Sum256([]byte(now())), sha256.Sum256([]byte(tokenOf(r)))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			tries.wrong(r.RemoteAddr, h.deps.Now())
			w.Header().Set("WWW-Authenticate", `Basic realm="sfbridge", charset="UTF-8"`)
			writeText(w, http.StatusUnauthorized, "the admin token is asked for\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func tokenOf(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	_, password, _ := r.BasicAuth()
	return password
}

// maxSources bounds the addresses whose failures are remembered; beyond it all are forgotten, which costs a guesser nothing worth having.
const maxSources = 10_000

// tries remembers wrong tokens: five a minute for an address.
type tries struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

func (t *tries) open(remote string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.by[source(remote)]
	return l == nil || l.TokensAt(now) >= 1
}

func (t *tries) wrong(remote string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.by) >= maxSources {
		clear(t.by)
	}
	l := t.by[source(remote)]
	if l == nil {
		l = rate.NewLimiter(rate.Every(12*time.Second), 5)
		t.by[source(remote)] = l
	}
	l.AllowN(now, 1)
}

func source(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}
