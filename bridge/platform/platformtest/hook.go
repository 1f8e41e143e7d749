package platformtest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

func checkSignatures(t *testing.T, h *Harness, r *Rig) {
	if r.Hook == nil || h.Sign == nil {
		t.Skip("the platform signs nothing")
	}
	body := []byte(`{"a":1}`)
	good := h.Sign(h.Key, body)
	if err := r.Hook.Verify(good, body); err != nil {
		t.Errorf("a true signature: %v", err)
	}
	refused := func(name string, header http.Header, body []byte) {
		t.Helper()
		if err := r.Hook.Verify(header, body); !errors.Is(err, bridge.ErrUnauthentic) {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("no header", http.Header{}, body)
	refused("another key", h.Sign(h.Key+"x", body), body)
	refused("an empty key", h.Sign("", body), body)
	refused("a line more", good, []byte("{\"a\":1}\n"))
	refused("another spelling", good, []byte(`{"a": 1}`))
	refused("no body", good, nil)
	for name, alter := range map[string]func(string) string{
		"empty":       func(string) string { return "" },
		"upper case":  strings.ToUpper,
		"cut":         func(s string) string { return s[:len(s)-1] },
		"longer":      func(s string) string { return s + "A" },
		"no padding":  func(s string) string { return strings.TrimRight(s, "=") + " " },
		"line break":  func(s string) string { return s[:10] + "\r\n" + s[10:] },
		"first wrong": func(s string) string { return flip(s, 0) },
		"very long":   func(s string) string { return strings.Repeat(s, 10_000) },
	} {
		altered := http.Header{}
		for k, vs := range good {
			altered[k] = []string{alter(vs[0])}
		}
		refused("signature "+name, altered, body)
	}
	checkMany(t, h, r, body)
}

// checkMany puts several signatures into a callback.
func checkMany(t *testing.T, h *Harness, r *Rig, body []byte) {
	many := func(at, n int) http.Header {
		header := http.Header{}
		for k, vs := range h.Sign(h.Key, body) {
			for i := range n {
				v := h.Sign(h.Key+"x", body)[k][0]
				if i == at {
					v = vs[0]
				}
				header[k] = append(header[k], v)
			}
		}
		return header
	}
	if err := r.Hook.Verify(many(2, 3), body); err != nil {
		t.Errorf("the third of three is true: %v", err)
	}
	if err := r.Hook.Verify(many(499, 500), body); !errors.Is(err, bridge.ErrUnauthentic) {
		t.Errorf("the last of five hundred is true: %v", err)
	}
}

func flip(s string, i int) string {
	b := []byte(s)
	if b[i]++; b[i] > 'z' {
		b[i] = 'a'
	}
	return string(b)
}

// checkOdd asks that what no platform sends is refused, or ignored, and never panics.
func checkOdd(t *testing.T, h *Harness, r *Rig) {
	if r.Hook == nil {
		t.Skip("the platform calls nobody")
	}
	bodies := map[string]string{
		"empty": "", "blank": " ", "null": "null", "text": `"a"`, "list": `[]`, "list of objects": `[{"id":1}]`, "cut": `{"a":`, "two": `{}{}`,
		"brackets": strings.Repeat("[", 1<<20), "deep": strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"bytes": "{\"a\":\"\xff\"}", "order mark": "\ufeff{}", "nul": "\x00", "long key": `{"` + strings.Repeat("k", 1<<20) + `":1}`,
		"proto": `{"__proto__":{"id":1}}`, "number": `{"id":1e400,"x":-0}`, "html": "<html>",
	}
	for _, f := range h.Fixtures {
		for i := 0; i < len(f.Body); i += 7 {
			_, _ = r.Hook.Identify(http.Header{}, f.Body[:i])
		}
		bodies["cut "+f.Name] = strings.TrimRight(string(f.Body), " \n}") // no object any more
	}
	for name, body := range bodies {
		n, err := r.Hook.Identify(http.Header{}, []byte(body))
		if err != nil && !errors.Is(err, bridge.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && n.Kind != bridge.Ignored {
			t.Errorf("%s: taken for %v", name, n)
		}
		if r.Parser == nil {
			continue
		}
		_, err = r.Parser.Parse(bridge.Callback{Kind: bridge.Happened, Body: []byte(body)})
		if v, _ := bridge.VerdictOf(err); err != nil && v != bridge.Bury {
			t.Errorf("parse %s: %v", name, err)
		}
	}
}

func checkFixture(t *testing.T, h *Harness, r *Rig, f Fixture) {
	header := http.Header{}
	if h.Sign != nil {
		header = h.Sign(h.Key, f.Body)
		if err := r.Hook.Verify(header, f.Body); err != nil {
			t.Error(err)
		}
	}
	n, err := r.Hook.Identify(header, f.Body)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f.Notice, n); d != "" {
		t.Errorf("notice: %s", d)
	}
	p, err := r.Parser.Parse(bridge.Callback{Event: n.Event, Kind: n.Kind, Type: n.Type, Contact: n.Contact, Body: f.Body})
	if err != nil {
		t.Fatal(err)
	}
	if p.Contact.ID != n.Contact {
		t.Errorf("parsed contact %q, identified %q", p.Contact.ID, n.Contact)
	}
	if p.Complete && !r.Traits.Versioned {
		t.Error("a callback without a version cannot stand for the contact's state")
	}
	same(t, "contact", p.Contact.Values, f.Values)
	same(t, "activity", p.Activity, f.Activity)
	for _, a := range f.Unknown {
		if p.Contact.Values[a].Known() {
			t.Errorf("%s is known, though the callback does not say it", a)
		}
	}
	for _, a := range p.Contact.Values.Names() {
		if err := r.Traits.CheckRead(a, ""); err != nil {
			t.Error(err)
		}
	}
	for _, a := range p.Activity.Names() {
		if err := r.Traits.CheckRead(a, n.Type); err != nil {
			t.Error(err)
		}
	}
}
