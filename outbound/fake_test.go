package outbound

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sfbridge/bridge"
)

// signedHook is a platform with ids: "v1=" and the hex of HMAC-SHA256 over the raw body.
type signedHook struct{ secret string }

func (h signedHook) sign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(h.secret))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

func (h signedHook) Verify(header http.Header, body []byte) error {
	got := header.Values("X-Signature")
	if len(got) != 1 || !strings.HasPrefix(got[0], "v1=") {
		return bridge.ErrUnauthentic
	}
	if !hmac.Equal([]byte(got[0]), []byte(h.sign(body))) {
		return fmt.Errorf("hook: %w", bridge.ErrUnauthentic)
	}
	return nil
}

func (h signedHook) Identify(_ http.Header, body []byte) (bridge.Notice, error) {
	var said struct {
		ID        *string `json:"id"`
		Type      string  `json:"type"`
		Contact   string  `json:"contact"`
		Challenge string  `json:"challenge"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.ID == nil {
		return bridge.Notice{}, bridge.ErrMalformed
	}
	n := bridge.Notice{Event: *said.ID, Type: said.Type, Contact: bridge.ContactID(said.Contact), Kind: bridge.ContactTouched}
	switch said.Type {
	case "contact":
	case "challenge":
		n.Kind, n.Reply = bridge.Ignored, []byte(`{"challenge":"`+said.Challenge+`"}`)
	case "panic":
		panic("hook: " + said.Contact)
	default:
		n.Kind = bridge.Ignored
	}
	return n, nil
}

// memoryInbox keeps callbacks and knows those it has.
type memoryInbox struct {
	mu   sync.Mutex
	kept []bridge.Callback
	seen map[string]bool
	fail error
	gate chan struct{} // nil lets everything pass
}

func (m *memoryInbox) Take(ctx context.Context, c bridge.Callback) error {
	if m.gate != nil {
		select {
		case <-m.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	key := string(c.Project) + "\x00" + c.Event
	if m.seen[key] {
		return fmt.Errorf("take: %w", bridge.ErrDuplicate)
	}
	if m.seen == nil {
		m.seen = map[string]bool{}
	}
	m.seen[key] = true
	c.Body = bytes.Clone(c.Body)
	m.kept = append(m.kept, c)
	return nil
}

func (m *memoryInbox) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.kept)
}

// memoryListener is a listener over pipes, usable inside a synctest bubble.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
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

func (l *memoryListener) dial(t *testing.T) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near
	case <-l.done:
		t.Fatal("listener is closed")
		return nil
	}
}

const testSecret = "a secret of at least 24 bytes"

func knownOrg() bridge.OrgID { return "00D5e0000012345EAA" }

// newTestServer has the sources "shop" and "desk" of two projects with their own secrets.
func newTestServer(t *testing.T, inbox Inbox, change func(*Config, *Deps)) *Server {
	t.Helper()
	config := Config{}
	deps := Deps{Inbox: inbox, Sources: map[string]Source{
		"shop": {Project: "shop", Org: knownOrg, Hook: signedHook{testSecret}},
		"desk": {Project: "desk", Org: knownOrg, Hook: signedHook{"another secret of 24 bytes and more"}},
	}}
	if change != nil {
		change(&config, &deps)
	}
	s, err := New(config, deps)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
