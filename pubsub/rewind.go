package pubsub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sfbridge/bridge"
)

// retention is how long the service keeps events.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-message-durability.html
const retention = 72 * time.Hour

// errUnanchored is the error of a rewind of a topic that was never read.
var errUnanchored = errors.New("the topic was never read: there is nothing to come back to")

// Rewound answers the position from which a topic is read anew, and the hole that opens by it, nil for none. From is earliest for the oldest event that
// is kept, latest for the tip, or empty for the event behind the replay id. Nobody can tell whether an id lies ahead of the position, so that events
// would be passed over: what they changed is compared.
func Rewound(p bridge.Position, from bridge.Preset, replay []byte, now time.Time) (bridge.Position, *bridge.Hole, error) {
	if len(p.Replay) == 0 {
		return p, nil, errUnanchored
	}
	switch from {
	case bridge.Earliest:
		var h *bridge.Hole
		if now.Sub(p.At) > retention-holeMargin {
			h = skipped(p, now, "the oldest event that is kept is newer than the position")
		}
		p.From = from
		return p, h, nil
	case bridge.Latest:
		p.From = from
		return p, tipHole(p), nil
	case "":
		if len(replay) == 0 {
			return p, nil, errors.New("a replay id is needed")
		}
		h := skipped(p, now, "an operator let reading go on behind another replay id")
		p.From, p.Replay, p.At, p.Event = "", replay, now.Add(-retention), time.Time{} // nobody knows how old it is
		return p, h, nil
	}
	return p, nil, fmt.Errorf("nothing is read from %q", from)
}

// skipped is the hole between a position and now.
func skipped(p bridge.Position, now time.Time, reason string) *bridge.Hole {
	return &bridge.Hole{Org: p.Org, Topic: p.Topic, From: p.At.Add(-holeMargin), To: now, Reason: reason}
}

// tipHole is what a topic misses that goes on at the tip.
func tipHole(p bridge.Position) *bridge.Hole {
	return &bridge.Hole{Org: p.Org, Topic: p.Topic, From: p.At.Add(-holeMargin), Reason: "an operator let reading go on at the tip"}
}

// order is an operator's wish to read from elsewhere.
type order struct {
	from   bridge.Preset
	replay []byte
	done   chan error
}

// Rewind ends the stream and has the topic read from elsewhere; it returns once that is durable. Events that come again change nothing that is newer.
func (s *Subscriber) Rewind(ctx context.Context, from bridge.Preset, replay []byte) error {
	o := &order{from, replay, make(chan error, 1)}
	select {
	case s.orders <- o:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// idle waits before the next stream, or carries out an order; it reports false when the context ended.
func (s *Subscriber) idle(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
	case o := <-s.orders:
		s.carryOut(ctx, o)
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// carryOut makes the order durable. What was received and is not durable comes again.
func (s *Subscriber) carryOut(ctx context.Context, o *order) {
	p, h, err := Rewound(s.trail.stored, o.from, o.replay, s.deps.Now())
	if err == nil && h != nil {
		err = s.deps.Positions.OpenHole(ctx, *h)
	}
	if err == nil {
		err = s.deps.Sink.Accept(ctx, nil, p)
	}
	if err == nil {
		s.log.Warn("reading begins elsewhere", "from", o.from, "replay", o.replay)
		s.trail.keep(p, mark{})
		s.lost, s.failures = false, 0
		s.begin(p)
	}
	o.done <- err
}

// begin takes a position's wish to be read from elsewhere into account.
func (s *Subscriber) begin(p bridge.Position) {
	s.missing = nil
	if p.From == bridge.Latest {
		s.missing, s.trail.stored.Replay = tipHole(p), nil
	}
}

// turn is one stream, which an order may end.
type turn struct {
	stream *stream
	orders <-chan *order
	order  *order // that ended it, nil for none
}

// Run reads the stream to its end.
func (t *turn) Run(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case t.order = <-t.orders:
			end()
		case <-ctx.Done():
		}
	})
	err := t.stream.Run(ctx)
	end()
	wg.Wait()
	return err
}

// Reread decodes an event that was quarantined once more. What it says may be older than what is known by now.
func Reread(ctx context.Context, schemas *Schemas, q Quarantined) (bridge.Change, error) {
	schema, err := schemas.get(ctx, q.Schema)
	if err != nil {
		return bridge.Change{}, err
	}
	c, err := schema.Decode(q.Payload)
	c.Org, c.Topic, c.Event = q.Org, q.Topic, eventID(q.Event, q.Replay)
	c.Records = slices.DeleteFunc(c.Records, unbounded) // the hole of the quarantine stands for them
	return c, err
}
