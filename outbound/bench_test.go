package outbound

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sfbridge/bridge"
)

// forgetful takes everything at once and keeps nothing.
type forgetful struct{}

func (forgetful) Take(context.Context, bridge.Callback) error { return nil }

// BenchmarkServer_Take is one verified callback of 574 bytes without its connection and its commit.
func BenchmarkServer_Take(b *testing.B) {
	s, err := New(Config{}, Deps{Inbox: forgetful{}, Sources: map[string]Source{"shop": {Project: "shop", Org: knownOrg, Hook: signedHook{testSecret}}}})
	if err != nil {
		b.Fatal(err)
	}
	body := `{"id":"e1","type":"contact","contact":"42","text":"` + strings.Repeat("x", 574-53) + `"}`
	signature := signedHook{testSecret}.sign([]byte(body))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/hooks/shop", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Signature", signature)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}

func BenchmarkCheckShape(b *testing.B) {
	body := []byte(`{"event_id":"e1","contact":{"id":42,"firstName":"A","lastName":"B","phone":"+41791234567","custom":[{"name":"a","value":null}]}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := checkShape(body, 64); err != nil {
			b.Fatal(err)
		}
	}
}
