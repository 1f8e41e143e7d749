package bridge

import (
	"errors"
	"fmt"
	"time"
)

// Verdict is what becomes of a delivery whose carrying ended with an error.
type Verdict uint8

// The verdicts. The zero verdict is that of no error.
const (
	Done    Verdict = iota
	Retry           // the item's own failure: attempts and age count, the ladder waits
	RetryAt         // as Retry, at the time the other side named
	Wait            // the destination's failure: costs the item nothing, counts for the breaker
	Bury            // never to succeed as it is
)

// marked carries an adapter's judgement beside its error.
type marked struct {
	error
	verdict   Verdict
	after     time.Duration
	uncertain bool
}

func (m *marked) Unwrap() error { return m.error }

// Permanent marks err as never to succeed: the delivery is buried with err's text as its reason.
func Permanent(err error) error { return mark(err, marked{verdict: Bury}) }

// After marks err as to be retried no sooner than d from now.
func After(err error, d time.Duration) error { return mark(err, marked{verdict: RetryAt, after: d}) }

// Unavailable marks err as the destination's own trouble (unreachable, overloaded, login refused, quota gone): time under it is free for the item.
// d is the wait that the destination named, 0 for none.
func Unavailable(err error, d time.Duration) error {
	return mark(err, marked{verdict: Wait, after: d})
}

// Uncertain marks err as an unknown outcome: the request may have been carried out. What it asked for is looked up before it is sent again.
func Uncertain(err error) error {
	m := marked{verdict: Retry, uncertain: true}
	if v, d := VerdictOf(err); err != nil && isMarked(err) {
		m.verdict, m.after = v, d
	}
	return mark(err, m)
}

func mark(err error, m marked) error {
	if err == nil {
		return nil
	}
	m.error = err
	return &m
}

func isMarked(err error) bool {
	var m *marked
	return errors.As(err, &m)
}

// VerdictOf judges err; the duration is the wait that was named with it, 0 for none. The outermost mark counts; an error without one is retried.
func VerdictOf(err error) (Verdict, time.Duration) {
	if err == nil {
		return Done, 0
	}
	var m *marked
	if !errors.As(err, &m) {
		return Retry, 0
	}
	return m.verdict, m.after
}

// IsUncertain reports whether err, or anything it wraps, is an unknown outcome.
func IsUncertain(err error) bool {
	for err != nil {
		var m *marked
		if !errors.As(err, &m) {
			return false
		}
		if m.uncertain {
			return true
		}
		err = m.error
	}
	return false
}

// HintError is an error with a remedy for the operator, printed on a line of its own.
type HintError struct {
	Err  error
	Hint string
}

// Hint adds a remedy to err; nil stays nil.
func Hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &HintError{err, fmt.Sprintf(format, args...)}
}

// Error is the error and, on a line of its own, the remedy.
func (e *HintError) Error() string { return e.Err.Error() + "\n  remedy: " + e.Hint }

// Unwrap is the error without the remedy.
func (e *HintError) Unwrap() error { return e.Err }

// Errors that callers tell apart.
var (
	// ErrMoved is returned where what is kept is no longer what the change of it was made from: read it and make the change anew.
	ErrMoved = errors.New("it is another by now")
	// ErrNotFound is returned where nothing is stored or the other side knows no such thing.
	ErrNotFound = errors.New("not found")
	// ErrConverted is returned for a write to a lead that was converted: it is read-only from then on.
	ErrConverted = errors.New("the lead was converted")
	// ErrDuplicate is returned by Journal.Append for a callback that was taken in before.
	ErrDuplicate = errors.New("duplicate")
	// ErrFull is returned by Journal.Append while the journal's bound is reached.
	ErrFull = errors.New("journal is full")
	// ErrUnauthentic is returned for a callback whose signature does not hold.
	ErrUnauthentic = errors.New("signature does not match")
	// ErrMalformed is returned for a callback that is authentic and cannot be read.
	ErrMalformed = errors.New("malformed")
	// ErrClosed is returned by every call after the store or the daemon has stopped.
	ErrClosed = errors.New("closed")
)
