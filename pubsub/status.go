package pubsub

import (
	"maps"
	"slices"
	"sync"
	"time"

	"sfbridge/bridge"
)

// State is what a subscriber is doing, for people.
type State string

// The states.
const (
	Connecting        State = "connecting"          // no message of the service yet
	Anchoring         State = "anchoring"           // first run: waiting for a position to start from
	Live              State = "live"                // the stream speaks
	Stalled           State = "stalled"             // the stream fell silent and is opened anew
	PausedLimit       State = "paused-limit"        // the org's delivery allowance is used up; events are kept by Salesforce for 72 hours
	AuthFailed        State = "auth-failed"         // no session is to be had
	ReplayLost        State = "replay-lost"         // the position is older than what Salesforce keeps
	StoppedNeedsAdmin State = "stopped-needs-admin" // the topic or the right to read it is missing
)

// Status is a snapshot of a subscriber. Times are zero for never.
type Status struct {
	Org         bridge.OrgID
	Topic       bridge.Topic
	State       State
	Since       time.Time // of the state
	LastMessage time.Time // when the service last said anything, an empty response included
	LastEvent   time.Time // when an event last came
	Position    bridge.Position
	Problem     string // the trouble that is not over, "" for none
	Remedy      string // what an administrator can do about it, "" for nothing
	Retry       time.Time
	Events      uint64 // received since the start
	Quarantined uint64 // since the start
	Breaks      uint64 // streams that ended since the start
}

// board holds the status; its lock is never held across a wait.
type board struct {
	now     func() time.Time
	metrics *metrics
	mu      sync.Mutex
	s       Status
	snags   map[string]string // troubles that are not the stream's, by what has them: they last though it speaks
}

func (b *board) snapshot() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.s
}

func (b *board) change(f func(s *Status)) {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.s.State
	f(&b.s)
	if b.s.State != was {
		b.s.Since = now
		b.metrics.state.WithLabelValues(string(was)).Set(0)
	}
	b.metrics.state.WithLabelValues(string(b.s.State)).Set(1)
	if !b.s.Position.At.IsZero() {
		b.metrics.position.Set(float64(b.s.Position.At.Unix()))
	}
	if !b.s.LastEvent.IsZero() {
		b.metrics.event.Set(float64(b.s.LastEvent.Unix()))
	}
}

func (b *board) heard(events int) {
	now := b.now()
	b.change(func(s *Status) {
		s.State, s.LastMessage, s.Problem, s.Remedy, s.Retry = Live, now, b.snag(), "", time.Time{}
		if events > 0 {
			s.LastEvent = now
			s.Events += uint64(events)
		}
	})
}

// trouble shows what ails something beside the stream, until that says "".
func (b *board) trouble(of, problem string) {
	b.change(func(s *Status) {
		if delete(b.snags, of); problem != "" {
			if b.snags == nil {
				b.snags = map[string]string{}
			}
			b.snags[of] = problem
		}
		s.Problem, s.Remedy = b.snag(), ""
	})
}

// snag is one of the troubles, the same as long as it lasts; "" for none.
func (b *board) snag() string {
	if len(b.snags) == 0 {
		return ""
	}
	return b.snags[slices.Min(slices.Collect(maps.Keys(b.snags)))]
}
