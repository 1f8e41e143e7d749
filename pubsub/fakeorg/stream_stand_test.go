package fakeorg

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"sfbridge/pubsub/pubsubpb"
)

// pipeListener joins client and server in memory, so that both live inside a bubble.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (l *pipeListener) dial(ctx context.Context, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// streamStand is an org, its Pub/Sub service, and a client with good metadata.
type streamStand struct {
	t      *testing.T
	org    *Org
	client pubsubpb.PubSubClient
	ctx    context.Context
	token  string
	number int64
}

// onStream runs test in a bubble against an org whose Contact and Account are selected.
func onStream(t *testing.T, opts Options, test func(s *streamStand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		org := New(opts)
		for _, name := range []string{"Contact", "Account"} {
			if err := org.Select(name, true); err != nil {
				t.Fatal(err)
			}
		}
		l, server := newPipeListener(), grpc.NewServer(ServerOptions()...)
		org.RegisterPubSub(server)
		var wg sync.WaitGroup
		wg.Go(func() { _ = server.Serve(l) })
		conn, err := grpc.NewClient("passthrough:///org", grpc.WithContextDialer(l.dial),
			grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(8<<20)))
		if err != nil {
			t.Fatal(err)
		}
		s := &streamStand{t: t, org: org, client: pubsubpb.NewPubSubClient(conn), token: org.auth.issue(org.OrgID(), "005000000000001AAA", "", org.now())}
		s.ctx = s.with("accesstoken", s.token, "instanceurl", "https://acme.my.salesforce.com", "tenantid", org.OrgID())
		test(s)
		_ = conn.Close()
		server.Stop()
		_ = l.Close()
		wg.Wait()
	})
}

func (s *streamStand) with(pairs ...string) context.Context {
	return metadata.AppendToOutgoingContext(s.t.Context(), pairs...)
}

// commit publishes edits as one transaction.
func (s *streamStand) commit(edits ...Edit) {
	s.number++
	s.org.bus.publish(Commit{Key: "000254b1-fdc6-524c-aea1-7534265e66c8", Number: 1_700_000_000_000_000_000 + s.number, Time: s.org.now(),
		User: "005000000000001AAA", Origin: "com/salesforce/api/rest/66.0;client=test", Edits: edits})
}

// contacts publishes n created contacts, each in a transaction of its own.
func (s *streamStand) contacts(n int) {
	for range n {
		s.commit(s.create("Contact", id18("003000000000001"), map[string]any{"LastName": "Sato"}))
	}
}

func (s *streamStand) create(object, id string, row map[string]any) Edit {
	return Edit{Object: s.org.object(object), Record: id, Kind: KindCreate, Row: row}
}

// stream opens a Subscribe call.
func (s *streamStand) stream(first *pubsubpb.FetchRequest) pubsubpb.PubSub_SubscribeClient {
	s.t.Helper()
	st, err := s.client.Subscribe(s.ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	ask(s.t, st, first)
	return st
}

func ask(t *testing.T, st pubsubpb.PubSub_SubscribeClient, r *pubsubpb.FetchRequest) {
	t.Helper()
	if err := st.Send(r); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func receive(t *testing.T, st pubsubpb.PubSub_SubscribeClient) *pubsubpb.FetchResponse {
	t.Helper()
	r, err := st.Recv()
	if err != nil {
		t.Fatalf("receive: %v, trailer %v", err, st.Trailer())
	}
	return r
}

// wantRefusal checks the whole form of a service error.
func wantRefusal(t *testing.T, err error, trailer metadata.MD, code codes.Code, errorCode, method string) {
	t.Helper()
	if status.Code(err) != code {
		t.Errorf("status %v, want %v", err, code)
	}
	want := metadata.Pairs("error-code", errorPrefix+errorCode, "type", method)
	for key, v := range want {
		if got := trailer.Get(key); len(got) != 1 || got[0] != v[0] {
			t.Errorf("trailer %s is %q, want %q", key, got, v)
		}
	}
	id := trailer.Get("rpc-id")
	if len(id) != 1 || len(id[0]) != 36 {
		t.Fatalf("trailer rpc-id is %q", id)
	}
	if suffix := " rpcId: " + id[0]; len(status.Convert(err).Message()) <= len(suffix) ||
		status.Convert(err).Message()[len(status.Convert(err).Message())-len(suffix):] != suffix {
		t.Errorf("message %q does not end in %q", status.Convert(err).Message(), suffix)
	}
}

const contactTopic = "/data/ContactChangeEvent"

func earliest(n int32) *pubsubpb.FetchRequest {
	return &pubsubpb.FetchRequest{TopicName: contactTopic, ReplayPreset: pubsubpb.ReplayPreset_EARLIEST, NumRequested: n}
}

func latest(n int32) *pubsubpb.FetchRequest {
	return &pubsubpb.FetchRequest{TopicName: contactTopic, NumRequested: n}
}

func after(id []byte, n int32) *pubsubpb.FetchRequest {
	return &pubsubpb.FetchRequest{TopicName: contactTopic, ReplayPreset: pubsubpb.ReplayPreset_CUSTOM, ReplayId: id, NumRequested: n}
}

func more(n int32) *pubsubpb.FetchRequest { return &pubsubpb.FetchRequest{NumRequested: n} }
