package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"
)

// dice shows the same for the same purpose at the same instant of a seed, whatever else happens beside it.
type dice struct {
	mu     sync.Mutex
	luck   uint64
	rolled map[string]int
}

func (d *dice) roll(why string) *rand.Rand {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := fmt.Sprint(why, time.Now().UnixNano())
	d.rolled[at]++
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, at, d.rolled[at])
	return rand.New(rand.NewPCG(d.luck, h.Sum64()))
}

// wire is the network and the disk of one process. What goes over it takes its time, and nothing goes any more once it is cut.
type wire struct {
	dice *dice
	most time.Duration // of one read or write; 0 takes no time
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	on   func(ctx context.Context, address string) (net.Listener, error)

	mu     sync.Mutex
	dead   bool
	open   []io.Closer
	disk   ownDisk
	failed sync.Once
}

var errCut = errors.New("the wire is cut")

// world is what a process on this wire meets.
func (w *wire) world(of world) world {
	w.dial, w.on = of.dial, of.listen
	of.dial, of.listen, of.openStore = w.connect, w.listen, w.openDisk
	return of
}

// cut ends the process as a signal 9 does, as far as anybody outside can tell: from now on nothing is written, sent or answered.
func (w *wire) cut() {
	w.mu.Lock()
	w.dead = true
	open := w.open
	w.open = nil
	w.mu.Unlock()
	w.fail() // first: nothing is told to anybody that the disk does not know
	for _, c := range open {
		_ = c.Close()
	}
}

// fail ends the disk. A daemon whose disk failed closes it itself, so this is done once.
func (w *wire) fail() {
	w.failed.Do(func() {
		if err := w.disk.takeAway(); err != nil {
			panic(err)
		}
	})
}

// keep notes what must be closed when the wire is cut.
func (w *wire) keep(c io.Closer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return errors.Join(errCut, c.Close())
	}
	w.open = append(w.open, c)
	return nil
}

func (w *wire) openDisk(name string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(name, flag, mode)
	if err == nil {
		w.disk = diskOf(f)
	}
	return f, err
}

func (w *wire) connect(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := w.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return w.slow(c)
}

func (w *wire) listen(ctx context.Context, address string) (net.Listener, error) {
	ln, err := w.on(ctx, address)
	if err != nil {
		return nil, err
	}
	return &slowListener{ln, w}, w.keep(ln)
}

func (w *wire) slow(c net.Conn) (net.Conn, error) {
	s := &slowConn{Conn: c, w: w, closed: make(chan struct{})}
	return s, w.keep(s)
}

type slowListener struct {
	net.Listener
	w *wire
}

// Accept passes over connections that came too late.
func (l *slowListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if s, err := l.w.slow(c); err == nil {
			return s, nil
		}
	}
}

// slowConn takes its time for each read and write.
type slowConn struct {
	net.Conn
	w      *wire
	once   sync.Once
	closed chan struct{}
}

func (c *slowConn) lag() {
	if c.w.most == 0 {
		return
	}
	timer := time.NewTimer(time.Duration(c.w.dice.roll("wire").Int64N(int64(c.w.most))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.closed:
	}
}

// Read brings what came, late.
func (c *slowConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.lag()
	}
	return n, err
}

// Write sends late.
func (c *slowConn) Write(b []byte) (int, error) {
	c.lag()
	return c.Conn.Write(b)
}

// Close ends a wait too.
func (c *slowConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
