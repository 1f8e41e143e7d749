package rule

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"golang.org/x/text/unicode/norm"
)

// Function is one function of the expression language, with what its reference says. All of them answer null for null, unless they say otherwise; what they
// cannot read is an error, which buries the delivery with the field's name.
type Function struct {
	Group   string
	Name    string
	Call    string // how it is called: round(number, places)
	Says    string // one sentence
	Example string // an expression
	Answers string // what the example answers in region MY, as text; null and leave by their names

	least, most int  // arguments
	asks        bool // answers true or false
	run         func(call) (ref.Val, error)
}

// Functions are all functions, by group and in the order in which the reference tells them.
func Functions() []Function {
	return slices.Concat(textFunctions(), choiceFunctions(), phoneFunctions(), nameFunctions(), numberFunctions(), timeFunctions())
}

// Reference is the reference of all functions as Markdown.
func Reference() string {
	var b strings.Builder
	group := ""
	for _, f := range Functions() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n**%s**\n\n| function | says | for example |\n|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` is `%s` |\n", cell(f.Call), cell(f.Says), cell(f.Example), cell(f.Answers))
	}
	return strings.TrimPrefix(b.String(), "\n")
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// call is one call of a function.
type call struct {
	l    *language
	args []ref.Val
}

// null reports whether the first argument is null.
func (c call) null() bool { return c.args[0].Type() == types.NullType }

// text is an argument as text; null is empty.
func (c call) text(i int) (string, error) { return textOf(c.args[i]) }

// textOr is an argument as text, or other where it is not given or null.
func (c call) textOr(i int, other string) (string, error) {
	if i >= len(c.args) || c.args[i].Type() == types.NullType {
		return other, nil
	}
	return c.text(i)
}

// whole is an argument as a whole number.
func (c call) whole(i int) (int, error) {
	switch v := c.args[i].(type) {
	case types.Int:
		if v >= -maxText && v <= maxText {
			return int(v), nil
		}
	case types.Double:
		if f := float64(v); f == math.Trunc(f) && math.Abs(f) <= maxText {
			return int(f), nil
		}
	}
	return 0, fmt.Errorf("argument %d is no whole number", i+1)
}

func textOf(v ref.Val) (string, error) {
	switch v := v.(type) {
	case types.String:
		return string(v), nil
	case types.Double:
		return strconv.FormatFloat(float64(v), 'f', -1, 64), nil
	case types.Int:
		return strconv.FormatInt(int64(v), 10), nil
	case types.Bool:
		return strconv.FormatBool(bool(v)), nil
	case types.Null:
		return "", nil
	}
	return "", fmt.Errorf("a %s is no text", v.Type().TypeName())
}

// textsOf are the items of a list as texts.
func textsOf(v ref.Val) ([]string, error) {
	list, ok := v.(traits.Lister)
	if !ok {
		return nil, errors.New("a list such as [a, b] is needed")
	}
	var all []string
	for it := list.Iterator(); it.HasNext() == types.True; {
		s, err := textOf(it.Next())
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// listOf is a list of texts.
func listOf(all []string) ref.Val { return types.NewStringList(types.DefaultTypeAdapter, all) }

// textual makes a function of one text.
func textual(f func(string) string) func(call) (ref.Val, error) {
	return func(c call) (ref.Val, error) {
		if c.null() {
			return types.NullValue, nil
		}
		s, err := c.text(0)
		return textOrNull(f(s)), err
	}
}

// textOrNull is s; what is empty is null, as Salesforce stores it.
func textOrNull(s string) ref.Val {
	if s == "" {
		return types.NullValue
	}
	return types.String(s)
}

func textFunctions() []Function {
	const g = "Text"
	return []Function{
		{g, "text", "text(value)", "The value as text.", `text(5.50)`, "5.5", 1, 1, false, textual(func(s string) string { return s })},
		{g, "trim", "trim(text)", "Without blanks around, and with single blanks inside.", `trim("  Mei \t Tan ")`, "Mei Tan", 1, 1, false,
			textual(func(s string) string { return strings.Join(strings.Fields(s), " ") })},
		{g, "upper", "upper(text)", "In capitals.", `upper("mei")`, "MEI", 1, 1, false, textual(strings.ToUpper)},
		{g, "lower", "lower(text)", "In small letters.", `lower("MEI")`, "mei", 1, 1, false, textual(strings.ToLower)},
		{g, "narrow", "narrow(text)", "Full-width letters and digits as ordinary ones, half-width kana as ordinary ones.", `narrow("ＡＢ１２ｶﾅ")`, "AB12カナ", 1, 1, false,
			textual(norm.NFKC.String)},
		{g, "digits", "digits(text)", "The digits alone, of whatever script, as 0 to 9.", `digits("Nr. １２-34")`, "1234", 1, 1, false, textual(onlyDigits)},
		{g, "cut", "cut(text, most)", "At most so many characters, counted as Salesforce counts them (an emoji is two or more), and none in half.", `cut("Conversation", 4)`, "Conv", 2, 2, false, cutText},
		{g, "replace", "replace(text, what, by)", "With every occurrence of a text replaced.", `replace("a-b-c", "-", "/")`, "a/b/c", 3, 3, false, replaceText},
		{g, "part", "part(text, separator, number)", "One part of a text, counted from 1, or from the end with -1; null where there is none.", `part("Tan, Mei", ",", 2)`, "Mei", 3, 3, false, partOf},
		{g, "join", "join(list, separator)", "The texts of a list put together, without those that are null or empty.", `join(["Mei", null, "Tan"], " ")`, "Mei Tan", 2, 2, false, joinTexts},
		{g, "email", "email(text)", "The e-mail address in small letters, without a name around it; null for what is none.", `email("Mei Tan <Mei@Example.com>")`, "mei@example.com", 1, 1, false,
			textual(emailOf)},
	}
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, plainDigits(s))
}

func cutText(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	s, err1 := c.text(0)
	n, err2 := c.whole(1)
	if fits := within(s, n); n >= 0 && fits != s {
		s = strings.TrimSpace(fits)
	}
	return textOrNull(s), errors.Join(err1, err2)
}

func replaceText(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	s, err1 := c.text(0)
	what, err2 := c.text(1)
	by, err3 := c.text(2)
	if err := errors.Join(err1, err2, err3); err != nil || what == "" {
		return textOrNull(s), err
	}
	if len(s)+strings.Count(s, what)*(len(by)-len(what)) > maxText {
		return nil, fmt.Errorf("the text would have more than %d characters", maxText)
	}
	return textOrNull(strings.ReplaceAll(s, what, by)), nil
}

func partOf(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	s, err1 := c.text(0)
	sep, err2 := c.text(1)
	n, err3 := c.whole(2)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if sep == "" {
		return nil, errors.New("the separator is empty")
	}
	parts := strings.Split(s, sep)
	if n < 0 {
		n += len(parts) + 1
	}
	if n < 1 || n > len(parts) {
		return types.NullValue, nil
	}
	return textOrNull(strings.TrimSpace(parts[n-1])), nil
}

func joinTexts(c call) (ref.Val, error) {
	all, err1 := textsOf(c.args[0])
	sep, err2 := c.text(1)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	total := len(sep) * len(all)
	for _, s := range all {
		total += len(s)
	}
	if total > maxText {
		return nil, fmt.Errorf("the text would have more than %d characters", maxText)
	}
	return textOrNull(strings.Join(all, sep)), nil
}

func emailOf(s string) string {
	if from, to := strings.LastIndexByte(s, '<'), strings.LastIndexByte(s, '>'); from >= 0 && to > from {
		s = s[from+1 : to]
	}
	s = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "mailto:")))
	user, host, ok := strings.Cut(s, "@")
	if !ok || user == "" || !strings.Contains(strings.Trim(host, "."), ".") || strings.ContainsAny(s, " \t\r\n,;<>\"") || strings.Contains(host, "@") {
		return ""
	}
	return s
}
