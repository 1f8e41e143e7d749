package rest

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"sfbridge/bridge"
)

func TestClient_SendsJSONAndReadsJSONAcrossGzip(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprintf(z, `{"uri":%q,"body":%q,"id":12345678901234567890}`, r.RequestURI, body)
		_ = z.Close()
	}, Config{}, Deps{})
	var got map[string]any
	_, err := c.Do(t.Context(), &Call{Op: "put it", Method: http.MethodPut, Path: "/contact/" + Segment("phone:+60 12/3?"), Body: map[string]int{"a": 1}, Into: &got})
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for k, v := range got {
		text[k] = fmt.Sprint(v)
	}
	want := map[string]string{"uri": "/v2/contact/phone%3A%2B60%2012%2F3%3F", "body": `{"a":1}`, "id": "12345678901234567890"}
	if d := cmp.Diff(want, text); d != "" {
		t.Error(d)
	}
}

func TestClient_JudgesEveryStatus(t *testing.T) {
	type judged struct {
		Verdict   bridge.Verdict
		Wait      time.Duration
		Uncertain bool
		NotFound  bool
	}
	for _, tc := range []struct {
		status     int
		repeatable bool
		header     string
		want       judged
	}{
		{status: 200, want: judged{Verdict: bridge.Done}},
		{status: 204, want: judged{Verdict: bridge.Done}},
		{status: 302, want: judged{Verdict: bridge.Wait}},
		{status: 400, want: judged{Verdict: bridge.Bury}},
		{status: 401, want: judged{Verdict: bridge.Wait}},
		{status: 403, want: judged{Verdict: bridge.Wait}},
		{status: 404, want: judged{Verdict: bridge.Bury, NotFound: true}},
		{status: 409, want: judged{Verdict: bridge.Retry}},
		{status: 409, header: "3", want: judged{Verdict: bridge.RetryAt, Wait: 3 * time.Second}},
		{status: 429, header: "7", want: judged{Verdict: bridge.Wait, Wait: 7 * time.Second}},
		{status: 429, header: "999999", want: judged{Verdict: bridge.Wait, Wait: 24 * time.Hour}},
		{status: 429, header: "soon", want: judged{Verdict: bridge.Wait}},
		{status: 429, header: "-4", want: judged{Verdict: bridge.Wait}},
		{status: 500, want: judged{Verdict: bridge.Wait, Uncertain: true}},
		{status: 500, repeatable: true, want: judged{Verdict: bridge.Wait}},
		{status: 503, header: "1", want: judged{Verdict: bridge.Wait, Wait: time.Second}},
		{status: 504, want: judged{Verdict: bridge.Wait, Uncertain: true}},
	} {
		t.Run(fmt.Sprintf("%d %v %s", tc.status, tc.repeatable, tc.header), func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://elsewhere.example/")
				w.Header().Set("Retry-After", tc.header)
				w.WriteHeader(tc.status)
			}, Config{}, Deps{})
			_, err := c.Do(t.Context(), &Call{Op: "try", Path: "/x", Repeatable: tc.repeatable})
			var got judged
			got.Verdict, got.Wait = bridge.VerdictOf(err)
			got.Uncertain, got.NotFound = bridge.IsUncertain(err), errors.Is(err, bridge.ErrNotFound)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(err, d)
			}
		})
	}
}

func TestRetryAfter_CountsADateFromTheAnswersOwnClock(t *testing.T) {
	a := &Answer{At: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), Header: http.Header{}}
	a.Header.Set("Retry-After", "Sat, 01 Jan 2000 00:01:00 GMT")
	if got := RetryAfter(a); got != 0 {
		t.Errorf("past date: %s", got)
	}
	a.Header.Set("Date", "Sat, 01 Jan 2000 00:00:30 GMT")
	if got := RetryAfter(a); got != 30*time.Second {
		t.Errorf("date: %s", got)
	}
}

func TestClient_TellsNothingSentFromSentWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cut atomic.Bool
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if cut.Load() {
				panic(http.ErrAbortHandler)
			}
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, Config{Timeout: 5 * time.Second}, Deps{})
		start := time.Now()
		_, err := c.Do(t.Context(), &Call{Op: "post", Method: http.MethodPost, Path: "/x", Body: []byte("{}")})
		if v, _ := bridge.VerdictOf(err); v != bridge.Wait || !bridge.IsUncertain(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("timeout: %v", err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %s", took)
		}
		cut.Store(true)
		if _, err = c.Do(t.Context(), &Call{Op: "post", Method: http.MethodPost, Path: "/x"}); !bridge.IsUncertain(err) {
			t.Errorf("cut: %v", err)
		}
		_, err = c.Do(t.Context(), &Call{Op: "post", Method: http.MethodPost, Path: "/x", Repeatable: true})
		if v, _ := bridge.VerdictOf(err); v != bridge.Wait || bridge.IsUncertain(err) {
			t.Errorf("cut, repeatable: %v", err)
		}
	})
}

func TestClient_NothingListensIsUnavailable(t *testing.T) {
	c, err := New(Config{Base: "http://127.0.0.1:1", AllowPlain: true}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Do(t.Context(), &Call{Op: "post", Method: http.MethodPost, Path: "/x"})
	if v, _ := bridge.VerdictOf(err); v != bridge.Wait || bridge.IsUncertain(err) {
		t.Errorf("%v", err)
	}
}

func TestClient_RenewsOnceForAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var token atomic.Int64
		var renewed atomic.Int64
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer token-number-1" {
				w.WriteHeader(http.StatusUnauthorized)
			}
		}, Config{}, Deps{
			Authorize: func(context.Context) (string, http.Header, error) {
				return "http://org.example", http.Header{"Authorization": {fmt.Sprintf("Bearer token-number-%d", token.Load())}}, nil
			},
			Renew: func(context.Context) error {
				time.Sleep(time.Second) // in a bubble
				renewed.Add(1)
				token.Add(1)
				return nil
			},
		})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := c.Do(t.Context(), &Call{Op: "get", Path: "/x"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if renewed.Load() != 1 {
			t.Errorf("renewed %d times", renewed.Load())
		}
	})
}

func TestClient_SharesAFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tried atomic.Int64
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, Config{}, Deps{
			Renew: func(context.Context) error {
				time.Sleep(time.Second) // in a bubble
				tried.Add(1)
				return errors.New("login refused")
			},
		})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := c.Do(t.Context(), &Call{Op: "get", Path: "/x"})
				if v, _ := bridge.VerdictOf(err); v != bridge.Wait {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if tried.Load() != 1 {
			t.Errorf("tried %d times", tried.Load())
		}
	})
}

func TestClient_LimitsEachOperationByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serve(t, func(http.ResponseWriter, *http.Request) {}, Config{}, Deps{Limit: NewPerOp(5, 1).Of})
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if _, err := c.Do(t.Context(), &Call{Op: fmt.Sprint("op", i%2), Path: "/x"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took != 1800*time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}

func TestClient_ReadsNoMoreThanTheBound(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		if r.URL.Path == "/v2/no" {
			w.WriteHeader(http.StatusBadRequest)
		}
		z := gzip.NewWriter(w)
		_, _ = z.Write(make([]byte, 1<<20))
		_ = z.Close()
	}, Config{MaxBody: 1000}, Deps{})
	if _, err := c.Do(t.Context(), &Call{Op: "get", Path: "/yes", Repeatable: true}); !errors.Is(err, errTooLarge) {
		t.Errorf("2xx: %v", err)
	}
	a, err := c.Do(t.Context(), &Call{Op: "get", Path: "/no"})
	if v, _ := bridge.VerdictOf(err); v != bridge.Bury || len(a.Body) != 1000 {
		t.Errorf("4xx: %v", err)
	}
}

func TestClient_LeavesAnEndlessAnswerAlone(t *testing.T) {
	for _, status := range []int{200, 400} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			for range 1 << 10 { // far more than buffers on the way hold, and little enough for a client that takes it all
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
			t.Errorf("%d: an answer of 64 MiB was read whole, the bound is 1,000 bytes", status)
		}, Config{MaxBody: 1000}, Deps{})
		if _, err := c.Do(t.Context(), &Call{Op: "get", Path: "/"}); err == nil {
			t.Errorf("%d: no error", status)
		}
	}
}

func TestClient_TakesAPageOfHTMLForNobodysAnswer(t *testing.T) {
	for _, status := range []int{200, 400, 404} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, "<!DOCTYPE html><h1>maintenance")
		}, Config{}, Deps{})
		var into any
		_, err := c.Do(t.Context(), &Call{Op: "get", Path: "/x", Into: &into, Repeatable: true})
		if v, _ := bridge.VerdictOf(err); v != bridge.Wait || errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestClient_ErrorsHoldNoCredentialNoPathAndLittleOfTheBody(t *testing.T) {
	secret := "abcdefgh-very-secret"
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, "bad token ", r.Header.Get("Authorization"), "\r\n\x1b[31m", strings.Repeat("é", 5000))
	}, Config{}, Deps{
		Authorize: func(context.Context) (string, http.Header, error) {
			return "http://far.example", http.Header{"Authorization": {"Bearer " + secret}}, nil
		},
		Judge: func(c *Call, a *Answer) error { return JudgeStatus(c, a, "E1", string(a.Body)) },
	})
	_, err := c.Do(t.Context(), &Call{Op: "find contact", Path: "/contact/email%3Amei@example.com"})
	text := err.Error()
	for _, bad := range []string{secret, "mei@", "\n", "\x1b"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q in %q", bad, text)
		}
	}
	if len(text) > 600 || !strings.HasPrefix(text, "find contact: status 400 E1: bad token Bearer <secret>") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

func TestClient_RefusesWhatCannotBeSent(t *testing.T) {
	c := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") }, Config{}, Deps{})
	for name, call := range map[string]*Call{
		"header with a line break": {Op: "x", Path: "/", Header: http.Header{"X-A": {"a\r\nX-B: b"}}},
		"path without a slash":     {Op: "x", Path: "@evil.example/"},
		"body without JSON":        {Op: "x", Path: "/", Body: make(chan int)},
	} {
		_, err := c.Do(t.Context(), call)
		if v, _ := bridge.VerdictOf(err); v != bridge.Bury {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClient_BrokenJSONAfterADeedIsUncertain(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"contactId":1`) }, Config{}, Deps{})
	var into struct{ ContactID int }
	_, err := c.Do(t.Context(), &Call{Op: "post", Method: http.MethodPost, Path: "/x", Into: &into})
	if !bridge.IsUncertain(err) {
		t.Error(err)
	}
	_, err = c.Do(t.Context(), &Call{Op: "get", Path: "/x", Into: &into, Repeatable: true})
	if v, _ := bridge.VerdictOf(err); v != bridge.Retry || bridge.IsUncertain(err) {
		t.Error(err)
	}
}

func TestClient_CountsByDestinationOperationAndClass(t *testing.T) {
	reg := prometheus.NewRegistry()
	for _, name := range []string{"a", "b"} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, Config{Destination: name}, Deps{Registerer: reg})
		_, _ = c.Do(t.Context(), &Call{Op: "get", Path: "/x"})
	}
	want := `# HELP sfbridge_rest_calls_total Requests sent to a destination, by operation and class of answer.
# TYPE sfbridge_rest_calls_total counter
sfbridge_rest_calls_total{code_class="4xx",destination="a",op="get"} 1
sfbridge_rest_calls_total{code_class="4xx",destination="b",op="get"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "sfbridge_rest_calls_total"); err != nil {
		t.Error(err)
	}
}

func TestCheckBase_LetsOnlyWhatIsSafeThrough(t *testing.T) {
	for base, ok := range map[string]bool{
		"https://api.respond.io/v2": true, "http://127.0.0.1:8080": true, "http://[::1]:1": true, "http://localhost": true,
		"http://api.respond.io": false, "http://10.0.0.1": false, "ftp://127.0.0.1": false, "file:///etc": false, "https://u:p@host": false,
		"https://host/?a=b": false, "https://host/#": false, "https://good.com\\@evil": false, "": false, "https://": false, "host": false,
		"http://localhost.evil.example": false, "http://127.0.0.1.evil.example": false, "http://①②⑦.0.0.1": false, "https://:443": false,
	} {
		if err := CheckBase(base, true); (err == nil) != ok {
			t.Errorf("%q: %v", base, err)
		}
	}
	if CheckBase("http://127.0.0.1", false) == nil {
		t.Error("plain http although the configuration does not say so")
	}
}
