package pubsub_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
	"sfbridge/pubsub/pubsubpb"
)

// countingSink is a sink that only counts.
type countingSink struct {
	mu   sync.Mutex
	n    int
	from time.Time
	want int
	full chan time.Duration
}

func (c *countingSink) Accept(_ context.Context, changes []bridge.Change, _ bridge.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.n
	c.n += len(changes)
	if was < warm && c.n >= warm {
		c.from = time.Now()
	}
	if was < c.want && c.n >= c.want {
		c.full <- time.Since(c.from)
	}
	return nil
}

func (c *countingSink) Position(context.Context, bridge.OrgID, bridge.Topic) (bridge.Position, error) {
	return bridge.Position{Replay: []byte{1}, From: bridge.Earliest, At: time.Now()}, nil
}

func (c *countingSink) OpenHole(context.Context, bridge.Hole) error          { return nil }
func (c *countingSink) Quarantine(context.Context, pubsub.Quarantined) error { return nil }

// warm is how many events pass before time is taken: by then the schema is here and the backlog of the first round trips is gone.
const warm = 10 * pubsub.MaxCredit

// idleClient reads events and asks for as many as come, and does nothing else.
func idleClient(b *testing.B, conn *grpc.ClientConn, want int) time.Duration {
	ctx, end := context.WithCancel(b.Context())
	defer end()
	call, err := pubsubpb.NewPubSubClient(conn).Subscribe(ctx)
	if err != nil {
		b.Fatal(err)
	}
	if err := call.Send(&pubsubpb.FetchRequest{TopicName: topic, ReplayPreset: pubsubpb.ReplayPreset_EARLIEST, NumRequested: pubsub.MaxCredit}); err != nil {
		b.Fatal(err)
	}
	n, began := 0, time.Time{}
	for n < want {
		r, err := call.Recv()
		if err != nil {
			b.Fatal(err)
		}
		if was := n; was < warm && was+len(r.GetEvents()) >= warm {
			began = time.Now()
		}
		n += len(r.GetEvents())
		if err := call.Send(&pubsubpb.FetchRequest{NumRequested: int32(len(r.GetEvents()))}); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// BenchmarkSubscriber_BesideAClientThatDoesNothing reads a backlog in real time over a wire with a delay, in turns with a client that only receives:
// share is the subscriber's rate over that client's, the median of the rounds.
func BenchmarkSubscriber_BesideAClientThatDoesNothing(b *testing.B) {
	for _, rtt := range []time.Duration{10 * time.Millisecond, 40 * time.Millisecond, 100 * time.Millisecond} {
		b.Run(fmt.Sprint(rtt), func(b *testing.B) {
			const trips = 30
			org := fakeorg.New(fakeorg.Options{})
			for i := range trips * pubsub.MaxCredit {
				if _, err := org.Create("Contact", map[string]any{"LastName": fmt.Sprint("Sato ", i)}); err != nil {
					b.Fatal(err)
				}
			}
			w := newWire()
			w.delay = rtt / 2
			server := grpc.NewServer(fakeorg.ServerOptions()...)
			org.RegisterPubSub(server)
			go func() { _ = server.Serve(w) }()
			defer server.Stop()
			auth := &login{org: org}
			conn, err := pubsub.Dial(pubsub.Endpoint{Address: "api.pubsub.test:7443", Insecure: true, DialContext: w.Dial}, auth)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			const want = (trips - 1) * pubsub.MaxCredit
			var shares, rates []float64
			for b.Loop() {
				idle := idleClient(b, conn, want)
				sink := &countingSink{want: want, full: make(chan time.Duration, 1)}
				sub, err := pubsub.New(pubsub.Config{Org: bridge.OrgID(org.OrgID()), Topic: topic},
					pubsub.Deps{Conn: conn, Auth: auth, Sink: sink, Quarantine: sink, Positions: sink})
				if err != nil {
					b.Fatal(err)
				}
				ctx, end := context.WithCancel(b.Context())
				over := make(chan error, 1)
				go func() { over <- sub.Run(ctx) }()
				took := <-sink.full
				end()
				if err := <-over; err != nil {
					b.Fatal(err)
				}
				shares = append(shares, idle.Seconds()/took.Seconds())
				rates = append(rates, float64(want-warm)/took.Seconds())
			}
			slices.Sort(shares)
			slices.Sort(rates)
			b.ReportMetric(100*shares[len(shares)/2], "%share")
			b.ReportMetric(rates[len(rates)/2], "events/s")
			b.ReportMetric(pubsub.MaxCredit/rtt.Seconds(), "ceiling/s")
		})
	}
}
