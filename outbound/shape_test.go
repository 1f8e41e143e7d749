package outbound

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestCheckShape_FindsDoubledKeysAmongMany(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	many := b.String()
	if err := checkShape([]byte("{"+many+`"last":[{},{"k1":1}]}`), 64); err != nil {
		t.Error(err)
	}
	if err := checkShape([]byte("{"+many+`"k7":1}`), 64); !errors.Is(err, errDoubledKey) {
		t.Error(err)
	}
}

func FuzzCheckShape(f *testing.F) {
	for _, s := range []string{touched, `{"a":{"a":[{"a":1},{"a":2}]},"b":"\"a\":"}`, `{"a":1,"a":2}`, `"x"`, `[]`, `{"\u0061":1,"a":2}`, "[[[", `{"Id":1,"iD":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := checkShape(body, 64)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatal("accepted what is not JSON")
		}
		if n := members(json.NewDecoder(strings.NewReader(string(body)))); n.doubled || n.deepest > 64 {
			t.Fatalf("accepted %+v", n)
		}
	})
}

type shapeSeen struct {
	doubled bool
	deepest int
}

// members reads the same by means of the standard tokeniser.
func members(d *json.Decoder) (seen shapeSeen) {
	type frame struct {
		keys map[string]bool
		key  bool
	}
	var open []frame
	for {
		token, err := d.Token()
		if err != nil {
			return seen
		}
		inKey := len(open) > 0 && open[len(open)-1].keys != nil && open[len(open)-1].key
		if s, ok := token.(string); ok && inKey {
			seen.doubled = seen.doubled || open[len(open)-1].keys[s]
			open[len(open)-1].keys[s] = true
			open[len(open)-1].key = false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, frame{keys: map[string]bool{}, key: true})
		case json.Delim('['):
			open = append(open, frame{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		seen.deepest = max(seen.deepest, len(open))
		if delim, ok := token.(json.Delim); (!ok || delim == '}' || delim == ']') && len(open) > 0 {
			open[len(open)-1].key = true
		}
	}
}
