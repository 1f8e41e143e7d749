package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"text/tabwriter"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
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

type holesApprove struct {
	configFlag
	IDs []string `arg:"" name:"id" help:"The ids that list shows."`
}

type holesClose struct {
	configFlag
	IDs []string `arg:"" name:"id" help:"The ids that list shows."`
}

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

// Run lists.
func (l *holesList) Run(ctx context.Context, c *console) error {
	a, cfg, err := newAdmin(l.Config, c)
	if err != nil {
		return err
	}
	var answer struct {
		Holes []shownHole `json:"holes"`
	}
	if err = a.call(ctx, http.MethodGet, "/holes", &answer); errors.Is(err, errNoDaemon) {
		err = withStore(ctx, cfg, func(l letters) error {
			all, err := l.store.Holes(ctx)
			answer.Holes = holesShown(all)
			return err
		})
	}
	if err != nil {
		return err
	}
	if !l.All {
		answer.Holes = slices.DeleteFunc(answer.Holes, func(h shownHole) bool { return h.State == "filled" })
	}
	if l.JSON {
		return printJSON(c, map[string]any{"schema": status.Schema, "holes": answer.Holes})
	}
	printHoles(c, answer.Holes)
	return nil
}

func printHoles(c *console, all []shownHole) {
	if len(all) == 0 {
		c.printf("No hole is open.\n")
		return
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tSTATE\tOF\tFROM\tTO\tROWS\tDELETED\tREASON")
	for _, h := range all {
		of, to, reason := string(h.Topic), "not known yet", h.Reason
		if h.Object != "" {
			of = string(h.Object)
		}
		if h.To != nil {
			to = h.To.Format(time.RFC3339)
		}
		if h.Held != "" {
			reason = h.Held
		}
		_, _ = fmt.Fprintln(w, printable(fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s", h.ID, h.State, of, h.From.Format(time.RFC3339), to, h.Rows, h.Deleted, oneLine(reason))))
	}
	_ = w.Flush()
}

// Run approves.
func (h *holesApprove) Run(ctx context.Context, c *console) error {
	return holeAct(ctx, c, h.Config, h.IDs, false)
}

// Run closes.
func (h *holesClose) Run(ctx context.Context, c *console) error {
	return holeAct(ctx, c, h.Config, h.IDs, true)
}

// holeAct lets holes be filled whatever is held, or closes them.
func holeAct(ctx context.Context, c *console, file string, ids []string, closing bool) error {
	a, cfg, err := newAdmin(file, c)
	if err != nil {
		return err
	}
	act, done := "approve", "approved"
	if closing {
		act, done = "close", "closed"
	}
	err = each(ctx, c, slices.Values(ids), done, func(ctx context.Context, id string) error {
		return a.call(ctx, http.MethodPost, "/holes/"+url.PathEscape(id)+"/"+act, &struct{}{})
	})
	if !errors.Is(err, errNoDaemon) {
		return err
	}
	return withStore(ctx, cfg, func(l letters) error {
		return each(ctx, c, slices.Values(ids), done, func(ctx context.Context, id string) error { return unknownID(l.store.ApproveHole(ctx, id, closing)) })
	})
}
