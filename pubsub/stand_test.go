package pubsub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

// wire is a network in memory: it can be cut, which ends all connections, be made deaf, which lets vanish what the client says, and be a black hole, in
// which all vanishes.
type wire struct {
	conns chan net.Conn
	done  chan struct{}

	delay time.Duration // one way; set while no connection lives

	mu   sync.Mutex
	down bool
	deaf bool
	hole bool
	live []net.Conn
}

func newWire() *wire { return &wire{conns: make(chan net.Conn), done: make(chan struct{})} }

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error   { close(w.done); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (w *wire) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.mu.Lock()
	down := w.down
	w.mu.Unlock()
	if down {
		return nil, errors.New("network is unreachable")
	}
	client, server := net.Pipe()
	if w.delay > 0 {
		client, server = newFar(client, w.delay), newFar(server, w.delay)
	}
	select {
	case w.conns <- server:
	case <-w.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live = append(w.live, client)
	return &ear{client, w}, nil
}

// ear is the client's end of a connection; a deaf wire swallows what it writes, a black hole what it reads too.
type ear struct {
	net.Conn
	w *wire
}

func (e *ear) Write(b []byte) (int, error) {
	e.w.mu.Lock()
	deaf := e.w.deaf || e.w.hole
	e.w.mu.Unlock()
	if deaf {
		return len(b), nil
	}
	return e.Conn.Write(b)
}

func (e *ear) Read(b []byte) (int, error) {
	for {
		n, err := e.Conn.Read(b)
		e.w.mu.Lock()
		hole := e.w.hole
		e.w.mu.Unlock()
		if !hole || err != nil {
			return n, err
		}
	}
}

// cut ends every connection and refuses new ones until it is mended.
func (w *wire) cut(down bool) {
	w.mu.Lock()
	live := w.live
	w.down, w.live = down, nil
	w.mu.Unlock()
	for _, c := range live {
		_ = c.Close()
	}
}

func (w *wire) deafen(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = on
}

func (w *wire) blackHole(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hole = on
}

// login gives sessions of the org, and counts them.
type login struct {
	org *fakeorg.Org

	mu      sync.Mutex
	session pubsub.Session
	logins  int
	broken  bool
}

func (l *login) Token(context.Context) (pubsub.Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session.Token != "" {
		return l.session, nil
	}
	if l.broken {
		return pubsub.Session{}, errors.New("invalid_grant")
	}
	r := httptest.NewRequest(http.MethodPost, "https://acme.my.salesforce.com/services/oauth2/token",
		strings.NewReader("grant_type=client_credentials&client_id=fakeorg&client_secret=fakeorg-secret"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	l.org.Handler().ServeHTTP(w, r)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" {
		return pubsub.Session{}, fmt.Errorf("token endpoint answers %d %s", w.Code, w.Body)
	}
	l.logins++
	l.session = pubsub.Session{Token: answer.Token, Instance: "https://acme.my.salesforce.com", Tenant: l.org.OrgID()}
	return l.session, nil
}

func (l *login) Invalidate(s pubsub.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session == s {
		l.session = pubsub.Session{}
	}
}

func (l *login) breakDown(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = on
}

func (l *login) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.logins
}

// journal is what is durable: it outlives subscribers.
type journal struct {
	mu sync.Mutex
	kept
	refuse  error
	slow    time.Duration
	open    int // calls of Accept that run now
	trouble string
	heard   func([]bridge.Change) // takes changes instead of keeping them; nil keeps them
}

// kept is what was made durable.
type kept struct {
	position   bridge.Position
	changes    []bridge.Change
	holes      []bridge.Hole
	quarantine []pubsub.Quarantined
}

// now is what is durable at this moment.
func (j *journal) now() kept {
	j.mu.Lock()
	defer j.mu.Unlock()
	return kept{j.position, slices.Clone(j.changes), slices.Clone(j.holes), slices.Clone(j.quarantine)}
}

func (j *journal) Accept(ctx context.Context, changes []bridge.Change, p bridge.Position) error {
	j.mu.Lock()
	refuse, slow := j.refuse, j.slow
	if j.open++; j.open > 1 {
		j.trouble = "two calls of Accept at a time"
	}
	j.mu.Unlock()
	var late error
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			late = ctx.Err()
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.open--
	if late != nil || refuse != nil {
		return errors.Join(late, refuse)
	}
	if len(p.Replay) == 0 || !p.Anchored || p.At.IsZero() {
		j.trouble = fmt.Sprintf("position %+v", p)
	}
	if j.heard != nil {
		j.heard(changes)
	} else {
		for _, c := range changes { // what they hold is ours until we return
			c.Records, c.Changed, c.Values = slices.Clone(c.Records), slices.Clone(c.Changed), maps.Clone(c.Values)
			j.changes = append(j.changes, c)
		}
	}
	j.position = p
	return nil
}

func (j *journal) Position(context.Context, bridge.OrgID, bridge.Topic) (bridge.Position, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.position.Replay == nil {
		return bridge.Position{}, fmt.Errorf("position: %w", bridge.ErrNotFound)
	}
	return j.position, nil
}

func (j *journal) OpenHole(_ context.Context, h bridge.Hole) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.refuse != nil {
		return j.refuse
	}
	j.holes = append(j.holes, h)
	return nil
}

func (j *journal) Quarantine(_ context.Context, q pubsub.Quarantined) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.refuse != nil {
		return j.refuse
	}
	j.quarantine = append(j.quarantine, q)
	return nil
}

func (j *journal) set(f func(j *journal)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(j)
}

// events are the ids of the changes, in the order they were made durable.
func (j *journal) events() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, c := range j.changes {
		out = append(out, c.Event)
	}
	return out
}

func (j *journal) replay() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Clone(j.position.Replay)
}

const topic = "/data/ContactChangeEvent"

// stand is an org with its Pub/Sub service, a network, a durable journal, and at most one subscriber.
type stand struct {
	*testing.T
	org     *fakeorg.Org
	wire    *wire
	login   *login
	journal *journal
	reads   pubsub.Reads // nil: everything
	config  pubsub.Config
	beats   *pubsub.Beats         // nil: of the subscriber's own
	figures prometheus.Registerer // nil: nobody looks at them

	conn *grpc.ClientConn
	sub  *pubsub.Subscriber
	quit context.CancelFunc
	over chan error
	made int
}

// inBubble runs a test on virtual time.
func inBubble(t *testing.T, opts fakeorg.Options, test func(s *stand)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		org := fakeorg.New(opts)
		s := &stand{T: t, org: org, wire: newWire(), login: &login{org: org}, journal: &journal{},
			config: pubsub.Config{Org: bridge.OrgID(org.OrgID()), Topic: topic}}
		pings := keepalive.EnforcementPolicy{MinTime: 20 * time.Second, PermitWithoutStream: true} // stricter than the service
		server := grpc.NewServer(append(fakeorg.ServerOptions(), grpc.KeepaliveEnforcementPolicy(pings))...)
		org.RegisterPubSub(server)
		var wg sync.WaitGroup
		wg.Go(func() { _ = server.Serve(s.wire) })
		defer func() {
			s.end()
			server.Stop()
			wg.Wait()
			synctest.Wait()
			if s.journal.trouble != "" {
				t.Error(s.journal.trouble)
			}
		}()
		s.begin()
		test(s)
	})
}

// begin starts a subscriber, as after a restart.
func (s *stand) begin() {
	s.Helper()
	conn, err := pubsub.Dial(pubsub.Endpoint{Address: "api.pubsub.test:7443", Insecure: true, DialContext: s.wire.Dial}, s.login)
	if err != nil {
		s.Fatal(err)
	}
	s.conn = conn
	s.sub, err = pubsub.New(s.config, pubsub.Deps{Conn: conn, Auth: s.login, Sink: s.journal, Quarantine: s.journal, Positions: s.journal,
		Schemas: pubsub.NewSchemas(conn, s.login, s.reads), Beats: s.beats, Registerer: s.figures})
	if err != nil {
		s.Fatal(err)
	}
	var ctx context.Context
	ctx, s.quit = context.WithCancel(s.Context())
	s.over = make(chan error, 1)
	go func() { s.over <- s.sub.Run(ctx) }()
	synctest.Wait()
}

// end stops the subscriber gracefully.
func (s *stand) end() {
	s.Helper()
	if s.quit == nil {
		return
	}
	s.quit()
	began := time.Now()
	if err := <-s.over; err != nil {
		s.Errorf("Run: %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		s.Errorf("stopping took %v", took)
	}
	_ = s.conn.Close()
	s.quit = nil
}

// change commits n contacts, one after the other.
func (s *stand) change(n int) {
	s.Helper()
	for range n {
		s.made++
		if _, err := s.org.Create("Contact", map[string]any{"LastName": fmt.Sprintf("Sato %d", s.made)}); err != nil {
			s.Fatal(err)
		}
	}
}

// wait lets virtual time pass.
func (s *stand) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// works asserts that n new commits reach the journal within d.
func (s *stand) works(n int, d time.Duration) {
	s.Helper()
	s.change(n)
	s.arrives(d)
}

// arrives asserts that within d every event that the org keeps is in the journal, in order.
func (s *stand) arrives(d time.Duration) {
	s.Helper()
	s.wait(d)
	var want, got []string
	for _, e := range s.org.Events() {
		want = append(want, e.ID)
	}
	seen := map[string]bool{}
	for _, id := range s.journal.events() {
		if !seen[id] && slices.Contains(want, id) {
			got = append(got, id)
		}
		seen[id] = true
	}
	if len(want) == 0 || !slices.Equal(got, want) {
		s.Fatalf("%d of %d events arrived, or in another order; status %+v", len(got), len(want), s.sub.Status())
	}
}

func (s *stand) state(want pubsub.State) {
	s.Helper()
	if got := s.sub.Status(); got.State != want {
		s.Fatalf("state %s, want %s: %+v", got.State, want, got)
	}
}

// asks asserts that one stream runs and has everything asked for that it may.
func (s *stand) asks() fakeorg.Subscription {
	s.Helper()
	running := s.org.Subscriptions()
	if len(running) != 1 || running[0].Credit != pubsub.MaxCredit {
		s.Fatalf("streams %+v", running)
	}
	return running[0]
}
