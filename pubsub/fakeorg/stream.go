package fakeorg

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"sfbridge/pubsub/pubsubpb"
)

// One Subscribe call. The client asks for events, the answers count down what it asked for:
//
//	FetchRequest ─▶ credit += n, at most 100 ─▶ events, up to the credit, 100 and 3 MB an answer
//	                                          ├▶ keepalive: an empty answer when nothing was sent for a while
//	                credit 0 for 60 s ────────┴▶ OK, the stream is over
//
// See "Subscribe RPC Method" and "Flow Control" of the Pub/Sub API guide.

const (
	maxCredit  = 100
	maxAnswer  = 3 << 20          // bytes
	eventFrame = 8                // bytes that an event costs beside itself, at most
	noCreditIn = 60 * time.Second // without credit for so long, a stream is closed
)

// stream is the service's side of one Subscribe call.
type stream struct {
	rpcCall
	rpc   grpc.BidiStreamingServer[pubsubpb.FetchRequest, pubsubpb.FetchResponse]
	token string
	sub   *subscription // nil until the first request
	alarm *time.Timer   // when nothing happens: keepalive with credit, the end without
	late  *time.Timer   // when an event is due that its transaction tells later
}

// request is what the client sent, or how its sending ended.
type request struct {
	*pubsubpb.FetchRequest
	err error
}

// Subscribe serves one stream until the client, the service or a fault ends it.
func (s server) Subscribe(rpc grpc.BidiStreamingServer[pubsubpb.FetchRequest, pubsubpb.FetchResponse]) error {
	st := &stream{rpcCall: s.bus.newCall(rpc.Context(), "Subscribe"), rpc: rpc}
	token, err := s.bus.authorize(st.rpcCall)
	if err != nil {
		return err
	}
	if err := s.bus.failNext(st.rpcCall); err != nil {
		return err
	}
	st.token = token
	return st.Run(rpc.Context())
}

// Run serves the stream. Its one goroutine receives; it ends as soon as the RPC has its status, because that ends the context.
func (s *stream) Run(ctx context.Context) error {
	requests := make(chan request)
	go s.receive(ctx, requests)
	s.alarm, s.late = time.NewTimer(s.bus.patience()), time.NewTimer(noCreditIn)
	defer s.alarm.Stop()
	defer s.late.Stop()
	defer s.close()
	for {
		wake, err := s.deliver()
		if err != nil {
			return err
		}
		select {
		case <-wake:
			err = s.recheck()
		case <-s.ended():
			return s.sub.ending.err(s.rpcCall)
		case r := <-requests:
			err = s.fetch(r)
		case <-s.alarm.C:
			err = s.quiet()
		case <-s.late.C:
		case <-ctx.Done():
			err = status.FromContextError(ctx.Err()).Err()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *stream) receive(ctx context.Context, requests chan<- request) {
	for {
		r, err := s.rpc.Recv()
		select {
		case requests <- request{r, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// ended returns the channel that closes when a fault ends the stream.
func (s *stream) ended() <-chan struct{} {
	if s.sub == nil {
		return nil
	}
	return s.sub.over
}

// recheck looks whether the session still lives: a revoked token ends a running stream.
func (s *stream) recheck() error {
	if !s.bus.org.checkToken(s.token) {
		return s.refuse("service.auth.error")
	}
	return nil
}

// fetch takes one request: the first opens the subscription, each adds credit. io.EOF is a client that has said all it wants.
func (s *stream) fetch(r request) error {
	if r.err != nil {
		return r.err
	}
	if r.GetAuthRefresh() != "" {
		return s.refuse("subscription.fetch.request.invalid")
	}
	if r.GetNumRequested() <= 0 {
		return s.refuse("subscription.fetch.requested.events.invalid")
	}
	var code string
	if s.sub == nil {
		if err := s.strike(r.GetTopicName()); err != nil {
			return err
		}
		s.sub, code = s.bus.open(r.FetchRequest, s.rpcCall)
	} else {
		code = s.bus.refused(s.sub, r.FetchRequest)
	}
	switch {
	case code == "topic.not.found":
		return s.refuseWith(code, s.bus.noTopic(r.GetTopicName()))
	case code != "":
		return s.refuse(code)
	}
	if s.bus.credit(s.sub, int(r.GetNumRequested())) {
		s.alarm.Reset(s.bus.beatIn())
	}
	return s.recheck()
}

// deliver sends what the credit allows of what is there, and returns the channel that tells of more.
func (s *stream) deliver() (<-chan struct{}, error) {
	for {
		b, wake := s.bus.take(s.sub)
		if b.exceeded {
			return nil, s.refuse("subscription.limit.exceeded")
		}
		if b.due > 0 {
			s.late.Reset(b.due)
		}
		if len(b.events) == 0 {
			return wake, nil
		}
		if err := s.send(b); err != nil {
			return nil, err
		}
	}
}

func (s *stream) send(b batch) error {
	if err := s.linger(s.ctx); err != nil {
		return err
	}
	err := s.rpc.Send(&pubsubpb.FetchResponse{Events: b.events, LatestReplayId: b.latest, RpcId: s.rpcID, PendingNumRequested: int32(b.pending)})
	if b.pending > 0 {
		s.alarm.Reset(s.bus.beatIn())
	} else {
		s.alarm.Reset(s.bus.patience())
	}
	return err
}

// quiet answers the alarm: a keepalive where the client waits for events, the end where it asks for none.
func (s *stream) quiet() error {
	b := s.bus.beat(s.sub)
	switch {
	case b.held:
		s.alarm.Reset(s.bus.beatIn())
		return nil
	case b.exceeded:
		return s.refuse("subscription.limit.exceeded")
	case b.pending == 0 && len(b.events) == 0:
		return io.EOF
	}
	if err := s.recheck(); err != nil {
		return err
	}
	return s.send(b)
}

func (s *stream) close() {
	if s.sub != nil {
		s.bus.locked(func() { delete(s.bus.subs, s.sub) })
	}
}
