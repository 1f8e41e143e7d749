package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mutant is a deliberate bug: a patch, and the tests that must fail by it.
type mutant struct {
	file  string
	kills []string // package and test
}

// mutants reads the heads of the patches.
func mutants(t *testing.T, root string) (all []mutant) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "deploy/mutants/*.patch"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(text), "\ndiff ")
		m := mutant{file: file}
		for line := range strings.Lines(head) {
			if test, ok := strings.CutPrefix(strings.TrimSpace(line), "Killed by: "); ok {
				m.kills = append(m.kills, test)
			}
		}
		if len(m.kills) == 0 || !strings.Contains(head, "Bug: ") || !strings.Contains(head, "Proves: ") {
			t.Errorf("%s does not say its bug, what it is killed by and what that proves", filepath.Base(file))
		}
		all = append(all, m)
	}
	if len(all) < 18 {
		t.Fatalf("%d deliberate bugs are left, 18 were promised", len(all))
	}
	return all
}

// written is all Go code of the tree, by folder as packages are named there; what suites for several packages say counts for all.
func written(t *testing.T, root string, rooms []*room) (by map[string]string, suites string) {
	t.Helper()
	by = map[string]string{}
	for _, r := range rooms {
		for _, s := range r.files {
			if !s.test && !s.suite() {
				continue
			}
			text, err := os.ReadFile(filepath.Join(root, s.path))
			if err != nil {
				t.Fatal(err)
			}
			if s.suite() {
				suites += string(text)
			}
			by["./"+s.room] += string(text)
		}
	}
	return by, suites
}

// deploy/mutants/run plants the bugs and takes minutes; this holds that it still could: patches apply, and the tests they name are there.
func TestMutants_StillApplyAndNameTestsThatExist(t *testing.T) {
	root, rooms := loadTree(t)
	all := mutants(t, root)
	by, suites := written(t, root, rooms)
	list, err := os.ReadFile(filepath.Join(root, "deploy/mutants/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		name := filepath.Base(m.file)
		for _, kill := range m.kills {
			pkg, test, _ := strings.Cut(kill, " ")
			test, sub, _ := strings.Cut(test, "/")
			if !regexp.MustCompile(`(?m)^func `+regexp.QuoteMeta(test)+`\(t `).MatchString(by[pkg]) || !strings.Contains(by[pkg]+suites, sub) {
				t.Errorf("%s is killed by %s, which does not exist\n\tremedy: name the test that took its place, and run deploy/mutants/run %s",
					name, kill, strings.TrimSuffix(name, ".patch"))
			}
			if !strings.Contains(string(list), "`"+pkg+"` `"+test) || !strings.Contains(string(list), "("+name+")") {
				t.Errorf("deploy/mutants/README.md does not list %s, killed by %s\n\tremedy: put in its table what deploy/mutants/run -l prints", name, kill)
			}
		}
	}
	gitOrSkip(t, root)
	for _, m := range all {
		check := exec.CommandContext(t.Context(), "git", "-C", root, "apply", "--check", m.file)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s applies no longer: %v\n%s\tremedy: plant the same bug in the code as it is now, and keep the head of the patch", filepath.Base(m.file), err, out)
		}
	}
}

// gitOrSkip ends the test where there is no git, or the tree is a copy without its history; in CI both must be there.
func gitOrSkip(t *testing.T, root string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "rev-parse", "--show-toplevel").CombinedOutput()
	top, e := filepath.EvalSymlinks(strings.TrimSpace(string(out)))
	if here, e2 := filepath.EvalSymlinks(root); err == nil && e == nil && e2 == nil && top == here {
		return
	}
	const text = "patches are checked by git in a clone, and this is none: %v %s"
	if os.Getenv("CI") == "true" {
		t.Fatalf(text, err, out)
	}
	t.Skipf(text, err, out)
}
