package bolt_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// jumpy is a wall clock that jumps by hours, days or decades, ahead and back, once in so many looks.
type jumpy struct {
	mu     sync.Mutex
	rand   *rand.Rand
	offset time.Duration
	looks  int
	jumps  int
}

func (j *jumpy) now() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.looks++; j.looks%5 == 0 {
		const decades = 73 * 365 * 24 * time.Hour
		j.offset = []time.Duration{0, time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour, decades, -decades / 2}[j.rand.IntN(7)]
		j.jumps++
	}
	return time.Now().Add(j.offset)
}

// TestP16_NoJumpOfTheClockChangesOrderOrDropsAnything works on some lanes under a clock that jumps, with failures that are deferred and with restarts: every
// delivery is carried once, in the order of its lane, and its attempts are those that it had.
func TestP16_NoJumpOfTheClockChangesOrderOrDropsAnything(t *testing.T) {
	dir, seed := t.TempDir(), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		fails := rand.New(rand.NewPCG(seed, 4))
		j := &jumpy{rand: rand.New(rand.NewPCG(seed, 3))}
		const lanes, each = 6, 20
		carried, defers := map[string]int{}, map[string]int{}
		for part := range 4 { // a restart after each
			db, err := bolt.Open(filepath.Join(dir, "store.db"), bolt.Options{Now: j.now, Verify: store.Intact})
			if err != nil {
				t.Fatal(err)
			}
			if notes := db.Notes(); len(notes) > 0 {
				t.Errorf("a jump of the clock is no damage: %+v", notes)
			}
			stop := run(t, db)
			s := store.New(db, store.Options{Now: j.now})
			if err := s.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			for n := part * each / 4; n < (part+1)*each/4; n++ {
				for lane := range lanes {
					e := callbackEntry(fmt.Sprintf("%d-%d", lane, n))
					e.At, e.Deliveries[0].Lane.Source = j.now(), fmt.Sprint(lane)
					if err := s.Append(t.Context(), []bridge.Entry{e}, nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := foldCount(t.Context(), s, lanes*each/4); err != nil {
				t.Fatal(err)
			}
			settle := lanes * each / 4
			if part < 3 {
				settle -= lanes // so that each restart finds something, deferred or not
			} else {
				settle += 3 * lanes
			}
			carryUnder(t, s, settle, func(id string) (time.Time, bool) {
				if defers[id] > 0 || fails.IntN(4) > 0 {
					return time.Time{}, false
				}
				return j.now().Add(time.Second), true
			}, [2]map[string]int{carried, defers})
			s.Close()
			stop()
		}
		for lane := range lanes {
			if carried[fmt.Sprint(lane)] != each {
				t.Errorf("lane %d: %d of %d were carried", lane, carried[fmt.Sprint(lane)], each)
			}
		}
		if j.jumps < 50 || len(defers) < 10 {
			t.Errorf("%d jumps, %d deliveries failed first: too few to prove anything", j.jumps, len(defers))
		}
	})
}

// carryUnder settles so many deliveries, some of which fail first.
func carryUnder(t *testing.T, s *store.Store, settle int, fails func(id string) (until time.Time, yes bool), tally [2]map[string]int) {
	t.Helper()
	carried, defers := tally[0], tally[1]
	for n := 0; n < settle; {
		w, err := s.Next(t.Context(), outlet())
		if err != nil {
			t.Fatal(err)
		}
		d := w.Deliveries[0]
		if want := fmt.Sprintf("%s-%d", d.Lane.Source, carried[d.Lane.Source]); string(d.ID) != want {
			t.Errorf("%s is handed out, %s is next", d.ID, want)
		}
		if w.Attempts != defers[string(d.ID)] {
			t.Errorf("%s has %d attempts, had %d", d.ID, w.Attempts, defers[string(d.ID)])
		}
		if until, yes := fails(string(d.ID)); yes {
			defers[string(d.ID)]++
			if err := s.Defer(t.Context(), w, bridge.Deferral{Until: until, Failed: true}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := s.Settle(t.Context(), w, bridge.Effects{}); err != nil {
			t.Fatal(err)
		}
		carried[d.Lane.Source]++
		n++
	}
}
