package salesforce

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// memoryListener is a listener over pipes, usable inside a synctest bubble.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *memoryListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (l *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serving runs h in memory until the test ends.
func serving(t *testing.T, h http.Handler) *memoryListener {
	t.Helper()
	ln := &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return ln
}

func testConfig() Config {
	return Config{Name: "main", LoginURL: "http://org.test", ClientID: "fakeorg", ClientSecret: "fakeorg-secret", AllowPlain: true}
}

// dialled is a client of h.
func dialled(t *testing.T, h http.Handler, change func(*Config, *Deps)) (*Client, *Login) {
	t.Helper()
	config, deps := testConfig(), Deps{DialContext: serving(t, h).dial}
	if change != nil {
		change(&config, &deps)
	}
	login, err := NewLogin(config, deps)
	if err != nil {
		t.Fatal(err)
	}
	client, err := NewClient(config, deps, login)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), login.Close() })
	return client, login
}

// keyedContacts seeds a unique external id on Contact and fields of the types that are converted.
func keyedContacts() *fakeorg.Seed {
	return &fakeorg.Seed{Objects: []fakeorg.ObjectSeed{{Name: "Contact", Fields: []fakeorg.FieldSeed{
		{Name: "Bridge__c", Type: "string", Length: 64, ExternalID: true, Unique: true},
		{Name: "Score__c", Type: "double", Precision: 18, Scale: 2},
		{Name: "Seen__c", Type: "datetime"},
		{Name: "Wants__c", Type: "multipicklist", Values: []string{"a", "b", "c"}},
		{Name: "Agreed__c", Type: "boolean"},
	}}}}
}

// orgClient is an org with keyedContacts and a client of it.
func orgClient(t *testing.T, change func(*fakeorg.Options)) (*fakeorg.Org, *Client) {
	t.Helper()
	options := fakeorg.Options{Seed: keyedContacts()}
	if change != nil {
		change(&options)
	}
	org := fakeorg.New(options)
	client, _ := dialled(t, org.Handler(), nil)
	return org, client
}

// calls counts the requests whose path holds part.
func calls(org *fakeorg.Org, method, part string) (n int) {
	for _, c := range org.Calls() {
		if (method == "" || c.Method == method) && strings.Contains(c.Path, part) {
			n++
		}
	}
	return n
}

func text(pairs ...string) bridge.Fields {
	f := bridge.Fields{}
	for i := 0; i < len(pairs); i += 2 {
		f[bridge.Field(pairs[i])] = bridge.TextValue(pairs[i+1])
	}
	return f
}

// contact creates a row behind the bridge's back.
func contact(t *testing.T, org *fakeorg.Org, fields map[string]any) bridge.RecordID {
	t.Helper()
	id, err := org.Create("Contact", fields)
	if err != nil {
		t.Fatal(err)
	}
	return bridge.RecordID(id)
}

func verdict(err error) bridge.Verdict {
	v, _ := bridge.VerdictOf(err)
	return v
}
