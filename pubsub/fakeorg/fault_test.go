package fakeorg

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// overWire runs test in a bubble with a real HTTP client and server in memory.
func overWire(t *testing.T, test func(d *desk, post func() (int, error))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Options{Now: time.Now})
		listener := newPipeListener()
		server := &http.Server{Handler: d.org.Handler()}
		var wg sync.WaitGroup
		wg.Go(func() { _ = server.Serve(listener) })
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return listener.dial(ctx, "") }}
		client := &http.Client{Transport: transport, Timeout: time.Minute}
		test(d, func() (int, error) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://org/services/data/v66.0/sobjects/Contact", strings.NewReader(`{"LastName":"A"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+d.token)
			r.Header.Set("Content-Type", "application/json")
			answer, err := client.Do(r)
			if err != nil {
				return 0, err
			}
			defer answer.Body.Close()
			_, err = io.Copy(io.Discard, answer.Body)
			return answer.StatusCode, err
		})
		transport.CloseIdleConnections()
		_ = server.Close()
		wg.Wait()
	})
}

func TestFault_CutBeforeCommitDoesNothing(t *testing.T) {
	overWire(t, func(d *desk, post func() (int, error)) {
		d.org.AddFault(Fault{Path: "/SOBJECTS/contact", Cut: CutBefore, Times: 1})
		if status, err := post(); err == nil {
			t.Errorf("answered %d", status)
		}
		if n := len(d.org.Rows("Contact")); n != 0 {
			t.Errorf("%d rows", n)
		}
		if status, err := post(); status != http.StatusCreated {
			t.Errorf("then %d, %v", status, err)
		}
	})
}

func TestFault_CutAfterCommitLosesTheAnswerOnly(t *testing.T) {
	overWire(t, func(d *desk, post func() (int, error)) {
		d.org.AddFault(Fault{Method: "POST", Cut: CutAfter, Nth: 2})
		first, _ := post()
		second, err := post()
		if first != http.StatusCreated || err == nil {
			t.Errorf("answered %d, then %d", first, second)
		}
		if rows, events := len(d.org.Rows("Contact")), len(d.org.Events()); rows != 2 || events != 2 {
			t.Errorf("%d rows, %d events", rows, events)
		}
	})
}

func TestFault_DelayTakesTheOrgsTimeOnly(t *testing.T) {
	overWire(t, func(d *desk, post func() (int, error)) {
		d.org.AddFault(Fault{Delay: Duration(40 * time.Second), Every: 2})
		began := time.Now()
		for range 4 {
			if status, err := post(); status != http.StatusCreated {
				t.Fatalf("%d, %v", status, err)
			}
		}
		if took := time.Since(began); took != 80*time.Second {
			t.Errorf("took %v", took)
		}
		d.org.ClearFaults()
		d.org.AddFault(Fault{Delay: Duration(2 * time.Minute)})
		if _, err := post(); err == nil {
			t.Error("the client waited longer than it wanted")
		}
		synctest.Wait()
		if n := len(d.org.Rows("Contact")); n != 4 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestFault_AnswersInsteadAndDoesNotCount(t *testing.T) {
	d := newDesk(t, Options{})
	d.org.AddFault(Fault{Status: 503, Body: "<html>down</html>", Header: map[string]string{"Content-Type": "text/html", "Retry-After": "7"}, Times: 2})
	for _, want := range []int{503, 503, 201} {
		w := d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "A"})
		if w.Code != want {
			t.Errorf("status %d, want %d", w.Code, want)
		}
		if want == 503 && (w.Header().Get("Content-Type") != "text/html" || w.Header().Get("Retry-After") != "7" || w.Body.String() != "<html>down</html>") {
			t.Errorf("answer %v %s", w.Header(), w.Body)
		}
	}
	if d.org.APICalls() != 1 {
		t.Errorf("%d calls counted", d.org.APICalls())
	}
	calls := d.org.Calls()
	if len(calls) != 4 || !calls[1].Fault || calls[1].Status != 503 || calls[3].Fault || !calls[3].Counted || calls[0].Counted {
		t.Errorf("calls %+v", calls)
	}
}

func TestFault_ShareIsTheSameForTheSameSeed(t *testing.T) {
	strikes := func(seed uint64) string {
		d := newDesk(t, Options{})
		d.org.AddFault(Fault{Status: 500, Share: 0.3, Seed: seed})
		var out strings.Builder
		for range 100 {
			out.WriteByte("01"[btoi(d.do(http.MethodGet, "/limits", nil).Code == 500)])
		}
		return out.String()
	}
	first := strikes(1)
	if n := strings.Count(first, "1"); n < 15 || n > 45 {
		t.Errorf("%d of 100 struck", n)
	}
	if first != strikes(1) || first == strikes(2) {
		t.Error("the seed does not decide")
	}
}

func TestFault_RowsOfAPIClientsMeetIt(t *testing.T) {
	d := newDesk(t, Options{})
	d.org.AddFault(Fault{Object: "contact", Verb: "create", Code: "UNABLE_TO_LOCK_ROW", Message: "unable to obtain exclusive access", Nth: 2})
	if _, err := d.org.Create("Contact", fields{"LastName": "by a person"}); err != nil {
		t.Fatal(err)
	}
	if got := codesOf(d.collection(http.MethodPost, "", fields{"records": contacts("A", "B", "C")})); got != "ok UNABLE_TO_LOCK_ROW ok" {
		t.Errorf("results %s", got)
	}
	other := d.org.Rows("Contact")[0]["Id"].(string)
	d.org.AddFault(Fault{Code: "DUPLICATES_DETECTED", Message: "Use one of these records?", Matches: []string{other}, Times: 1})
	w := d.do(http.MethodPost, "/sobjects/Contact", fields{"LastName": "D"})
	got := d.refused(w, 400, "DUPLICATES_DETECTED")
	if got.Duplicate == nil || !strings.Contains(w.Body.String(), `"Id":"`+other+`"`) {
		t.Errorf("body %s", w.Body)
	}
}
