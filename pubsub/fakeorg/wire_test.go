package fakeorg

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// onWire gives test both ends of connections that run over the org's wire.
func onWire(t *testing.T, test func(w *Wire, dial func() (client, server net.Conn))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		w := New(Options{}).Wire()
		over := w.Listen(l)
		test(w, func() (client, server net.Conn) {
			accepted := make(chan net.Conn, 1)
			go func() {
				c, err := over.Accept()
				if err != nil {
					t.Error(err)
				}
				accepted <- c
			}()
			client, err := l.dial(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			return client, <-accepted
		})
	})
}

// heard reports what arrives within a minute; "" is silence.
func heard(t *testing.T, c net.Conn) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute)) // fails where the other end is closed, which the read tells
	b := make([]byte, 8)
	n, err := c.Read(b)
	var late net.Error
	if err != nil && (!errors.As(err, &late) || !late.Timeout()) {
		return err.Error()
	}
	return string(b[:n])
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	go func() { _, _ = c.Write([]byte(text)) }()
}

func TestWire_SwallowsBothWaysWithoutAWord(t *testing.T) {
	onWire(t, func(w *Wire, dial func() (client, server net.Conn)) {
		client, server := dial()
		say(t, server, "hello")
		if got := heard(t, client); got != "hello" {
			t.Fatalf("heard %q", got)
		}
		w.BlackHole(true)
		if n, err := server.Write([]byte("lost")); n != 4 || err != nil {
			t.Errorf("the server is told %d, %v", n, err)
		}
		say(t, client, "lost too")
		if got := heard(t, server); got != "" {
			t.Errorf("the server heard %q", got)
		}
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		if got := heard(t, client); got != "" {
			t.Errorf("the client heard %q of a server that is gone", got)
		}
		w.BlackHole(false)
		if got := heard(t, client); got != io.EOF.Error() {
			t.Errorf("after the healing the client heard %q", got)
		}
		_ = client.Close()
	})
}

func TestWire_LeavesDeadForEverWhatLostBytes(t *testing.T) {
	onWire(t, func(w *Wire, dial func() (client, server net.Conn)) {
		dead, deadServer := dial()
		idle, idleServer := dial()
		w.BlackHole(true)
		if _, err := deadServer.Write([]byte("lost")); err != nil {
			t.Fatal(err)
		}
		w.BlackHole(false)
		say(t, deadServer, "more")
		say(t, idleServer, "alive")
		if got := heard(t, dead); got != "" {
			t.Errorf("a connection that lost bytes says %q", got)
		}
		if got := heard(t, idle); got != "alive" {
			t.Errorf("a connection that lost nothing says %q", got)
		}
		if n := w.Connections(); n != 2 {
			t.Errorf("%d connections", n)
		}
		if n := w.Cut(); n != 2 {
			t.Errorf("%d connections cut", n)
		}
		if got := heard(t, idle); got != io.EOF.Error() {
			t.Errorf("a cut connection says %q", got)
		}
		_, _, _ = dead.Close(), idle.Close(), deadServer.Close()
		_ = idleServer.Close()
		if n := w.Connections(); n != 0 {
			t.Errorf("%d connections left", n)
		}
	})
}
