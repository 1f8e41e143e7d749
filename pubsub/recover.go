package pubsub

import (
	"context"
	"errors"
	"time"

	"sfbridge/bridge"
)

// longLife is how long a stream lives when nothing is wrong with it, and the least time between two clean ends that are answered at once.
const longLife = time.Minute

// steadyLife is how long a stream must live for the service to be well again, where it protected itself: it may let streams in and refuse them soon after.
const steadyLife = 5 * time.Minute

// shortLife is how long a stream must live to count as a success: a new one often speaks at once, since it repeats the newest event.
const shortLife = 10 * time.Second

// recover decides what follows the end of a stream, which is nil where none could be opened, and how long to wait before.
func (s *Subscriber) recover(ctx context.Context, st *stream, err error) time.Duration {
	s.board.change(func(b *Status) { b.Breaks++ })
	if login := (*loginError)(nil); errors.As(err, &login) {
		s.metrics.breaks.WithLabelValues("login").Inc()
		return s.retreat(AuthFailed, err, quick)
	}
	s.learn(st)
	f := st.judge(err)
	s.metrics.breaks.WithLabelValues(f.reason()).Inc()
	switch {
	case f.clean && time.Since(st.opened) >= longLife, f.clean && time.Since(s.reopened) >= longLife:
		s.reopened = time.Now()
		return 0
	case errors.Is(f.err, errSilent):
		s.silences++
		return s.retreat(Stalled, f.err, ladder{}) // the watchdog has waited long enough
	}
	return s.remedy(ctx, st, f)
}

// learn takes from a stream that spoke that the trouble before it is over.
func (s *Subscriber) learn(st *stream) {
	if st.messages == 0 {
		return
	}
	s.silences = 0
	if time.Since(st.opened) >= shortLife {
		s.failures, s.renewals = 0, 0
	}
	if time.Since(st.opened) >= longLife {
		s.credit = s.cfg.Credit
	}
	if time.Since(st.opened) >= steadyLife {
		s.refusals = 0
	}
}

func (s *Subscriber) remedy(ctx context.Context, st *stream, f fault) time.Duration {
	defer func() { s.board.change(func(b *Status) { b.Remedy = hintOf(f) }) }()
	switch f.action {
	case renew:
		s.deps.Auth.Invalidate(st.session)
		if s.renewals++; s.renewals == 1 {
			return 0
		}
		return s.retreat(AuthFailed, f.err, f.ladder)
	case shrink:
		s.credit = max(1, s.credit/2)
		return s.retreat(Connecting, f.err, f.ladder)
	case halt:
		return s.retreat(StoppedNeedsAdmin, f.err, f.ladder)
	case hold:
		return s.retreat(PausedLimit, f.err, f.ladder)
	case relocate:
		return s.jump(ctx, f)
	default:
		return s.retreat(Connecting, f.err, f.ladder)
	}
}

// retreat shows the trouble and answers the wait of the ladder. It is logged when it begins, not while it lasts.
func (s *Subscriber) retreat(to State, err error, l ladder) time.Duration {
	rung := &s.failures
	if l == slow {
		rung = &s.refusals
	}
	wait := l.wait(*rung)
	if l.top > 0 {
		*rung++
	}
	if was := s.board.snapshot(); was.State != to || *rung == 1 {
		s.log.Warn("stream interrupted", "state", to, "error", err, "wait", wait)
	}
	retry := s.deps.Now().Add(wait)
	s.board.change(func(b *Status) {
		b.State, b.Problem, b.Remedy, b.Retry = to, err.Error(), "", retry
		if to == Connecting && s.first() {
			b.State = Anchoring
		}
	})
	return wait
}

// jump makes the next stream start at the oldest event that is kept, or at the tip where those that are kept would cost more than is left, once the
// hole that may lie before it is durable. A second jump waits, and an id that was lost once is never sent again.
func (s *Subscriber) jump(ctx context.Context, f fault) time.Duration {
	wait := s.cfg.JumpPause
	if !s.lost {
		wait -= time.Since(s.jumped)
	}
	if wait > 0 {
		return s.retreat(ReplayLost, f.err, ladder{wait, wait, wait})
	}
	s.board.change(func(b *Status) { b.State, b.Problem = ReplayLost, f.err.Error() })
	h := bridge.Hole{Org: s.cfg.Org, Topic: s.cfg.Topic, From: s.trail.stored.At.Add(-holeMargin), To: s.deps.Now(),
		Reason: "the replay id was lost: " + f.code}
	oldest, why := s.oldest(ctx)
	s.log.Error("replay id lost", "position", s.trail.stored.At, "error", f.err, "oldest", oldest, "reason", why)
	if !oldest {
		h.To, h.Reason = time.Time{}, h.Reason+"; reading goes on at the tip: "+why
	}
	if !s.persist(ctx, "open hole", func() error { return s.deps.Positions.OpenHole(ctx, h) }) {
		return 0
	}
	s.metrics.jumps.Inc()
	s.jumped, s.lost = time.Now(), oldest
	if !oldest {
		s.missing, s.trail.stored.Replay = &h, nil
	}
	return 0
}
