package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"sfbridge/bridge"
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

// quarantineAnswer is what a daemon answers.
type quarantineAnswer struct {
	Events []rawEvent `json:"quarantine"`
}

// Run lists.
func (l *quarantineList) Run(ctx context.Context, c *console) error {
	answer, err := answered(ctx, l.Config, c, "/quarantine", func(l letters) (quarantineAnswer, error) {
		rs, err := l.store.Quarantined(ctx)
		return quarantineAnswer{shownEvents(rs)}, err
	})
	if err != nil {
		return err
	}
	return listedEvents.print(c, answer.Events, l.JSON)
}

// listedEvents is how events in quarantine are listed.
var listedEvents = list[rawEvent]{"quarantine", "No event is in quarantine.", "ID\tCAME\tTOPIC\tOBJECT\tBYTES\tREASON", func(e *rawEvent) string {
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%s", e.ID, e.At.Format(time.RFC3339), e.Topic, e.Object, e.Bytes, oneLine(e.Reason))
}}

// Run shows.
func (s *quarantineShow) Run(ctx context.Context, c *console) error {
	e, err := answered(ctx, s.Config, c, "/quarantine/"+url.PathEscape(s.ID), func(l letters) (rawEvent, error) {
		r, err := l.store.QuarantinedEvent(ctx, s.ID)
		return shownEvent(&r, true), unknownID(err)
	})
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
	x := errand{config: r.Config, ids: r.IDs, path: "/quarantine/%s/retry", done: "read"}
	if r.All {
		answer, err := answered[quarantineAnswer](ctx, r.Config, c, "/quarantine", nil)
		if err != nil {
			return err
		}
		for _, e := range answer.Events {
			x.ids = append(x.ids, e.ID)
		}
	}
	return x.do(ctx, c)
}

// Run drops.
func (d *quarantineDrop) Run(ctx context.Context, c *console) error {
	return errand{d.Config, d.IDs, "/quarantine/%s/drop", "dropped", func(ctx context.Context, l letters, id string) error {
		return l.store.DropQuarantined(ctx, id)
	}}.do(ctx, c)
}
