package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/pubsub/pubsubpb"
)

const (
	// feedVariable makes a process of this test binary the feed of a bench.
	feedVariable = "SFBRIDGE_TEST_FEED"
	feedSchema   = "account-250"
	feedTopic    = "/data/AccountChangeEvent"
	feedRecords  = 5000
)

// BenchmarkStream reads events of 524 bytes that a process of its own has ready, over TLS and loopback, a hundred asked for at all times:
//
//	receive     takes responses and asks for as many again, and does nothing with them
//	journal     the daemon's way: subscribed, decoded, judged by intake, durable together with the position
//	npm-client  salesforce-pubsub-api-client, which gets each event decoded and does nothing with it
func BenchmarkStream(b *testing.B) {
	b.Run("receive", func(b *testing.B) { benchReceive(b, startFeed(b, 0)) })
	b.Run("journal", func(b *testing.B) { benchStream(b, startFeed(b, 0)) })
	b.Run("npm-client", func(b *testing.B) { benchNode(b, startFeed(b, 0)) })
}

// BenchmarkCeiling is the same with a service that takes its time to answer: with a hundred events asked for, no client can have more than a hundred in
// that time.
func BenchmarkCeiling(b *testing.B) {
	for _, d := range []time.Duration{10 * time.Millisecond, 40 * time.Millisecond, 100 * time.Millisecond} {
		b.Run(fmt.Sprintf("receive-%v", d), func(b *testing.B) { benchReceive(b, startFeed(b, d)) })
		b.Run(fmt.Sprintf("journal-%v", d), func(b *testing.B) { benchStream(b, startFeed(b, d)) })
	}
}

// startFeed starts the process that sends events, each response after the delay, and answers where it listens.
func startFeed(b *testing.B, delay time.Duration) string {
	b.Helper()
	command := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestFeedChild$")
	command.Env = append(os.Environ(), feedVariable+"="+delay.String())
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return strings.TrimSpace(line)
}

// TestFeedChild is the feed; it runs until its standard input ends.
func TestFeedChild(t *testing.T) {
	delay, err := time.ParseDuration(os.Getenv(feedVariable))
	if err != nil {
		t.Skip("the other end of a bench")
	}
	corpus := filepath.Join("..", "..", "pubsub", "cdc", "testdata")
	schema, err := os.ReadFile(filepath.Join(corpus, feedSchema+".avsc"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(corpus, feedSchema+"-update.hex"))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: feedKeys().Certificates, MinVersion: tls.VersionTLS12})))
	pubsubpb.RegisterPubSubServer(server, &tap{schema: string(schema), payload: payload, delay: delay})
	go func() { _ = server.Serve(ln) }()
	fmt.Println(ln.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	server.Stop()
}

// feedKeys are the keys with which package httptest speaks TLS.
func feedKeys() *tls.Config {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	return s.TLS
}

// tap sends events for ever, as many as are asked for.
type tap struct {
	pubsubpb.UnimplementedPubSubServer
	schema  string
	payload []byte
	delay   time.Duration
}

// GetTopic knows the one topic.
func (f *tap) GetTopic(context.Context, *pubsubpb.TopicRequest) (*pubsubpb.TopicInfo, error) {
	return &pubsubpb.TopicInfo{TopicName: feedTopic, CanSubscribe: true, SchemaId: feedSchema}, nil
}

// GetSchema knows the one schema.
func (f *tap) GetSchema(context.Context, *pubsubpb.SchemaRequest) (*pubsubpb.SchemaInfo, error) {
	return &pubsubpb.SchemaInfo{SchemaJson: f.schema, SchemaId: feedSchema}, nil
}

// Subscribe answers each request with one response of as many events.
func (f *tap) Subscribe(call grpc.BidiStreamingServer[pubsubpb.FetchRequest, pubsubpb.FetchResponse]) error {
	id := bytes.Index(f.payload, []byte("0015g"))
	for sent := uint64(1); ; {
		request, err := call.Recv()
		if err != nil {
			return nil
		}
		select {
		case <-time.After(f.delay):
		case <-call.Context().Done():
			return nil
		}
		r := &pubsubpb.FetchResponse{RpcId: "feed", PendingNumRequested: 0}
		for range request.GetNumRequested() {
			payload := bytes.Clone(f.payload)
			copy(payload[id:], fmt.Sprintf("0015g0000%06dAAA", sent%feedRecords))
			replay := binary.BigEndian.AppendUint64(nil, sent)
			r.Events = append(r.Events, &pubsubpb.ConsumerEvent{
				Event: &pubsubpb.ProducerEvent{Id: shopSource(int(sent)), SchemaId: feedSchema, Payload: payload}, ReplayId: append(replay, 0, 0),
			})
			sent++
		}
		if n := len(r.Events); n > 0 {
			r.LatestReplayId = r.Events[n-1].ReplayId
		}
		if err := call.Send(r); err != nil {
			return nil
		}
	}
}

// feedAuth logs in nowhere.
type feedAuth struct{}

func (feedAuth) Token(context.Context) (pubsub.Session, error) {
	return pubsub.Session{Token: "t", Instance: "https://acme.my.salesforce.com", Tenant: rigOrg}, nil
}

func (feedAuth) Invalidate(pubsub.Session) {}

func dialFeed(b *testing.B, address string) *grpc.ClientConn {
	b.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	conn, err := pubsub.Dial(pubsub.Endpoint{Address: address, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}, feedAuth{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return conn
}

func benchReceive(b *testing.B, address string) {
	call, err := pubsubpb.NewPubSubClient(dialFeed(b, address)).Subscribe(b.Context())
	if err == nil {
		err = call.Send(&pubsubpb.FetchRequest{TopicName: feedTopic, NumRequested: pubsub.MaxCredit})
	}
	if err != nil {
		b.Fatal(err)
	}
	next := func() int {
		r, err := call.Recv()
		if err == nil {
			err = call.Send(&pubsubpb.FetchRequest{NumRequested: int32(len(r.GetEvents()))})
		}
		if err != nil {
			b.Fatal(err)
		}
		return len(r.GetEvents())
	}
	next()
	cpu(b, func() {
		for n := 0; n < b.N; {
			n += next()
		}
	})
}

// countingSink is the intake's, and tells when the first changes are durable, and when enough after them are.
type countingSink struct {
	pubsub.Sink
	begun, done chan struct{}
	first       sync.Once
	left        atomic.Int64
}

// Accept counts what was accepted.
func (s *countingSink) Accept(ctx context.Context, changes []bridge.Change, p bridge.Position) error {
	if err := s.Sink.Accept(ctx, changes, p); err != nil {
		return err
	}
	n := int64(len(changes))
	s.first.Do(func() {
		n = 0
		close(s.begun)
	})
	if left := s.left.Add(-n); left <= 0 && left+n > 0 {
		close(s.done)
	}
	return nil
}

// noQuarantine refuses every event.
type noQuarantine struct{ b *testing.B }

func (q noQuarantine) Quarantine(_ context.Context, e pubsub.Quarantined) error {
	q.b.Errorf("quarantined: %s", e.Reason)
	return errors.New("no event of the feed is broken")
}

func benchStream(b *testing.B, address string) {
	in, conn := newIntakeOf(b), dialFeed(b, address)
	start := bridge.Position{Org: rigOrg, Topic: feedTopic, Replay: make([]byte, 10), At: time.Now()}
	if err := in.store.Append(b.Context(), nil, &start); err != nil {
		b.Fatal(err)
	}
	sink := &countingSink{Sink: in.Stream("acme"), begun: make(chan struct{}), done: make(chan struct{})}
	sink.left.Store(int64(b.N))
	sub, err := pubsub.New(pubsub.Config{Org: rigOrg, Topic: feedTopic}, pubsub.Deps{
		Conn: conn, Auth: feedAuth{}, Sink: sink, Quarantine: noQuarantine{b}, Positions: in.store, Log: benchLog(),
		Schemas: pubsub.NewSchemas(conn, feedAuth{}, in.rules.Wants("acme")),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	over := make(chan error, 1)
	go func() { over <- sub.Run(ctx) }()
	<-sink.begun
	cpu(b, func() { <-sink.done })
	stop()
	if err := <-over; err != nil {
		b.Error(err)
	}
}

// benchNode has the client read and takes its own figures.
func benchNode(b *testing.B, address string) {
	modules := os.Getenv("SFBRIDGE_NODE_MODULES")
	if modules == "" {
		b.Skip("SFBRIDGE_NODE_MODULES names no folder with salesforce-pubsub-api-client")
	}
	script, err := filepath.Abs(filepath.Join("..", "..", ".ci", "beside", "receive.mjs"))
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	command := exec.CommandContext(b.Context(), "node", script, address, feedTopic, strconv.Itoa(b.N))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		b.Fatal(err)
	}
	var ns, cpuNS float64
	if _, err := fmt.Sscan(string(out), &ns, &cpuNS); err != nil {
		b.Fatalf("%s: %v", out, err)
	}
	b.ReportMetric(ns, "ns/op")
	b.ReportMetric(cpuNS, "cpu-ns/op")
	b.ReportMetric(1e9/ns, "ops/s")
}
