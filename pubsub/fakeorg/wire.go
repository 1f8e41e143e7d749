package fakeorg

import (
	"net"
	"sync"
)

// Wire is the network before the org's listeners, so that it can fail as a network does: connections that die without a word, and such
// as are reset.
//
//	client ──▶ Wire ──▶ gRPC or HTTP server of the org
//	            └ black hole: what either side writes vanishes, and neither is told
type Wire struct {
	mu     sync.Mutex
	hole   bool
	live   map[*wireConn]bool
	buried []net.Conn // closed by the server while dead: the client has not been told
}

// Wire returns the org's wire. It carries what listeners made by Listen accept; the control API should listen beside it.
func (o *Org) Wire() *Wire { return &o.wire }

// Listen returns a listener whose connections run over the wire.
func (w *Wire) Listen(l net.Listener) net.Listener { return &wireListener{l, w} }

// BlackHole makes bytes vanish both ways, or ends that. A connection that lost bytes stays dead: no reset, no end, whatever its sides do.
// Healing closes those that the server has given up.
func (w *Wire) BlackHole(on bool) {
	w.mu.Lock()
	w.hole = on
	var over []net.Conn
	if !on {
		over, w.buried = w.buried, nil
	}
	w.mu.Unlock()
	for _, c := range over {
		_ = c.Close()
	}
}

// Cut ends every connection at once and returns how many there were.
func (w *Wire) Cut() int {
	w.mu.Lock()
	var over []net.Conn
	for c := range w.live {
		over = append(over, c.Conn)
	}
	over = append(over, w.buried...)
	w.buried = nil
	w.mu.Unlock()
	for _, c := range over {
		_ = c.Close()
	}
	return len(over)
}

// Connections returns how many connections the wire carries.
func (w *Wire) Connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.live)
}

type wireListener struct {
	net.Listener
	wire *Wire
}

// Accept returns the next connection of the wire.
func (l *wireListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &wireConn{Conn: c, wire: l.wire}
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	if l.wire.live == nil {
		l.wire.live = map[*wireConn]bool{}
	}
	l.wire.live[conn] = true
	return conn, nil
}

// wireConn is the server's end of a connection; the wire's lock guards dead.
type wireConn struct {
	net.Conn
	wire *Wire
	dead bool
}

// swallowed reports whether what was just written or read vanishes.
func (c *wireConn) swallowed() bool {
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	c.dead = c.dead || c.wire.hole
	return c.dead
}

// Write writes to the client, or says that it did.
func (c *wireConn) Write(b []byte) (int, error) {
	if c.swallowed() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// Read reads what the client sent, but nothing that vanished on its way.
func (c *wireConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || n == 0 || !c.swallowed() {
			return n, err
		}
	}
}

// Close closes the connection. The client of a dead one does not hear of it.
func (c *wireConn) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.live, c)
	dead := c.dead && c.wire.hole
	if dead {
		c.wire.buried = append(c.wire.buried, c.Conn)
	}
	c.wire.mu.Unlock()
	if dead {
		return nil
	}
	return c.Conn.Close()
}
