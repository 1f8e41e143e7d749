package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"sfbridge/bridge"
)

// printTry is a trial for people.
func printTry(c *console, r *TryResult) {
	c.printf("%s\n", printable(r.Tried))
	for _, n := range r.Notes {
		c.printf("note: %s\n", printable(n))
	}
	for i := range r.Runs {
		printRun(c, &r.Runs[i])
	}
	c.printf("\nNothing was sent.\n")
}

func printRun(c *console, r *TryRun) {
	by := "by no transfer"
	if r.Transfer != "" {
		by = "by transfer " + string(r.Transfer)
	}
	c.printf("\n%s\n", printable(fmt.Sprintf("project %s, %s %s", r.Project, r.Direction, by)))
	switch {
	case r.Due.IsZero() && r.Timing != "":
		c.printf("  timing     %s\n", r.Timing)
	case r.Timing != "":
		c.printf("  timing     %s, next at %s\n", r.Timing, r.Due.Format(time.RFC3339))
	}
	if r.Condition != nil {
		c.printf("  condition  %s\n", printable(r.Condition.words()))
	}
	for i, line := range r.matched() {
		head := "           "
		if i == 0 {
			head = "  matched  "
		}
		c.printf("%s  %s\n", head, printable(line))
	}
	printFields(c, r)
	c.printf("  outcome    %s\n", printable(r.words()))
	if r.Remedy != "" {
		c.printf("             remedy: %s\n", printable(oneLine(r.Remedy)))
	}
	for _, q := range r.Requests {
		c.printf("  request    %s\n", printable(q.Method+" "+q.URL))
		var b bytes.Buffer
		if len(q.Body) > 0 && json.Indent(&b, q.Body, "             ", "  ") == nil {
			c.printf("             %s\n", printable(b.String()))
		}
	}
}

func (t *TryCondition) words() string {
	switch {
	case t.Error != "":
		return t.Text + ": " + oneLine(t.Error)
	case t.Holds:
		return t.Text + ": holds"
	default:
		return t.Text + ": does not hold"
	}
}

// placesOfSearch say where somebody was looked for.
var placesOfSearch = map[string]string{"store": "as the daemon knows", "mirror": "in the mirror", "Salesforce": "asking Salesforce", "platform": "asking the platform"}

// matched tells by what the other side was found.
func (r *TryRun) matched() []string {
	var lines []string
	if r.Linked {
		lines = append(lines, fmt.Sprintf("%s %s is linked to contact %s", r.Object, r.Record, r.Contact))
	}
	for _, s := range r.Searches {
		found := "nobody"
		if len(s.Found) > 0 {
			found = strings.Join(s.Found, ", ")
		}
		lines = append(lines, fmt.Sprintf("by %s, %s: %s = %s: %s", s.Rule, placesOfSearch[s.In], s.By, s.Value, found))
	}
	if len(lines) == 0 && r.Outcome != "skipped" {
		lines = append(lines, "nobody was looked for")
	}
	return lines
}

func printFields(c *console, r *TryRun) {
	if len(r.Fields) == 0 {
		return
	}
	said, other := "SALESFORCE", "PLATFORM NOW"
	if r.Direction == bridge.Outbound {
		said, other = "PLATFORM", "SALESFORCE NOW"
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "  FROM\tTO\t%s\t%s\tAFTER\n", said, other)
	for i := range r.Fields {
		f := &r.Fields[i]
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", tableText(f.From), tableText(f.To), valueText(f.Said), valueText(f.Before), f.after(r.Outcome))
	}
	_ = w.Flush()
	for line := range strings.Lines(b.String()) {
		c.printf("%s\n", printable(strings.TrimRight(line, " \n")))
	}
}

// after is what the field holds then.
func (f *TryField) after(outcome string) string {
	switch {
	case outcome != "send" && outcome != "same":
		return ""
	case f.Goes && f.Mapped.IsNull():
		return "→ cleared"
	case f.Goes:
		return "→ " + valueText(f.Mapped)
	case !f.Mapped.Known() || !f.Before.Known():
		return "left alone"
	case f.Mapped.Text != f.Before.Text:
		return "stays: no change of it to carry"
	default:
		return "stays"
	}
}

// valueText is a value in a table of people.
func valueText(v bridge.Value) string {
	switch {
	case !v.Known():
		return "-"
	case v.IsNull():
		return "(empty)"
	default:
		return tableText(v.Text)
	}
}

// cellWidth is how much of a value a table shows.
const cellWidth = 48

func tableText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
	if rs := []rune(s); len(rs) > cellWidth {
		return string(rs[:cellWidth-1]) + "…"
	}
	return s
}

// words say how the run would end.
func (r *TryRun) words() string {
	var text string
	switch r.Outcome {
	case "send":
		text = "would " + string(r.Op)
	case "same":
		text = "nothing to send"
	case "buried":
		text = "would be buried"
	case "deferred":
		text = "would wait and be tried again"
	default:
		text = r.Outcome
	}
	if r.Outcome == "send" {
		var names []string
		for i := range r.Fields {
			if r.Fields[i].Goes {
				names = append(names, r.Fields[i].To)
			}
		}
		text += " " + strings.Join(names, ", ")
		if len(r.Tags) > 0 {
			text += ", and tag " + strings.Join(r.Tags, ", ")
		}
	}
	if r.Reason != "" {
		text += ": " + oneLine(r.Reason)
	}
	return text
}
