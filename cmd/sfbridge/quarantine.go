package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"text/tabwriter"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
	"sfbridge/store"
)

// quarantineCommand is about events that could not be read.
type quarantineCommand struct {
	List  quarantineList  `cmd:"" help:"List events that could not be read, with the reasons."`
	Show  quarantineShow  `cmd:"" help:"Show one with its raw bytes."`
	Retry quarantineRetry `cmd:"" help:"Read events once more, such as after an upgrade."`
	Drop  quarantineDrop  `cmd:"" help:"Forget events for good."`
}

type quarantineList struct {
	configFlag
	JSON bool `name:"json" help:"As JSON."`
}

type quarantineShow struct {
	configFlag
	ID string `arg:"" help:"The event's id."`
}

type quarantineRetry struct {
	configFlag
	IDs []string `arg:"" optional:"" name:"id" help:"The events' ids."`
	All bool     `help:"All of them."`
}

type quarantineDrop struct {
	configFlag
	IDs []string `arg:"" name:"id" help:"The events' ids."`
}

// rawEvent is an event in quarantine as it is shown. Payload stays out of lists: it may hold what people wrote.
type rawEvent struct {
	ID      string        `json:"id"`
	Org     bridge.OrgID  `json:"org"`
	Topic   bridge.Topic  `json:"topic"`
	Object  bridge.Object `json:"object,omitempty"`
	At      time.Time     `json:"at"`
	Replay  string        `json:"replay"` // hex
	Schema  string        `json:"schema"`
	Bytes   int           `json:"bytes"`
	Reason  string        `json:"reason"`
	Payload []byte        `json:"payload,omitempty"` // base64
}

func shownEvent(r *store.Raw, whole bool) rawEvent {
	e := rawEvent{
		ID: r.ID, Org: r.Org, Topic: r.Topic, Object: r.Object, At: r.At.UTC(), Replay: hex.EncodeToString(r.Replay), Schema: r.Schema,
		Bytes: len(r.Payload), Reason: r.Reason,
	}
	if whole {
		e.Payload = r.Payload
	}
	return e
}

func shownEvents(rs []store.Raw) []rawEvent {
	all := make([]rawEvent, len(rs))
	for i := range rs {
		all[i] = shownEvent(&rs[i], false)
	}
	return all
}

// quarantined answers the list, of the daemon or of the store that no daemon has open.
func quarantined(ctx context.Context, file string, c *console) (all []rawEvent, err error) {
	a, cfg, err := newAdmin(file, c)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Events []rawEvent `json:"quarantine"`
	}
	if err = a.call(ctx, http.MethodGet, "/quarantine", &answer); !errors.Is(err, errNoDaemon) {
		return answer.Events, err
	}
	err = withStore(ctx, cfg, func(l letters) error {
		rs, err := l.store.Quarantined(ctx)
		all = shownEvents(rs)
		return err
	})
	return all, err
}

// Run lists.
func (l *quarantineList) Run(ctx context.Context, c *console) error {
	all, err := quarantined(ctx, l.Config, c)
	if err != nil {
		return err
	}
	if l.JSON {
		return printJSON(c, map[string]any{"schema": status.Schema, "quarantine": all})
	}
	printQuarantine(c, all)
	return nil
}

func printQuarantine(c *console, all []rawEvent) {
	if len(all) == 0 {
		c.printf("No event is in quarantine.\n")
		return
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tCAME\tTOPIC\tOBJECT\tBYTES\tREASON")
	for _, e := range all {
		_, _ = fmt.Fprintln(w, printable(fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%s", e.ID, e.At.Format(time.RFC3339), e.Topic, e.Object, e.Bytes, oneLine(e.Reason))))
	}
	_ = w.Flush()
}

// Run shows.
func (s *quarantineShow) Run(ctx context.Context, c *console) error {
	a, cfg, err := newAdmin(s.Config, c)
	if err != nil {
		return err
	}
	var e rawEvent
	if err = a.call(ctx, http.MethodGet, "/quarantine/"+url.PathEscape(s.ID), &e); errors.Is(err, errNoDaemon) {
		err = withStore(ctx, cfg, func(l letters) error {
			r, err := l.store.QuarantinedEvent(ctx, s.ID)
			e = shownEvent(&r, true)
			return unknownID(err)
		})
	}
	if err != nil {
		return err
	}
	return printJSON(c, e)
}

// unknownID makes an id that nobody knows the operator's mistake.
func unknownID(err error) error {
	if errors.Is(err, bridge.ErrNotFound) {
		return &exitError{exitConfig, err}
	}
	return err
}

// Run reads again. It needs the daemon, which has the way to Salesforce.
func (r *quarantineRetry) Run(ctx context.Context, c *console) error {
	if r.All == (len(r.IDs) > 0) {
		return &exitError{exitConfig, errors.New("name ids, or say --all")}
	}
	a, _, err := newAdmin(r.Config, c)
	if err != nil {
		return err
	}
	ids := r.IDs
	if r.All {
		var answer struct {
			Events []rawEvent `json:"quarantine"`
		}
		if err := a.call(ctx, http.MethodGet, "/quarantine", &answer); err != nil {
			return err
		}
		for _, e := range answer.Events {
			ids = append(ids, e.ID)
		}
	}
	return each(ctx, c, slices.Values(ids), "read", func(ctx context.Context, id string) error {
		return a.call(ctx, http.MethodPost, "/quarantine/"+url.PathEscape(id)+"/retry", &struct{}{})
	})
}

// Run drops.
func (d *quarantineDrop) Run(ctx context.Context, c *console) error {
	a, cfg, err := newAdmin(d.Config, c)
	if err != nil {
		return err
	}
	err = each(ctx, c, slices.Values(d.IDs), "dropped", func(ctx context.Context, id string) error {
		return a.call(ctx, http.MethodPost, "/quarantine/"+url.PathEscape(id)+"/drop", &struct{}{})
	})
	if !errors.Is(err, errNoDaemon) {
		return err
	}
	return withStore(ctx, cfg, func(l letters) error {
		return each(ctx, c, slices.Values(d.IDs), "dropped", func(ctx context.Context, id string) error {
			return unknownID(l.store.DropQuarantined(ctx, id))
		})
	})
}
