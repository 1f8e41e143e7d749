package status

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// pipes is a listener in memory, so that time inside a bubble is exact.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8081} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	p.conns <- far
	return near, nil
}

// bubble runs a test with a server over pipes and virtual time.
func bubble(t *testing.T, do func(t *testing.T, w *world, p *pipes, client *http.Client)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(Config{})
		p := &pipes{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		server := &http.Server{Handler: w, BaseContext: func(net.Listener) context.Context { return ctx }}
		ended := make(chan error)
		go func() { ended <- server.Serve(p) }()
		transport := &http.Transport{DialContext: p.dial, DisableKeepAlives: true}
		do(t, w, p, &http.Client{Transport: transport})
		stop()
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	})
}

func open(t *testing.T, client *http.Client, path string, head ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8081"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func story(n int, p bridge.ProjectID) bridge.Story {
	return bridge.Story{At: noon, Project: p, Record: bridge.RecordID(fmt.Sprint("r", n)), Outcome: bridge.Sent, Direction: bridge.Inbound}
}

// next reads the lines of one event; a sign of life is one line.
func next(t *testing.T, from *bufio.Reader) string {
	t.Helper()
	var lines []string
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", lines, err)
		}
		if line == "\n" {
			return strings.Join(lines, "|")
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
}

func TestTail_ResumesBehindTheLastEventAndBeats(t *testing.T) {
	bubble(t, func(t *testing.T, w *world, _ *pipes, client *http.Client) {
		for i := range 3 {
			w.log.add(story(i, "support"))
		}
		answer := open(t, client, "/status/tail", "Last-Event-ID", "1")
		defer func() { _ = answer.Body.Close() }()
		from := bufio.NewReader(answer.Body)
		for _, want := range []string{"retry: 2000", "event: story|id: 2|data: {", "event: story|id: 3|data: {"} {
			if got := next(t, from); !strings.HasPrefix(got, want) {
				t.Fatalf("event %q, want %q", got, want)
			}
		}
		began := time.Now()
		if got := next(t, from); got != ": beat" || time.Since(began) != heartbeat {
			t.Errorf("%q after %v, want a sign of life after %v", got, time.Since(began), heartbeat)
		}
		w.log.add(story(3, "support"))
		if got := next(t, from); !strings.HasPrefix(got, "event: story|id: 4") {
			t.Errorf("behind the sign of life came %q", got)
		}
	})
}

func TestTail_ShowsHistoryOfWhatWasAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, w *world, _ *pipes, client *http.Client) {
		for i := range 10 {
			w.log.add(story(i, bridge.ProjectID([]string{"a", "b"}[i%2])))
		}
		answer := open(t, client, "/status/tail?history=3&project=b&once", "Accept", "application/x-ndjson")
		defer func() { _ = answer.Body.Close() }()
		lines := bufio.NewScanner(answer.Body)
		var seqs []string
		for lines.Scan() {
			if _, after, ok := strings.Cut(lines.Text(), `"seq":"`); ok {
				seqs = append(seqs, after[:strings.Index(after, `"`)])
			}
		}
		if got := strings.Join(seqs, " "); got != "6 8 10" {
			t.Errorf("stories %q, want 6 8 10", got)
		}
	})
}

func TestTail_BoundsReadersAndServesOthers(t *testing.T) {
	bubble(t, func(t *testing.T, w *world, _ *pipes, client *http.Client) {
		for range maxTails {
			answer := open(t, client, "/status/tail")
			defer func() { _ = answer.Body.Close() }()
		}
		answer := open(t, client, "/status/tail")
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("tail %d = %d, want 503", maxTails+1, answer.StatusCode)
		}
		other := open(t, client, "/status")
		_ = other.Body.Close()
		if other.StatusCode != http.StatusOK {
			t.Errorf("the status beside %d tails = %d", maxTails, other.StatusCode)
		}
	})
}

// TestTail_CutsAReaderThatStalls never reads: a pipe takes no byte that nobody takes.
func TestTail_CutsAReaderThatStalls(t *testing.T) {
	bubble(t, func(t *testing.T, w *world, p *pipes, _ *http.Client) {
		conn, _ := p.dial(t.Context(), "", "")
		defer func() { _ = conn.Close() }()
		_, err := fmt.Fprint(conn, "GET /status/tail HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(w.tails) != 1 {
			t.Fatalf("%d tails are open, want 1", len(w.tails))
		}
		for i := range 3 {
			w.log.add(story(i, "support")) // the pipeline goes on at once
		}
		time.Sleep(stall + time.Second)
		synctest.Wait()
		if len(w.tails) != 0 {
			t.Error("the reader that takes nothing was not cut")
		}
	})
}

func TestMeter_CountsWhatWasSentByTheMinute(t *testing.T) {
	now := noon
	m := NewMeter(func() time.Time { return now })
	o := bridge.Outlet{Project: "support", Direction: bridge.Inbound}
	if f := m.Flow(o); *f.PerMinute != 0 || f.P50S != nil || len(f.Minutes) != meterMinutes {
		t.Errorf("flow of nothing = %+v", f)
	}
	for i := range 20 {
		s := story(i, "support")
		s.At, s.TookMS = noon.Add(-time.Duration(i)*time.Minute), float64(i+1)
		m.Count(&s)
	}
	skipped := story(0, "support")
	skipped.Outcome = bridge.Skipped
	m.Count(&skipped)
	f := m.Flow(o)
	if *f.PerMinute != 1 || *f.P50S != 0.01 || *f.P99S != 0.019 || f.Minutes[59] != 1 || f.Minutes[40] != 1 || f.Minutes[39] != 0 {
		t.Errorf("flow = %v %v %v %v", *f.PerMinute, *f.P50S, *f.P99S, f.Minutes)
	}
	now = now.Add(50 * time.Minute)
	if f = m.Flow(o); total(f.Minutes) != 10 || *f.PerMinute != 0 {
		t.Errorf("50 minutes later %d in the hour, %v a minute", total(f.Minutes), *f.PerMinute)
	}
}

func TestSpan_ReadsWell(t *testing.T) {
	for seconds, want := range map[float64]string{
		-1: "0 s", 0.0004: "< 1 ms", 0.0421: "42 ms", 1.44: "1.4 s", 2: "2 s", 42.4: "42 s", 61: "1 min 1 s", 1090: "18 min", 7260: "2 h 1 min", 273600: "3 d 4 h",
	} {
		if got := span(seconds); got != want {
			t.Errorf("span(%v) = %q, want %q", seconds, got, want)
		}
	}
	if got := count(1234567); got != "1\u202f234\u202f567" {
		t.Errorf("count = %q", got)
	}
	if got := bytesOf(new(int64(148_898_816))); got != "142 MiB" {
		t.Errorf("bytes = %q", got)
	}
}
