package main_test

import (
	"fmt"
	"go/ast"
	"slices"
)

// The limits of size. The percentiles are over all functions and files that are neither tests nor generated.
const (
	maxFunc    = 70
	p50Func    = 12
	p90Func    = 35
	maxFile    = 500
	p90File    = 350
	maxMethods = 5
	maxParams  = 5
)

// manyParams lists the functions that may take more than maxParams, each with its reason.
func manyParams() map[string]string {
	return map[string]string{}
}

// checkFileSize holds for tests too: a long test file is several ideas as well.
func checkFileSize(s *source) []offence {
	if s.generated || s.lines <= maxFile {
		return nil
	}
	return []offence{{s.path, fmt.Sprintf("%d lines, at most %d", s.lines, maxFile), "a file holds one idea and is named by it: split it by ideas"}}
}

func checkFuncSize(s *source) (bad []offence) {
	if !s.code() {
		return nil
	}
	for _, d := range funcs(s) {
		if n := s.span(d); n > maxFunc {
			bad = append(bad, offence{s.at(d), fmt.Sprintf("%s is %d lines, at most %d", d.Name.Name, n, maxFunc), "name its steps and make them functions"})
		}
	}
	return bad
}

func checkParams(s *source) (bad []offence) {
	if !s.code() {
		return nil
	}
	flag := func(n ast.Node, name string, ft *ast.FuncType) {
		if _, listed := manyParams()[s.room+"."+name]; !listed && ft.Params.NumFields() > maxParams {
			bad = append(bad, offence{s.at(n), fmt.Sprintf("%s takes %d parameters, at most %d", name, ft.Params.NumFields(), maxParams), "pass a struct"})
		}
	}
	for _, d := range funcs(s) {
		flag(d, d.Name.Name, d.Type)
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		it, ok := n.(*ast.InterfaceType)
		if !ok {
			return true
		}
		for _, m := range it.Methods.List {
			if ft, ok := m.Type.(*ast.FuncType); ok && len(m.Names) > 0 {
				flag(m, m.Names[0].Name, ft)
			}
		}
		return true
	})
	return bad
}

// checkInterfaces counts methods; an embedded interface of the same file counts with its own.
func checkInterfaces(s *source) (bad []offence) {
	if !s.code() {
		return nil
	}
	byName := map[string]*ast.InterfaceType{}
	types(s, func(ts *ast.TypeSpec, _ *ast.GenDecl) {
		if it, ok := ts.Type.(*ast.InterfaceType); ok {
			byName[ts.Name.Name] = it
		}
	})
	for name, it := range byName {
		if n := methods(it, byName); n > maxMethods {
			bad = append(bad, offence{s.at(it), fmt.Sprintf("interface %s has %d methods, at most %d", name, n, maxMethods), "an optional ability is a second, one-method interface"})
		}
	}
	return bad
}

func methods(it *ast.InterfaceType, byName map[string]*ast.InterfaceType) (n int) {
	for _, m := range it.Methods.List {
		if len(m.Names) > 0 {
			n += len(m.Names)
			continue
		}
		if id, ok := m.Type.(*ast.Ident); ok && byName[id.Name] != nil && byName[id.Name] != it {
			n += methods(byName[id.Name], byName)
			continue
		}
		n++
	}
	return n
}

// checkPercentiles judges the tree as a whole.
func checkPercentiles(rooms []*room) (bad []offence) {
	var fn, files []int
	for _, r := range rooms {
		for _, s := range r.files {
			if !s.code() {
				continue
			}
			files = append(files, s.lines)
			for _, d := range funcs(s) {
				fn = append(fn, s.span(d))
			}
		}
	}
	for _, l := range []struct {
		what string
		of   []int
		p    float64
		max  int
	}{{"median of function lengths", fn, .5, p50Func}, {"p90 of function lengths", fn, .9, p90Func}, {"p90 of file lengths", files, .9, p90File}} {
		if got := percentile(l.of, l.p); got > l.max {
			bad = append(bad, offence{"the tree", fmt.Sprintf("%s is %d lines, at most %d", l.what, got, l.max), "split the longest ones by idea"})
		}
	}
	return bad
}

func percentile(x []int, p float64) int {
	if len(x) == 0 {
		return 0
	}
	x = slices.Sorted(slices.Values(x))
	return x[int(p*float64(len(x)-1))]
}

// span is the number of lines a declaration takes, without its comment.
func (s *source) span(d *ast.FuncDecl) int {
	return s.fset.Position(d.End()).Line - s.fset.Position(d.Pos()).Line + 1
}

func funcs(s *source) (out []*ast.FuncDecl) {
	for _, d := range s.ast.Decls {
		if fd, ok := d.(*ast.FuncDecl); ok {
			out = append(out, fd)
		}
	}
	return out
}

func types(s *source, visit func(*ast.TypeSpec, *ast.GenDecl)) {
	for _, d := range s.ast.Decls {
		gd, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, sp := range gd.Specs {
			if ts, ok := sp.(*ast.TypeSpec); ok {
				visit(ts, gd)
			}
		}
	}
}
