package status

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// log is a story log in memory that refuses what the store's refuses.
type log struct {
	mu   sync.Mutex
	all  []bridge.Story
	news chan struct{}
	fail error
}

func newLog() *log { return &log{news: make(chan struct{})} }

func (l *log) add(s bridge.Story) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Seq = uint64(len(l.all) + 1)
	l.all = append(l.all, s)
	close(l.news)
	l.news = make(chan struct{})
}

func (l *log) Stories(_ context.Context, f Filter, limit int) ([]bridge.Story, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return nil, l.fail
	}
	var out []bridge.Story
	for _, s := range slices.Backward(l.all) {
		if f.passes(&s) && len(out) < limit {
			out = append(out, s)
		}
	}
	return out, nil
}

func (l *log) Follow(ctx context.Context, after uint64) iter.Seq2[bridge.Story, error] {
	return func(yield func(bridge.Story, error) bool) {
		for {
			l.mu.Lock()
			waiting, news := slices.Clone(l.all[min(int(after), len(l.all)):]), l.news
			l.mu.Unlock()
			for _, s := range waiting {
				if after = s.Seq; !yield(s, nil) {
					return
				}
			}
			select {
			case <-news:
			case <-ctx.Done():
				yield(bridge.Story{}, ctx.Err())
				return
			}
		}
	}
}

// graves are dead letters in memory.
type graves struct {
	mu             sync.Mutex
	all            []bridge.DeadLetter
	redriven, gone []string
	fail           error
}

func (g *graves) List(_ context.Context, p LetterPage) ([]bridge.DeadLetter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.all[:min(p.Limit, len(g.all))]), g.fail
}

func (g *graves) Show(_ context.Context, id string) (bridge.DeadLetter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range g.all {
		if d.ID == id {
			return d, nil
		}
	}
	return bridge.DeadLetter{}, fmt.Errorf("dead letter %s: %w", id, bridge.ErrNotFound)
}

func (g *graves) Redrive(ctx context.Context, id string) error { return g.take(ctx, id, &g.redriven) }
func (g *graves) Drop(ctx context.Context, id string) error    { return g.take(ctx, id, &g.gone) }

func (g *graves) take(ctx context.Context, id string, to *[]string) error {
	if _, err := g.Show(ctx, id); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		return g.fail
	}
	g.all = slices.DeleteFunc(g.all, func(d bridge.DeadLetter) bool { return d.ID == id })
	*to = append(*to, id)
	return nil
}

func grave(id string, d bridge.Direction, reason string) bridge.DeadLetter {
	l := bridge.DeadLetter{
		ID: id, Org: "00D5g000004ABCDEA4", Reason: reason, Attempts: 6, Buried: noon.Add(-25 * time.Minute),
		Delivery: bridge.Delivery{ID: bridge.DeliveryID(id), Kind: bridge.State, Transfer: "contacts", Object: "Contact", Dirty: []bridge.Field{"MobilePhone", "LastName"},
			Lane: bridge.Lane{Org: "00D5g000004ABCDEA4", Project: "support", Direction: d, Source: "0035g00000Xy1ZAAAZ"}},
		Entry: bridge.Entry{Kind: bridge.ChangeEntry, At: noon.Add(-26 * time.Minute), Change: &bridge.Change{Event: "4f6c1f0e-4c1b-4a53-9b64-5f0c3a9f7e10",
			Values: bridge.Fields{"LastName": bridge.TextValue(canary)}}},
	}
	if d == bridge.Outbound {
		l.Delivery.Lane.Source, l.Delivery.Dirty = "318842071", nil
		l.Entry = bridge.Entry{Kind: bridge.CallbackEntry, At: noon.Add(-26 * time.Minute), Callback: &bridge.Callback{Event: "ev-1", Body: []byte(canary)}}
	}
	return l
}

// canary stands where values are and must never be seen.
const canary = "Canary.Lastname@example.com"

// world is a handler over a day as it may be.
type world struct {
	*Handler
	log    *log
	graves *graves
	lanes  *lanes
	status Status
	now    time.Time
	ready  []Check
}

func newWorld(cfg Config) *world {
	w := &world{log: newLog(), graves: &graves{}, lanes: &lanes{}, now: noon}
	w.status = Status{Version: "0.1.0", State: "running", Started: noon.Add(-76 * time.Hour), UptimeS: 76*3600 + 12*60}
	w.Handler = New(cfg, Deps{
		Snapshot: func(context.Context) Status { return w.status },
		Stories:  w.log, Letters: w.graves, Lanes: w.lanes, Asker: w.lanes,
		Ready:    func(context.Context) []Check { return w.ready },
		Gatherer: prometheus.NewRegistry(),
		Meter:    NewMeter(func() time.Time { return w.now }),
		Now:      func() time.Time { return w.now },
	})
	return w
}

// busy fills a world with what a busy day looks like.
func (w *world) busy(trouble bool) {
	hex, last := "00000000000a41f2", noon.Add(-3*time.Second)
	w.status.At = noon
	w.status.Store = Store{Engine: "bolt", Bytes: new(int64(148_898_816)), FreeBytes: new(int64(61_203_283_968)), Entries: new(int64(14)), LagS: new(1.4), CommitS: new(0.0021)}
	w.status.Orgs = []Org{{Name: "main", ID: "00D5g000004ABCDEA4", Auth: "ok", APIUsed: new(int64(18_204)), APILimit: new(int64(115_000))}}
	w.status.Topics = []Topic{
		{Org: "main", Topic: "/data/ContactChangeEvent", State: "live", LastEvent: &last, LagS: new(0.2), Replay: &hex, ReplayAgeS: new(3.0)},
		{Org: "main", Topic: "/data/TaskChangeEvent", State: "live", LastEvent: new(noon.Add(-11 * time.Minute)), LagS: new(0.0), Replay: &hex, ReplayAgeS: new(660.0)},
	}
	w.status.Outlets = []Outlet{
		{Project: "support", Platform: "respondio", Direction: bridge.Inbound, Breaker: "closed", Waiting: new(int64(9)), OldestAgeS: new(1.4)},
		{Project: "support", Platform: "respondio", Direction: bridge.Outbound, Breaker: "closed", Waiting: new(int64(5)), OldestAgeS: new(0.6)},
	}
	w.status.Buried = Buried{Total: new(int64(0))}
	if trouble {
		w.trouble()
	}
	w.flow()
}

func (w *world) trouble() {
	since, to := noon.Add(-18*time.Minute), noon.Add(-2*time.Hour)
	w.status.Outlets[0].Breaker, w.status.Outlets[0].Waiting, w.status.Outlets[0].OldestAgeS = "open", new(int64(1284)), new(1090.0)
	w.status.Outlets[0].LastError = new("update contact: 503 Service Unavailable")
	w.status.Alarms = []Alarm{
		{Name: "breaker-open", Since: &since, Text: "respond.io does not answer; 1 284 deliveries of support wait.", Help: "Nothing is lost. Deliveries go on by themselves when the platform answers again."},
		{Name: "dead-letters", Text: "Two deliveries were buried.", Help: "Read their reasons below, mend the cause, and redrive them."},
	}
	w.status.Alarms = append(w.status.Alarms, Alarm{Name: "gap-opened", Text: "Events of /data/ContactChangeEvent may be missing."})
	w.status.Holes = []Hole{{Org: "main", Topic: "/data/ContactChangeEvent", From: noon.Add(-5 * time.Hour), To: &to, Reason: "the position had expired: the daemon was stopped for more than 72 hours"}}
	w.status.Buried = Buried{Total: new(int64(2)), ByReason: []Reason{{"FIELD_CUSTOM_VALIDATION_EXCEPTION", 1}, {"400 phone is not valid", 1}}}
	w.graves.all = []bridge.DeadLetter{
		grave("7f3a91c2d4e5", bridge.Outbound, "FIELD_CUSTOM_VALIDATION_EXCEPTION: A phone number is required for customers of type Retail"),
		grave("b1d9e07a66f0", bridge.Inbound, "400: phone is not valid"),
	}
}

// shade puts all but one transfer into shadow.
func (w *world) shade() {
	w.status.Outlets[0].Shadow, w.status.Outlets[0].Silent, w.status.Outlets[0].Shadowed = []bridge.TransferID{"contacts"}, true, new(int64(1204))
	w.status.Outlets[1].Shadow, w.status.Outlets[1].Shadowed = []bridge.TransferID{"contacts", "closed-conversations"}, new(int64(0))
	w.log.add(bridge.Story{At: noon, Project: "support", Direction: bridge.Inbound, Object: "Contact", Record: "0035g00000Xy001AAZ", Contact: "318842001",
		Outcome: bridge.Shadowed, Op: bridge.OpUpdate, Fields: []string{"firstName"}})
}

// timed has both ways wait for their time.
func (w *world) timed() {
	w.status.Outlets[0].Timed, w.status.Outlets[0].TimedNext = new(int64(12_480)), new(noon.Add(time.Hour))
	w.status.Outlets[1].Timed, w.status.Outlets[1].TimedNext = new(int64(0)), new(noon.Add(14*time.Hour))
}

// flow tells the stories of an hour.
func (w *world) flow() {
	for i := range 1500 {
		at := noon.Add(-time.Duration(1500-i) * 2390 * time.Millisecond)
		s := bridge.Story{At: at, Org: "00D5g000004ABCDEA4", Project: "support", Transfer: "contacts", Direction: bridge.Inbound, Object: "Contact",
			Record: bridge.RecordID(fmt.Sprintf("0035g00000Xy%03dAAZ", i*7%1000)), Contact: bridge.ContactID(fmt.Sprint(318842000 + i*13%997)), Outcome: bridge.Sent, Op: bridge.OpUpdate,
			Fields: []string{"firstName", "phone"}, TookMS: 38 + float64(i*i%170)}
		switch i % 11 {
		case 2, 5, 8:
			s.Direction, s.Fields, s.TookMS = bridge.Outbound, []string{"MobilePhone"}, 95+float64(i*i%420)
		case 3:
			s.Outcome, s.Op, s.Reason, s.Fields = bridge.Same, "", "both sides agree already", nil
		case 6:
			s.Op, s.Fields = bridge.OpCreate, []string{"firstName", "lastName", "email", "phone"}
		case 9:
			s.Outcome, s.Op, s.Reason, s.Fields = bridge.Skipped, "", "the condition does not hold", nil
		}
		switch i {
		case 1493:
			s.Outcome, s.Reason = bridge.Conflict, "Salesforce was newer; the value of the platform was overwritten"
		case 1487:
			s.Outcome, s.Reason = bridge.Buried, "400: phone is not valid"
		}
		if i%97 > 61 && i%2 == 0 {
			continue
		}
		w.log.add(s)
		w.deps.Meter.Count(&s)
	}
}
