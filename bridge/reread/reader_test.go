package reread_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/reread"
	"sfbridge/bridge/rule"
)

const acme = bridge.OrgID("00D000000000001EAA")

// stand is all that a reader stands on, in memory. Records are numbered; those whose number is even are linked.
type stand struct {
	t     *testing.T
	rules *rule.Set

	mu      sync.Mutex
	mirror  map[bridge.RecordID]bridge.Row
	grades  map[bridge.RecordID]string // as Salesforce has them now
	states  map[bridge.Object]bridge.Rereading
	unheard bool
	scarce  bool
	fail    func(n int) error // of the n-th read
	reads   [][]bridge.RecordID
	when    []time.Time
	told    []rule.News
	held    int
	lost    context.CancelCauseFunc // takes the lease away
}

func newStand(t *testing.T, records int, condition string) *stand {
	t.Helper()
	set, err := rule.Compile([]bridge.Project{{ID: "support", Org: "acme", Transfers: []bridge.Transfer{{
		ID: "contacts", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Reread: time.Hour, Condition: condition,
		Fields: []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}, {Salesforce: "Grade__c", Platform: "grade", Direction: bridge.Inbound}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, rules: set, mirror: map[bridge.RecordID]bridge.Row{}, grades: map[bridge.RecordID]string{}, states: map[bridge.Object]bridge.Rereading{}, unheard: true}
	for i := range records {
		s.mirror[id(i)] = bridge.Row{
			Org: acme, Object: "Contact", Record: id(i), Version: bridge.Version{At: time.Unix(1, 0)},
			Values: bridge.Fields{"LastName": bridge.TextValue("Tan"), "Grade__c": bridge.TextValue("A")},
		}
		s.grades[id(i)] = "A"
	}
	return s
}

func id(n int) bridge.RecordID { return bridge.RecordID(fmt.Sprintf("003%012dAAA", n)) }

// begin runs a reader until the answer is called, which waits for it.
func (s *stand) begin() (*reread.Reader, func()) {
	r := reread.New(acme, reread.Deps{
		Org: s, Diary: s, Mirror: s, Links: s, Sink: s, Lease: s, Wants: s.rules.Wants("acme"), Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("run ended with %v", err)
		}
	})
	s.t.Cleanup(stop)
	return r, stop
}

func (s *stand) Unheard(_ context.Context, o bridge.Object, fields []bridge.Field) ([]bridge.Field, error) {
	if !s.unheard {
		return nil, nil
	}
	return slices.DeleteFunc(slices.Clone(fields), func(f bridge.Field) bool { return o != "Contact" || f != "Grade__c" }), nil
}

func (s *stand) Read(_ context.Context, o bridge.Object, ids []bridge.RecordID, fields []bridge.Field) ([]bridge.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o != "Contact" || !slices.Equal(fields, []bridge.Field{"Grade__c"}) || len(ids) == 0 || len(ids) > 2000 {
		s.t.Errorf("read %d of %s with %v", len(ids), o, fields)
	}
	s.reads, s.when = append(s.reads, ids), append(s.when, time.Now())
	if s.fail != nil {
		if err := s.fail(len(s.reads)); err != nil {
			return nil, err
		}
	}
	rows := make([]bridge.Row, len(ids))
	for i, id := range ids {
		rows[i].Record = id
		if grade, seen := s.grades[id]; seen {
			rows[i].Version, rows[i].Values = s.mirror[id].Version, bridge.Fields{"Grade__c": bridge.TextValue(grade)}
		}
	}
	return rows, nil
}

func (s *stand) Spare() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.scarce
}

func (s *stand) Rereading(_ context.Context, _ bridge.OrgID, o bridge.Object) (bridge.Rereading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[o], nil
}

func (s *stand) KeepRereading(_ context.Context, _ bridge.OrgID, o bridge.Object, r bridge.Rereading) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states[o] = r
	return nil
}

func (s *stand) Rows(context.Context, bridge.OrgID, bridge.Object, []bridge.RecordID) ([]bridge.Row, error) {
	return nil, errors.New("nobody has parents here")
}

func (s *stand) Lookup(context.Context, bridge.OrgID, bridge.Object, bridge.Field, bridge.Value) ([]bridge.RecordID, error) {
	return nil, errors.New("nobody is looked up")
}

func (s *stand) Mirrored(_ context.Context, _ bridge.OrgID, _ bridge.Object, after bridge.RecordID, limit int) ([]bridge.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []bridge.Row
	for _, id := range slices.Sorted(maps.Keys(s.mirror)) {
		if id > after && len(rows) < limit {
			rows = append(rows, s.mirror[id])
		}
	}
	return rows, nil
}

func (s *stand) LinkOf(_ context.Context, _ bridge.OrgID, _ bridge.ProjectID, r bridge.RecordID) (bridge.Link, error) {
	if n := r[14] - '0'; n%2 == 0 {
		return bridge.Link{}, nil
	}
	return bridge.Link{}, fmt.Errorf("link: %w", bridge.ErrNotFound)
}

func (s *stand) Reread(_ context.Context, all []rule.News) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, all...)
	for _, n := range all {
		s.mirror[n.Row.Record] = rule.Renew(s.mirror[n.Row.Record], n.Row)
	}
	return nil
}

func (s *stand) Hold(ctx context.Context, name string) (context.Context, error) {
	if name != "reread-"+string(acme) {
		s.t.Errorf("lease %s", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held++
	held, lost := context.WithCancelCause(ctx)
	s.lost = lost
	return held, nil
}

// took answers how many records each read since the last look asked for.
func (s *stand) took() (sizes []int) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ids := range s.reads {
		sizes = append(sizes, len(ids))
	}
	s.reads, s.when = nil, nil
	return sizes
}

func (s *stand) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// state is how far the contacts are.
func (s *stand) state() bridge.Rereading {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states["Contact"]
}

// news is what was handed on.
func (s *stand) news() []rule.News {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

func (s *stand) reading(want ...int) {
	s.t.Helper()
	if got := s.took(); !slices.Equal(got, want) {
		s.t.Errorf("read pages of %v, want %v", got, want)
	}
}

func TestReader_ReadsTheLinkedInPagesAndHandsOnWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, 9000, "")
		_, stop := s.begin()
		defer stop()
		time.Sleep(time.Hour)
		s.reading(2000, 2000, 500)
		if n := len(s.news()); n > 0 {
			t.Fatalf("nothing differs, and %d rows were handed on", n)
		}
		s.change(func() { s.grades[id(4)], s.grades[id(8000)], s.grades[id(5)] = "B", "C", "B"; delete(s.grades, id(6)) })
		time.Sleep(time.Hour)
		s.reading(2000, 2000, 500)
		if told := s.news(); len(told) != 2 || told[0].Row.Record != id(4) || told[1].Row.Record != id(8000) {
			t.Errorf("handed on: %+v", told)
		}
		time.Sleep(24 * time.Hour)
		if n := len(s.took()); n != 24*3 || len(s.news()) != 2 {
			t.Errorf("%d reads in a day, and %d rows handed on in all", n, len(s.news()))
		}
	})
}

func TestReader_ReadsAllWhereAConditionAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, 3000, `sf.Grade__c == "go"`)
		s.grades[id(5)] = "go"
		_, stop := s.begin()
		defer stop()
		time.Sleep(time.Hour)
		s.reading(2000, 1000)
		if told := s.news(); len(told) != 1 || len(told[0].Hits) != 1 {
			t.Errorf("handed on: %+v", told)
		}
	})
}

func TestReader_AsksForNothingWhereEventsTellAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, 10, "")
		s.unheard = false
		_, stop := s.begin()
		defer stop()
		time.Sleep(24 * time.Hour)
		s.reading()
	})
}

func TestReader_GoesOnWhereItWasStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, 9000, "")
		s.fail = func(n int) error {
			if n == 2 {
				return errors.New("broken")
			}
			return nil
		}
		r, stop := s.begin()
		for s.state().After == "" || r.Problem() == "" {
			time.Sleep(time.Second)
		}
		stop()
		s.reading(2000, 2000)
		due := s.state().Due
		s.fail = nil
		again, stop := s.begin()
		defer stop()
		time.Sleep(6 * time.Minute)
		s.reading(2000, 500)
		if again.Problem() != "" || !s.state().Due.Equal(due.Add(time.Hour)) || s.state().After != "" {
			t.Errorf("problem %q, state %+v, was due %v", again.Problem(), s.state(), due)
		}
	})
}

func TestReader_TriesAgainAtGrowingIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, 10, "")
		s.fail = func(int) error { return errors.New("broken") }
		r, stop := s.begin()
		defer stop()
		time.Sleep(25 * time.Hour)
		if n := len(s.took()); n < 24*4 || n > 24*60 {
			t.Errorf("%d tries in a day", n)
		}
		if r.Problem() == "" {
			t.Error("nobody is told")
		}
		s.change(func() { s.fail = nil })
		time.Sleep(time.Hour)
		if s.took(); r.Problem() != "" {
			t.Errorf("the problem stays: %s", r.Problem())
		}
	})
}

func TestReader_WaitsWhileCallsAreScarce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, 10, "")
		s.scarce = true
		r, stop := s.begin()
		defer stop()
		time.Sleep(12 * time.Hour)
		s.reading()
		if r.Problem() == "" {
			t.Error("nobody is told")
		}
		s.change(func() { s.scarce = false })
		time.Sleep(16 * time.Minute)
		s.reading(5)
		if r.Problem() != "" {
			t.Errorf("the problem stays: %s", r.Problem())
		}
	})
}

func TestReader_BeginsSoonAfterAStartAndNotAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spread := map[time.Duration]bool{}
		for range 20 {
			s := newStand(t, 10, "")
			s.states["Contact"] = bridge.Rereading{Due: time.Now().Add(-30 * time.Hour)}
			started := time.Now()
			_, stop := s.begin()
			time.Sleep(5*time.Minute + time.Second)
			s.change(func() {
				if len(s.when) != 1 {
					t.Fatalf("%d passes within five minutes", len(s.when))
				}
				spread[s.when[0].Sub(started).Truncate(time.Second)] = true
			})
			time.Sleep(54 * time.Minute)
			s.reading(5)
			stop()
		}
		if len(spread) < 10 {
			t.Errorf("twenty starts read at %v", spread)
		}
	})
}

func TestReader_ReadsOnlyWhileItHoldsTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, 10, "")
		_, stop := s.begin()
		defer stop()
		time.Sleep(time.Hour)
		s.reading(5)
		s.change(func() {
			s.states["Contact"] = bridge.Rereading{Due: time.Now().Add(50 * time.Minute)} // another node has read them since
			s.lost(errors.New("lost"))
		})
		time.Sleep(49 * time.Minute)
		s.reading()
		time.Sleep(2 * time.Minute)
		s.reading(5)
		s.change(func() {
			if s.held != 2 {
				t.Errorf("held %d times", s.held)
			}
		})
	})
}
