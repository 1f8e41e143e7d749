package store

import (
	"slices"
	"testing"
)

func TestPostings_AnswerTheLinesOfOneID(t *testing.T) {
	b := encodePostings([]posting{{9, 3}, {5, 4095}, {9, 0}, {5, 4095}, {1 << 63, 7}})
	for h, want := range map[uint64][]uint16{5: {4095}, 9: {0, 3}, 1 << 63: {7}, 0: nil, 6: nil, 1<<64 - 1: nil} {
		if got := postingsOf(b, h); !slices.Equal(got, want) {
			t.Errorf("of %d %v, want %v", h, got, want)
		}
	}
}

func FuzzPostings(f *testing.F) {
	f.Add([]byte{}, uint64(0))
	f.Add(encodePostings([]posting{{9, 3}, {5, 1}}), uint64(9))
	f.Fuzz(func(t *testing.T, b []byte, h uint64) {
		lines := postingsOf(b, h)
		if len(lines) > len(b)/postingSize {
			t.Errorf("%d lines of %d bytes", len(lines), len(b))
		}
		var all []posting
		want := map[uint64][]uint16{}
		for i, c := range b[:min(len(b), traceBlock)] {
			p := posting{uint64(c) * h, uint16(i)}
			all = append(all, p)
			want[p.hash] = append(want[p.hash], p.line)
		}
		encoded := encodePostings(all)
		for h, lines := range want {
			if got := postingsOf(encoded, h); !slices.Equal(got, lines) {
				t.Fatalf("of %d %v, want %v", h, got, lines)
			}
		}
	})
}
