package refill_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/refill"
	"sfbridge/bridge/rule"
)

const (
	acme    = bridge.OrgID("00D000000000001EAA")
	topic   = bridge.Topic("/data/ChangeEvents")
	contact = bridge.Object("Contact")
	lead    = bridge.Object("Lead")
)

// stand is all that a filler stands on, in memory: an org, the mirror, the holes and who is linked. Every call may be made to fail, and what it is called
// with is held against what it may be called with.
type stand struct {
	t    *testing.T
	turn atomic.Int64 // test and filler take turns: what one did comes before what the other does

	mu       sync.Mutex
	live     map[bridge.Object][]bridge.Row
	gone     map[bridge.Object][]bridge.Row
	from, to time.Time // the stretch of which deletions are listed, instead of the one that is asked for
	count    int       // of live records, where there are more than live holds
	pageSize int

	mirror map[bridge.RecordID]bridge.Row
	told   []told // what the sink was given since took was last called
	heard  map[heard]bool
	lags   bool // what the sink was given is not in the mirror yet
	holes  map[string][]byte
	linked map[bridge.RecordID]bool

	seen  map[bridge.Object]bool // whose rights were asked since its rows were read
	rows  map[bridge.Object]bool // whose rows were read to the end since its deletions were listed
	asked []bridge.Since
	since []time.Time // from when deletions were asked for

	calls  []string
	when   []time.Time
	fail   func(call string, n int) error // n counts the calls of that name from 1
	n      map[string]int
	cancel context.CancelFunc // ends the filler
	rules  *rule.Set
	reg    *prometheus.Registry
}

// told is one row as the sink was given it.
type told struct {
	row   bridge.Row
	dirty bool
}

// heard is that a record was told of, alive or as deleted.
type heard struct {
	record  bridge.RecordID
	deleted bool
}

func newStand(t *testing.T) *stand {
	t.Helper()
	transfer := func(o bridge.Object) bridge.Transfer {
		return bridge.Transfer{
			ID: bridge.TransferID(o), Object: o, Kind: bridge.ContactTouched, Direction: bridge.Both, OnDelete: bridge.DeleteContact,
			Identity: []bridge.Pair{{Salesforce: "Email", Platform: "email"}}, Fields: []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}},
		}
	}
	s := &stand{
		t: t, live: map[bridge.Object][]bridge.Row{}, gone: map[bridge.Object][]bridge.Row{}, pageSize: 3, mirror: map[bridge.RecordID]bridge.Row{},
		holes: map[string][]byte{}, linked: map[bridge.RecordID]bool{}, seen: map[bridge.Object]bool{}, rows: map[bridge.Object]bool{}, heard: map[heard]bool{}, n: map[string]int{},
		reg: prometheus.NewRegistry(),
	}
	s.compile(transfer(contact), transfer(lead))
	return s
}

func (s *stand) compile(ts ...bridge.Transfer) {
	s.t.Helper()
	var err error
	if s.rules, err = rule.Compile([]bridge.Project{{ID: "support", Org: "acme", Transfers: ts}}); err != nil {
		s.t.Fatal(err)
	}
}

// begin runs a filler until the test ends or the answer is called, which waits for it.
func (s *stand) begin() (*refill.Filler, func()) {
	s.reg = prometheus.NewRegistry()
	wants := s.rules.Wants("acme")
	f := refill.New(refill.Config{Org: acme}, refill.Deps{
		Org: s, Holes: s, Sink: s, Mirror: s, Links: s, Wants: wants, Objects: func(bridge.Topic) []bridge.Object { return wants.Objects() },
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Registerer: s.reg,
	})
	ctx, cancel := context.WithCancel(s.t.Context())
	s.cancel = cancel
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("run ended with %v", err)
		}
	})
	s.t.Cleanup(stop)
	return f, stop
}

// call notes a call and fails it where the test wants that.
func (s *stand) call(ctx context.Context, name string) error {
	s.turn.Add(1)
	if err := ctx.Err(); err != nil {
		return err
	}
	s.n[name]++
	s.calls, s.when = append(s.calls, name), append(s.when, time.Now())
	if s.fail != nil {
		return s.fail(name, s.n[name])
	}
	return nil
}

func id(o bridge.Object, n int) bridge.RecordID {
	prefix := map[bridge.Object]string{contact: "003", lead: "00Q"}[o]
	return bridge.RecordID(fmt.Sprintf("%s%012dAAA", prefix, n))
}

// writes lets record n be written at a time.
func (s *stand) writes(o bridge.Object, n int, at time.Time, name string) bridge.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := bridge.Row{
		Org: acme, Object: o, Record: id(o, n), Version: bridge.Version{At: at.UTC().Truncate(time.Second)},
		Values: bridge.Fields{"LastName": bridge.TextValue(name)},
	}
	s.live[o] = append(slices.DeleteFunc(s.live[o], func(was bridge.Row) bool { return was.Record == r.Record }), r)
	return r
}

// deletes lets records first to last, of which the mirror knows, be deleted at a time.
func (s *stand) deletes(o bridge.Object, first, last int, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := first; n <= last; n++ {
		r := bridge.Row{Org: acme, Object: o, Record: id(o, n), Deleted: true, Version: bridge.Version{At: at.UTC().Truncate(time.Second)}}
		s.gone[o] = append(s.gone[o], r)
		s.mirror[r.Record] = bridge.Row{Org: acme, Object: o, Record: r.Record, Version: bridge.Version{At: at.Add(-time.Hour)}}
		s.linked[r.Record] = true
	}
}

// took are the records that the sink was given since the last call, with a mark behind those that are not dirty.
func (s *stand) took() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.told {
		text := string(x.row.Record[:3]) + string(x.row.Record[11:15])
		if x.row.Deleted {
			text += " deleted"
		}
		if !x.dirty {
			text += " quiet"
		}
		ids = append(ids, text)
	}
	s.told = nil
	return ids
}

// figure is the value of a metric.
func (s *stand) figure(name string) float64 {
	s.t.Helper()
	all, err := s.reg.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	s.t.Fatalf("no metric %s", name)
	return 0
}

// in runs a test in a bubble of virtual time.
func in(t *testing.T, test func(t *testing.T, s *stand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newStand(t)) })
}

// pass lets time pass, and whatever is on its way end.
func (s *stand) pass(d time.Duration) {
	s.turn.Add(1)
	time.Sleep(d)
	synctest.Wait()
}
