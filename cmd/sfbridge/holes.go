package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
)

// holesCommand is about stretches of time of which events may be missing.
type holesCommand struct {
	List    holesList    `cmd:"" help:"List holes and how far they are filled."`
	Approve holesApprove `cmd:"" help:"Let deletions through that are held because they are many."`
	Close   holesClose   `cmd:"" help:"Close holes as they are, without a compare."`
}

type holesList struct {
	configFlag
	All  bool `help:"Also those that were filled within 30 days."`
	JSON bool `name:"json" help:"As JSON."`
}

type holesApprove struct{ listedIDs }

type holesClose struct{ listedIDs }

// shownHole is a hole as it is shown.
type shownHole struct {
	ID       string                          `json:"id"`
	Org      bridge.OrgID                    `json:"org"`
	Topic    bridge.Topic                    `json:"topic"`
	Object   bridge.Object                   `json:"object,omitempty"`
	From     time.Time                       `json:"from"`
	To       *time.Time                      `json:"to"`
	Whole    bool                            `json:"whole"`
	Reason   string                          `json:"reason"`
	State    string                          `json:"state"` // waiting, filling, held or filled
	Held     string                          `json:"held,omitempty"`
	Rows     int                             `json:"rows"`
	Deleted  int                             `json:"deleted"`
	Progress map[bridge.Object]bridge.Filled `json:"progress,omitempty"`
}

func holeShown(h *bridge.Hole) shownHole {
	s := shownHole{
		ID: h.ID(), Org: h.Org, Topic: h.Topic, Object: h.Object, From: h.From.UTC(), Whole: h.Whole, Reason: h.Reason, State: "waiting", Held: h.Held(),
		Progress: h.Filled,
	}
	if !h.To.IsZero() {
		s.To = new(h.To.UTC())
	}
	for _, f := range h.Filled {
		s.Rows, s.Deleted = s.Rows+f.Rows, s.Deleted+f.Deleted
	}
	switch {
	case h.Closed:
		s.State = "filled"
	case s.Held != "":
		s.State = "held"
	case len(h.Filled) > 0:
		s.State = "filling"
	}
	return s
}

func holesShown(all []bridge.Hole) []shownHole {
	shown := make([]shownHole, len(all))
	for i := range all {
		shown[i] = holeShown(&all[i])
	}
	return shown
}

// holesAnswer is what a daemon answers.
type holesAnswer struct {
	Holes []shownHole `json:"holes"`
}

// Run lists.
func (l *holesList) Run(ctx context.Context, c *console) error {
	answer, err := answered(ctx, l.Config, c, "/holes", func(l letters) (holesAnswer, error) {
		all, err := l.store.Holes(ctx)
		return holesAnswer{holesShown(all)}, err
	})
	if err != nil {
		return err
	}
	if !l.All {
		answer.Holes = slices.DeleteFunc(answer.Holes, func(h shownHole) bool { return h.State == "filled" })
	}
	return listedHoles.print(c, answer.Holes, l.JSON)
}

// listedHoles is how holes are listed.
var listedHoles = list[shownHole]{"holes", "No hole is open.", "ID\tSTATE\tOF\tFROM\tTO\tROWS\tDELETED\tREASON", func(h *shownHole) string {
	to := "not known yet"
	if h.To != nil {
		to = h.To.Format(time.RFC3339)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s", h.ID, h.State, cmp.Or(string(h.Object), string(h.Topic)), h.From.Format(time.RFC3339), to,
		h.Rows, h.Deleted, oneLine(cmp.Or(h.Held, h.Reason)))
}}

// Run approves.
func (h *holesApprove) Run(ctx context.Context, c *console) error {
	return h.errand("/holes/%s/approve", "approved", func(ctx context.Context, l letters, id string) error { return l.store.ApproveHole(ctx, id, false) }).do(ctx, c)
}

// Run closes.
func (h *holesClose) Run(ctx context.Context, c *console) error {
	return h.errand("/holes/%s/close", "closed", func(ctx context.Context, l letters, id string) error { return l.store.ApproveHole(ctx, id, true) }).do(ctx, c)
}
