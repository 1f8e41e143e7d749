package refill_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

var errSome = errors.New("no answer")

// busy fills the org of a stand with what one hole missed: rows over several pages, of which some were written within the same second, and deletions. A
// quiet one is a first load, of which most rows were written before it.
func busy(s *stand, quiet bool) bridge.Hole {
	from := time.Now().Add(-time.Hour)
	for n := range 20 {
		s.writes(contact, n, from.Add(time.Duration(n/4)*time.Second), fmt.Sprint("Tan ", n))
	}
	for n := range 4 {
		s.writes(lead, n, from.Add(time.Duration(n)*time.Second), "Lim")
	}
	s.deletes(contact, 20, 21, from)
	s.count = 1000
	if quiet {
		return s.open(bridge.Hole{From: from.Add(3 * time.Second), To: from.Add(time.Minute), Whole: true, Quiet: true})
	}
	return s.open(bridge.Hole{From: from, To: from.Add(time.Minute)})
}

// all are the records that busy lets be missed.
func all() (want []string) {
	for n := range 20 {
		want = append(want, fmt.Sprintf("003%04d", n))
	}
	want = append(want, "0030020 deleted", "0030021 deleted")
	for n := range 4 {
		want = append(want, fmt.Sprintf("00Q%04d", n))
	}
	return want
}

// whole demands that everything was told, and nothing more often than so many times.
func whole(t *testing.T, s *stand, most int) {
	t.Helper()
	got := s.took()
	times := map[string]int{}
	for i, r := range got {
		r = strings.TrimSuffix(r, " quiet")
		got[i] = r
		times[r]++
		if times[r] > most {
			t.Errorf("%s was told %d times", r, times[r])
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(all(), slices.Compact(got)); diff != "" {
		t.Error(diff)
	}
}

// calls counts the calls of a busy hole that nothing fails in.
func calls(t *testing.T, quiet bool) (n int) {
	t.Helper()
	in(t, func(t *testing.T, s *stand) {
		h := busy(s, quiet)
		s.begin()
		s.pass(time.Second)
		whole(t, s, 1)
		if !s.kept(h).Closed {
			t.Fatalf("hole %+v", s.kept(h))
		}
		n = len(s.calls)
	})
	return n
}

func TestFiller_LosesNothingWhicheverCallFails(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		for k := range calls(t, quiet) {
			in(t, func(t *testing.T, s *stand) { failsOnce(t, s, busy(s, quiet), k) })
		}
	}
}

// failsOnce lets the call fail that k others come before.
func failsOnce(t *testing.T, s *stand, h bridge.Hole, k int) {
	failed := ""
	s.fail = func(call string, _ int) error {
		if len(s.calls) == k+1 {
			failed = call
			return errSome
		}
		return nil
	}
	f, _ := s.begin()
	s.pass(time.Second)
	if failed == "" || f.Problem() == "" {
		t.Errorf("call %d, %q, failed, and the problem is %q", k, failed, f.Problem())
	}
	if s.kept(h).Closed && failed != "close" {
		t.Errorf("the hole was closed while %s failed", failed)
	}
	s.pass(time.Minute)
	if !s.kept(h).Closed || f.Problem() != "" {
		t.Errorf("a minute after %s failed: hole %+v, problem %q", failed, s.kept(h), f.Problem())
	}
	whole(t, s, 1)
	if t.Failed() {
		t.Fatalf("call %d, %s, failed", k, failed)
	}
}

// What the sink made durable and no hole notes is told once more as long as the mirror has not taken it in: a page, and the four rows of the second at which the
// hole stands.
func TestFiller_GoesOnWhereItStoppedAfterARestart(t *testing.T) {
	for k := range 2 * calls(t, false) {
		in(t, func(t *testing.T, s *stand) {
			h := busy(s, false)
			s.lags = k%2 == 1
			s.fail = func(string, int) error {
				if len(s.calls) != k/2+1 {
					return nil
				}
				s.cancel()
				return errSome
			}
			_, stop := s.begin()
			s.pass(time.Second)
			stop()
			asked, stood := len(s.asked), s.kept(h).Filled[contact].Upto
			s.fail = nil
			s.begin()
			s.pass(time.Second)
			if !s.kept(h).Closed {
				t.Errorf("hole %+v", s.kept(h))
			}
			if len(s.asked) > asked && s.asked[asked].Object == contact && !s.asked[asked].At.Equal(later(h.From, stood)) {
				t.Errorf("reading went on at %v, it stood at %v", s.asked[asked].At, stood)
			}
			most := 1
			if s.lags {
				most = 2
			}
			if n := len(s.told) - len(all()); n > (most-1)*(s.pageSize+4) {
				t.Errorf("%d rows were told twice", n)
			}
			whole(t, s, most)
			if t.Failed() {
				t.Fatalf("it was stopped in call %d, %s, with a mirror that lags: %t", k/2, s.calls[k/2], s.lags)
			}
		})
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func TestFiller_TriesAgainAtGrowingIntervalsForEver(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		busy(s, false)
		s.fail = func(call string, _ int) error {
			if call == "rights Contact" {
				return errSome
			}
			return nil
		}
		f, _ := s.begin()
		s.pass(7 * 24 * time.Hour)
		var tries []time.Time
		for i, c := range s.calls {
			if c == "rights Contact" {
				tries = append(tries, s.when[i])
			}
		}
		for i := 1; i < len(tries); i++ {
			high := min(15*time.Minute, 15*time.Second<<min(i-1, 10))
			if gap := tries[i].Sub(tries[i-1]); gap < 7500*time.Millisecond || gap > high+7500*time.Millisecond {
				t.Fatalf("wait %d was %v, and at most %v is due", i, gap, high)
			}
		}
		if n := len(tries); n < 7*24*4 || n > 7*24*60 || f.Problem() == "" {
			t.Errorf("%d tries in a week, problem %q", n, f.Problem())
		}
	})
}

func TestFiller_WaitsAsLongAsSalesforceNames(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		busy(s, false)
		s.fail = func(call string, n int) error {
			if call == "page Contact" && n == 1 {
				return bridge.After(errSome, 2*time.Hour)
			}
			return nil
		}
		s.begin()
		s.pass(2*time.Hour - time.Second)
		if n := s.n["page Contact"]; n != 1 {
			t.Errorf("%d pages within the time that was named", n)
		}
		s.pass(time.Second)
		whole(t, s, 1)
	})
}

func TestFiller_GoesOnWithTheOtherObjectsWhereOneFails(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		h := busy(s, false)
		s.fail = func(call string, _ int) error {
			if call == "page Contact" {
				return errSome
			}
			return nil
		}
		s.begin()
		s.pass(time.Second)
		if diff := cmp.Diff([]string{"00Q0000", "00Q0001", "00Q0002", "00Q0003"}, s.took()); diff != "" || !s.kept(h).Filled[lead].Done || s.kept(h).Closed {
			t.Errorf("%shole %+v", diff, s.kept(h))
		}
	})
}
