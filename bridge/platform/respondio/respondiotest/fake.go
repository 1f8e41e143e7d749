package respondiotest

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options says what the fake is like. The zero value of each member has its default beside it.
type Options struct {
	Token      string // that calls must carry; "" = token
	SigningKey string // of all webhooks; "" = signing-key-of-the-fake-000
	// RatePerSecond is how many calls of one method are taken in a second; 0 = any number.
	RatePerSecond float64
	// CustomFields are the workspace's own fields; nil = Fields().
	CustomFields []Field
	// Send carries a webhook to its receiver; nil = there are no webhooks.
	Send func(ctx context.Context, r *http.Request) (*http.Response, error)
	// Target is the address that webhooks are posted to.
	Target string
	// Events are the types that webhooks exist for; nil = all.
	Events  []string
	Senders int              // webhooks in flight at one time; 0 = 8. A contact's own are sent one after the other.
	Queue   int              // webhooks that may wait; 0 = 100,000
	Retries int              // further attempts of a webhook, from 500 ms on, doubling up to a minute; 0 = 10, negative = none
	Seed    uint64           // of all chance
	Now     func() time.Time // nil = time.Now
	// Arrived is told of each request once it is answered, before the answer leaves. It must not block.
	Arrived func(Request)
}

// Field is one custom field of the workspace.
type Field struct {
	Name  string
	Type  string   // text, list, checkbox, number, email, url, date or time
	Allow []string // the values of a list
}

// Fields are the custom fields of a workspace for trials.
func Fields() []Field {
	return []Field{
		{Name: "salesforce_id", Type: "text"}, {Name: "birthday", Type: "date"}, {Name: "score", Type: "number"}, {Name: "vip", Type: "checkbox"},
		{Name: "level", Type: "list", Allow: []string{"Gold", "Silver"}}, {Name: "site", Type: "url"}, {Name: "call_at", Type: "time"}, {Name: "note", Type: "text"},
	}
}

// Fake is one workspace of respond.io.
type Fake struct {
	o Options

	mu       sync.Mutex
	contacts map[uint64]*contact
	index    map[string][]uint64 // ids by e-mail and phone, oldest first
	next     uint64
	event    uint64
	message  uint64
	faults   Faults
	random   *rand.Rand
	turns    map[string]*window
	log      []Request
	calls    map[string]int
	queues   [][]delivery
	queued   int
	inFlight int
	sent     int
	dropped  int
	wake     []chan struct{}
}

// window counts the calls of one method.
type window struct {
	tokens float64
	at     time.Time
}

// New makes an empty workspace.
func New(o Options) *Fake {
	o.Token = cmp.Or(o.Token, "token")
	o.SigningKey = cmp.Or(o.SigningKey, "signing-key-of-the-fake-000")
	o.Senders, o.Queue, o.Retries = cmp.Or(o.Senders, 8), cmp.Or(o.Queue, 100_000), cmp.Or(o.Retries, 10)
	if o.CustomFields == nil {
		o.CustomFields = Fields()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	f := &Fake{
		o: o, contacts: map[uint64]*contact{}, index: map[string][]uint64{}, next: 90_001, message: 1_700_000_000_000_000, random: rand.New(rand.NewPCG(o.Seed, 1)),
		turns: map[string]*window{}, calls: map[string]int{}, queues: make([][]delivery, o.Senders), wake: make([]chan struct{}, o.Senders),
	}
	for i := range f.wake {
		f.wake[i] = make(chan struct{}, 1)
	}
	return f
}

// Faults is what goes wrong. Shares are from 0 to 1.
type Faults struct {
	Down      bool          // every call is answered with 503
	Limited   bool          // every call is answered with 429
	Refuse    bool          // every connection is cut before anything happens
	Latency   time.Duration // before a call is looked at
	Status    int           // every call is answered with this status, 0 = none
	Lose      float64       // calls that are carried out and whose answer is cut off
	Duplicate float64       // webhooks that are sent twice
	Reorder   float64       // webhooks that let the next of their contact go first
}

// SetFaults makes things go wrong from now on; the zero value ends it.
func (f *Fake) SetFaults(to Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = to
}

// Request is one call of the API.
type Request struct {
	At      time.Time
	Op      string // find, create, update, upsert, delete, tag, untag, list, lifecycle, users, fields or unknown
	Method  string
	Path    string // as it came, escaped
	Contact uint64 // whom it was about, 0 where nobody
	Body    []byte
	Status  int // 0 = cut off
}

// Requests is the log of calls, in the order of their answers.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

// Calls counts the calls by operation.
func (f *Fake) Calls() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[string]int, len(f.calls))
	for op, n := range f.calls {
		all[op] = n
	}
	return all
}

// Webhooks counts the webhooks that were answered with 2xx, those that wait or are in flight, and those given up.
func (f *Fake) Webhooks() (sent, waiting, dropped int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent, f.queued + f.inFlight, f.dropped
}

// chance draws.
func (f *Fake) chanceLocked(share float64) bool { return share > 0 && f.random.Float64() < share }
