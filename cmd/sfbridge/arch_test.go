package main_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestArchitecture holds the plan of the house: arrows, sizes, state, calls, docs and words.
// Each breach is named with its place and its remedy.
func TestArchitecture(t *testing.T) {
	root, rooms := loadTree(t)
	eachRoom := func(check func(*room) []offence) func(*testing.T) {
		return func(t *testing.T) {
			for _, r := range rooms {
				report(t, check(r))
			}
		}
	}
	eachFile := func(check func(*source) []offence) func(*testing.T) {
		return eachRoom(func(r *room) (bad []offence) {
			for _, s := range r.files {
				bad = append(bad, check(s)...)
			}
			return bad
		})
	}
	t.Run("arrows", eachRoom(checkArrows))
	t.Run("package docs", eachRoom(checkPackageDoc))
	t.Run("package variables", eachRoom(checkVars))
	t.Run("init", eachFile(checkInit))
	t.Run("file size", eachFile(checkFileSize))
	t.Run("function size", eachFile(checkFuncSize))
	t.Run("parameters", eachFile(checkParams))
	t.Run("interfaces", eachFile(checkInterfaces))
	t.Run("calls", eachRoom(checkCalls))
	t.Run("goroutines", eachFile(checkGo))
	t.Run("panic", eachFile(checkPanic))
	t.Run("error texts", eachFile(checkErrorTexts))
	t.Run("exported docs", eachFile(checkExportedDocs))
	t.Run("words", eachFile(checkWords))
	t.Run("todo", eachFile(checkTodo))
	t.Run("percentiles", func(t *testing.T) { report(t, checkPercentiles(rooms)) })
	t.Run("top level", func(t *testing.T) { report(t, checkTopLevel(topFiles(t, root))) })
}

func report(t *testing.T, bad []offence) {
	t.Helper()
	for _, o := range bad {
		t.Error(o)
	}
}

// topFiles lists what git holds; in a copy without git, what lies at the root.
func topFiles(t *testing.T, root string) (names []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files").Output()
	if err == nil {
		return strings.Fields(string(out))
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
