package outbound

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// How long callers are asked to wait. Platforms that ignore Retry-After come back by their own ladder.
const (
	retrySoon  = time.Second
	retryLater = 10 * time.Second
)

// answer is what a caller gets.
type answer struct {
	status int
	reason string        // of a refusal, for the metrics; from a fixed list
	reply  []byte        // body of a 2xx
	retry  time.Duration // Retry-After of a 503
}

func accept(reply []byte) answer { return answer{status: http.StatusOK, reply: reply} }

func refuse(status int, reason string) answer { return answer{status: status, reason: reason} }

func busy(reason string, retry time.Duration) answer {
	return answer{status: http.StatusServiceUnavailable, reason: reason, retry: retry}
}

// Values of headers that every answer has.
var (
	noSniff = []string{"nosniff"}
	noStore = []string{"no-store"}
)

// write sends the answer. Refusals of one status are the same bytes and end the connection.
func (a answer) write(w http.ResponseWriter) error {
	h := w.Header()
	h["X-Content-Type-Options"], h["Cache-Control"] = noSniff, noStore
	body := a.reply
	if a.status >= http.StatusBadRequest {
		body = []byte(http.StatusText(a.status) + "\n")
		h.Set("Connection", "close")
	}
	if a.status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodPost)
	}
	if a.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(a.retry/time.Second)))
	}
	if len(body) > 0 {
		h.Set("Content-Type", contentType(body, a.status))
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, err := w.Write(body)
	return err
}

func contentType(body []byte, status int) string {
	if status < http.StatusBadRequest && json.Valid(body) {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}
