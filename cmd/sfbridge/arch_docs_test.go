package main_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"unicode"
)

// checkPackageDoc wants a doc.go whose package comment says what the package is and what it promises.
func checkPackageDoc(r *room) []offence {
	for _, s := range r.files {
		if path.Base(s.path) != "doc.go" {
			continue
		}
		if s.ast.Doc == nil || len(strings.Fields(s.ast.Doc.Text())) < 8 {
			return []offence{{s.path, "no package comment", "say what the package is, what it promises (order, blocking, ownership, durability) and what it never does"}}
		}
		return nil
	}
	return []offence{{r.path, "no doc.go", "add one whose package comment says what the package is, promises and never does"}}
}

// checkExportedDocs wants a comment at every exported name that a reader of the package meets.
func checkExportedDocs(s *source) (bad []offence) {
	if !s.code() {
		return nil
	}
	flag := func(n ast.Node, name string, doc ...*ast.CommentGroup) {
		if !ast.IsExported(name) || slices.ContainsFunc(doc, func(c *ast.CommentGroup) bool { return c != nil }) {
			return
		}
		bad = append(bad, offence{s.at(n), name + " has no comment", "say in a full sentence what it is: units, zero value, errors, the vendor's page it comes from"})
	}
	for _, d := range s.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if ast.IsExported(receiver(d)) || d.Recv == nil {
				flag(d, d.Name.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, sp := range d.Specs {
				switch sp := sp.(type) {
				case *ast.TypeSpec:
					flag(sp, sp.Name.Name, d.Doc, sp.Doc, sp.Comment)
				case *ast.ValueSpec:
					flag(sp, sp.Names[0].Name, d.Doc, sp.Doc, sp.Comment)
				}
			}
		}
	}
	return bad
}

// receiver returns the name of a method's type, or "".
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// notOurWords are the words that say nothing: they are in no name of a package, a file or a type.
func notOurWords() []string {
	return []string{"manager", "processor", "service", "util", "utils", "helper", "helpers", "common", "base", "model", "data", "info"}
}

// checkWords looks at the names of packages, files and types.
func checkWords(s *source) (bad []offence) {
	if s.generated {
		return nil
	}
	flag := func(where, name string) {
		for _, w := range words(name) {
			if slices.Contains(notOurWords(), w) {
				bad = append(bad, offence{where, fmt.Sprintf("the name %q holds %q", name, w), "use the word of the field, or of the plan's vocabulary, that says what it does"})
			}
		}
	}
	flag(s.path, s.ast.Name.Name)
	flag(s.path, strings.TrimSuffix(strings.TrimSuffix(path.Base(s.path), ".go"), "_test"))
	types(s, func(ts *ast.TypeSpec, _ *ast.GenDecl) { flag(s.at(ts), ts.Name.Name) })
	return bad
}

// words splits a camel-case or snake-case name into its words in lower case.
func words(name string) (out []string) {
	var w []rune
	runes := []rune(name)
	flush := func() {
		if len(w) > 0 {
			out = append(out, strings.ToLower(string(w)))
		}
		w = nil
	}
	for i, r := range runes {
		if r == '_' {
			flush()
			continue
		}
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			flush()
		}
		w = append(w, r)
	}
	flush()
	return out
}

// checkTodo wants a number of an issue behind every TODO.
func checkTodo(s *source) (bad []offence) {
	for _, g := range s.ast.Comments {
		for _, c := range g.List {
			i := strings.Index(c.Text, "TODO")
			if i < 0 || s.path == "cmd/sfbridge/arch_docs_test.go" || strings.HasPrefix(c.Text[i:], "TODO(#") || strings.HasPrefix(c.Text[i:], "TODO #") {
				continue
			}
			bad = append(bad, offence{s.at(c), "TODO without the number of an issue", "write TODO(#n), or do it"})
		}
	}
	return bad
}

// checkTopLevel allows at the root what the plan names, and dot files; Go code lives under five folders. What .ci/bench sets beside us is no code of
// ours: it is a module of its own, so that the decoders of others are no dependencies.
func checkTopLevel(files []string) (bad []offence) {
	allowed := []string{
		"bridge", "cmd", "deploy", "outbound", "pubsub", "salesforce-package", "store",
		"CHANGELOG.md", "LICENSE", "README.md", "config.example.toml", "go.mod", "go.sum",
	}
	seen := map[string]bool{}
	for _, f := range files {
		top, _, _ := strings.Cut(f, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(allowed, top) && !seen[top] {
			seen[top] = true
			bad = append(bad, offence{top, "is not of the plan's top level", "keep it in the room it belongs to, or under deploy"})
		}
		if strings.HasSuffix(f, ".go") && !strings.HasPrefix(f, ".ci/beside/") && !slices.Contains([]string{"bridge", "cmd", "outbound", "pubsub", "store"}, top) {
			bad = append(bad, offence{f, "Go code outside the five folders", "move it under bridge, cmd, outbound, pubsub or store"})
		}
	}
	return bad
}

func isEmbed(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

func isVar(d ast.Decl) (*ast.GenDecl, bool) {
	gd, ok := d.(*ast.GenDecl)
	return gd, ok && gd.Tok == token.VAR
}
