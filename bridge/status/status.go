package status

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sfbridge/bridge"
)

// Bounds of the admin listener.
const (
	maxTails     = 50               // open tails; each is a connection and a reader of the store
	heartbeat    = 15 * time.Second // between signs of life on a tail; proxies cut silence at 30 s and more
	stall        = 5 * time.Second  // a reader that takes no byte for so long is cut
	shownStories = 24               // on the page
	shownLetters = 50               // on the page
	maxLetters   = 1000             // in one answer
)

// Config is what users choose.
type Config struct {
	// Token is asked for on every path but the health checks; "" asks for none.
	Token string
	// TokenNow answers the token in force where Token asks for one; nil means Token for good.
	TokenNow func() string
	// Hosts are the names, without ports, by which the listener may be called besides localhost and the loopback addresses.
	Hosts []string
}

// Deps is what the daemon passes.
type Deps struct {
	Snapshot func(context.Context) Status
	Stories  Stories
	Letters  DeadLetters
	Lanes    Lanes // nil leaves /lanes out
	Asker    Asker // nil leaves /why out
	// Ready answers the conditions of being ready to take webhooks.
	Ready func(context.Context) []Check
	// Alive reports that the daemon's loops turn; nil means always.
	Alive    func() bool
	Meter    *Meter // nil leaves the flow unknown
	Gatherer prometheus.Gatherer
	Log      *slog.Logger
	Now      func() time.Time
}

// Filter chooses stories. The zero filter chooses all.
type Filter struct {
	Project bridge.ProjectID
	Key     string // a record id, a contact id or a delivery id
}

// LetterPage chooses dead letters.
type LetterPage struct {
	Project bridge.ProjectID // "" for all
	After   string           // the id of the last letter of the page before, "" for the first page
	Limit   int
}

// Stories is the log of what happened.
type Stories interface {
	// Stories answers the newest stories that pass the filter, newest first, at most limit.
	Stories(ctx context.Context, f Filter, limit int) ([]bridge.Story, error)
	// Follow yields the stories behind a number in order and waits for more until the context ends.
	Follow(ctx context.Context, after uint64) iter.Seq2[bridge.Story, error]
}

// DeadLetters is what was buried. Ids that nobody knows are errors wrapping bridge.ErrNotFound.
type DeadLetters interface {
	// List answers a page in the order in which the entries were taken in.
	List(ctx context.Context, p LetterPage) ([]bridge.DeadLetter, error)
	Show(ctx context.Context, id string) (bridge.DeadLetter, error)
	// Redrive puts the delivery back at the end of its lane. Twice is harmless.
	Redrive(ctx context.Context, id string) error
	// Drop forgets the delivery for good.
	Drop(ctx context.Context, id string) error
}

// Handler is the admin listener's face.
type Handler struct {
	cfg   Config
	deps  Deps
	page  *page
	tails chan struct{}
	serve http.Handler
}

// New makes the handler.
func New(cfg Config, deps Deps) *Handler {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{cfg: cfg, deps: deps, page: newPage(), tails: make(chan struct{}, maxTails)}
	mux := http.NewServeMux()
	for _, r := range h.routes() {
		mux.Handle(r.pattern, r.handler)
	}
	h.serve = h.guard(mux)
	return h
}

// route is one line of the route table; a test holds that GET changes nothing.
type route struct {
	pattern string
	handler http.Handler
}

func (h *Handler) routes() []route {
	all := []route{
		{"GET /livez", http.HandlerFunc(h.livez)},
		{"GET /readyz", http.HandlerFunc(h.readyz)},
		{"GET /status", http.HandlerFunc(h.status)},
		{"GET /status/tail", http.HandlerFunc(h.tail)},
		{"GET /dead-letters", http.HandlerFunc(h.listLetters)},
		{"GET /dead-letters/{id}", http.HandlerFunc(h.showLetter)},
		{"POST /dead-letters/{id}/redrive", h.letterAct(h.redrive)},
		{"POST /dead-letters/{id}/drop", h.letterAct(h.drop)},
		{"GET /{$}", http.HandlerFunc(h.showPage)},
		{"GET /style.css", asset("text/css; charset=utf-8", styleCSS)},
		{"GET /app.js", asset("text/javascript; charset=utf-8", appJS)},
		{"GET /icon.svg", asset("image/svg+xml", iconSVG)},
	}
	if h.deps.Asker != nil {
		all = append(all, route{"GET /why", http.HandlerFunc(h.why)})
	}
	if l := h.deps.Lanes; l != nil {
		all = append(all, route{"GET /lanes", http.HandlerFunc(h.listLanes)}, route{"POST /lanes/{id}/release", h.laneAct(l.Release)},
			route{"POST /lanes/{id}/skip", h.laneAct(l.Skip)})
	}
	if h.deps.Gatherer != nil {
		all = append(all, route{"GET /metrics", promhttp.HandlerFor(h.deps.Gatherer, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})})
	}
	return all
}

// ServeHTTP serves one request of the admin listener.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve.ServeHTTP(w, r) }

// snapshot is the daemon's own with the flow of the meter.
func (h *Handler) snapshot(ctx context.Context) Status {
	s := h.deps.Snapshot(ctx)
	if s.At.IsZero() {
		s.At = h.deps.Now()
	}
	if h.deps.Meter != nil {
		for i := range s.Outlets {
			o := &s.Outlets[i]
			o.Flow = h.deps.Meter.Flow(bridge.Outlet{Project: o.Project, Direction: o.Direction})
		}
	}
	s.filled()
	return s
}

func (h *Handler) status(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, h.snapshot(r.Context()))
}
