package rule

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"sfbridge/bridge"
)

// costLimit bounds what one evaluation may cost, in the units of the expression language; a mapping of a record takes a few dozen.
const costLimit = 100_000

// expr is a compiled expression with the names it reads.
type expr struct {
	text       string
	program    cel.Program
	fields     []bridge.Field     // sf.*
	attributes []bridge.Attribute // contact.*
}

// compile compiles text, an expression over sf (the record's fields by name) and contact (the contact's attributes by name).
func compile(text string) (*expr, error) {
	env, err := cel.NewEnv(
		cel.Variable("sf", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("contact", cel.MapType(cel.StringType, cel.DynType)),
		ext.Strings())
	if err != nil {
		return nil, fmt.Errorf("prepare expressions: %w", err)
	}
	ast, iss := env.Compile(text)
	if iss.Err() != nil {
		return nil, fmt.Errorf("expression %q: %w", text, iss.Err())
	}
	program, err := env.Program(ast, cel.CostLimit(costLimit))
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	e := &expr{text: text, program: program}
	celast.PostOrderVisit(ast.NativeRep().Expr(), celast.NewExprVisitor(e.note))
	return e, nil
}

// note remembers the name that a node of the syntax tree reads: sf.Email or contact["custom.birthday"].
func (e *expr) note(x celast.Expr) {
	of, name := "", ""
	switch x.Kind() {
	case celast.SelectKind:
		of, name = ident(x.AsSelect().Operand()), x.AsSelect().FieldName()
	case celast.CallKind:
		args := x.AsCall().Args()
		if x.AsCall().FunctionName() != "_[_]" || len(args) != 2 || args[1].Kind() != celast.LiteralKind {
			return
		}
		key, ok := args[1].AsLiteral().Value().(string)
		if !ok {
			return
		}
		of, name = ident(args[0]), key
	}
	switch {
	case of == "sf" && !slices.Contains(e.fields, bridge.Field(name)):
		e.fields = append(e.fields, bridge.Field(name))
	case of == "contact" && !slices.Contains(e.attributes, bridge.Attribute(name)):
		e.attributes = append(e.attributes, bridge.Attribute(name))
	}
}

func ident(x celast.Expr) string {
	if x.Kind() != celast.IdentKind {
		return ""
	}
	return x.AsIdent()
}

// run evaluates the expression. Fields and attributes it reads must be known: NeedError names the fields that are not, and an attribute that the
// platform did not tell counts as null.
func (e *expr) run(sf bridge.Fields, contact bridge.Attributes) (bridge.Value, error) {
	var need []bridge.Field
	in := map[string]any{}
	for _, f := range e.fields {
		if !sf[f].Known() {
			need = append(need, f)
		}
		in[string(f)] = native(sf[f])
	}
	if len(need) > 0 {
		return bridge.Value{}, &NeedError{need}
	}
	attrs := map[string]any{}
	for _, a := range e.attributes {
		attrs[string(a)] = native(contact[a])
	}
	out, _, err := e.program.Eval(map[string]any{"sf": in, "contact": attrs})
	if err != nil {
		return bridge.Value{}, fmt.Errorf("expression %q: %w", e.text, err)
	}
	return value(out)
}

// native is v as expressions see it: text, double, bool or null; dates are text.
func native(v bridge.Value) any {
	switch v.Kind {
	case bridge.Unknown, bridge.Null:
		return nil
	case bridge.Number:
		if f, err := strconv.ParseFloat(v.Text, 64); err == nil {
			return f
		}
	case bridge.Bool:
		return v.Text == "true"
	}
	return v.Text
}

// value is what an expression answered, as a value.
func value(out ref.Val) (bridge.Value, error) {
	switch v := out.(type) {
	case types.Null:
		return bridge.NullValue(), nil
	case types.String:
		return bridge.TextValue(string(v)), nil
	case types.Bool:
		return bridge.BoolValue(bool(v)), nil
	case types.Double:
		return bridge.NumberValue(float64(v)), nil
	case types.Int:
		return bridge.IntValue(int64(v)), nil
	}
	if n, err := out.ConvertToNative(reflect.TypeFor[string]()); err == nil {
		return bridge.TextValue(n.(string)), nil
	}
	return bridge.Value{}, fmt.Errorf("an expression answered a %s; text, number, bool or null is needed", out.Type().TypeName())
}

// NeedError says that fields must be read before a rule can judge.
type NeedError struct{ Fields []bridge.Field }

// Error names the fields.
func (e *NeedError) Error() string { return fmt.Sprintf("fields %v are not known yet", e.Fields) }

// CheckExpression compiles an expression and reports what is wrong with it: the syntax, or a name of the side that it cannot see. Conditions and what
// makes an attribute see sf alone, what makes a field sees contact alone.
func CheckExpression(text string, sees bridge.Direction) error {
	e, err := compile(text)
	switch {
	case err != nil:
		return err
	case sees == bridge.Inbound && len(e.attributes) > 0:
		return fmt.Errorf("expression %q: contact is not known inbound; name fields as sf.Field", text)
	case sees == bridge.Outbound && len(e.fields) > 0:
		return fmt.Errorf("expression %q: sf is not known outbound; name attributes as contact[\"attribute\"]", text)
	}
	return nil
}
