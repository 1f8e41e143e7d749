package courier

import (
	"errors"
	"sync/atomic"
	"time"
)

// When a breaker opens.
const (
	breakerWindow = 5 * time.Minute
	breakerCalls  = 10  // fewer calls in the window never open it
	breakerShare  = 0.7 // of them that failed
	breakerSlots  = 30  // of the window
)

// window counts the calls of the last minutes. Its zero value has seen none.
type window [breakerSlots]slot

// slot is what happened in one part of the window.
type slot struct {
	from    int64 // number of the slot since 1970
	well    int   // rows or single calls
	failed  int
	calls   int    // those of failed rows that went together count once
	lane    string // of a failure
	several bool   // lanes failed
}

// note counts a call at its time.
func (w *window) note(at time.Time, e ending) {
	n := at.UnixNano() / int64(breakerWindow/breakerSlots)
	s := &w[n%breakerSlots]
	if s.from != n {
		*s = slot{from: n}
	}
	if e.failure == nil {
		s.well++
		s.calls++
		return
	}
	s.failed++
	if uncounted(e.failure) {
		s.calls++
	}
	s.several = s.several || s.lane != "" && s.lane != e.lane
	s.lane = e.lane
}

// failing reports whether the destination is to be left alone. Failures of a single lane do not tell: it may carry what the destination breaks on.
func (w *window) failing(at time.Time) bool {
	n := at.UnixNano() / int64(breakerWindow/breakerSlots)
	all := slot{}
	for _, s := range w {
		if s.from <= n-breakerSlots || s.from > n {
			continue
		}
		all.well, all.failed, all.calls = all.well+s.well, all.failed+s.failed, all.calls+s.calls
		all.several = all.several || s.several || s.lane != "" && all.lane != "" && s.lane != all.lane
		if s.lane != "" {
			all.lane = s.lane
		}
	}
	return all.several && all.calls >= breakerCalls && float64(all.failed) >= breakerShare*float64(all.well+all.failed)
}

// streak is the failures since a call went well.
type streak struct {
	n       int
	lane    string
	several bool
}

// outage is how many failures in a row, of several lanes, are an outage, though the breaker may not have seen enough to open.
const outage = 5

// note counts a call, and reports whether it ends an outage: what waits on the ladder for its sake need wait no longer.
func (s *streak) note(e ending) (back bool) {
	if e.failure == nil {
		back = s.n >= outage && s.several
		*s = streak{}
		return back
	}
	s.n++
	s.several = s.several || s.lane != "" && s.lane != e.lane
	s.lane = e.lane
	return false
}

// sharedError is the error of one row of a call that failed as a whole.
type sharedError struct {
	error
	counted *atomic.Bool // by one of the rows
}

func (e *sharedError) Unwrap() error { return e.error }

// uncounted reports whether nobody counted the call before.
func uncounted(err error) bool {
	var s *sharedError
	return !errors.As(err, &s) || s.counted.CompareAndSwap(false, true)
}
