package pubsub

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"

	"sfbridge/bridge"
	"sfbridge/pubsub/cdc"
)

// topicPrefix stands before the name of an event in the topic of one object.
const topicPrefix = "/data/"

// take makes a step durable, or leaves it undone when the context ends. The position moves only with what is before it.
func (s *Subscriber) take(ctx context.Context, step *step) {
	if step.broken || ctx.Err() != nil || !s.setAside(ctx, step.faults) {
		return
	}
	n := 0
	for i := range step.changes {
		c := &step.changes[i]
		switch {
		case !s.unnamed(ctx, c):
			return
		case len(c.Records) == 0:
			continue
		case n < i:
			step.changes[n], *c = *c, step.changes[n] // two places never share their memory
		}
		n++
	}
	if len(step.marks) == 0 || s.first() && !s.anchor(ctx) {
		return
	}
	p, newest := s.trail.beyond(step.marks, s.deps.Now())
	p.Replay, newest.replay = bytes.Clone(p.Replay), bytes.Clone(newest.replay) // they outlive the responses
	s.accept(ctx, step.changes[:n:n], p, newest)
}

// setAside sees events that could not be read into quarantine; it reports false when the context ended.
func (s *Subscriber) setAside(ctx context.Context, faults []misread) bool {
	for _, f := range faults {
		if !s.quarantine(ctx, f.event, f.err) {
			return false
		}
	}
	return true
}

// anchor records what lies before the first message of a stream that began at the tip.
func (s *Subscriber) anchor(ctx context.Context) bool {
	h := bridge.Hole{Org: s.cfg.Org, Topic: s.cfg.Topic, From: s.started, Reason: "first run: reading began within this time"}
	h.Whole, h.Quiet = s.cfg.Load == bridge.LoadMirror || s.cfg.Load == bridge.LoadSend, s.cfg.Load == bridge.LoadMirror
	if !s.cfg.Since.IsZero() {
		h.Whole, h.Quiet = false, false // they were read by way of the others
		h.From, h.Reason = s.cfg.Since.Add(-holeMargin), "the topic takes the place of others, which were read up to here"
	}
	if s.missing != nil {
		h = *s.missing
	}
	h.To = s.deps.Now()
	return s.persist(ctx, "open hole", func() error { return s.deps.Positions.OpenHole(ctx, h) })
}

func (s *Subscriber) accept(ctx context.Context, changes []bridge.Change, p bridge.Position, newest mark) {
	if ctx.Err() != nil || !s.persist(ctx, "accept changes", func() error { return s.deps.Sink.Accept(ctx, changes, p) }) {
		return
	}
	if string(p.Replay) != string(s.trail.stored.Replay) {
		s.lost = false
	}
	s.trail.keep(p, newest)
	s.missing = nil
	s.board.change(func(st *Status) { st.Position = p })
	if err := s.deps.Beats.keep(ctx); err != nil {
		s.log.Debug("beat not kept", "error", err)
	}
}

func (s *Subscriber) decode(ctx context.Context, e *event, c *bridge.Change) error {
	schema, err := s.schema(ctx, e.schema)
	if err != nil {
		return err
	}
	before := schema.Strays()
	err = schema.DecodeInto(c, e.payload)
	if strays := schema.Strays() - before; strays > 0 {
		s.metrics.strays.Add(float64(strays))
	}
	c.Org, c.Topic, c.Event = s.cfg.Org, s.cfg.Topic, eventID(string(e.id), e.replay)
	return err
}

// eventID is the id by which an event is known again, also where it has none of its own.
func eventID(id string, replay []byte) string {
	if id == "" {
		return "replay-" + hex.EncodeToString(replay)
	}
	return id
}

// quarantine makes an event that cannot be read durable as it is.
func (s *Subscriber) quarantine(ctx context.Context, e *event, reason error) bool {
	q := Quarantined{
		Org: s.cfg.Org, Topic: s.cfg.Topic, Replay: bytes.Clone(e.replay), Event: string(e.id), Schema: string(e.schema),
		Payload: bytes.Clone(e.payload), Reason: reason.Error(), At: s.deps.Now(), Since: s.trail.last(),
		Object: cdc.ObjectOf(strings.TrimPrefix(string(s.cfg.Topic), topicPrefix)),
	}
	if schema := s.deps.Schemas.peek(q.Schema); q.Object == "" && schema != nil {
		q.Object = schema.Object()
	}
	if !s.persist(ctx, "quarantine event", func() error { return s.deps.Quarantine.Quarantine(ctx, q) }) {
		return false
	}
	s.log.Error("event quarantined", "event", q.Event, "schema", q.Schema, "reason", q.Reason)
	s.metrics.quarantined.Inc()
	s.board.change(func(st *Status) { st.Quarantined++ })
	return true
}
