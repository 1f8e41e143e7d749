package status

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sfbridge/bridge"
)

// Letter is a dead letter as it is shown: why and of whom, never with what.
type Letter struct {
	ID        string            `json:"id"`
	Org       bridge.OrgID      `json:"org"`
	Project   bridge.ProjectID  `json:"project"`
	Direction bridge.Direction  `json:"direction"`
	Transfer  bridge.TransferID `json:"transfer,omitempty"`
	Object    bridge.Object     `json:"object,omitempty"`
	Source    string            `json:"source"` // the record's or the contact's id
	Fields    []bridge.Field    `json:"fields"`
	Reason    string            `json:"reason"`
	Attempts  int               `json:"attempts"`
	Buried    time.Time         `json:"buried"`
	Event     string            `json:"event,omitempty"`
	TakenIn   time.Time         `json:"taken_in"`
	Kind      bridge.EntryKind  `json:"kind"`
}

// LetterOf is what may be shown of a dead letter.
func LetterOf(d *bridge.DeadLetter) Letter {
	l := Letter{
		ID: d.ID, Org: d.Org, Project: d.Delivery.Lane.Project, Direction: d.Delivery.Lane.Direction, Transfer: d.Delivery.Transfer,
		Object: d.Delivery.Object, Source: d.Delivery.Lane.Source, Fields: d.Delivery.Dirty, Reason: d.Reason, Attempts: d.Attempts,
		Buried: d.Buried.UTC(), TakenIn: d.Entry.At.UTC(), Kind: d.Entry.Kind,
	}
	list(&l.Fields)
	if d.Entry.Change != nil {
		l.Event = d.Entry.Change.Event
	}
	if d.Entry.Callback != nil {
		l.Event = d.Entry.Callback.Event
	}
	return l
}

func (h *Handler) listLetters(w http.ResponseWriter, r *http.Request) {
	limit, ok := limitOf(w, r)
	if !ok {
		return
	}
	all, err := h.deps.Letters.List(r.Context(), LetterPage{bridge.ProjectID(r.URL.Query().Get("project")), r.URL.Query().Get("after"), limit})
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	shown := make([]Letter, len(all))
	for i := range all {
		shown[i] = LetterOf(&all[i])
	}
	writeJSON(w, map[string]any{"schema": Schema, "dead_letters": shown})
}

// limitOf is how many of something are asked for; what is no sensible number is answered here.
func limitOf(w http.ResponseWriter, r *http.Request) (int, bool) {
	q := r.URL.Query().Get("limit")
	if q == "" {
		return 100, true
	}
	n, err := strconv.Atoi(q)
	if err != nil || n < 1 || n > maxLetters {
		writeText(w, http.StatusBadRequest, "limit is a number from 1 to 1000\n")
		return 0, false
	}
	return n, true
}

func (h *Handler) showLetter(w http.ResponseWriter, r *http.Request) {
	d, err := h.deps.Letters.Show(r.Context(), r.PathValue("id"))
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	writeJSON(w, LetterOf(&d))
}

func (h *Handler) redrive(r *http.Request, id string) error {
	return h.deps.Letters.Redrive(r.Context(), id)
}

func (h *Handler) drop(r *http.Request, id string) error {
	return h.deps.Letters.Drop(r.Context(), id)
}

// letterAct carries out an act and leads a browser back to the page.
func (h *Handler) letterAct(act func(*http.Request, string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := act(r, r.PathValue("id")); err != nil {
			h.refuse(w, r, err)
			return
		}
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Redirect(w, r, "/#dead-letters", http.StatusSeeOther)
			return
		}
		writeJSON(w, map[string]any{"schema": Schema, "id": r.PathValue("id"), "done": true})
	})
}

// refuse answers an error without its inside, which goes to the log.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, bridge.ErrNotFound):
		writeText(w, http.StatusNotFound, "there is no such dead letter\n")
	case errors.Is(err, bridge.ErrClosed):
		writeText(w, http.StatusServiceUnavailable, "the daemon is stopping\n")
	default:
		h.deps.Log.ErrorContext(r.Context(), "admin request failed", "path", r.Pattern, "error", err)
		writeText(w, http.StatusInternalServerError, "the request failed; the log says why\n")
	}
}
