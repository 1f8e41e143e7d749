package pubsub

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc"

	"sfbridge/pubsub/pubsubpb"
)

const (
	// atOnce is how many events become durable in one step at most: responses that wait together share its commit.
	atOnce = 2 * MaxCredit
	// maxEvents is how many events may be received and not durable: one step is being stored while the next gathers. The service sends MaxCredit in a
	// round trip, so a step may take two of them to be stored, 200 ms where one takes 100 and 20 ms where it takes 10, before less is asked for than
	// may be. A disk that is slower than that could not keep up whatever were in flight. More would only pass over its pauses, and all that is in flight
	// when a stream ends is delivered again, which the org's daily allowance pays for.
	maxEvents = 2 * atOnce
	// maxBytes is how much they may hold before no other response is received; one more may come on top. No response is larger than 3 MB, so of the
	// largest too one is stored while the next comes, and no more than 9 MB are held; 400 events are that large at 15 KB each.
	maxBytes = 6 << 20
	// maxSpent is how many responses are kept to be used again: as many full ones as may be in flight.
	maxSpent = maxEvents / MaxCredit
	// farewell is how long the service has to answer the end of our side.
	farewell = time.Second
)

// load is what responses weigh on their way to the sink.
type load struct{ events, bytes int }

func (l *load) add(o load) { l.events, l.bytes = l.events+o.events, l.bytes+o.bytes }

func (l *load) remove(o load) { l.events, l.bytes = l.events-o.events, l.bytes-o.bytes }

// full reports whether no other response may be taken.
func (l *load) full() bool { return l.events > maxEvents-MaxCredit || l.bytes >= maxBytes }

// eventSize is what an event takes beside its payload: ids, their lengths, the message itself.
const eventSize = 300

// weigh is the load of a response; an empty one counts as an event.
func weigh(r *response) load {
	l := load{events: max(1, len(r.events))}
	for i := range r.events {
		l.bytes += eventSize + len(r.events[i].payload)
	}
	return l
}

// stream is one Subscribe call.
type stream struct {
	sub     *Subscriber
	session Session
	first   *pubsubpb.FetchRequest
	limit   time.Duration
	opened  time.Time

	call     pubsubpb.PubSub_SubscribeClient
	turn     chan bool   // holds whether our side is still open; who writes to the call has taken it out
	watch    *time.Timer // ends the call when it is silent for too long
	arrived  chan *response
	steps    chan *step     // read, and taken when the one before is durable
	done     chan load      // what is durable, or given up as the context ended
	spent    chan *response // what may be used again
	emptied  chan *step     // what may be used again
	flying   load           // what is in flight
	messages int
}

func newStream(s *Subscriber, session Session, first *pubsubpb.FetchRequest) *stream {
	return &stream{
		sub: s, session: session, first: first, limit: s.limit(), opened: time.Now(), turn: make(chan bool, 1),
		arrived: make(chan *response, maxEvents), steps: make(chan *step), done: make(chan load, maxEvents), spent: make(chan *response, maxSpent),
		emptied: make(chan *step, 1),
	}
}

// Run opens the call and reads it to its end, which it returns, with everything received handed over. When ctx ends, our side says so first and
// what is not durable by then is left to the next run.
func (st *stream) Run(ctx context.Context) error {
	life, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, func() { end(errStop) }) })
	defer stop()
	st.watch = time.AfterFunc(st.limit, func() { end(errSilent) })
	defer st.watch.Stop()
	var err error
	if st.call, err = st.sub.client.Subscribe(life, grpc.ForceCodecV2(newCodec())); err != nil {
		return st.why(life, err)
	}
	st.turn <- true
	st.send(life, st.first)
	var wg sync.WaitGroup
	wg.Go(func() { st.leave(ctx, life) })
	wg.Go(func() { st.read(ctx) })
	wg.Go(func() { st.work(ctx) })
	err = st.receive(ctx, life)
	close(st.arrived)
	end(errStop)
	wg.Wait()
	return err
}

// judge finds the fault of the error that Run returned.
func (st *stream) judge(err error) fault {
	if st.call == nil || errors.Is(err, errSilent) {
		return judge(err, nil)
	}
	return judge(err, st.call.Trailer())
}

// send writes a request where our side is still open. An error of Send says nothing, the true one comes to the receiver.
func (st *stream) send(life context.Context, r *pubsubpb.FetchRequest) {
	select {
	case open := <-st.turn:
		if open {
			_ = st.call.Send(r)
		}
		st.turn <- open
	case <-life.Done():
	}
}

// leave says the end of our side when ctx ends.
func (st *stream) leave(ctx, life context.Context) {
	select {
	case <-ctx.Done():
	case <-life.Done():
		return
	}
	select {
	case <-st.turn:
		_ = st.call.CloseSend()
		st.turn <- false
	case <-life.Done():
	}
}

// receive reads responses, asks for as many events as came, and hands them over. It asks itself and at once: nobody else has to be woken for it while
// the processors are busy with what came before.
func (st *stream) receive(ctx, life context.Context) error {
	for {
		st.watch.Stop() // a full sink is no silence
		if !st.room(ctx) {
			return errStop
		}
		st.watch.Reset(max(st.limit, 2*st.sub.deps.Beats.Longest())) // also where this stream was the first to hear so long a beat
		began := time.Now()
		r := st.blank()
		if err := st.call.RecvMsg(r); err != nil {
			return st.why(life, err)
		}
		if n := int32(len(r.events)); n > 0 && ctx.Err() == nil {
			st.send(life, &pubsubpb.FetchRequest{NumRequested: n})
		}
		st.heard(r, time.Since(began))
		st.flying.add(weigh(r))
		st.arrived <- r // never blocks: room saw to it
	}
}

// blank is a response to be read into.
func (st *stream) blank() *response {
	select {
	case r := <-st.spent:
		return r
	default:
		return &response{}
	}
}

// why is the error of a call, or the silence that the watchdog ended it for.
func (st *stream) why(life context.Context, err error) error {
	if errors.Is(context.Cause(life), errSilent) {
		return errSilent
	}
	return err
}

// room waits until another response may be taken.
func (st *stream) room(ctx context.Context) bool {
	for st.flying.full() {
		select {
		case l := <-st.done:
			st.flying.remove(l)
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (st *stream) heard(r *response, pause time.Duration) {
	st.messages++
	st.sub.deps.Beats.heard(pause)
	n := len(r.events)
	m := st.sub.metrics
	m.responses.Inc()
	m.events.Add(float64(n))
	m.heard.Set(float64(st.sub.deps.Now().Unix()))
	st.sub.board.heard(n)
}

// work makes steps durable in the order they came. After ctx has ended it only empties the queue.
func (st *stream) work(ctx context.Context) {
	for p := range st.steps {
		st.sub.take(ctx, p)
		st.put(p.responses)
		done := p.load
		p.reset()
		select {
		case st.emptied <- p:
		default:
		}
		st.done <- done // never blocks: no more than maxEvents are in flight
	}
}

// put keeps some of the responses that nobody looks at any more.
func (st *stream) put(batch []*response) {
	for _, r := range batch {
		select {
		case st.spent <- r:
		default:
			return
		}
	}
}
