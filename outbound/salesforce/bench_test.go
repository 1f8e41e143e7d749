package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// benchCalls is how many calls are in flight at a time, as the courier has it.
const benchCalls = 5

// far is an org over loopback that takes so long for a call, with a client of it.
type far struct {
	org    *fakeorg.Org
	client *Client
	login  *Login
	url    string
	ids    []bridge.RecordID
}

func newFar(b *testing.B, latency time.Duration) *far {
	b.Helper()
	f := &far{org: fakeorg.New(fakeorg.Options{Seed: keyedContacts(), APIUsageMax: 100_000_000})}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if latency > 0 {
			timer := time.NewTimer(latency)
			<-timer.C
		}
		f.org.Handler().ServeHTTP(w, r)
	}))
	b.Cleanup(srv.Close)
	f.url = srv.URL
	config := testConfig()
	config.LoginURL = srv.URL
	var err error
	if f.login, err = NewLogin(config, Deps{}); err != nil {
		b.Fatal(err)
	}
	if f.client, err = NewClient(config, Deps{}, f.login); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = f.client.Close(), f.login.Close() })
	for i := range benchCalls * maxRows {
		id, err := f.org.Create("Contact", map[string]any{"LastName": fmt.Sprintf("L%d", i)})
		if err != nil {
			b.Fatal(err)
		}
		f.ids = append(f.ids, bridge.RecordID(id))
	}
	return f
}

// batch is the n-th of the calls: an update of 200 contacts with five fields.
func (f *far) batch(n, round int) []bridge.Write {
	ws := make([]bridge.Write, maxRows)
	for i := range ws {
		ws[i] = update(f.ids[n*maxRows+i], text(
			"FirstName", "Mei", "LastName", fmt.Sprintf("Tan %d", round), "Email", fmt.Sprintf("mei.%d@example.com", i), "MobilePhone", "+60123456789", "Title", "Dr"))
	}
	return ws
}

// abreast runs n calls, five at a time, each on rows of its own.
func abreast(n int, call func(lane, round int)) time.Duration {
	start := time.Now()
	var wg sync.WaitGroup
	var next atomic.Int64
	for lane := range benchCalls {
		wg.Go(func() {
			for round := next.Add(1); round <= int64(n); round = next.Add(1) {
				call(lane, int(round))
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// through has the client write n calls.
func (f *far) through(b *testing.B, n int) time.Duration {
	return abreast(n, func(lane, round int) {
		for _, w := range f.client.Write(b.Context(), f.batch(lane, round)) {
			if w.Err != nil {
				b.Error(w.Err)
			}
		}
	})
}

// readyMade posts the same n bodies, made before, and reads the answers as far as their bytes.
func (f *far) readyMade(b *testing.B, n int) time.Duration {
	session, err := f.login.Token(context.WithoutCancel(b.Context()))
	if err != nil {
		b.Fatal(err)
	}
	bodies := make([][][]byte, benchCalls)
	for lane := range bodies {
		for round := range n + 1 {
			bodies[lane] = append(bodies[lane], body(b, f.batch(lane, round)))
		}
	}
	plain := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchCalls}}
	defer plain.CloseIdleConnections()
	return abreast(n, func(lane, round int) {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPatch, f.url+"/services/data/v66.0/composite/sobjects", bytes.NewReader(bodies[lane][round]))
		if err != nil {
			b.Error(err)
			return
		}
		r.Header = http.Header{"Authorization": {"Bearer " + session.AccessToken}, "Content-Type": {"application/json"}}
		a, err := plain.Do(r)
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = a.Body.Close() }()
		if _, err := io.Copy(io.Discard, a.Body); err != nil || a.StatusCode != http.StatusOK {
			b.Error(a.Status, err)
		}
	})
}

// body is what a call of these rows sends.
func body(b *testing.B, ws []bridge.Write) []byte {
	b.Helper()
	var rows []map[string]any
	for _, w := range ws {
		row := map[string]any{"attributes": map[string]string{"type": "Contact"}, "id": w.Record}
		for name, v := range w.Set {
			row[string(name)] = v.Text
		}
		rows = append(rows, row)
	}
	text, err := json.Marshal(map[string]any{"allOrNone": false, "records": rows})
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// BenchmarkWrite is five calls of 200 rows at a time to an org over loopback: rows a second, and the ratio to the same bodies sent ready-made, by turns.
func BenchmarkWrite(b *testing.B) {
	for _, latency := range []time.Duration{0, 40 * time.Millisecond} {
		b.Run(fmt.Sprintf("latency=%v", latency), func(b *testing.B) {
			f := newFar(b, latency)
			f.through(b, benchCalls)
			f.readyMade(b, benchCalls)
			var ours, plain time.Duration
			rounds := 0
			for b.Loop() {
				ours += f.through(b, benchCalls)
				plain += f.readyMade(b, benchCalls)
				rounds += benchCalls
			}
			b.ReportMetric(float64(rounds*maxRows)/ours.Seconds(), "writes/s")
			b.ReportMetric(float64(rounds*maxRows)/plain.Seconds(), "ready-made/s")
			b.ReportMetric(plain.Seconds()/ours.Seconds(), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
