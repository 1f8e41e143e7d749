package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"sfbridge/bridge/status"
)

// statusCommand shows the daemon's status.
type statusCommand struct {
	configFlag
	JSON bool `name:"json" help:"The status as JSON, as /status answers it."`
}

// Run asks the daemon and prints.
func (s *statusCommand) Run(ctx context.Context, c *console) error {
	a, _, err := newAdmin(s.Config, c)
	if err != nil {
		return err
	}
	var st status.Status
	if err := a.call(ctx, http.MethodGet, "/status", &st); err != nil {
		return err
	}
	if s.JSON {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(st)
	}
	printStatus(c.out, &st)
	c.printf("\npage  %s/\n", a.base)
	return nil
}

// printStatus is the status for people.
func printStatus(out io.Writer, s *status.Status) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintln(w, printable(fmt.Sprintf(format, args...))) }
	line("sfbridge %s\t%s, up %s", s.Version, s.State, seconds(&s.UptimeS))
	for _, a := range s.Alarms {
		line("ALARM %s\t%s", a.Name, a.Text)
		if a.Help != "" {
			line("\tremedy: %s", a.Help)
		}
	}
	for _, h := range s.Holes {
		word := "HOLE"
		if h.First {
			word = "begun"
		}
		line("%s %s\tfrom %s: %s", word, h.Topic, h.From.Format(time.RFC3339), h.Reason)
	}
	for _, o := range s.Orgs {
		line("org %s\t%s, API calls %s of %s%s", o.Name, o.Auth, whole(o.APIUsed), whole(o.APILimit), because(o.LastError))
	}
	for _, t := range s.Topics {
		line("topic %s\t%s, position %s old%s", t.Topic, t.State, seconds(t.ReplayAgeS), because(t.LastError))
	}
	for _, o := range s.Outlets {
		oldest := seconds(o.OldestAgeS)
		if o.Waiting != nil && *o.Waiting == 0 {
			oldest = "none"
		}
		line("%s %s\tbreaker %s, %s waiting, oldest %s, p50 %s, p99 %s%s", o.Project, o.Direction, o.Breaker, whole(o.Waiting), oldest,
			seconds(o.P50S), seconds(o.P99S), because(o.LastError))
		if len(o.Shadow) > 0 {
			line("\tshadow: %s send nothing, %s out of sync by that", shadowNames(&o), whole(o.Shadowed))
		}
		if o.TimedNext != nil {
			line("\ttiming: %s for their time, next at %s", whole(o.Timed), o.TimedNext.Format(time.RFC3339))
		}
	}
	line("dead letters\t%s", whole(s.Buried.Total))
	_ = w.Flush()
}

func shadowNames(o *status.Outlet) string {
	names := make([]string, len(o.Shadow))
	for i, t := range o.Shadow {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

func whole(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n)
}

func seconds(s *float64) string {
	if s == nil {
		return "unknown"
	}
	d := time.Duration(*s * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

func because(err *string) string {
	if err == nil {
		return ""
	}
	return ", last error: " + *err
}
