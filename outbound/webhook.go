package outbound

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"sfbridge/bridge"
)

// serve answers one request to a webhook.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, name string) error {
	source, known := s.deps.Sources[name]
	label := name
	if !known {
		label = nobody
	}
	var a answer
	switch {
	case r.Method != http.MethodPost:
		a = refuse(http.StatusMethodNotAllowed, "method")
	case !known:
		a = refuse(http.StatusNotFound, "path")
	default:
		a = s.admit(r, name, source)
	}
	s.meter.answered(label, a)
	if r.ContentLength < 0 {
		w.Header().Set("Connection", "close")
	}
	return a.write(w)
}

// admit checks what can be said before the body is read, and a bug in a hook becomes a 500 of its own request.
func (s *Server) admit(r *http.Request, name string, source Source) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			s.deps.Log.Error("webhook panicked", "source", name, "stack", string(debug.Stack()))
			a = refuse(http.StatusInternalServerError, "panic")
		}
	}()
	if !isJSON(r.Header) {
		return refuse(http.StatusUnsupportedMediaType, "content_type")
	}
	org := source.Org()
	if org == "" {
		return busy("org", retryLater)
	}
	if s.deps.Ready != nil {
		if err := s.deps.Ready(); err != nil {
			s.warn(name, err)
			return busy("not_ready", retryLater)
		}
	}
	room := &reservation{from: &s.held}
	defer room.release()
	body, err := readBody(r, s.config.Body, room)
	if err != nil {
		return refuseBody(err)
	}
	return s.read(r, name, source, bridge.Callback{Org: org, Project: source.Project, Received: s.deps.Now(), Body: body})
}

// read verifies and identifies the body, and hands it over.
func (s *Server) read(r *http.Request, name string, source Source, c bridge.Callback) answer {
	if len(c.Body) == 0 {
		return refuse(http.StatusBadRequest, "empty")
	}
	if err := source.Hook.Verify(r.Header, c.Body); errors.Is(err, bridge.ErrMalformed) {
		return refuse(http.StatusBadRequest, "signature_form")
	} else if err != nil {
		return refuse(http.StatusUnauthorized, "signature")
	}
	if err := checkShape(c.Body, s.config.Depth); err != nil {
		return refuse(http.StatusBadRequest, "json")
	}
	notice, err := source.Hook.Identify(r.Header, c.Body)
	if err != nil || !isName(notice.Event) || !isName(notice.Type) || !isName(string(notice.Contact)) {
		return refuse(http.StatusBadRequest, "notice")
	}
	if notice.Kind == bridge.Ignored {
		s.meter.ignored.WithLabelValues(name).Inc()
		return accept(notice.Reply)
	}
	c.Event, c.Kind, c.Type, c.Contact = notice.Event, notice.Kind, notice.Type, notice.Contact
	return s.commit(r.Context(), name, c, notice.Reply)
}

// commit hands the callback over. The caller's going away does not undo it: the caller will send it again and find it taken.
func (s *Server) commit(ctx context.Context, name string, c bridge.Callback, reply []byte) answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Commit)
	defer cancel()
	err := s.deps.Inbox.Take(ctx, c)
	if s.deps.Log.Enabled(ctx, slog.LevelDebug) {
		s.deps.Log.Debug("webhook", "source", name, "event", c.Event, "contact", string(c.Contact), "error", err)
	}
	switch {
	case err == nil:
		s.meter.committed(s.deps.Now().Sub(c.Received))
		return accept(reply)
	case errors.Is(err, bridge.ErrDuplicate):
		s.meter.duplicates.WithLabelValues(name).Inc()
		return accept(reply)
	case errors.Is(err, bridge.ErrFull):
		s.warn(name, err)
		return busy("full", retryLater)
	default:
		s.warn(name, err)
		return busy("inbox", retrySoon)
	}
}

const jsonType = "application/json"

// isJSON reports whether the body is announced as plain JSON in UTF-8. Compressed bodies are refused: their size is not known beforehand.
func isJSON(h http.Header) bool {
	if e := h.Values("Content-Encoding"); len(e) > 0 && !strings.EqualFold(strings.Join(e, ","), "identity") {
		return false
	}
	types := h.Values("Content-Type")
	switch {
	case len(types) != 1:
		return false
	case types[0] == jsonType: // as nearly all send it
		return true
	}
	kind, params, err := mime.ParseMediaType(types[0])
	if err != nil || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return false
	}
	return kind == jsonType || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

// maxName is far above any platform's ids and small enough for keys.
const maxName = 512

// isName reports whether s can stand in keys and logs.
func isName(s string) bool {
	return len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// silence keeps a flood of like messages out of the log.
type silence struct{ until atomic.Int64 }

// between reports whether something may be said now, and then nothing for d.
func (s *silence) between(now time.Time, d time.Duration) bool {
	until := s.until.Load()
	return now.UnixNano() >= until && s.until.CompareAndSwap(until, now.Add(d).UnixNano())
}

func (s *Server) warn(source string, err error) {
	if s.quiet.between(s.deps.Now(), 10*time.Second) {
		s.deps.Log.Warn("webhook refused", "source", source, "error", err)
	}
}
