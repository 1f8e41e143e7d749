package main_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// ban is one name of another package that code below cmd, or any code, does not use.
type ban struct {
	pkg     string // import path
	name    string // "" for every name of the package
	cmd     bool   // cmd may use it
	tests   bool   // tests may use it
	bubbled bool   // tests may use it where the package's tests run in synctest bubbles
	remedy  string
}

func bans() []ban {
	const logger = "log with the injected *slog.Logger, or return the error"
	return []ban{
		{pkg: "time", name: "Sleep", bubbled: true, remedy: "wait on a timer and ctx.Done() in one select; in tests sleep inside a synctest bubble alone"},
		{pkg: "context", name: "Background", cmd: true, tests: true, remedy: "take the caller's context"},
		{pkg: "context", name: "TODO", cmd: true, tests: true, remedy: "take the caller's context"},
		{pkg: "os", name: "Exit", cmd: true, tests: true, remedy: "return the error: exit codes are made in cmd"},
		{pkg: "log", cmd: true, tests: true, remedy: logger},
		{pkg: "fmt", name: "Print", cmd: true, tests: true, remedy: logger},
		{pkg: "fmt", name: "Printf", cmd: true, tests: true, remedy: logger},
		{pkg: "fmt", name: "Println", cmd: true, tests: true, remedy: logger},
		{pkg: "log/slog", name: "Default", cmd: true, tests: true, remedy: logger},
		{pkg: "log/slog", name: "SetDefault", remedy: logger},
		{pkg: "net/http", name: "DefaultClient", tests: true, remedy: "take an *http.Client, so that a test can dial in memory"},
		{pkg: "net/http", name: "DefaultTransport", cmd: true, tests: true, remedy: "take an http.RoundTripper, so that a test can dial in memory"},
		{pkg: "net/http", name: "Get", tests: true, remedy: "take an *http.Client and send a request with the caller's context"},
		{pkg: "net/http", name: "Post", tests: true, remedy: "take an *http.Client and send a request with the caller's context"},
		{pkg: "net/http", name: "ListenAndServe", remedy: "take a net.Listener, so that a test can listen in memory"},
		{pkg: "net/http", name: "DefaultServeMux", remedy: "make a mux of your own"},
		{pkg: "github.com/prometheus/client_golang/prometheus", name: "MustRegister", remedy: "register on the injected Registerer"},
		{pkg: "github.com/prometheus/client_golang/prometheus", name: "Register", remedy: "register on the injected Registerer"},
		{pkg: "github.com/prometheus/client_golang/prometheus", name: "DefaultRegisterer", remedy: "register on the injected Registerer"},
	}
}

// checkCalls finds each use of a banned name.
func checkCalls(r *room) (bad []offence) {
	bubbles := slices.ContainsFunc(r.files, func(s *source) bool { return s.imported("testing/synctest") != "" })
	for _, s := range r.files {
		if !s.generated {
			bad = append(bad, checkFileCalls(s, bubbles)...)
		}
	}
	return bad
}

func checkFileCalls(s *source, bubbles bool) (bad []offence) {
	for _, b := range bans() {
		local := s.imported(b.pkg)
		if local == "" || b.cmd && s.below("cmd") || b.tests && s.test || b.bubbled && bubbles && (s.test || s.suite()) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == local && (b.name == "" || sel.Sel.Name == b.name) {
				bad = append(bad, offence{s.at(n), "uses " + local + "." + sel.Sel.Name, b.remedy})
			}
			return true
		})
	}
	return bad
}

// starters lists the functions that start goroutines though they are no Run method, each with its reason.
func starters() map[string]string {
	return map[string]string{}
}

// checkGo allows goroutines in methods Run(ctx, …) error alone: that is what returns after the last of them ended.
// A function that takes the *errgroup.Group of such a method may start some in it, and cmd may in a group that the same function
// waits for.
func checkGo(s *source) (bad []offence) {
	if !s.code() || s.suite() {
		return nil
	}
	for _, d := range funcs(s) {
		if _, listed := starters()[s.room+"."+d.Name.Name]; listed || isRun(d) {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			if how := starts(d, n, s.below("cmd")); how != "" {
				bad = append(bad, offence{s.at(n), fmt.Sprintf("%s starts a goroutine with %s", d.Name.Name, how),
					"only a method Run(ctx, …) error starts goroutines, and it returns after the last of them ended"})
			}
			return true
		})
	}
	return bad
}

// starts says how a node of the function starts a goroutine, or "".
func starts(d *ast.FuncDecl, n ast.Node, cmd bool) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "go"
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		if ok && (sel.Sel.Name == "Go" || sel.Sel.Name == "TryGo") && len(n.Args) == 1 && !isGroupOf(d, sel.X) && !(cmd && waitsFor(d, sel.X)) {
			return dotted(n.Fun)
		}
	}
	return ""
}

// waitsFor reports whether the function calls Wait on the group e.
func waitsFor(d *ast.FuncDecl, e ast.Expr) (waits bool) {
	ast.Inspect(d, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && dotted(c.Fun) == dotted(e)+".Wait" {
			waits = true
		}
		return !waits
	})
	return waits
}

// isGroupOf reports whether e is a parameter *errgroup.Group of the function.
func isGroupOf(d *ast.FuncDecl, e ast.Expr) bool {
	for _, p := range d.Type.Params.List {
		star, ok := p.Type.(*ast.StarExpr)
		if !ok || dotted(star.X) != "errgroup.Group" {
			continue
		}
		if slices.ContainsFunc(p.Names, func(id *ast.Ident) bool { return id.Name == dotted(e) }) {
			return true
		}
	}
	return false
}

// isRun reports whether a function is a method Run that takes a context first and returns an error.
func isRun(d *ast.FuncDecl) bool {
	return d.Recv != nil && d.Name.Name == "Run" && d.Type.Params.NumFields() > 0 && d.Type.Results.NumFields() == 1 &&
		dotted(d.Type.Params.List[0].Type) == "context.Context" && dotted(d.Type.Results.List[0].Type) == "error"
}

// panics lists the functions that may panic, each with its reason.
func panics() map[string]string {
	return map[string]string{
		"cmd/sfbridge.execute": "the command line's parser leaves help by an exit function that must not return; execute recovers it",
	}
}

// checkPanic allows a panic only for what cannot happen, said in its text, and in functions named Must….
func checkPanic(s *source) (bad []offence) {
	if !s.code() {
		return nil
	}
	for _, d := range funcs(s) {
		if _, listed := panics()[s.room+"."+d.Name.Name]; listed || strings.HasPrefix(strings.ToLower(d.Name.Name), "must") {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if ok && dotted(c.Fun) == "panic" && !saysImpossible(c) {
				bad = append(bad, offence{s.at(n), d.Name.Name + " panics", `return an error; for what cannot happen, panic("impossible: …")`})
			}
			return true
		})
	}
	return bad
}

func saysImpossible(n ast.Node) (says bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && strings.HasPrefix(strings.Trim(l.Value, "\"`"), "impossible: ") {
			says = true
		}
		return !says
	})
	return says
}

// checkErrorTexts wants errors that say what was done: "fetch schema x: …", since what wraps them says that it failed.
func checkErrorTexts(s *source) (bad []offence) {
	if s.generated {
		return nil
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok || len(c.Args) == 0 || dotted(c.Fun) != "fmt.Errorf" && dotted(c.Fun) != "errors.New" {
			return true
		}
		if l, ok := c.Args[0].(*ast.BasicLit); ok && strings.HasPrefix(strings.ToLower(strings.Trim(l.Value, "\"`")), "failed to ") {
			bad = append(bad, offence{s.at(n), "an error says " + l.Value, `say what was done: "fetch schema %s: %w"`})
		}
		return true
	})
	return bad
}
