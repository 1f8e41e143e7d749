package status

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
)

// Asker tells the whole story of one record or contact.
type Asker interface {
	// Why answers what happened to whoever the key names: a record id, a contact id, a phone or an e-mail. Nobody is no error.
	Why(ctx context.Context, key string) (Why, error)
}

// Why is the story of one record and its contacts.
type Why struct {
	Schema  int    `json:"schema"`
	Key     string `json:"key"`
	Pairs   []Pair `json:"pairs"`
	Steps   []Step `json:"steps"`   // in order of time
	Waiting []Lane `json:"waiting"` // what has come in and is not settled
	// More reports that there are older lines than are told.
	More bool `json:"more"`
}

// Pair is a record and the contact that it is linked to; one of both may be missing.
type Pair struct {
	Org     bridge.OrgID     `json:"org,omitempty"`
	Project bridge.ProjectID `json:"project,omitempty"`
	Object  bridge.Object    `json:"object,omitempty"`
	Record  bridge.RecordID  `json:"record,omitempty"`
	Contact bridge.ContactID `json:"contact,omitempty"`
	Since   *time.Time       `json:"linked_since"` // null: they are not linked
}

// The kinds of step.
const (
	stepArrived  = "arrived"
	stepHeld     = "held up"
	stepJudged   = "judged"
	stepSent     = "sent"
	stepAnswered = "answered"
)

// Step is one thing that happened. It names fields and never holds their values.
type Step struct {
	At        time.Time         `json:"at"`
	What      string            `json:"what"` // arrived, held up, judged, sent, answered, or the outcome of the line
	Project   bridge.ProjectID  `json:"project,omitempty"`
	Transfer  bridge.TransferID `json:"transfer,omitempty"`
	Direction bridge.Direction  `json:"direction,omitempty"`
	Object    bridge.Object     `json:"object,omitempty"`
	Record    bridge.RecordID   `json:"record,omitempty"`
	Contact   bridge.ContactID  `json:"contact,omitempty"`
	Delivery  bridge.DeliveryID `json:"delivery,omitempty"`
	Event     string            `json:"event,omitempty"`
	Letter    string            `json:"dead_letter,omitempty"`
	Op        bridge.Op         `json:"op,omitempty"`
	Fields    []string          `json:"fields,omitempty"`
	Judged    []Judged          `json:"judged,omitempty"`
	Text      string            `json:"text,omitempty"`
}

// Judged is the ruling on one pair of fields.
type Judged = bridge.Judgement

// Steps puts lines of the sync log into order of time, each taken apart into what came in, what was decided, what was sent and what was answered. What
// two deliveries of one entry say of its arrival is told once.
func Steps(lines []bridge.Story) []Step {
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(a, b bridge.Story) int { return cmp.Compare(a.Seq, b.Seq) })
	type arrival struct {
		entry bridge.EntryID
		at    bridge.Outlet
	}
	heard := map[arrival]bool{}
	var all []Step
	for i := range lines {
		l := &lines[i]
		for _, h := range l.Heard {
			a := arrival{h.Entry, bridge.Outlet{Project: l.Project, Direction: l.Direction}}
			if !heard[a] {
				heard[a] = true
				all = append(all, arrived(l, h))
			}
		}
		all = append(all, stepsOf(l)...)
	}
	slices.SortStableFunc(all, func(a, b Step) int { return a.At.Compare(b.At) })
	return all
}

// step is an empty step of a line.
func step(l *bridge.Story, at time.Time, what string) Step {
	return Step{
		At: at.UTC(), What: what, Project: l.Project, Transfer: l.Transfer, Direction: l.Direction, Object: l.Object, Record: l.Record, Contact: l.Contact,
		Delivery: l.Delivery,
	}
}

func arrived(l *bridge.Story, h bridge.Heard) Step {
	s := step(l, h.At, stepArrived)
	s.Event, s.Text = h.Event, HeardText(h)
	for _, f := range h.Fields {
		s.Fields = append(s.Fields, string(f))
	}
	return s
}

// HeardText says in words what an entry was.
func HeardText(h bridge.Heard) string {
	words := []string{string(h.Kind)}
	if h.Type != "" {
		words = append(words, h.Type)
	}
	if o := h.Origin; o != nil {
		if o.Client != "" {
			words = append(words, "by client "+o.Client)
		}
		if o.User != "" {
			words = append(words, "by user "+string(o.User))
		}
		if o.Client == "" && o.User == "" && o.API != "" {
			words = append(words, "through "+o.API)
		}
		if o.Ours {
			words = append(words, "(the bridge's own write)")
		}
	}
	return strings.Join(words, " ")
}

// stepsOf takes one line apart, but for what came in.
func stepsOf(l *bridge.Story) []Step {
	var all []Step
	if t := l.Trouble; t != nil && t.Last != "" {
		s := step(l, t.First, stepHeld)
		if s.At.IsZero() {
			s.At = l.At.UTC()
		}
		s.Text = "waited; the last reason: " + t.Last
		if t.Failed > 0 {
			s.Text = fmt.Sprintf("failed %s; the last reason: %s", times(t.Failed), t.Last)
		}
		all = append(all, s)
	}
	if len(l.Judged) > 0 {
		s := step(l, l.At, stepJudged)
		s.Judged = l.Judged
		all = append(all, s)
	}
	switch l.Outcome {
	case bridge.Sent, bridge.Conflict:
		sent := step(l, l.At, stepSent)
		sent.Op, sent.Fields, sent.Text = l.Op, l.Fields, l.Reason
		all = append(all, sent, answered(l))
	case bridge.Deferred, bridge.Same, bridge.Skipped, bridge.Buried, bridge.Shadowed, bridge.Operator:
		s := step(l, l.At, string(l.Outcome))
		s.Op, s.Fields, s.Letter, s.Text = l.Op, l.Fields, l.Letter, l.Reason
		if t := l.Trouble; l.Outcome == bridge.Deferred && t != nil {
			s.Text = fmt.Sprintf("failure %d: %s", t.Failed, l.Reason)
			if !t.Until.IsZero() {
				s.Text += "; next try at " + t.Until.UTC().Format(time.RFC3339)
			}
		}
		all = append(all, s)
	}
	return all
}

func answered(l *bridge.Story) Step {
	s := step(l, l.At, stepAnswered)
	s.Text = "accepted"
	switch {
	case l.Op == bridge.OpDelete:
	case l.Direction == bridge.Inbound && l.Contact != "":
		s.Text += " as contact " + string(l.Contact)
	case l.Direction == bridge.Outbound && l.Record != "":
		s.Text += " as " + named(string(l.Object), string(l.Record))
	}
	if l.TookMS > 0 {
		s.Text += ", " + span(l.TookMS/1000) + " after it came in"
	}
	return s
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// maxKey bounds what is asked for: no id, phone or address is longer.
const maxKey = 320

func (h *Handler) why(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimSpace(r.URL.Query().Get("key"))
	if key == "" || len(key) > maxKey {
		writeText(w, http.StatusBadRequest, "key is a record id, a contact id, a phone or an e-mail\n")
		return
	}
	answer, err := h.deps.Asker.Why(r.Context(), key)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	answer.Filled()
	writeJSON(w, answer)
}

// Filled makes empty lists of missing ones.
func (y *Why) Filled() {
	y.Schema = Schema
	list(&y.Pairs)
	list(&y.Steps)
	list(&y.Waiting)
}
