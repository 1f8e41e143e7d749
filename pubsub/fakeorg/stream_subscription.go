package fakeorg

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"sfbridge/pubsub/pubsubpb"
)

// subscription is a stream's place on the bus; the bus's lock guards it, but over and what never changes.
type subscription struct {
	topic     topic
	rpcID     string
	opened    time.Time
	from      string    // replay preset
	blind     time.Time // events stored before it are missed: the settling of LATEST
	cursor    int64     // ordinal of the next entry to look at
	credit    int
	asked     int
	delivered int
	order     int64
	over      chan struct{}
	ending    ending // set before over closes
	ended     bool
	hung      bool // says nothing, ever
}

// Subscription is a snapshot of one running stream.
type Subscription struct {
	Topic     string
	RPCID     string
	From      string // LATEST, EARLIEST or CUSTOM
	Opened    time.Time
	Credit    int // events asked for and not delivered yet
	Asked     int // sum of num_requested
	Delivered int
}

// Subscriptions returns the running streams, oldest first.
func (o *Org) Subscriptions() []Subscription {
	o.bus.mu.Lock()
	defer o.bus.mu.Unlock()
	var out []Subscription
	for _, s := range o.bus.runningLocked() {
		out = append(out, Subscription{s.topic.name, s.rpcID, s.from, s.opened, s.credit, s.asked, s.delivered})
	}
	return out
}

func (b *bus) runningLocked() []*subscription {
	var out []*subscription
	for s := range b.subs {
		if !s.ended {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y *subscription) int { return cmp.Compare(x.order, y.order) })
	return out
}

func (s *subscription) endLocked(e ending) {
	s.ending, s.ended = e, true
	close(s.over)
}

// open makes the subscription that a stream's first request asks for, or returns the error code that refuses it.
func (b *bus) open(r *pubsubpb.FetchRequest, c rpcCall) (*subscription, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.GetTopicName() == "" {
		return nil, "topic.validation.empty"
	}
	t, known := b.topicLocked(r.GetTopicName())
	switch {
	case !known:
		return nil, "topic.not.found"
	case b.rights.hidden[t.event]:
		return nil, "topic.meta.permission"
	case b.rights.denied[t.name]:
		return nil, "subscription.topic.cannot.subscribe"
	case b.faults.maxStreams > 0 && len(b.subs) >= b.faults.maxStreams:
		return nil, "service.protection.stream.limit.triggered"
	case b.meter.room(b.org.now(), 1) == 0:
		return nil, "subscription.limit.exceeded"
	}
	at, code := b.startLocked(r)
	if code != "" {
		return nil, code
	}
	b.opens++
	s := &subscription{
		topic: t, rpcID: c.rpcID, opened: b.org.now(), from: r.GetReplayPreset().String(), cursor: at, order: b.opens, over: make(chan struct{}),
	}
	if r.GetReplayPreset() == pubsubpb.ReplayPreset_LATEST && b.faults.settle > 0 {
		s.blind = s.opened.Add(b.faults.settle)
	}
	if b.faults.hang > 0 {
		b.faults.hang--
		s.hung = true
	}
	b.subs[s] = true
	return s, ""
}

// refused returns the error code that a later request of the stream earns, or "".
func (b *bus) refused(s *subscription, r *pubsubpb.FetchRequest) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.GetTopicName() != "" && r.GetTopicName() != s.topic.name {
		return "subscription.fetch.topic.mismatch"
	}
	repeated := r.GetReplayPreset() != pubsubpb.ReplayPreset_LATEST || len(r.GetReplayId()) > 0
	if b.faults.refuseRepeated && repeated {
		return "subscription.fetch.replay.repeated"
	}
	return ""
}

// credit adds what a request asked for and reports whether there was none before.
func (b *bus) credit(s *subscription, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := s.credit
	s.asked += n
	s.credit = min(maxCredit, s.credit+n)
	return had == 0
}

// batch is the content of one answer.
type batch struct {
	events   []*pubsubpb.ConsumerEvent
	latest   []byte // never ahead of an event that the stream has still to get
	pending  int
	held     bool          // the service is stalled, or a fault is about to end the stream
	exceeded bool          // the allocation leaves no room for what is there
	due      time.Duration // until the next late event, 0 for none
}

// take moves the subscription past what its next answer carries. The channel closes when there may be more.
func (b *bus) take(s *subscription) (batch, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.takeLocked(s)
	return out, b.wake
}

// beat is take for a stream that was silent: where nothing is there, it returns the content of a keepalive. Both are one step, or an
// event could come between and lie before the keepalive's id.
func (b *bus) beat(s *subscription) batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.takeLocked(s)
	if s != nil && len(out.events) == 0 {
		out.latest, out.pending = b.tipLocked(), s.credit
	}
	return out
}

func (b *bus) takeLocked(s *subscription) (out batch) {
	if s == nil || s.ended || s.hung || b.faults.stalled {
		return batch{held: s != nil}
	}
	now := b.org.now()
	out.due = b.releaseLocked(now)
	b.purgeLocked(now)
	room, size := b.meter.room(now, s.credit), 0
	for ; s.credit > 0 && s.cursor < b.first+int64(len(b.log)); s.cursor++ {
		e := b.entryLocked(s)
		if e == nil {
			continue
		}
		if len(out.events) == room || b.faults.answer > 0 && len(out.events) == b.faults.answer {
			out.exceeded = room == 0
			break
		}
		event := wireEvent(e)
		if size += proto.Size(event) + eventFrame; size > maxAnswer && len(out.events) > 0 {
			break
		}
		out.events = append(out.events, event)
	}
	if n := len(out.events); n > 0 {
		b.meter.add(now, s.topic.name, n)
		s.credit -= n
		s.delivered += n
		out.pending, out.latest = s.credit, out.events[n-1].GetReplayId()
		if s.cursor == b.first+int64(len(b.log)) {
			out.latest = b.tipLocked()
		}
	}
	return out
}

// entryLocked returns the entry under the cursor where the subscriber gets it, else nil; what has fallen out is stepped over.
func (b *bus) entryLocked(s *subscription) *stored {
	s.cursor = max(s.cursor, b.first)
	i := s.cursor - b.first
	if i >= int64(len(b.log)) {
		return nil
	}
	e := &b.log[i]
	if !b.carriesLocked(s.topic, e) || e.Time.Before(s.blind) {
		return nil
	}
	return e
}

func wireEvent(e *stored) *pubsubpb.ConsumerEvent {
	return &pubsubpb.ConsumerEvent{
		Event:    &pubsubpb.ProducerEvent{Id: e.ID, SchemaId: e.SchemaID, Payload: e.Payload},
		ReplayId: e.Replay,
	}
}
