package rule

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"sfbridge/bridge"
)

// expr is a compiled expression with the names it reads.
type expr struct {
	text       string
	program    cel.Program
	fields     []bridge.Field     // sf.*
	attributes []bridge.Attribute // contact.*
	answers    *cel.Type
}

// compile compiles text, an expression over sf (the record's fields by name) and contact (the contact's attributes by name).
func (l *language) compile(text string) (*expr, error) {
	ast, iss := l.env.Compile(text)
	if iss.Err() != nil {
		return nil, fmt.Errorf("expression %q: %w", text, iss.Err())
	}
	e := &expr{text: text, answers: ast.OutputType()}
	for _, node := range celast.MatchDescendants(celast.NavigateAST(ast.NativeRep()), celast.KindMatcher(celast.IdentKind)) {
		if err := e.note(node); err != nil {
			return nil, fmt.Errorf("expression %q: %w", text, err)
		}
	}
	var err error
	e.program, err = l.env.Program(ast, cel.CostLimit(costLimit), cel.CostTracking(price{}), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	return e, nil
}

// note remembers what is read of a record: sf.Email, sf.Account.Name, contact["custom.birthday"] or contact.custom.birthday. All of it must stand in the
// text, since it is what is kept and asked for.
func (e *expr) note(x celast.NavigableExpr) error {
	root := x.AsIdent()
	if root != "sf" && root != "contact" {
		return nil
	}
	name := ""
	for at, ok := x, true; ok; at, ok = at.Parent() {
		up, has := at.Parent()
		step, present := "", false
		if has {
			step, present = stepOf(up, at)
		}
		if step == "" {
			break
		}
		if name = strings.TrimPrefix(name+"."+step, "."); present {
			return fmt.Errorf("has() is true for an empty field too: write %s.%s != null", root, name)
		}
	}
	switch {
	case name == "":
		return fmt.Errorf("%s stands alone: name what is read of it, such as %s", root, map[string]string{"sf": "sf.LastName", "contact": `contact["lastName"]`}[root])
	case root == "sf" && strings.Count(name, ".") > 1:
		return fmt.Errorf("sf.%s: one parent up is as far as a mapping can read", name)
	case root == "sf" && !slices.Contains(e.fields, bridge.Field(name)):
		e.fields = append(e.fields, bridge.Field(name))
	case root == "contact" && !slices.Contains(e.attributes, bridge.Attribute(name)):
		e.attributes = append(e.attributes, bridge.Attribute(name))
	}
	return nil
}

// stepOf is the name that up reads of its operand at, "" where up is no step into a record; present reports a test for presence.
func stepOf(up, at celast.NavigableExpr) (name string, present bool) {
	switch up.Kind() {
	case celast.SelectKind:
		if up.AsSelect().Operand().ID() == at.ID() {
			return up.AsSelect().FieldName(), up.AsSelect().IsTestOnly()
		}
	case celast.CallKind:
		args := up.AsCall().Args()
		if up.AsCall().FunctionName() != "_[_]" || len(args) != 2 || args[0].ID() != at.ID() || args[1].Kind() != celast.LiteralKind {
			return "", false
		}
		if key, ok := args[1].AsLiteral().(types.String); ok {
			return string(key), false
		}
	}
	return "", false
}

// run evaluates the expression; unknown is leave. Fields it reads must be known: NeedError names those that are not. An attribute that the platform did
// not tell counts as null.
func (e *expr) run(sf bridge.Fields, contact bridge.Attributes) (bridge.Value, error) {
	var need []bridge.Field
	for _, f := range e.fields {
		if !sf[f].Known() {
			need = append(need, f)
		}
	}
	if len(need) > 0 {
		return bridge.Value{}, &NeedError{need}
	}
	out, _, err := e.program.Eval(&facts{recordOf(sf, e.fields), recordOf(contact, e.attributes)})
	if err != nil {
		return bridge.Value{}, fmt.Errorf("expression %q: %w", e.text, err)
	}
	return value(out)
}

// NeedError says that fields must be read before a rule can judge.
type NeedError struct{ Fields []bridge.Field }

// Error names the fields.
func (e *NeedError) Error() string { return fmt.Sprintf("fields %v are not known yet", e.Fields) }

// CheckExpression compiles an expression and reports what is wrong with it: the syntax, or a name of the side that it cannot see. What makes an attribute
// sees sf alone, what makes a field sees contact alone.
func CheckExpression(text string, sees bridge.Direction) error {
	_, err := checked(text, sees)
	return err
}

// CheckCondition does the same for a condition, which sees sf alone and answers true or false.
func CheckCondition(text string) error {
	e, err := checked(text, bridge.Inbound)
	if err != nil {
		return err
	}
	return e.asks()
}

func checked(text string, sees bridge.Direction) (*expr, error) {
	l, err := newLanguage("")
	if err != nil {
		return nil, err
	}
	e, err := l.compile(text)
	switch {
	case err != nil:
		return nil, err
	case sees == bridge.Inbound && len(e.attributes) > 0:
		return nil, fmt.Errorf("expression %q: contact is not known inbound; name fields as sf.Field", text)
	case sees == bridge.Outbound && len(e.fields) > 0:
		return nil, fmt.Errorf("expression %q: sf is not known outbound; name attributes as contact[\"attribute\"]", text)
	}
	return e, nil
}

// asks reports an error unless the expression can answer true or false.
func (e *expr) asks() error {
	if e.answers.IsExactType(cel.BoolType) || e.answers.IsExactType(cel.DynType) {
		return nil
	}
	return fmt.Errorf("expression %q: a condition answers true or false, and this one answers a %s", e.text, e.answers)
}
