package respondiotest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// receiver takes webhooks.
type receiver struct {
	mu     sync.Mutex
	got    []string // event type and what it says of the contact's last name
	ids    map[string]int
	status func(n int) int // of the n-th call; nil = 200
	calls  int
	bad    error
}

func (r *receiver) send(_ context.Context, req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	status := 200
	if r.status != nil {
		status = r.status(r.calls)
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	if req.Header.Get("X-Webhook-Signature") != Sign("signing-key-of-the-fake-000", body) {
		r.bad = errors.New("the signature does not hold")
	}
	var e struct {
		Type    string         `json:"event_type"`
		ID      string         `json:"event_id"`
		Contact map[string]any `json:"contact"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		r.bad = err
	}
	if status == 200 {
		r.got = append(r.got, fmt.Sprintf("%s %v", e.Type, e.Contact["lastName"]))
		r.ids[e.ID]++
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// with runs a fake in a bubble until its webhooks are out.
func with(t *testing.T, o Options, r *receiver, act func(f *Fake)) *Fake {
	t.Helper()
	r.ids = map[string]int{}
	o.Send, o.Target = r.send, "http://bridge.example/webhooks/x"
	f := New(o)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = f.Run(ctx) })
	act(f)
	for range 1000 {
		if _, waiting, _ := f.Webhooks(); waiting == 0 {
			break
		}
		time.Sleep(time.Second) // in a bubble
	}
	cancel()
	wg.Wait()
	if r.bad != nil {
		t.Error(r.bad)
	}
	return f
}

func TestFake_TellsOfChangesByPeopleAndByTheAPIInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		with(t, Options{}, r, func(f *Fake) {
			c := f.Create(map[string]string{"firstName": "Mei", "lastName": "A"})
			for _, to := range []string{"B", "B", "C"} {
				if _, err := f.Edit(c.ID, map[string]string{"lastName": to}); err != nil {
					t.Error(err)
				}
			}
			ask(f, "PUT", "/contact/id%3A90001", `{"lastName":"D"}`)
			ask(f, "PUT", "/contact/id%3A90001", `{"lastName":"D"}`)
			ask(f, "POST", "/contact/id%3A90001/tag", `["VIP","VIP"]`)
			_ = f.Receive(c.ID, "hello")
			_ = f.Answer(c.ID, "hello", "api")
			_ = f.CloseConversation(c.ID, "Sales", "done")
			_, _ = f.Edit(c.ID, map[string]string{"lifecycle": "Customer"})
			if err := f.Delete(c.ID); err != nil || !errors.Is(f.Delete(c.ID), ErrNoContact) {
				t.Error("delete")
			}
		})
		want := []string{
			"contact.created A", "contact.updated B", "contact.updated C", "contact.updated D", "contact.tag.updated D", "message.received D",
			"message.sent D", "conversation.closed D", "contact.lifecycle.updated D",
		}
		if d := cmp.Diff(want, r.got); d != "" {
			t.Error(d)
		}
	})
}

func TestFake_SendsAgainUntilItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{status: func(n int) int { return []int{503, 0, 500, 200}[min(n-1, 3)] }}
		start := time.Now()
		f := with(t, Options{}, r, func(f *Fake) { f.Create(map[string]string{"firstName": "Mei"}) })
		if sent, waiting, dropped := f.Webhooks(); sent != 1 || waiting != 0 || dropped != 0 || r.calls != 4 || len(r.ids) != 1 {
			t.Errorf("%d sent, %d waiting, %d dropped, %d calls", sent, waiting, dropped, r.calls)
		}
		if took := time.Since(start); took < 3500*time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}

func TestFake_GivesUpAndCountsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{status: func(int) int { return 503 }}
		f := with(t, Options{Retries: 2}, r, func(f *Fake) { f.Create(map[string]string{"firstName": "Mei"}) })
		if _, _, dropped := f.Webhooks(); dropped != 1 || r.calls != 3 {
			t.Errorf("%d dropped after %d calls", dropped, r.calls)
		}
		full := New(Options{Queue: 3, Send: r.send})
		for range 10 {
			full.Create(map[string]string{"firstName": "Mei"})
		}
		if _, waiting, dropped := full.Webhooks(); waiting != 3 || dropped != 7 {
			t.Errorf("a queue of 3: %d waiting, %d dropped", waiting, dropped)
		}
	})
}

func TestFake_ReordersAndDuplicatesOnASeed(t *testing.T) {
	run := func(t *testing.T, seed uint64) (r *receiver) {
		synctest.Test(t, func(t *testing.T) {
			r = &receiver{}
			with(t, Options{Seed: seed}, r, func(f *Fake) {
				f.SetFaults(Faults{Duplicate: 0.3, Reorder: 0.3})
				c := f.Create(map[string]string{"firstName": "Mei"})
				for i := range 40 {
					_, _ = f.Edit(c.ID, map[string]string{"lastName": fmt.Sprint(i)})
				}
			})
		})
		return r
	}
	a, b, c := run(t, 1), run(t, 1), run(t, 2)
	if d := cmp.Diff(a.got, b.got); d != "" {
		t.Error("one seed, two orders:", d)
	}
	if cmp.Equal(a.got, c.got) {
		t.Error("two seeds, one order")
	}
	if len(a.ids) != 41 || len(a.got) < 45 {
		t.Errorf("%d events, %d webhooks", len(a.ids), len(a.got))
	}
	ordered := true
	for i := 1; i < len(a.got); i++ {
		var x, y int
		_, _ = fmt.Sscanf(a.got[i-1], "contact.updated %d", &x)
		_, _ = fmt.Sscanf(a.got[i], "contact.updated %d", &y)
		ordered = ordered && x <= y
	}
	if ordered {
		t.Error("nothing was reordered")
	}
}

func TestFake_KeepsWhatTheEndOfRunInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{status: func(int) int { return 0 }, ids: map[string]int{}}
		f := New(Options{Send: r.send, Target: "http://bridge.example/"})
		f.Create(map[string]string{"firstName": "Mei"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := f.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if _, waiting, dropped := f.Webhooks(); waiting != 1 || dropped != 0 {
			t.Errorf("%d waiting, %d dropped", waiting, dropped)
		}
		r.mu.Lock()
		r.status = nil
		r.mu.Unlock()
		again, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		_ = f.Run(again)
		if sent, _, _ := f.Webhooks(); sent != 1 {
			t.Errorf("%d sent", sent)
		}
	})
}

func TestFake_LimitsEachMethodByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(Options{RatePerSecond: 5})
		f.Create(map[string]string{"firstName": "Mei"})
		count := func() (taken int) {
			for range 20 {
				if status, _ := ask(f, "GET", "/contact/id%3A90001", ""); status == 200 {
					taken++
				}
			}
			return taken
		}
		first := count()
		if status, _ := ask(f, "GET", "/space/user?limit=1", ""); status != 200 {
			t.Error("another method has its own turns")
		}
		time.Sleep(time.Second) // in a bubble
		if second := count(); first != 5 || second != 5 {
			t.Errorf("%d, then %d a second later", first, second)
		}
	})
}
