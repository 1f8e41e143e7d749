package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// module is the path every package of ours starts with.
const module = "sfbridge"

// offence is one breach of the house's law: where it stands, what is wrong, and what to do about it.
type offence struct {
	where, what, remedy string
}

func (o offence) String() string {
	return fmt.Sprintf("%s: %s\n\tremedy: %s", o.where, o.what, o.remedy)
}

// room is one package as `go list` sees it. Its path is relative to the module: "bridge/rule".
type room struct {
	path        string
	imports     []string
	testImports []string
	files       []*source
}

// source is one parsed Go file. Its path is relative to the module's root.
type source struct {
	path      string
	room      string
	lines     int
	test      bool
	generated bool
	fset      *token.FileSet
	ast       *ast.File
}

func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// code reports whether the laws on shape bind the file: it is neither a test nor generated.
func (s *source) code() bool { return !s.test && !s.generated }

// suite reports whether the file is of a suite that tests of other packages run.
func (s *source) suite() bool {
	return strings.HasSuffix(s.room, "test") && s.imported("testing") != ""
}

// below reports whether the file stands in the folder, or in one under it.
func (s *source) below(folder string) bool {
	return s.room == folder || strings.HasPrefix(s.room, folder+"/")
}

// imported returns the name under which the file knows an import path, or "".
func (s *source) imported(path string) string {
	for _, i := range s.ast.Imports {
		if strings.Trim(i.Path.Value, `"`) != path {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path[strings.LastIndex(path, "/")+1:]
	}
	return ""
}

// parseSource reads one file; room and path are relative to the module's root.
func parseSource(room, path string, text []byte) (*source, error) {
	s := &source{
		path: path, room: room, lines: bytes.Count(text, []byte("\n")),
		test: strings.HasSuffix(path, "_test.go"), fset: token.NewFileSet(),
	}
	var err error
	s.ast, err = parser.ParseFile(s.fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	s.generated = ast.IsGenerated(s.ast)
	return s, nil
}

// listed is what we read of `go list -json`.
type listed struct {
	ImportPath, Dir                                    string
	GoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports                 []string
}

// loadTree lists and parses every package of the module.
func loadTree(t *testing.T) (root string, rooms []*room) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var l listed
		if err := dec.Decode(&l); err != nil {
			t.Fatalf("decode go list: %v", err)
		}
		rooms = append(rooms, loadRoom(t, l))
	}
	return root, rooms
}

func loadRoom(t *testing.T, l listed) *room {
	t.Helper()
	r := &room{
		path:        strings.TrimPrefix(l.ImportPath, module+"/"),
		imports:     l.Imports,
		testImports: append(l.TestImports, l.XTestImports...),
	}
	for _, names := range [][]string{l.GoFiles, l.IgnoredGoFiles, l.TestGoFiles, l.XTestGoFiles} {
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(l.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseSource(r.path, r.path+"/"+name, text)
			if err != nil {
				t.Fatal(err)
			}
			r.files = append(r.files, s)
		}
	}
	return r
}
