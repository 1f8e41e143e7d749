package rule

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"sfbridge/bridge"
)

const (
	// costLimit bounds what one evaluation may cost, in the units of the expression language; a mapping of a record takes a few dozen.
	costLimit = 100_000
	// maxExpression bounds the characters of an expression.
	maxExpression = 8 << 10
	// maxText bounds the characters of a text that a function answers: the longest text area of Salesforce holds as many.
	maxText = 131_072
	// nesting bounds how deep an expression nests.
	nesting = 64
	// patternSize bounds the program of a pattern that matches() takes.
	patternSize = 1000
)

// language is what expressions are compiled with: one for each region, since phones and names are read by it.
type language struct {
	env     *cel.Env
	region  string
	numbers *numbering
}

// languages are made as they are needed.
type languages map[string]*language

func (ls languages) of(region string) (*language, error) {
	if l := ls[region]; l != nil {
		return l, nil
	}
	l, err := newLanguage(region)
	if err != nil {
		return nil, err
	}
	ls[region] = l
	return l, nil
}

func newLanguage(region string) (*language, error) {
	l := &language{region: region, numbers: &numbering{region: region}}
	record := cel.MapType(cel.StringType, cel.DynType)
	options := []cel.EnvOption{
		cel.Variable("sf", record), cel.Variable("contact", record),
		cel.Constant("leave", cel.DynType, leave{}), cel.Constant("clear", cel.DynType, types.NullValue),
		cel.ParserExpressionSizeLimit(maxExpression), cel.ParserRecursionLimit(nesting), cel.RegexProgramSizeLimit(patternSize),
	}
	for _, f := range Functions() {
		options = append(options, cel.Function(f.Name, l.overloads(f)...))
	}
	for _, name := range []string{overloads.StartsWith, overloads.EndsWith, overloads.Contains} {
		options = append(options, cel.Function(name, cel.MemberOverload("null_"+name, []*cel.Type{cel.NullType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(ref.Val, ref.Val) ref.Val { return types.False }))))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("prepare expressions: %w", err)
	}
	l.env = env
	return l, nil
}

// overloads declares a function once for each number of arguments that it takes.
func (l *language) overloads(f Function) (all []cel.FunctionOpt) {
	answers := cel.DynType
	if f.asks {
		answers = cel.BoolType
	}
	for n := f.least; n <= f.most; n++ {
		var args []*cel.Type
		for range n {
			args = append(args, cel.DynType)
		}
		all = append(all, cel.Overload(fmt.Sprintf("%s_%d", f.Name, n), args, answers, cel.FunctionBinding(func(vs ...ref.Val) ref.Val {
			v, err := f.run(call{l, vs})
			switch {
			case err != nil:
				return types.NewErr("%s: %v", f.Name, err)
			case size(v) > maxText:
				return types.NewErr("%s: the text has more than %d characters", f.Name, maxText)
			}
			return v
		})))
	}
	return all
}

// leave is what an expression answers that leaves its target as it is.
type leave struct{}

// ConvertToNative is not possible.
func (leave) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("leave is no %s", t)
}

func (l leave) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return l.Type().(*types.Type)
	}
	return types.NewErr("leave is no %s", t.TypeName())
}

func (leave) Equal(v ref.Val) ref.Val { _, same := v.(leave); return types.Bool(same) }
func (leave) Type() ref.Type          { return cel.OpaqueType("leave") }
func (l leave) Value() any            { return l }

// price is what calls of our functions cost: by the texts they take and answer.
type price struct{}

// CallCost answers nothing for functions that are not ours.
func (price) CallCost(function, _ string, args []ref.Val, result ref.Val) *uint64 {
	cost := uint64(1 + size(result)/16)
	for _, a := range args {
		cost += uint64(size(a) / 16)
	}
	if function == "phone" || function == "isPhone" {
		cost += 20
	}
	return &cost
}

// size is how many bytes a text has, and how many items a list.
func size(v ref.Val) int {
	switch v := v.(type) {
	case types.String:
		return len(v)
	case interface{ Size() ref.Val }:
		n, _ := v.Size().(types.Int)
		return int(n)
	}
	return 0
}

// native is v as expressions see it: text, double, bool or null; dates are text.
func native(v bridge.Value) ref.Val {
	switch v.Kind {
	case bridge.Unknown, bridge.Null:
		return types.NullValue
	case bridge.Number:
		if f, ok := numberOf(v.Text); ok {
			return types.Double(f)
		}
	case bridge.Bool:
		return types.Bool(v.Text == "true")
	}
	return types.String(v.Text)
}

// value is what an expression answered, as a value; leave is unknown.
func value(out ref.Val) (bridge.Value, error) {
	switch v := out.(type) {
	case leave:
		return bridge.Value{}, nil
	case types.Null:
		return bridge.NullValue(), nil
	case types.String:
		return bridge.TextValue(string(v)), nil
	case types.Bool:
		return bridge.BoolValue(bool(v)), nil
	case types.Double:
		if isFinite(float64(v)) {
			return bridge.NumberValue(float64(v)), nil
		}
		return bridge.Value{}, fmt.Errorf("an expression answered %v, which no field holds", v)
	case types.Int:
		return bridge.IntValue(int64(v)), nil
	case types.Timestamp:
		return bridge.DateTimeValue(v.Time), nil
	}
	if list, err := textsOf(out); err == nil {
		return bridge.MultiValue(list), nil
	}
	return bridge.Value{}, fmt.Errorf("an expression answered a %s; text, number, bool, null, leave or a list of texts is needed", out.Type().TypeName())
}
