package rest

import (
	"net/http"
	"strconv"
	"time"
)

// MaxRetryAfter bounds the wait that an answer may ask for.
const MaxRetryAfter = 24 * time.Hour

// RetryAfter is the wait that the answer's Retry-After asks for, in seconds or as a date, at most MaxRetryAfter; 0 where it asks for none or cannot
// be read. A date counts from the answer's own Date, so that the clocks need not agree.
// https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
func RetryAfter(a *Answer) time.Duration {
	text := a.Header.Get("Retry-After")
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, MaxRetryAfter)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now := a.At
	if date, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		now = date
	}
	return max(0, min(at.Sub(now), MaxRetryAfter))
}
