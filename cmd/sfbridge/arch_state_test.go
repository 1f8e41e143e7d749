package main_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// checkInit: what an init does, nobody calls, and no test can leave out.
func checkInit(s *source) (bad []offence) {
	if s.generated {
		return nil
	}
	for _, d := range funcs(s) {
		if d.Recv == nil && d.Name.Name == "init" {
			bad = append(bad, offence{s.at(d), "func init", "call it by name from a constructor or from main"})
		}
	}
	return bad
}

// checkVars allows package variables only as sentinels, embedded files, interface assertions and tables that nothing writes to.
func checkVars(r *room) (bad []offence) {
	makers, tables := tableMakers(r), map[string]bool{}
	for _, s := range r.files {
		if !s.code() {
			continue
		}
		for _, d := range s.ast.Decls {
			if gd, ok := isVar(d); ok {
				bad = append(bad, checkVarDecl(s, gd, makers, tables)...)
			}
		}
	}
	for _, s := range r.files {
		if s.code() {
			bad = append(bad, checkWrites(s, tables)...)
		}
	}
	return bad
}

// tableMakers are the package's own functions that return a map, a slice or an array: a table may be made by one.
func tableMakers(r *room) map[string]bool {
	makers := map[string]bool{}
	for _, s := range r.files {
		for _, d := range funcs(s) {
			if d.Recv != nil || d.Type.Results.NumFields() != 1 {
				continue
			}
			switch d.Type.Results.List[0].Type.(type) {
			case *ast.MapType, *ast.ArrayType:
				makers[d.Name.Name] = true
			}
		}
	}
	return makers
}

func checkVarDecl(s *source, gd *ast.GenDecl, makers, tables map[string]bool) (bad []offence) {
	for _, sp := range gd.Specs {
		vs := sp.(*ast.ValueSpec)
		if isEmbed(gd.Doc) || isEmbed(vs.Doc) {
			continue
		}
		for i, name := range vs.Names {
			switch {
			case name.Name == "_":
			case i >= len(vs.Values):
				bad = append(bad, offence{s.at(name), "package variable " + name.Name + " has no value: it is state", "make it a field of the type that uses it"})
			case isReadOnly(name.Name, vs.Values[i], makers):
				tables[name.Name] = true
			default:
				bad = append(bad, offence{s.at(name), "package variable " + name.Name + " is neither a sentinel nor a table", "make it a constant, a function, or a field of the type that uses it"})
			}
		}
	}
	return bad
}

// pureCalls make values that nothing changes later.
func pureCalls() []string {
	return []string{
		"errors.New", "fmt.Errorf", "regexp.MustCompile", "template.Must", "strings.NewReplacer", "netip.MustParsePrefix",
		"netip.MustParseAddr", "big.NewInt", "time.Date", "sha256.Sum256", "reflect.TypeFor", "prometheus.NewDesc",
		"prometheus.ExponentialBuckets", "slices.Concat", "base64.URLEncoding.WithPadding", "crc32.MakeTable", "cmp.Comparer",
	}
}

// isReadOnly reports whether a variable of that name and value is a sentinel or a table.
func isReadOnly(name string, v ast.Expr, makers map[string]bool) bool {
	sentinel := strings.HasPrefix(strings.ToLower(name), "err")
	switch v := v.(type) {
	case *ast.CompositeLit:
		return !isMutable(v.Type)
	case *ast.UnaryExpr:
		return v.Op == token.AND && isReadOnly(name, v.X, makers)
	case *ast.CallExpr:
		_, conversion := v.Fun.(*ast.ArrayType)
		return sentinel || conversion || makers[dotted(v.Fun)] || slices.Contains(pureCalls(), dotted(v.Fun))
	case *ast.SelectorExpr:
		return sentinel || strings.HasPrefix(dotted(v), "binary.")
	}
	return false
}

// isMutable reports whether a composite literal's type is there to be changed.
func isMutable(t ast.Expr) bool {
	sel, ok := t.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	return slices.Contains([]string{"sync", "atomic", "http", "bytes", "strings"}, dotted(sel.X))
}

func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return dotted(e.X) + "." + e.Sel.Name
	case *ast.IndexExpr:
		return dotted(e.X)
	}
	return "?"
}

// checkWrites finds what writes to a table: assignment, increment, delete, clear, or its address taken.
func checkWrites(s *source, tables map[string]bool) (bad []offence) {
	for _, d := range funcs(s) {
		shadow := locals(d)
		flag := func(n ast.Node, e ast.Expr) {
			if id := root(e); id != nil && tables[id.Name] && !shadow[id.Name] {
				bad = append(bad, offence{s.at(n), d.Name.Name + " writes to the package table " + id.Name, "a package table is read only: make it a field of the type that changes it"})
			}
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, l := range n.Lhs {
					flag(n, l)
				}
			case *ast.IncDecStmt:
				flag(n, n.X)
			case *ast.UnaryExpr:
				if _, element := n.X.(*ast.IndexExpr); n.Op == token.AND && !element {
					flag(n, n.X)
				}
			case *ast.CallExpr:
				if f := dotted(n.Fun); (f == "delete" || f == "clear" || f == "copy") && len(n.Args) > 0 {
					flag(n, n.Args[0])
				}
			}
			return true
		})
	}
	return bad
}

// locals are the names that a function binds itself, so that they hide a package's.
func locals(d *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, l := range n.Lhs {
					if id, ok := l.(*ast.Ident); ok {
						names[id.Name] = true
					}
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if id, ok := e.(*ast.Ident); ok {
					names[id.Name] = true
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		}
		return true
	})
	return names
}

// root is the variable at the bottom of x.f[i].g, where that writes into the variable itself.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return nil
		}
	}
}
