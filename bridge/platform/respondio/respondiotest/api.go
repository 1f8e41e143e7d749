package respondiotest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxCall bounds the body of a call.
const maxCall = 1 << 20

// answer is what a call comes to.
type answer struct {
	op      string
	contact uint64
	status  int
	body    any
	header  http.Header
}

func refuse(status int, format string, args ...any) answer {
	return answer{status: status, body: map[string]any{"code": status, "message": fmt.Sprintf(format, args...)}}
}

func fine(body any) answer { return answer{status: http.StatusOK, body: body} }

// Handler is the API, below the path /v2 and at the root.
func (f *Fake) Handler() http.Handler { return http.HandlerFunc(f.serve) }

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	faults := f.currentFaults()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCall+1))
	if err != nil || !wait(r, faults.Latency) {
		return
	}
	a := answer{op: "unknown", status: 0}
	if !faults.Refuse {
		a = f.decide(r, body, faults)
	}
	lost := faults.Refuse || a.status < 300 && f.drawn(faults.Lose)
	if !lost {
		f.record(r, body, a, a.status)
		f.write(w, a)
		return
	}
	f.record(r, body, a, 0)
	cut(w)
}

func (f *Fake) currentFaults() Faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults
}

func (f *Fake) drawn(share float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chanceLocked(share)
}

// wait lets time pass and reports whether the caller is still there.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// cut ends the connection without a word.
func cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			_ = c.Close()
		}
	}
}

func (f *Fake) record(r *http.Request, body []byte, a answer, status int) {
	req := Request{f.o.Now(), a.op, r.Method, r.URL.EscapedPath(), a.contact, body, status}
	f.mu.Lock()
	f.log = append(f.log, req)
	f.calls[a.op]++
	f.mu.Unlock()
	if f.o.Arrived != nil {
		f.o.Arrived(req)
	}
}

func (f *Fake) write(w http.ResponseWriter, a answer) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

// decide is the order in which a call is judged: trouble, token, route, rate, and then what it asks for.
func (f *Fake) decide(r *http.Request, body []byte, faults Faults) answer {
	route, segment, op := routeOf(r)
	a := f.admit(r, body, faults, op)
	if a == nil {
		made := route(f, call{r, body, segment})
		a = &made
	}
	a.op = op
	return *a
}

// admit answers calls that do not get as far as their route, nil for the rest.
func (f *Fake) admit(r *http.Request, body []byte, faults Faults, op string) *answer {
	var a answer
	switch {
	case faults.Down:
		a = refuse(http.StatusServiceUnavailable, "Service Unavailable")
	case faults.Status != 0:
		a = refuse(faults.Status, "%s", http.StatusText(faults.Status))
	case r.Header.Get("Authorization") != "Bearer "+f.o.Token:
		a = refuse(http.StatusUnauthorized, "Unauthorized")
	case len(body) > maxCall:
		a = refuse(http.StatusRequestEntityTooLarge, "Payload too large")
	case len(body) > 0 && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		a = refuse(http.StatusBadRequest, "Content-Type must be application/json")
	default:
		return f.rated(op)
	}
	return &a
}

// rated takes a turn of the operation, or answers 429 and when the next is.
func (f *Fake) rated(op string) *answer {
	rate := f.o.RatePerSecond
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.faults.Limited {
		return limited(rate)
	}
	if rate <= 0 {
		return nil
	}
	now, most := time.Now(), max(rate, 1)
	t := f.turns[op]
	if t == nil {
		t = &window{tokens: most, at: now}
		f.turns[op] = t
	}
	t.tokens = min(most, t.tokens+now.Sub(t.at).Seconds()*rate)
	t.at = now
	if t.tokens >= 1-1e-9 {
		t.tokens--
		return nil
	}
	return limited(rate)
}

func limited(rate float64) *answer {
	a := refuse(http.StatusTooManyRequests, "Too many requests")
	a.header = http.Header{"Retry-After": {"1"}, "X-Ratelimit-Limit": {fmt.Sprint(rate)}, "X-Ratelimit-Remaining": {"0"}}
	return &a
}
