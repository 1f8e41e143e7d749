package fakeorg

import (
	"encoding/json"
	"testing"
)

// FuzzValue holds that no field panics on anything a client may send, and that what is stored is already canonical.
func FuzzValue(f *testing.F) {
	for _, text := range []string{`" a@B.io "`, `"2026-11-21T10:00:00.999+0100"`, `12.345`, `1e400`, `-0.0`, `"Sport;Music"`, `true`, `"0035e0000001001AAA"`, `[1]`, `{"a":1}`} {
		f.Add(text)
	}
	objects := New(Options{}).objects()
	f.Fuzz(func(t *testing.T, text string) {
		var sent any
		if decodeJSON([]byte(text), &sent) != nil {
			t.Skip()
		}
		for _, o := range objects {
			for _, field := range o.Fields {
				once, err := field.accept(sent)
				if err != nil || once == nil {
					continue
				}
				again, err := field.accept(once)
				if err != nil || again != once {
					t.Fatalf("%s.%s stores %v for %s, and %v (%v) for that", o.Name, field.Name, once, text, again, err)
				}
				if _, err := json.Marshal(jsonValue(field.Type, once)); err != nil {
					t.Fatalf("%s.%s: %v", o.Name, field.Name, err)
				}
			}
		}
	})
}
