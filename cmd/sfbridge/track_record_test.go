package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A command that finds no test passes: one whose test has another name by now would prove nothing.
func TestTrackRecord_NamesTestsAndMutantsThatExist(t *testing.T) {
	root, rooms := loadTree(t)
	text, err := os.ReadFile(filepath.Join(root, "deploy/track-record.md"))
	if err != nil {
		t.Fatal(err)
	}
	by, suites := written(t, root, rooms)
	commands := regexp.MustCompile("`[^`]*go test [^`]*-run ([^ `]+)[^`]* (\\./[a-z/]+)`").FindAllStringSubmatch(string(text), -1)
	for _, c := range commands {
		test, sub, _ := strings.Cut(c[1], "/")
		if !strings.Contains(by[c[2]], "\nfunc "+test) || !strings.Contains(by[c[2]]+suites, sub) {
			t.Errorf("%s: package %s has no such test", c[0], c[2])
		}
	}
	planted := regexp.MustCompile("`deploy/mutants/run ([a-z-]+)`").FindAllStringSubmatch(string(text), -1)
	for _, p := range planted {
		if _, err := os.Stat(filepath.Join(root, "deploy/mutants", p[1]+".patch")); err != nil {
			t.Error(err)
		}
	}
	if len(commands) < 30 || len(planted) < 5 {
		t.Errorf("%d commands and %d planted bugs were found in the text", len(commands), len(planted))
	}
}
