package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sfbridge/bridge"
)

// tailCommand shows stories.
type tailCommand struct {
	configFlag
	Follow  bool   `short:"f" help:"Wait for more."`
	Lines   int    `short:"n" default:"20" help:"How many stories of the past to show (at most 1000)."`
	Project string `help:"Of one project only."`
	Key     string `help:"Of one record, contact or delivery only."`
	JSON    bool   `name:"json" help:"One line of JSON a story."`
}

// Run prints stories until the reader or the daemon stops.
func (t *tailCommand) Run(ctx context.Context, c *console) error {
	a, _, err := newAdmin(t.Config, c)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	query := url.Values{"history": {fmt.Sprint(t.Lines)}, "project": {t.Project}, "key": {t.Key}}
	if !t.Follow {
		query.Set("once", "")
	}
	body, err := a.open(ctx, http.MethodGet, "/status/tail?"+query.Encode(), "application/x-ndjson")
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s bridge.Story
		if len(lines.Bytes()) == 0 || json.Unmarshal(lines.Bytes(), &s) != nil {
			continue // a sign of life
		}
		if t.JSON {
			c.printf("%s\n", lines.Bytes())
		} else {
			c.printf("%s\n", storyLine(&s, c.tty))
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, context.Canceled) {
		return &exitError{exitEnvironment, fmt.Errorf("the daemon went away: %w", err)}
	}
	return nil
}

// The colours of a terminal.
const (
	plain  = "\x1b[0m"
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	blue   = "\x1b[34m"
	teal   = "\x1b[36m"
)

// storyLine is one story for people, with colours or without.
func storyLine(s *bridge.Story, colours bool) string {
	paint := func(colour, text string) string {
		if !colours || text == "" {
			return text
		}
		return colour + text + plain
	}
	record := strings.TrimSpace(string(s.Object) + " " + string(s.Record))
	contact := strings.TrimSpace(string(s.Project) + " " + string(s.Contact))
	from, arrow, to := record, paint(blue, "→"), contact
	if s.Direction == bridge.Outbound {
		from, arrow, to = contact, paint(teal, "→"), record
	}
	if to == "" {
		arrow = "" // nobody knows yet to whom
	}
	parts := []string{
		paint(dim, s.At.UTC().Format("15:04:05.000")), paint(outcomeColour(s.Outcome), fmt.Sprintf("%-8s", s.Outcome)),
		printable(from), arrow, printable(to), string(s.Op), paint(dim, printable(strings.Join(s.Fields, ","))),
	}
	if s.Reason != "" {
		parts = append(parts, "("+printable(strings.ReplaceAll(s.Reason, "\n", " "))+")")
	}
	if s.TookMS > 0 {
		parts = append(parts, paint(dim, time.Duration(s.TookMS*float64(time.Millisecond)).Round(time.Millisecond/10).String()))
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

func outcomeColour(o bridge.Outcome) string {
	switch o {
	case bridge.Sent:
		return green
	case bridge.Buried:
		return red
	case bridge.Conflict, bridge.Deferred:
		return yellow
	default:
		return dim
	}
}
