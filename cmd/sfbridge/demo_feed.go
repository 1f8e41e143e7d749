package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"sfbridge/bridge"
)

// feed shows what arrives while it arrives: a line at a time, no faster than a person reads.
type feed struct {
	c    *console
	on   bool
	mu   sync.Mutex
	open bool
	last time.Time
}

func newFeed(d *demoCommand, c *console) *feed { return &feed{c: c, on: !d.JSON} }

// start tells where to look. Then edits are shown.
func (f *feed) start(at simAddresses) {
	if !f.on {
		return
	}
	f.c.printf("%s\n", f.paint("1", "sfbridge demo"))
	f.c.printf("A simulated Salesforce org and a simulated respond.io workspace, people at work in both, and the bridge between them.\n\n")
	f.c.printf("  status page   %s\n", f.paint("4", "http://"+at.Admin+"/"))
	f.c.printf("  to the end    Ctrl-C\n\n")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = true
}

// stop ends the showing.
func (f *feed) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = false
}

var fieldWords = map[string]string{"FirstName": "first name", "LastName": "last name", "Email": "e-mail"}

// tell shows an edit that arrived, unless another was shown a moment ago.
func (f *feed) tell(e edit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if !f.open || now.Sub(f.last) < demoFeed {
		return
	}
	f.last = now
	from, to, colour := "Salesforce", "respond.io", "36"
	if e.way == bridge.Outbound {
		from, to, colour = to, from, "35"
	}
	what := fieldWords[e.field]
	if e.create {
		what = "somebody new"
	}
	value := strings.TrimSpace(strings.Replace(mark.ReplaceAllString(e.value, ""), ".@", "@", 1))
	f.c.printf("  %s  %s  %-13s %-28s %7.1f ms\n", now.Format("15:04:05.0"), f.paint(colour, fmt.Sprintf("%-10s → %-10s", from, to)), what, value,
		float64(e.took.Microseconds())/1000)
}

// paint colours text for a terminal.
func (f *feed) paint(code, text string) string {
	if !f.c.tty {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
