package pubsub

import (
	"bytes"
	"time"

	"sfbridge/bridge"
)

// mark is the place of an event, or of an empty response, on the topic.
type mark struct {
	replay []byte
	commit time.Time // zero for an event that could not be read, and for an empty response
	idle   bool      // an empty response: everything before it has come
}

// trail turns events into positions that are safe to store. Several events may share a replay id, and a stream that is opened after an id
// brings none of them again: an id is passed only when another one, or an empty response, has followed it.
//
//	events      A   A   B   C   C    ··   keepalive D
//	position                A   B  B         D
type trail struct {
	stored bridge.Position // durable at the sink
	newest mark            // handed over and not passed yet; no replay id for none
}

// beyond is the position behind a batch, and the mark that is not passed then.
func (t *trail) beyond(batch []mark, now time.Time) (bridge.Position, mark) {
	p, last := t.stored, t.newest
	for _, m := range batch {
		if m.commit.IsZero() {
			m.commit = last.commit
		}
		if len(last.replay) > 0 && !bytes.Equal(last.replay, m.replay) {
			p = t.at(last, now)
		}
		if last = m; m.idle {
			p, last = t.at(m, now), mark{commit: m.commit}
		}
	}
	if len(p.Replay) == 0 && len(last.replay) > 0 {
		p = t.at(last, now) // the first of all: what shares the id lies in the hole of the first run
	}
	return p, last
}

// at is the position behind a mark. It covers what was committed up to then, which is now only where the service had nothing more to tell: what a
// backlog has still to bring is missing when its replay id is lost.
func (t *trail) at(m mark, now time.Time) bridge.Position {
	p := bridge.Position{Org: t.stored.Org, Topic: t.stored.Topic, Replay: m.replay, At: now, Event: m.commit, Anchored: true}
	if p.Event.IsZero() {
		p.Event = t.stored.Event
	}
	switch {
	case m.idle:
	case m.commit.IsZero() && !t.stored.At.IsZero():
		p.At = t.stored.At
	case !m.commit.IsZero() && m.commit.Before(now):
		p.At = m.commit
	}
	return p
}

// last is the commit of the newest event that is durable, zero before the first.
func (t *trail) last() time.Time {
	if t.newest.commit.IsZero() {
		return t.stored.Event
	}
	return t.newest.commit
}

// keep notes what the sink has made durable.
func (t *trail) keep(p bridge.Position, newest mark) { t.stored, t.newest = p, newest }

// rewind forgets what is not durable: the next stream brings it again.
func (t *trail) rewind() { t.newest = mark{} }
