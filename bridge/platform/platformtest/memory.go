package platformtest

import (
	"context"
	"errors"
	"net"
	"sync"
)

// Memory is a network of one host, in memory, fit for bubbles. It is a net.Listener.
type Memory struct {
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once
}

var errRefused = errors.New("connection refused")

// NewMemory opens the network.
func NewMemory() *Memory { return &Memory{accept: make(chan net.Conn), done: make(chan struct{})} }

// Accept waits for a caller.
func (m *Memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.accept:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

// Close refuses callers from now on.
func (m *Memory) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

// Addr is an address that nobody can dial.
func (m *Memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// DialContext connects, whatever the address.
func (m *Memory) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	select {
	case <-m.done:
		return nil, errRefused
	default:
	}
	here, there := net.Pipe()
	select {
	case m.accept <- there:
		return here, nil
	case <-m.done:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
