package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sfbridge/bridge"
)

// tail streams stories: as server-sent events, or as JSON lines where those are asked for. Whoever comes back with Last-Event-ID, or ?after=, misses
// nothing; ?history=N begins N stories ago; ?once ends instead of waiting.
func (h *Handler) tail(w http.ResponseWriter, r *http.Request) {
	select {
	case h.tails <- struct{}{}:
		defer func() { <-h.tails }()
	default:
		w.Header().Set("Retry-After", "10")
		writeText(w, http.StatusServiceUnavailable, fmt.Sprintf("%d tails are open already\n", maxTails))
		return
	}
	t := &tailWriter{w: w, out: http.NewResponseController(w), lines: strings.Contains(r.Header.Get("Accept"), "application/x-ndjson")}
	filter := Filter{Project: bridge.ProjectID(r.URL.Query().Get("project")), Key: r.URL.Query().Get("key")}
	history, after, err := h.begin(r, filter)
	if err != nil {
		writeText(w, http.StatusBadRequest, err.Error()+"\n")
		return
	}
	if t.open() != nil {
		return
	}
	for _, s := range history {
		if t.story(&s) != nil {
			return
		}
		after = max(after, s.Seq)
	}
	if r.URL.Query().Has("once") {
		return
	}
	h.follow(r.Context(), t, filter, after)
}

// begin finds where a tail starts and what of the past it shows.
func (h *Handler) begin(r *http.Request, f Filter) (history []bridge.Story, after uint64, err error) {
	given := r.Header.Get("Last-Event-ID")
	if q := r.URL.Query().Get("after"); q != "" {
		given = q
	}
	if given != "" {
		after, err = strconv.ParseUint(given, 10, 64)
		if err != nil {
			return nil, 0, errors.New("after is not the number of a story")
		}
		return nil, after, nil
	}
	limit := 0
	if q := r.URL.Query().Get("history"); q != "" {
		if limit, err = strconv.Atoi(q); err != nil || limit < 0 || limit > 1000 {
			return nil, 0, errors.New("history is a number from 0 to 1000")
		}
	}
	newest, err := h.deps.Stories.Stories(r.Context(), Filter{}, shownStories) // more than one: numbers may be missing at the end
	if err != nil {
		return nil, 0, errors.New("stories cannot be read now")
	}
	for _, s := range newest {
		after = max(after, s.Seq)
	}
	if limit > 0 {
		if history, err = h.deps.Stories.Stories(r.Context(), f, limit); err != nil {
			return nil, 0, errors.New("stories cannot be read now")
		}
	}
	for i, j := 0, len(history)-1; i < j; i, j = i+1, j-1 {
		history[i], history[j] = history[j], history[i]
	}
	return history, after, nil
}

// follow writes until the reader goes, stalls or the daemon stops. The wait for stories ends with every heartbeat and is taken up behind the last one.
func (h *Handler) follow(ctx context.Context, t *tailWriter, f Filter, after uint64) {
	for ctx.Err() == nil {
		beat, cancel := context.WithTimeout(ctx, heartbeat)
		for s, err := range h.deps.Stories.Follow(beat, after) {
			if err != nil {
				if beat.Err() == nil {
					cancel()
					return // the store has ended
				}
				break
			}
			after = s.Seq
			if f.passes(&s) && t.story(&s) != nil {
				cancel()
				return
			}
		}
		<-beat.Done()
		cancel()
		if t.beat() != nil {
			return
		}
	}
}

func (f Filter) passes(s *bridge.Story) bool {
	if f.Project != "" && s.Project != f.Project {
		return false
	}
	return f.Key == "" || f.Key == string(s.Record) || f.Key == string(s.Contact) || f.Key == string(s.Delivery)
}

// tailWriter writes one tail; every write must be taken within the bound.
type tailWriter struct {
	w     http.ResponseWriter
	out   *http.ResponseController
	lines bool
}

func (t *tailWriter) open() error {
	kind := "text/event-stream"
	if t.lines {
		kind = "application/x-ndjson"
	}
	t.w.Header().Set("Content-Type", kind)
	t.w.Header().Set("X-Accel-Buffering", "no")
	t.w.WriteHeader(http.StatusOK)
	if t.lines {
		return t.write("")
	}
	return t.write("retry: 2000\n\n")
}

func (t *tailWriter) story(s *bridge.Story) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if t.lines {
		return t.write(string(b) + "\n")
	}
	return t.write(fmt.Sprintf("event: story\nid: %d\ndata: %s\n\n", s.Seq, b))
}

func (t *tailWriter) beat() error {
	if t.lines {
		return t.write("\n")
	}
	return t.write(": beat\n\n")
}

func (t *tailWriter) write(text string) error {
	// Recorders of tests have no deadlines; a connection always has.
	if err := t.out.SetWriteDeadline(time.Now().Add(stall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := t.w.Write([]byte(text)); err != nil {
		return err
	}
	return t.out.Flush()
}
