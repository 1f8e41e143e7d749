package rest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Call is one request in the words of an adapter.
type Call struct {
	// Op names the operation for errors, metrics and the rate limit, such as "find contact". It is one of a fixed few: no ids in it.
	Op     string
	Method string // "" is GET
	// Path stands below the base address, starts with a slash, is escaped already (see Segment) and holds the query.
	Path   string
	Header http.Header
	// Body is nil, []byte as it is, url.Values for a form, or a value that is sent as JSON.
	Body any
	// Into is nil or where the JSON of a 2xx answer goes; numbers in an any are json.Number. An empty body leaves it untouched.
	Into any
	// Repeatable reports that the request may be sent again after an unknown outcome.
	Repeatable bool
	// Reads reports that the request changes nothing though its method could, such as a search by POST. GET and HEAD read by themselves.
	Reads bool

	base string      // set by authorize
	auth http.Header // set by authorize
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // read whole, up to the bound; cut off there in an answer that is not 2xx
	At     time.Time
}

// OK reports whether the status is 2xx.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// HTML reports whether the answer is a page for people: a proxy, a maintenance page or a wrong address.
func (a *Answer) HTML() bool {
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		return true
	}
	start := strings.ToLower(strings.TrimSpace(string(a.Body[:min(len(a.Body), 64)])))
	return strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// Doer carries out a call. Every link of the chain is one and wraps one.
type Doer interface {
	Do(ctx context.Context, c *Call) (*Answer, error)
}

// doFunc makes a Doer of a function.
type doFunc func(ctx context.Context, c *Call) (*Answer, error)

// Do calls f.
func (f doFunc) Do(ctx context.Context, c *Call) (*Answer, error) { return f(ctx, c) }

// Segment escapes s as one segment of a path: nothing in it can end the segment, start a query or climb.
func Segment(s string) string {
	switch s {
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
