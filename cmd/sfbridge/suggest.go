package main

import (
	"cmp"
	"slices"
	"strings"
)

// nearest is the word of all that was probably meant, "" where none is near.
func nearest(written string, all []string) string {
	best, bound := "", 1+len(written)/3
	for _, w := range slices.Sorted(slices.Values(all)) {
		if d := distance(strings.ToLower(written), strings.ToLower(w), bound); d <= bound && (best == "" || d < bound) {
			best, bound = w, d
		}
	}
	return best
}

// meant is a remedy for a word that is none of all.
func meant(written string, all []string) string {
	return cmp.Or(suggestion(written, all), "write "+listed(all))
}

// suggestion asks whether the nearest word was meant; "" where none is near.
func suggestion(written string, all []string) string {
	if n := nearest(written, all); n != "" {
		return "did you mean " + n + "?"
	}
	return ""
}

// listed is "a, b or c".
func listed(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// distance counts the letters to insert, drop, change or swap between a and b; words whose lengths alone differ by more than bound are not compared.
func distance(a, b string, bound int) int {
	if len(a)-len(b) > bound || len(b)-len(a) > bound || len(a) > 64 || len(b) > 64 {
		return bound + 1
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

// trimPrefix drops the parser's own name from its message.
func trimPrefix(s string) string { return strings.TrimPrefix(s, "toml: ") }
