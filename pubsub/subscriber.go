package pubsub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/cdc"
	"sfbridge/pubsub/pubsubpb"
)

// Subscriber reads one topic for as long as Run runs.
type Subscriber struct {
	cfg     Config
	deps    Deps
	client  pubsubpb.PubSubClient
	metrics *metrics
	log     *slog.Logger
	board   board

	// What follows belongs to Run; while a stream runs, trail belongs to who makes its steps durable, unread and last to who reads them.
	trail  trail
	unread map[string]absence // schemas that could not be had, by id
	last   struct {           // the schema of the event before
		id     string
		schema *cdc.Schema
	}
	credit   int
	failures int       // streams in a row that said nothing
	refusals int       // of a service that protects itself, since a stream lived for steadyLife
	renewals int       // sessions in a row that were refused
	silences int       // streams in a row that fell silent
	reopened time.Time // when a clean end was last answered at once
	jumped   time.Time // when reading last started at the oldest kept event
	lost     bool      // the stored position is not known to the service any more
	started  time.Time // of the first run of a topic
	orders   chan *order
	missing  *bridge.Hole // what ends where reading begins again at the tip; nil for the hole of the first run
}

// Status is what the subscriber is doing now. It may be called at any time.
func (s *Subscriber) Status() Status { return s.board.snapshot() }

// Run reads until the context ends, and returns nil then. It must be called once.
func (s *Subscriber) Run(ctx context.Context) error {
	s.started = s.deps.Now()
	if !s.persist(ctx, "read the beat", func() error { return s.deps.Beats.load(ctx) }) {
		return nil
	}
	if !s.persist(ctx, "read position", func() error { return s.load(ctx) }) {
		return nil
	}
	for s.idle(ctx, s.round(ctx)) {
	}
	return nil
}

// round reads one stream to its end and answers how long to wait for the next.
func (s *Subscriber) round(ctx context.Context) time.Duration {
	st, err := s.open(ctx)
	t := &turn{stream: st, orders: s.orders}
	if err == nil {
		err = t.Run(ctx)
	}
	if t.order != nil {
		s.carryOut(ctx, t.order)
		return 0
	}
	if ctx.Err() != nil {
		return 0
	}
	return s.recover(ctx, st, err)
}

// load reads where the topic was left.
func (s *Subscriber) load(ctx context.Context) error {
	p, err := s.deps.Positions.Position(ctx, s.cfg.Org, s.cfg.Topic)
	if errors.Is(err, bridge.ErrNotFound) || err == nil && len(p.Replay) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	p.Org, p.Topic = s.cfg.Org, s.cfg.Topic
	s.trail.stored = p
	s.board.change(func(st *Status) { st.Position = p })
	s.begin(p)
	return nil
}

// first reports whether there is no position to read on from: none was ever stored, or it was lost and reading goes on at the tip.
func (s *Subscriber) first() bool { return len(s.trail.stored.Replay) == 0 }

// open logs in and lays out the next stream.
func (s *Subscriber) open(ctx context.Context) (*stream, error) {
	if s.first() {
		s.board.change(func(st *Status) { st.State = Anchoring })
	}
	session, err := s.deps.Auth.Token(ctx)
	if err != nil {
		return nil, &loginError{err}
	}
	s.trail.rewind()
	r := &pubsubpb.FetchRequest{TopicName: string(s.cfg.Topic), NumRequested: int32(s.credit)}
	switch {
	case s.lost || s.trail.stored.From == bridge.Earliest:
		r.ReplayPreset = pubsubpb.ReplayPreset_EARLIEST
	case s.first():
		r.ReplayPreset = pubsubpb.ReplayPreset_LATEST
	default:
		r.ReplayPreset, r.ReplayId = pubsubpb.ReplayPreset_CUSTOM, s.trail.stored.Replay
	}
	return newStream(s, session, r), nil
}

// loginError says that no session is to be had.
type loginError struct{ error }

func (e *loginError) Error() string { return "log in: " + e.error.Error() }
func (e *loginError) Unwrap() error { return e.error }

// limit is how long the next stream may be silent, where the service has no longer beat.
func (s *Subscriber) limit() time.Duration {
	if s.silences > 0 {
		return 2 * s.cfg.Silence
	}
	return s.cfg.Silence
}

// persist repeats f until it succeeds; it reports false when the context ended first.
func (s *Subscriber) persist(ctx context.Context, what string, f func() error) bool {
	for n := 0; ; n++ {
		err := f()
		if err == nil {
			if n > 0 {
				s.board.trouble(what, "")
			}
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		err = fmt.Errorf("%s: %w", what, err)
		s.board.trouble(what, err.Error())
		if n == 0 {
			s.log.Error("not durable yet, trying again", "error", err)
		}
		if !pause(ctx, ladder{0, time.Second, 30 * time.Second}.wait(n)) {
			return false
		}
	}
}
