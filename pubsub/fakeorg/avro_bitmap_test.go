package fakeorg

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBitmaps_AreWrittenAsTheServiceDoes(t *testing.T) {
	top := func(bits ...int) (out []place) {
		for _, b := range bits {
			out = append(out, place{b, -1})
		}
		return out
	}
	parts := func(at int, bits ...int) (out []place) {
		for _, b := range bits {
			out = append(out, place{at, b})
		}
		return out
	}
	tests := []struct {
		name   string
		places []place
		want   []string
	}{
		{"nothing", nil, []string{}},
		{"account: industry", top(11, 22), []string{"0x400800"}},
		{"account: description", top(16, 22), []string{"0x410000"}},
		{"account: account number", top(8, 22), []string{"0x400100"}},
		{"account with record type: shipping street", slices.Concat(top(23), parts(6, 0)), []string{"0x800000", "6-0x01"}},
		{"geocoding alone", parts(6, 7, 8), []string{"6-0x0180"}},
		{"lead conversion", top(12, 19, 20, 21, 22, 23, 27), []string{"0x08F81000"}},
		{"opportunity stage", top(6, 8, 17, 18, 29, 31), []string{"0xA0060140"}},
		{"custom object", top(6, 15, 16, 17, 18, 19, 20), []string{"0x1F8040"}},
		{"a zero nibble in front", top(25), []string{"0x02000000"}},
		{"two compounds", slices.Concat(parts(7, 1, 2), top(5, 6, 7, 10, 24, 26, 29, 30), parts(4, 4)), []string{"0x650004E0", "4-0x10", "7-0x06"}},
		{"beyond 64 bits", top(23, 31, 74), []string{"0x0400000000008080" + "0000"}},
		{"300 fields", top(299), []string{"0x08" + zeros(74)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, bitmaps(tt.places)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func zeros(n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = '0'
	}
	return string(out)
}
