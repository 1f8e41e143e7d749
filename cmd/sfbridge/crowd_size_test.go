package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unraced finds the pattern of the tests that the gate runs without the race detector.
var unraced = regexp.MustCompile(`-run '([^']+)'[^\n]*\./cmd/sfbridge`)

// crowdOf is how many there are in a test of a crowd. The race detector, which takes ten times the work in a bubble, has a fifth of them: the gate meets all
// of them in its step without it, which has to name the test.
func crowdOf(t *testing.T, n int) int {
	t.Helper()
	if !raced {
		return n
	}
	gate, err := os.ReadFile(filepath.Join("..", "..", ".ci", "run"))
	if os.IsNotExist(err) {
		return n / 5
	}
	found := unraced.FindSubmatch(gate)
	name, _, _ := strings.Cut(t.Name(), "/")
	if found == nil || !regexp.MustCompile(string(found[1])).MatchString(name) {
		t.Errorf("%s meets its whole crowd nowhere\n\tremedy: have the step without the race detector in .ci/run name it", name)
	}
	return n / 5
}
