package outbound

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// running serves on an in-memory listener until stop is called.
func running(t *testing.T, s *Server) (ln *memoryListener, stop func() error) {
	t.Helper()
	ln = newMemoryListener()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, ln) }()
	return ln, func() error { cancel(); return <-done }
}

// raw is the head and body of an authentic request with further header lines.
func raw(body string, lines ...string) string {
	head := []string{"POST /hooks/shop HTTP/1.1", "Host: x", "Content-Type: application/json", "X-Signature: " + signedHook{testSecret}.sign([]byte(body))}
	return strings.Join(append(head, lines...), "\r\n") + "\r\n\r\n"
}

func send(conn net.Conn, text string) { go func() { _, _ = io.WriteString(conn, text) }() }

func answered(t *testing.T, r *bufio.Reader) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp
}

func length(body string) string { return fmt.Sprintf("Content-Length: %d", len(body)) }

func TestServer_CutsSlowHeadsAndBodies(t *testing.T) {
	tests := []struct {
		name string
		text string
		want time.Duration
	}{
		{"41 slow head", "POST /hooks/shop HTTP/1.1\r\nHost: x\r\n", 5 * time.Second},
		{"41 silent", "", 5 * time.Second},
		{"42 slow body", raw(touched, "Content-Length: 100") + "{", 15 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln, stop := running(t, newTestServer(t, &memoryInbox{}, nil))
				conn := ln.dial(t)
				start := time.Now()
				send(conn, tt.text)
				_, _ = io.Copy(io.Discard, conn)
				if took := time.Since(start); took != tt.want && took != tt.want+500*time.Millisecond {
					t.Errorf("cut after %v, want %v", took, tt.want)
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestServer_ClosesConnectionsOverItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln, stop := running(t, newTestServer(t, &memoryInbox{}, func(c *Config, _ *Deps) { c.Connections = 2 }))
		first, second, third := ln.dial(t), ln.dial(t), ln.dial(t)
		if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the third connection is open: %v", err)
		}
		_ = first.Close()
		synctest.Wait()
		fourth := ln.dial(t)
		send(fourth, raw(touched, length(touched))+touched)
		if resp := answered(t, bufio.NewReader(fourth)); resp.StatusCode != http.StatusOK {
			t.Errorf("answered %d", resp.StatusCode)
		}
		_, _ = second.Close(), fourth.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestServer_EndsTheConnectionAfterDoubtfulRequests(t *testing.T) {
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(touched), touched)
	tests := []struct {
		name, text string
		want       int
	}{
		{"30 length and chunks", raw(touched, "Content-Length: 4", "Transfer-Encoding: chunked") + chunked, 200},
		{"30 two lengths", raw(touched, "Content-Length: 4", length(touched)) + touched, 400},
		{"46 huge head", raw(touched, "X-Pad: "+strings.Repeat("x", 1<<20)), 431},
		{"47 behind 413", raw(touched, "Content-Length: 2000000") + touched, 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inbox := &memoryInbox{}
				ln, stop := running(t, newTestServer(t, inbox, nil))
				conn := ln.dial(t)
				second := strings.ReplaceAll(touched, "e1", "smuggled")
				send(conn, tt.text+raw(second, length(second))+second)
				r := bufio.NewReader(conn)
				if resp := answered(t, r); resp.StatusCode != tt.want || !resp.Close {
					t.Errorf("answered %d, close %t", resp.StatusCode, resp.Close)
				}
				_, _ = io.Copy(io.Discard, r)
				_ = conn.Close()
				for _, c := range inbox.kept {
					if c.Event == "smuggled" {
						t.Error("the second request was served")
					}
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestServer_CommitsForACallerWhoIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := &memoryInbox{gate: make(chan struct{})}
		ln, stop := running(t, newTestServer(t, inbox, nil))
		conn := ln.dial(t)
		send(conn, raw(touched, length(touched))+touched)
		synctest.Wait()
		_ = conn.Close()
		time.Sleep(time.Second)
		close(inbox.gate)
		synctest.Wait()
		if inbox.count() != 1 {
			t.Errorf("%d kept", inbox.count())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestServer_AnswersOnlyAfterTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := &memoryInbox{gate: make(chan struct{})}
		ln, stop := running(t, newTestServer(t, inbox, nil))
		conn := ln.dial(t)
		send(conn, raw(touched, length(touched))+touched)
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			answered(t, bufio.NewReader(conn))
		}()
		time.Sleep(9 * time.Second)
		select {
		case <-heard:
			t.Error("answered before the commit")
		default:
		}
		close(inbox.gate)
		<-heard
		_ = conn.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestServer_FinishesWhatIsInFlightAtStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := &memoryInbox{gate: make(chan struct{})}
		ln, stop := running(t, newTestServer(t, inbox, nil))
		conn := ln.dial(t)
		send(conn, raw(touched, length(touched))+touched)
		synctest.Wait()
		go func() { time.Sleep(2 * time.Second); close(inbox.gate) }()
		ended := make(chan error, 1)
		go func() { ended <- stop() }()
		if resp := answered(t, bufio.NewReader(conn)); resp.StatusCode != http.StatusOK {
			t.Errorf("answered %d", resp.StatusCode)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if inbox.count() != 1 {
			t.Errorf("%d kept", inbox.count())
		}
	})
}

func TestServer_GivesUpAStuckInbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := &memoryInbox{gate: make(chan struct{})}
		ln, stop := running(t, newTestServer(t, inbox, nil))
		conn := ln.dial(t)
		start := time.Now()
		send(conn, raw(touched, length(touched))+touched)
		if resp := answered(t, bufio.NewReader(conn)); resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("answered %d", resp.StatusCode)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("after %v", took)
		}
		_ = conn.Close()
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestServer_LeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- newTestServer(t, &memoryInbox{}, nil).Run(ctx, ln) }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, raw(touched, length(touched))+touched)
	if resp := answered(t, bufio.NewReader(conn)); resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d", resp.StatusCode)
	}
	_ = conn.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
