package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// BenchmarkClient is one JSON call after the other from 64 callers over loopback, metrics and limiter included.
func BenchmarkClient(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"contactId":90001}`)
	}))
	defer srv.Close()
	c, err := New(Config{Base: srv.URL, AllowPlain: true}, Deps{Registerer: prometheus.NewRegistry(), Limit: NewPerOp(1e9, 1).Of})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			var into struct {
				ContactID int `json:"contactId"`
			}
			if _, err := c.Do(b.Context(), &Call{Op: "put", Method: http.MethodPut, Path: "/x", Body: map[string]string{"lastName": "Tan"}, Into: &into}); err != nil {
				b.Error(err)
			}
		}
	})
}
