package courier

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sfbridge/bridge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLocks_NeverLetTwoHoldOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLocks()
		var in, entries atomic.Int32
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				names := []string{"b", "a"}
				if i%2 == 0 {
					names = []string{"a", "b", "b"}
				}
				h, err := l.acquire(t.Context(), names)
				if err != nil {
					t.Error(err)
					return
				}
				if in.Add(1) > 1 {
					t.Error("two hold the same names")
				}
				entries.Add(1)
				time.Sleep(time.Second)
				in.Add(-1)
				h.release()
			})
		}
		wg.Wait()
		if entries.Load() != 20 || len(l.held) != 0 {
			t.Errorf("%d entered, %d names stay held", entries.Load(), len(l.held))
		}
	})
}

func TestLocks_GiveBackWhatTheyTookWhenTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLocks()
		h, _ := l.acquire(t.Context(), []string{"b"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.acquire(ctx, []string{"a", "b"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		h.release()
		if len(l.held) != 0 {
			t.Errorf("%d names stay held", len(l.held))
		}
	})
}

func TestLadder_StaysUnderItsCapAndGivesUpAfterSevenDays(t *testing.T) {
	for n := 1; n < 2000; n++ {
		if d := rung(n); d <= 0 || d > ladderCap+1 {
			t.Fatalf("rung %d is %v", n, d)
		}
	}
	tries := 1
	for spent(tries) <= itemAge {
		tries++
	}
	if tries < 1000 || tries > 2000 {
		t.Errorf("7 days are %d tries", tries)
	}
}

// desk is a Salesforce that answers after a while and refuses the careless.
type desk struct {
	t     *testing.T
	delay time.Duration
	calls atomic.Int32
	most  atomic.Int32
	now   atomic.Int32
	mu    sync.Mutex
	busy  map[string]bool
}

func (d *desk) Write(_ context.Context, ws []bridge.Write) []bridge.Written {
	d.calls.Add(1)
	d.most.Store(max(d.most.Load(), d.now.Add(1)))
	defer d.now.Add(-1)
	d.hold(ws, true)
	time.Sleep(d.delay)
	d.hold(ws, false)
	out := make([]bridge.Written, len(ws))
	for i, w := range ws {
		out[i].Record = w.Record
		if w.Record == "bad" {
			out[i].Err = bridge.Permanent(errors.New("no"))
		}
	}
	return out
}

func (d *desk) hold(ws []bridge.Write, busy bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(ws) > rowsPerCall {
		d.t.Errorf("%d rows in one call", len(ws))
	}
	for _, w := range ws {
		if busy && d.busy[w.Target()] {
			d.t.Errorf("%s is in two places at a time", w.Target())
		}
		d.busy[w.Target()] = busy
		if w.Object != ws[0].Object || w.Op != ws[0].Op {
			d.t.Errorf("%s %s and %s %s in one call", w.Op, w.Object, ws[0].Op, ws[0].Object)
		}
	}
}

func TestPool_GathersManyLanesIntoFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t, delay: 100 * time.Millisecond, busy: map[string]bool{}}
		p := newPool(Config{Calls: 5}, Org{Writer: d})
		ctx, cancel := context.WithCancel(t.Context())
		var wg, pool sync.WaitGroup
		pool.Go(func() { _ = p.Run(ctx) })
		for i := range 1000 {
			wg.Go(func() {
				w := bridge.Write{Object: "Contact", Op: bridge.OpUpdate, Record: bridge.RecordID(fmt.Sprint("r", i%700))}
				switch {
				case i == 13:
					w.Record = "bad"
				case i%10 == 0:
					w.Object = "Lead"
				}
				if out := p.write(ctx, w, false); (out.Err != nil) != (i == 13) || out.Record != w.Record {
					t.Errorf("row %d answered %+v", i, out)
				}
			})
		}
		wg.Wait()
		if n := d.calls.Load(); n < 7 || n > 40 {
			t.Errorf("%d calls for 1,000 rows", n)
		}
		if d.most.Load() > 5 {
			t.Errorf("%d calls at a time", d.most.Load())
		}
		cancel()
		pool.Wait()
	})
}

func TestPool_LingersForCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t, busy: map[string]bool{}}
		p := newPool(Config{Calls: 5, Linger: time.Second}, Org{Writer: d})
		ctx, cancel := context.WithCancel(t.Context())
		var wg, pool sync.WaitGroup
		pool.Go(func() { _ = p.Run(ctx) })
		start := time.Now()
		for i := range 10 {
			time.Sleep(50 * time.Millisecond)
			wg.Go(func() {
				p.write(ctx, bridge.Write{Object: "Contact", Op: bridge.OpUpdate, Record: bridge.RecordID(fmt.Sprint(i))}, false)
			})
		}
		wg.Wait()
		if n := d.calls.Load(); n != 1 {
			t.Errorf("%d calls, want one", n)
		}
		if d := time.Since(start); d != 1050*time.Millisecond {
			t.Errorf("took %v, want the first row's linger of a second", d)
		}
		cancel()
		pool.Wait()
	})
}

// fragile is a writer that breaks on one record, whoever is in the call with it.
type fragile struct{ calls atomic.Int32 }

func (f *fragile) Write(_ context.Context, ws []bridge.Write) []bridge.Written {
	f.calls.Add(1)
	for _, w := range ws {
		if w.Record == "boom" {
			panic("a bug")
		}
	}
	return make([]bridge.Written, len(ws))
}

func TestPool_BuriesTheRowThatBreaksTheWriterAndNoOther_P33(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fragile{}
		p := newPool(Config{Calls: 5, Linger: time.Second}, Org{Writer: f})
		ctx, cancel := context.WithCancel(t.Context())
		var wg, pool sync.WaitGroup
		pool.Go(func() { _ = p.Run(ctx) })
		var buried, well atomic.Int32
		for i := range 50 {
			w := bridge.Write{Object: "Contact", Op: bridge.OpUpdate, Record: bridge.RecordID(fmt.Sprint(i)), Delivery: bridge.DeliveryID(fmt.Sprint(i))}
			if i == 7 {
				w.Record = "boom"
			}
			wg.Go(func() {
				for range 3 {
					err := p.write(ctx, w, false).Err
					verdict, _ := bridge.VerdictOf(err)
					switch {
					case err == nil:
						well.Add(1)
						return
					case verdict == bridge.Bury:
						buried.Add(1)
						return
					case !bridge.IsUncertain(err) || destinationFailed(err):
						t.Errorf("row %s: %v is no unknown outcome of our own making", w.Record, err)
					}
				}
			})
		}
		wg.Wait()
		synctest.Wait() // a row is answered before its call ends
		if buried.Load() != 1 || well.Load() != 49 || len(p.alone) != 0 {
			t.Errorf("%d rows are buried, %d written, %d go alone", buried.Load(), well.Load(), len(p.alone))
		}
		cancel()
		pool.Wait()
	})
}
