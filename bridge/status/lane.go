package status

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sfbridge/bridge"
)

// ErrInHand is wrapped by acts on a lane whose head is being carried at this moment.
var ErrInHand = errors.New("the head of the lane is being carried")

// Lanes are the lanes that are stuck: those whose head was given back. Ids that no head has are errors wrapping bridge.ErrNotFound.
type Lanes interface {
	// Stuck lists them, the oldest first, at most limit.
	Stuck(ctx context.Context, limit int) ([]Lane, error)
	// Release has the head tried now.
	Release(ctx context.Context, id string) error
	// Skip buries the head, so that those behind it go on.
	Skip(ctx context.Context, id string) error
}

// Lane is a lane that waits, as it is shown.
type Lane struct {
	ID        string            `json:"id"` // of the head
	Org       bridge.OrgID      `json:"org"`
	Project   bridge.ProjectID  `json:"project"`
	Direction bridge.Direction  `json:"direction"`
	Transfer  bridge.TransferID `json:"transfer,omitempty"`
	Object    bridge.Object     `json:"object,omitempty"`
	Source    string            `json:"source"` // the record's or the contact's id
	State     string            `json:"state"`  // deferred, due or in hand
	Reason    string            `json:"reason,omitempty"`
	Failed    int               `json:"failed"` // tries that failed by the item's own fault
	Next      *time.Time        `json:"next"`   // null: it is due
	TakenIn   time.Time         `json:"taken_in"`
	AgeS      float64           `json:"age_s"`
	Behind    int               `json:"behind"` // deliveries that wait for the head
	Heard     []string          `json:"heard,omitempty"`
}

func (h *Handler) listLanes(w http.ResponseWriter, r *http.Request) {
	limit, ok := limitOf(w, r)
	if !ok {
		return
	}
	all, err := h.deps.Lanes.Stuck(r.Context(), limit)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	list(&all)
	writeJSON(w, map[string]any{"schema": Schema, "lanes": all})
}

// laneAct carries out an act on a lane.
func (h *Handler) laneAct(act func(context.Context, string) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := act(r.Context(), r.PathValue("id"))
		switch {
		case errors.Is(err, bridge.ErrNotFound):
			writeText(w, http.StatusNotFound, "no lane waits with such a head\n")
		case errors.Is(err, ErrInHand):
			writeText(w, http.StatusConflict, "it is being carried at this moment; look again\n")
		case err != nil:
			h.refuse(w, r, err)
		default:
			writeJSON(w, map[string]any{"schema": Schema, "id": r.PathValue("id"), "done": true})
		}
	})
}
