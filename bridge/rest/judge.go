package rest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"sfbridge/bridge"
)

// maxMessage is how many bytes of the other side's words an error holds.
const maxMessage = 500

// StatusError is an answer that says no.
type StatusError struct {
	Op      string
	Status  int
	Code    string // the other side's own code, "" where it has none
	Message string // the other side's words, cleaned and cut
}

// Error names the operation, the status and what the other side said.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s: status %d", e.Op, e.Status)
	if e.Code != "" {
		s += " " + e.Code
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// NeedsPerson reports whether only a person can mend it: the other side refuses the bridge itself.
func (e *StatusError) NeedsPerson() bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return true
	}
	return false
}

// judge asks the adapter what an answer means.
func judge(next Doer, of func(*Call, *Answer) error) Doer {
	return doFunc(func(ctx context.Context, c *Call) (*Answer, error) {
		a, err := next.Do(ctx, c)
		switch {
		case err != nil:
			return a, err
		case a.HTML():
			return a, judgePage(c, a)
		default:
			return a, of(c, a)
		}
	})
}

// judgePage judges an answer that no API gave.
func judgePage(c *Call, a *Answer) error {
	err := bridge.Unavailable(NewStatusError(c, a, "", "a page of HTML instead of JSON"), RetryAfter(a))
	if !c.Repeatable && (a.OK() || outcomeUnknown(a.Status)) {
		return bridge.Uncertain(err)
	}
	return err
}

// NewStatusError makes the error of an answer; code and message are the other side's words.
func NewStatusError(c *Call, a *Answer, code, message string) *StatusError {
	return &StatusError{Op: c.Op, Status: a.Status, Code: Clean(code), Message: Clean(message)}
}

// JudgeStatus is the judgement by status alone, for adapters to fall back on: 2xx nil; 404 wraps ErrNotFound and is permanent, as is every other 4xx
// but 401, 403, 407, 408, 425 and 429, which are the destination's own trouble, and 409, 412 and 423, which are retried; 3xx and 5xx are the
// destination's trouble, and of unknown outcome where the call may not be repeated.
func JudgeStatus(c *Call, a *Answer, code, message string) error {
	if a.OK() {
		return nil
	}
	err := NewStatusError(c, a, code, message)
	switch s := a.Status; {
	case s < 400:
		err.Message = "a redirect, which is not followed"
		return bridge.Unavailable(err, 0)
	case s == http.StatusNotFound:
		return bridge.Permanent(fmt.Errorf("%w: %w", err, bridge.ErrNotFound))
	case s == http.StatusConflict || s == http.StatusPreconditionFailed || s == http.StatusLocked:
		if d := RetryAfter(a); d > 0 {
			return bridge.After(err, d)
		}
		return err
	case destinationTrouble(s):
		return bridge.Unavailable(err, RetryAfter(a))
	case s < 500:
		return bridge.Permanent(err)
	case !c.Repeatable && outcomeUnknown(s):
		return bridge.Uncertain(bridge.Unavailable(err, RetryAfter(a)))
	default:
		return bridge.Unavailable(err, RetryAfter(a))
	}
}

func destinationTrouble(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusTooEarly,
		http.StatusTooManyRequests:
		return true
	}
	return false
}

// outcomeUnknown reports whether a request so answered may have been carried out.
func outcomeUnknown(status int) bool {
	return status >= 500 && status != http.StatusServiceUnavailable && status != http.StatusNotImplemented
}

// Clean makes foreign words fit for an error: one line, printable, at most 500 bytes.
func Clean(s string) string {
	s = s[:min(len(s), 4*maxMessage)]
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(s) <= maxMessage {
		return s
	}
	cut := maxMessage - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
