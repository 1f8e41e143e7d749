package outbound

import (
	"net"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// bounded is a listener with at most cap(slots) open connections. One more is closed at once: a queue of them would let idle callers hold up others.
type bounded struct {
	net.Listener
	slots   chan struct{}
	refused prometheus.Counter
}

func newBounded(ln net.Listener, limit int, refused prometheus.Counter) *bounded {
	return &bounded{Listener: ln, slots: make(chan struct{}, limit), refused: refused}
}

// Accept waits for a connection that has a slot.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case b.slots <- struct{}{}:
			return &slotted{Conn: conn, free: sync.OnceFunc(func() { <-b.slots })}, nil
		default:
			b.refused.Inc()
			_ = conn.Close()
		}
	}
}

// slotted gives its slot back when it is closed.
type slotted struct {
	net.Conn
	free func()
}

// Close closes the connection and frees its slot.
func (s *slotted) Close() error {
	defer s.free()
	return s.Conn.Close()
}
