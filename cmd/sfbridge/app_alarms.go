package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/status"
	"sfbridge/outbound/salesforce"
	"sfbridge/pubsub"
)

// The bounds beyond which something is an alarm.
const (
	warnReplayAge  = 24 * time.Hour // of the 72 that Salesforce keeps events
	alarmReplayAge = 48 * time.Hour
	alarmQueue     = 10 * time.Minute // age of the oldest delivery that waits
	alarmDisk      = 0.15             // share of the disk that is free
	alarmAPI       = 0.8              // share of the day's API calls that is used
)

// alarm adds one. Help may be "".
func alarm(s *status.Status, name, help, format string, args ...any) {
	s.Alarms = append(s.Alarms, status.Alarm{Name: name, Text: fmt.Sprintf(format, args...), Help: help})
}

// apart takes the remedy out of the text of an error.
func apart(err error) (text, remedy string) {
	text = err.Error()
	if h, ok := errors.AsType[*bridge.HintError](err); ok {
		remedy = h.Hint
		text = strings.ReplaceAll(text, "\n  remedy: "+h.Hint, "")
	}
	return strings.ReplaceAll(text, "\n", "; "), remedy
}

// blameOrg says why an org is not worked with: it refused the login, or nothing was heard of it.
func blameOrg(s *status.Status, line *status.Org, err error) {
	text, remedy := apart(err)
	line.LastError = &text
	if _, refused := errors.AsType[*salesforce.APIError](err); refused || errors.Is(err, salesforce.ErrOtherOrg) {
		line.Auth = "refused"
		alarm(s, "auth-lost", remedy, "%s refuses the bridge: %s", line.Name, text)
		return
	}
	line.Auth = "unreachable"
	if remedy == "" {
		remedy = "nothing is lost: webhooks are taken in, and Salesforce keeps events for 72 hours; look at login_url and at the way to it"
	}
	alarm(s, "org-unreachable", remedy, "%s does not answer: %s", line.Name, text)
}

// worded takes the words of gRPC from the text of an error.
func worded(text string) string {
	for _, marker := range []string{`desc = "transport: Error while dialing: `, "desc = "} {
		if i := strings.LastIndex(text, marker); i >= 0 {
			text = text[i+len(marker):]
		}
	}
	return strings.Trim(text, `"`)
}

// blameTopic tells the trouble of a stream, also of one that is live and only skipped something.
func blameTopic(s *status.Status, t *pubsub.Status) {
	if t.Problem == "" {
		return
	}
	name := map[pubsub.State]string{
		pubsub.AuthFailed: "auth-lost", pubsub.ReplayLost: "gap-opened", pubsub.PausedLimit: "events-used-up", pubsub.StoppedNeedsAdmin: "topic-stopped",
	}[t.State]
	if name == "" {
		name = "topic-troubled"
	}
	remedy := t.Remedy
	if remedy == "" {
		remedy = "it is tried again by itself; Salesforce keeps events for 72 hours"
	}
	alarm(s, name, remedy, "%s: %s", t.Topic, worded(t.Problem))
	if !t.Since.IsZero() {
		s.Alarms[len(s.Alarms)-1].Since = &t.Since
	}
}

// blameBreaker tells that deliveries wait for a side.
func blameBreaker(s *status.Status, p bridge.ProjectID, way bridge.Direction, b courier.Breaker) {
	reason, remedy, _ := strings.Cut(b.Reason, "\n  remedy: ")
	if remedy == "" {
		remedy = "nothing is lost: what waits goes on by itself when that side answers again"
	}
	name := "breaker-open"
	if b.Attention {
		name = "needs-attention"
	}
	alarm(s, name, remedy, "%s %s: %s", p, way, reason)
	if b.Open {
		s.Alarms[len(s.Alarms)-1].Since = &b.Since
	}
}

// tellAlarms adds what follows from the figures.
func tellAlarms(s *status.Status) {
	for i := range s.Topics {
		switch t := &s.Topics[i]; {
		case t.ReplayAgeS == nil:
		case *t.ReplayAgeS > alarmReplayAge.Seconds():
			alarm(s, "replay-age", "let the stream run again before that", "%s has not moved for %.0f h; after 72 h events are lost and must be read over REST",
				t.Topic, *t.ReplayAgeS/3600)
		case *t.ReplayAgeS > warnReplayAge.Seconds():
			alarm(s, "replay-ageing", "look at why the stream does not run; it has two days left", "%s has not moved for %.0f h", t.Topic, *t.ReplayAgeS/3600)
		}
	}
	for i := range s.Holes {
		h := &s.Holes[i]
		switch {
		case h.Held != "":
			alarm(s, "hole-held", "see to it in Salesforce, then: sfbridge holes approve "+h.ID, "%s: %s", h.Topic, h.Held)
		case !h.First:
			alarm(s, "gap-opened", "it is filled by itself from what Salesforce holds: sfbridge holes list", "%s: events may be missing: %s", h.Topic, h.Reason)
		}
	}
	for i := range s.Outlets {
		if o := &s.Outlets[i]; o.OldestAgeS != nil && *o.OldestAgeS > alarmQueue.Seconds() {
			alarm(s, "queue-oldest", "", "%s %s: the oldest delivery waits for %.0f min", o.Project, o.Direction, *o.OldestAgeS/60)
		}
	}
	for i := range s.Orgs {
		if o := &s.Orgs[i]; o.APIUsed != nil && float64(*o.APIUsed) > alarmAPI*float64(*o.APILimit) {
			alarm(s, "api-used", "look at who else calls; deliveries to Salesforce pause when nothing is left", "%s: %d of %d API calls of the day are used", o.Name, *o.APIUsed, *o.APILimit)
		}
	}
}
