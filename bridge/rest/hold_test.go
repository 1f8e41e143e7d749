package rest

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

func TestHold_KeepsBackWhateverWouldChangeSomething(t *testing.T) {
	var got []string
	var held []Held
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path)
		_, _ = w.Write([]byte(`{}`))
	}, Config{}, Deps{
		Hold: func(h Held) { held = append(held, h) },
		Authorize: func(context.Context) (string, http.Header, error) {
			return "http://far.example/v2", http.Header{"Authorization": {"Bearer token-canary"}}, nil
		},
	})
	var into map[string]any
	for _, call := range []*Call{
		{Op: "read", Path: "/a", Into: &into},
		{Op: "head", Method: http.MethodHead, Path: "/b"},
		{Op: "search", Method: http.MethodPost, Path: "/c", Body: map[string]int{"x": 1}, Reads: true},
		{Op: "update", Method: http.MethodPut, Path: "/d", Body: map[string]int{"x": 2}, Repeatable: true},
		{Op: "delete", Method: http.MethodDelete, Path: "/e"},
	} {
		if _, err := c.Do(t.Context(), call); err != nil {
			t.Errorf("%s: %v", call.Op, err)
		}
	}
	_, err := c.Do(t.Context(), &Call{Op: "create", Method: http.MethodPost, Path: "/f", Body: []byte("x"), Into: &into})
	if v, _ := bridge.VerdictOf(err); !errors.Is(err, ErrHeld) || v != bridge.Bury || bridge.IsUncertain(err) {
		t.Errorf("a create whose answer is wanted: %v", err)
	}
	if d := cmp.Diff([]string{"GET /v2/a", "HEAD /v2/b", "POST /v2/c"}, got); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
	const base = "http://far.example/v2"
	want := []Held{
		{"update", http.MethodPut, base + "/d", []byte(`{"x":2}`)}, {"delete", http.MethodDelete, base + "/e", nil}, {"create", http.MethodPost, base + "/f", []byte("x")},
	}
	if d := cmp.Diff(want, held); d != "" {
		t.Errorf("held (-want +got):\n%s", d)
	}
}
