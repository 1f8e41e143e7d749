package main

import "testing"

func TestSize_IsAWholeNumberWithAUnit(t *testing.T) {
	for text, want := range map[string]size{
		"0": 0, "0MiB": 0, "1KiB": 1024, "64MiB": 64 << 20, "64 MiB": 64 << 20, "20GiB": 20 << 30, "2TiB": 2 << 40, "8388607TiB": 8388607 << 40,
	} {
		if got, ok := parseSize(text); !ok || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "1", "64", "MiB", "iB", "1iB", "1.5GiB", "-1GiB", "+1GiB", "-0", "1GB", "1G", "1 G iB", "8388608TiB", "1gib", "1  MiB", "0x1MiB", "1_0MiB"} {
		if got, ok := parseSize(text); ok {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}
