package jsonwalk

import (
	"encoding/json"
	"strings"
	"testing"
)

// texts are beginnings for the fuzzer, and for all that end in them.
func texts() []string {
	return []string{
		`{"a":[1,-0.5e+10,{"b":"\u00e9\n\"","c":null}],"d":true,"e":false}`, ` [ ] `, `{ }`, `"x"`, `0`, `-0`, `1E3`, `null`, "\t\r\n 1 ",
		``, ` `, `01`, `-`, `1.`, `.5`, `1e`, `+1`, `nul`, `truex`, `"`, `"\"`, `"\x"`, `"\u12g4"`, `"\u123`, "\"\x1f\"", "\"\x7f\xff\"", `[1,]`, `[,1]`, `{"a"}`,
		`{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a":1 "b":2}`, `[1 2]`, `{]`, `[}`, `{"a":1]`, `1 2`, `{}{}`, "\ufeff{}", `[[[[`, `]`, `}`, `:`,
	}
}

func TestValid_TakesWhatEncodingJSONTakesAtEveryCut(t *testing.T) {
	for _, s := range texts() {
		for n := range len(s) + 1 {
			if got, want := Valid([]byte(s[:n])), json.Valid([]byte(s[:n])); got != want {
				t.Errorf("%q: %v, encoding/json says %v", s[:n], got, want)
			}
		}
	}
}

func TestValid_EndsWhereEncodingJSONEndsInDepth(t *testing.T) {
	for _, depth := range []int{MaxDepth, MaxDepth + 1} {
		for _, ends := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
			s := strings.Repeat(ends[0], depth) + "1" + strings.Repeat(ends[1], depth)
			if got, want := Valid([]byte(s)), json.Valid([]byte(s)); got != want {
				t.Errorf("%d of %q: %v, encoding/json says %v", depth, ends[0], got, want)
			}
		}
	}
}

func TestValue_AnswersTheEndOfOneValue(t *testing.T) {
	for text, end := range map[string]int{`{"a":"}"} x`: 9, `"a\"b", 1`: 6, `12,`: 2, `[[],{}]]`: 7, `null}`: 4, `x`: Bad} {
		if got := Value([]byte(text), 0); got != end {
			t.Errorf("%s: %d, want %d", text, got, end)
		}
	}
	if got := Value([]byte("1"), 7); got != Bad {
		t.Errorf("behind the end: %d", got)
	}
}

func FuzzValid(f *testing.F) {
	for _, s := range texts() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := Valid(b), json.Valid(b); got != want {
			t.Fatalf("%q: %v, encoding/json says %v", b, got, want)
		}
	})
}

func BenchmarkValid(b *testing.B) {
	body := []byte(`{"event_id":"e1","contact":{"id":42,"firstName":"Mei","custom":[{"name":"a","value":null}]},"text":"` + strings.Repeat("x", 474) + `"}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if !Valid(body) {
			b.Fatal("refused")
		}
	}
}
