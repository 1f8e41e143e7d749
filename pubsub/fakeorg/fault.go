package fakeorg

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Where a fault cuts the connection.
const (
	CutBefore = "before" // nothing was done
	CutAfter  = "after"  // everything was done, and the answer is lost
)

// Fault is a rule about requests, calls or rows that shall go wrong. It looks at the requests (where RPC is set, at the calls of the
// Pub/Sub API; where Code alone is, at the rows that API clients write) that match it, and strikes some of them: the Nth, every
// Every-th, a Share drawn from Seed, or all; and no more than Times.
type Fault struct {
	RPC    string  `json:"rpc"`    // method of the Pub/Sub API, Subscribe as it opens; "" is a fault of requests or rows
	Method string  `json:"method"` // HTTP method; "" matches all
	Path   string  `json:"path"`   // part of the path, whatever its case, of calls of the topic or the schema id; "" matches all
	Object string  `json:"object"` // of row faults: the object; "" matches all
	Verb   string  `json:"verb"`   // of row faults: create, update or delete; "" matches all
	Nth    int     `json:"nth"`    // strike the n-th match only, 1 being the next
	Every  int     `json:"every"`  // strike every k-th match
	Share  float64 `json:"share"`  // strike this share of the matches, between 0 and 1
	Seed   uint64  `json:"seed"`   // of the draw
	Times  int     `json:"times"`  // strike at most so often; 0 is no bound

	Status int               `json:"status"` // HTTP status to answer with, without doing anything; 0 does what was asked
	Body   string            `json:"body"`   // of that answer
	Header map[string]string `json:"header"` // of that answer; Content-Type is JSON unless it says otherwise
	Delay  Duration          `json:"delay"`  // wait first; calls too
	Cut    string            `json:"cut"`    // CutBefore or CutAfter: drop the connection

	Code    string   `json:"code"`    // of row faults: statusCode; of calls: an error code of the Pub/Sub API
	Message string   `json:"message"` // of row faults
	Fields  []string `json:"fields"`  // of row faults
	Matches []string `json:"matches"` // of DUPLICATES_DETECTED: ids of the rows that were found
}

// check refuses a rule about calls that could never strike, or would end them with an error that there is not.
func (f *Fault) check() error {
	if f.RPC == "" {
		return nil
	}
	if f.Code == "" {
		return knownMethod(f.RPC)
	}
	return errors.Join(knownMethod(f.RPC), knownError(f.Code))
}

// Duration is a time.Duration whose JSON form is text such as "1.5s".
type Duration time.Duration

// UnmarshalJSON reads the text form.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(s)
	*d = Duration(parsed)
	return err
}

// MarshalJSON writes the text form.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// faultRule is a Fault at work.
type faultRule struct {
	Fault
	id      int
	matched int
	struck  int
	random  *rand.Rand
}

// faultRules are the rules that are set, with a lock of their own.
type faultRules struct {
	mu     sync.Mutex
	serial int
	rules  []*faultRule
	chunks map[string]int // most rows of an object, by lower-case name, that a chunk survives
}

// AddFault sets a rule and returns its number; rules are asked in the order they were set, and the first that strikes decides.
func (o *Org) AddFault(f Fault) int {
	r := &o.faults
	r.mu.Lock()
	defer r.mu.Unlock()
	r.serial++
	r.rules = append(r.rules, &faultRule{Fault: f, id: r.serial, random: rand.New(rand.NewPCG(f.Seed, uint64(r.serial)))})
	return r.serial
}

// ClearFaults lifts every rule and every limit of LimitChunk.
func (o *Org) ClearFaults() {
	o.faults.mu.Lock()
	defer o.faults.mu.Unlock()
	o.faults.rules, o.faults.chunks = nil, nil
}

// LimitChunk makes every row of a collections chunk of the object fail as a trigger limit does, where the chunk has more rows than
// most; 0 lifts the limit.
func (o *Org) LimitChunk(object string, most int) {
	o.faults.mu.Lock()
	defer o.faults.mu.Unlock()
	if o.faults.chunks == nil {
		o.faults.chunks = make(map[string]int)
	}
	o.faults.chunks[strings.ToLower(object)] = most
}

// match returns the rule that strikes the request, or nil.
func (r *faultRules) match(method, path string) *faultRule {
	return r.first(func(f *faultRule) bool {
		return f.RPC == "" && f.Code == "" && (f.Method == "" || strings.EqualFold(f.Method, method)) &&
			strings.Contains(strings.ToLower(path), strings.ToLower(f.Path))
	})
}

func (r *faultRules) first(matches func(*faultRule) bool) *faultRule {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.rules {
		if matches(f) && f.strikes() {
			return f
		}
	}
	return nil
}

// strikes counts a match and reports whether it is one that goes wrong.
func (f *faultRule) strikes() bool {
	f.matched++
	hit := true
	switch {
	case f.Nth > 0:
		hit = f.matched == f.Nth
	case f.Every > 0:
		hit = f.matched%f.Every == 0
	case f.Share > 0:
		hit = f.random.Float64() < f.Share
	}
	if !hit || f.Times > 0 && f.struck == f.Times {
		return false
	}
	f.struck++
	return true
}

// wait waits for the rule's delay and reports whether the client is still there. It takes the body in first: the server notices a
// client that left only after that.
func (f *faultRule) wait(r *http.Request) bool {
	if f.Delay <= 0 {
		return true
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	timer := time.NewTimer(time.Duration(f.Delay))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (f *faultRule) reply() reply {
	out := reply{status: f.Status, raw: []byte(f.Body)}
	for name, value := range f.Header {
		if strings.EqualFold(name, "Content-Type") {
			out.media = value
			continue
		}
		out = out.with(name, value)
	}
	return out
}

// strike waits as long as a rule has a call of the Pub/Sub API wait, and returns the error that it ends the call with, or nil. What the
// call is about is its topic or the id of its schema.
func (c rpcCall) strike(about string) error {
	f := c.bus.org.faults.first(func(f *faultRule) bool {
		return f.RPC == c.method && strings.Contains(strings.ToLower(about), strings.ToLower(f.Path))
	})
	if f == nil {
		return nil
	}
	if err := pause(c.ctx, time.Duration(f.Delay)); err != nil || f.Code == "" {
		return err
	}
	return c.refuse(f.Code)
}

// fault returns the refusal that a rule has for a row about to be written. People in the browser never meet one.
func (t *Tx) fault(o *Object, verb string) *Error {
	if t.actor.trusted || t.depth > 0 {
		return nil
	}
	f := t.org.faults.first(func(f *faultRule) bool {
		return f.RPC == "" && f.Code != "" && (f.Object == "" || strings.EqualFold(f.Object, o.Name)) && (f.Verb == "" || strings.EqualFold(f.Verb, verb))
	})
	if f == nil {
		return nil
	}
	e := refuse(f.Code, "%s", f.Message).on(f.Fields...)
	e.Matches = f.Matches
	if f.Status != 0 {
		e.Status = f.Status
	}
	return e
}

// tripped refuses the rows of a chunk that is larger than the org's automation bears.
func (t *Tx) tripped(o *Object, rows int) *Error {
	if o == nil {
		return nil
	}
	t.org.faults.mu.Lock()
	most := t.org.faults.chunks[strings.ToLower(o.Name)]
	t.org.faults.mu.Unlock()
	if most == 0 || rows <= most {
		return nil
	}
	return refuse("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "%sTrigger: System.LimitException: Too many SOQL queries: 101", o.Name).on()
}
