package storetest

import (
	"strings"
	"testing"
)

// TestLinear_TellsWhatNoOrderExplains gives it histories as broken engines would leave them.
func TestLinear_TellsWhatNoOrderExplains(t *testing.T) {
	type vals = map[string]string
	st := func(began, ended int64, saw, wrote vals) *step { return &step{began, ended, saw, wrote} }
	for _, c := range []struct {
		name    string
		history []*step
		want    string // part of the answer, "" for a history that is linear
	}{
		{"nothing", nil, ""},
		{"one after the other", []*step{
			st(1, 2, vals{"k": ""}, vals{"k": "a"}), st(3, 4, vals{"k": "a"}, vals{"k": "b"}), st(5, 6, vals{"k": "b"}, nil),
		}, ""},
		{"two at once, the later one first", []*step{
			st(1, 10, vals{"k": "b"}, vals{"k": "a"}), st(2, 9, vals{"k": ""}, vals{"k": "b"}), st(3, 4, vals{"k": ""}, nil), st(5, 6, vals{"k": "b"}, nil),
		}, ""},
		{"lost update", []*step{
			st(1, 4, vals{"k": ""}, vals{"k": "a"}), st(2, 3, vals{"k": ""}, vals{"k": "b"}),
		}, "lost"},
		{"a read of what was replaced before it began", []*step{
			st(1, 2, vals{"k": ""}, vals{"k": "a"}), st(3, 4, vals{"k": "a"}, vals{"k": "b"}), st(5, 6, vals{"k": "a"}, nil),
		}, "no order"},
		{"a read of what was not begun yet", []*step{
			st(1, 2, vals{"k": "a"}, nil), st(3, 4, vals{"k": ""}, vals{"k": "a"}),
		}, "no order"},
		{"reads that go back", []*step{
			st(1, 10, vals{"k": ""}, vals{"k": "a"}), st(2, 3, vals{"k": "a"}, nil), st(4, 5, vals{"k": ""}, nil),
		}, "no order"},
		{"each wrote past the other's check", []*step{
			st(1, 4, vals{"k": "", "l": ""}, vals{"k": "a"}), st(2, 3, vals{"k": "", "l": ""}, vals{"l": "b"}),
		}, "no order"},
		{"half of a step", []*step{
			st(1, 2, vals{"k": "", "l": ""}, vals{"k": "a", "l": "a"}), st(3, 4, vals{"k": "a"}, nil), st(5, 6, vals{"l": ""}, nil),
		}, "no order"},
		{"a value from nowhere", []*step{st(1, 2, vals{"k": "z"}, nil)}, "nobody"},
		{"one step seen twice", []*step{
			st(1, 2, vals{"k": ""}, vals{"k": "a"}), st(3, 4, vals{"k": "a"}, vals{"k": "a"}),
		}, "twice"},
	} {
		got := notLinear(c.history)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q in it", c.name, got, c.want)
		}
	}
}
