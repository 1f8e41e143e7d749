package pubsub

import (
	"context"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
)

// Outlook forecasts what reading a topic from its oldest kept event would cost of the org's delivery allowance.
type Outlook interface {
	// Affordable reports whether the kept events fit what is left of the allowance besides its reserve, and says why not. An error is that nobody knows.
	Affordable(ctx context.Context, topic bridge.Topic) (ok bool, why string, err error)
}

// forecastTimeout bounds the forecast: reading goes on without it.
const forecastTimeout = 2 * time.Minute

// oldest reports whether a lost topic is read from its oldest kept event, and otherwise why it is not: then reading goes on at the tip, and the hole is
// filled over REST.
func (s *Subscriber) oldest(ctx context.Context) (bool, string) {
	if s.deps.Outlook == nil {
		return true, ""
	}
	ctx, cancel := context.WithTimeout(ctx, forecastTimeout)
	defer cancel()
	ok, why, err := s.deps.Outlook.Affordable(ctx, s.cfg.Topic)
	if err != nil {
		return false, "what is left of the delivery allowance is not known: " + err.Error()
	}
	return ok, why
}

// unbounded reports whether an id stands for records that an event does not name: 001* for all of an object, zeros for those of an overflow.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_other_events_overflow.htm
func unbounded(id bridge.RecordID) bool {
	return strings.HasSuffix(string(id), "*") || strings.HasPrefix(string(id), "000000000000000")
}

// unnamed takes the ids that name no record out of a change, once a hole for them is durable. It reports false when the context ended.
func (s *Subscriber) unnamed(ctx context.Context, c *bridge.Change) bool {
	i := slices.IndexFunc(c.Records, unbounded)
	if i < 0 {
		return true
	}
	h := bridge.Hole{
		Org: s.cfg.Org, Topic: s.cfg.Topic, Object: c.Object, From: c.Version.At.Add(-holeMargin).UTC(), To: s.deps.Now(),
		Whole: strings.HasSuffix(string(c.Records[i]), "*"), Reason: "more records changed at once than events were made of",
	}
	if h.Whole {
		h.Reason = "a change of the object's definition may have changed every record"
	}
	if !s.persist(ctx, "open hole", func() error { return s.deps.Positions.OpenHole(ctx, h) }) {
		return false
	}
	s.log.Warn("an event names no records, its object is compared", "object", c.Object, "event", c.Event, "whole", h.Whole)
	c.Records = slices.DeleteFunc(slices.Clone(c.Records), unbounded)
	return true
}
