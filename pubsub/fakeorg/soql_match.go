package fakeorg

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

func (j junction) bind(b *binder) (filter, *Error) {
	parts := make([]filter, len(j.parts))
	for i, part := range j.parts {
		f, err := part.bind(b)
		if err != nil {
			return nil, err
		}
		parts[i] = f
	}
	return func(r *row) bool {
		for _, part := range parts {
			if part(r) == j.any {
				return j.any
			}
		}
		return !j.any
	}, nil
}

func (n negation) bind(b *binder) (filter, *Error) {
	part, err := n.part.bind(b)
	if err != nil {
		return nil, err
	}
	return func(r *row) bool { return !part(r) }, nil
}

func (c comparison) bind(b *binder) (filter, *Error) {
	at, err := b.place(c.path)
	if err != nil {
		return nil, err
	}
	f := at.leaf
	if f.Type == "address" || f.Type == "location" || f.Type == "textarea" && f.Length > 255 {
		return nil, pointed("INVALID_FIELD", b.text, c.path.at, "field '%s' can not be filtered in a query call", f.Name)
	}
	if c.sub != nil {
		return c.bindSub(b, at)
	}
	switch c.operator {
	case "LIKE":
		return c.bindLike(b, at)
	case "INCLUDES", "EXCLUDES":
		return c.bindSet(b, at)
	}
	if c.list {
		return c.bindList(b, at)
	}
	test, err := c.test(b, f, c.values[0])
	if err != nil {
		return nil, err
	}
	return func(r *row) bool { return test(at.value(b.tx, r)) }, nil
}

// bindList judges IN and NOT IN by one look-up a row, however long the list is.
func (c comparison) bindList(b *binder, at *fieldPath) (filter, *Error) {
	wanted := make(map[any]bool, len(c.values))
	for _, literal := range c.values {
		v, err := c.constant(b, at.leaf, literal)
		if err != nil {
			return nil, err
		}
		wanted[folded(v)] = true
	}
	in := c.operator == "IN"
	return func(r *row) bool { return wanted[folded(at.value(b.tx, r))] == in }, nil
}

// folded makes values that compare as equal the same key.
func folded(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ToLower(v)
	case int64:
		return float64(v)
	case members:
		return nil
	}
	return v
}

// test returns the judgement of one literal.
func (c comparison) test(b *binder, f *Field, literal token) (func(any) bool, *Error) {
	operator := c.operator
	if word := dateWord(literal.text); literal.kind == tokenWord && word != nil {
		if f.Type != "date" && f.Type != "datetime" {
			return nil, wrongLiteral(b, f, literal)
		}
		return b.dateTest(f, operator, word), nil
	}
	want, err := c.constant(b, f, literal)
	if err != nil {
		return nil, err
	}
	if want == nil && operator != "=" && operator != "!=" {
		return nil, pointed("INVALID_FIELD", b.text, literal.at, "null is only compared with = and !=")
	}
	return func(v any) bool { return holds(operator, v, want) }, nil
}

// holds compares a stored value with a wanted one; null is less than nothing and more than nothing.
func holds(operator string, v, want any) bool {
	order := compare(v, want)
	switch operator {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	}
	if v == nil || want == nil {
		return false
	}
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// compare orders two stored values of one type; null comes first and case does not count.
func compare(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(btoi(a != nil), btoi(b != nil))
	}
	switch x := a.(type) {
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(btoi(x), btoi(y))
		}
	case float64, int64:
		return cmp.Compare(toFloat(a), toFloat(b))
	}
	return cmp.Compare(strings.ToLower(textOf(a)), strings.ToLower(textOf(b)))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func toFloat(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	return 0
}

func wrongLiteral(b *binder, f *Field, literal token) *Error {
	kind, quotes := f.Type, "should not be enclosed in quotes"
	switch f.Type {
	case "datetime":
		kind = "dateTime"
	case "boolean", "int", "double", "date":
	case "currency", "percent":
		kind = "double"
	default:
		kind, quotes = "string", "should be enclosed in quotes"
	}
	return pointed("INVALID_FIELD", b.text, literal.at, "value of filter criterion for field '%s' must be of type %s and %s", f.Name, kind, quotes)
}

// constant turns a literal into a value of the field's type.
func (c comparison) constant(b *binder, f *Field, literal token) (any, *Error) {
	if literal.is("null") {
		return nil, nil
	}
	switch f.Type {
	case "boolean":
		if literal.kind == tokenWord {
			return literal.is("true"), nil
		}
	case "int", "double", "currency", "percent":
		if n, err := strconv.ParseFloat(literal.text, 64); literal.kind == tokenNumber && err == nil {
			return n, nil
		}
	case "datetime":
		if t, ok := parseDatetime(literal.text); literal.kind == tokenNumber && ok {
			return t.UTC(), nil
		}
	case "date":
		if _, err := time.Parse(time.DateOnly, literal.text); literal.kind == tokenNumber && err == nil {
			return literal.text, nil
		}
	case "id", "reference":
		return idConstant(b, literal)
	default:
		if literal.kind == tokenText {
			return textConstant(literal.text), nil
		}
	}
	return nil, wrongLiteral(b, f, literal)
}

// textConstant folds the empty string into null, as the store does.
func textConstant(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func idConstant(b *binder, literal token) (any, *Error) {
	if literal.kind != tokenText {
		return nil, pointed("INVALID_FIELD", b.text, literal.at, "value of filter criterion for an id field must be of type string and should be enclosed in quotes")
	}
	if literal.text == "" {
		return nil, nil
	}
	id, ok := parseID(literal.text)
	if !ok {
		return nil, pointed("INVALID_QUERY_FILTER_OPERATOR", b.text, literal.at, "invalid ID field: %s", literal.text)
	}
	return id, nil
}

// bindSub runs a semi-join once and keeps what it found.
func (c comparison) bindSub(b *binder, at *fieldPath) (filter, *Error) {
	sub, err := b.tx.bind(c.sub, nil)
	if err != nil {
		return nil, err
	}
	if len(sub.columns) != 1 || sub.columns[0].place == nil || sub.columns[0].selected.function != "" || at.leaf.Type != "reference" && at.leaf.Type != "id" {
		return nil, malformed(b.text, c.sub.from.at, "The inner select of a semi-join must select one id or reference field")
	}
	found := make(map[any]bool)
	for _, r := range sub.rows(b.tx, false) {
		if v := sub.columns[0].place.value(b.tx, r); v != nil {
			found[v] = true
		}
	}
	wanted := c.operator == "IN"
	return func(r *row) bool { return found[at.value(b.tx, r)] == wanted }, nil
}

// bindSet judges multi-select picklists: each literal is a set of values that must all be chosen.
func (c comparison) bindSet(b *binder, at *fieldPath) (filter, *Error) {
	if at.leaf.Type != "multipicklist" {
		return nil, pointed("INVALID_QUERY_FILTER_OPERATOR", b.text, c.path.at, "%s is only for multi-select picklists", c.operator)
	}
	wanted := c.operator == "INCLUDES"
	return func(r *row) bool {
		text, _ := at.value(b.tx, r).(string)
		chosen := strings.Split(text, ";")
		for _, literal := range c.values {
			all := !slices.ContainsFunc(strings.Split(literal.text, ";"), func(v string) bool { return !slices.Contains(chosen, v) })
			if all {
				return wanted
			}
		}
		return !wanted
	}, nil
}

func (c comparison) bindLike(b *binder, at *fieldPath) (filter, *Error) {
	pattern := c.values[0]
	if pattern.kind != tokenText {
		return nil, wrongLiteral(b, at.leaf, pattern)
	}
	switch at.leaf.Type {
	case "string", "textarea", "phone", "url", "email", "picklist", "combobox":
	default:
		return nil, pointed("INVALID_QUERY_FILTER_OPERATOR", b.text, c.path.at, "invalid operator on %s field", at.leaf.Type)
	}
	match := like(pattern)
	return func(r *row) bool {
		text, _ := at.value(b.tx, r).(string)
		return match(text)
	}, nil
}

// like compiles a LIKE pattern: % is any text, _ one character, unless escaped.
func like(pattern token) func(string) bool {
	var parts []rune // -1 any text, -2 one character
	for at, r := range pattern.text {
		switch escaped := pattern.wild[at]; {
		case r == '%' && !escaped:
			r = -1
		case r == '_' && !escaped:
			r = -2
		default:
			r = unicode.ToLower(r)
		}
		parts = append(parts, r)
	}
	return func(text string) bool { return likeRunes(parts, []rune(strings.ToLower(text))) }
}

// likeRunes matches with one point of return, so that a pattern of many % stays linear in practice.
func likeRunes(pattern, text []rune) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == -1:
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == -2 || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == -1 {
		p++
	}
	return p == len(pattern)
}

// dateWord reads a date literal such as TODAY or LAST_N_DAYS:7 as days from today: its first day and the day after its last.
func dateWord(text string) []int {
	upper := strings.ToUpper(text)
	switch upper {
	case "TODAY":
		return []int{0, 1}
	case "YESTERDAY":
		return []int{-1, 0}
	case "TOMORROW":
		return []int{1, 2}
	}
	word, digits, _ := strings.Cut(upper, ":")
	n, err := strconv.Atoi(digits)
	switch {
	case err != nil || n < 0 || n > 100_000:
		return nil
	case word == "LAST_N_DAYS":
		return []int{-n, 1}
	case word == "NEXT_N_DAYS":
		return []int{1, n + 1}
	}
	return nil
}

func (b *binder) dateTest(f *Field, operator string, days []int) func(any) bool {
	today := b.tx.now.Truncate(24 * time.Hour)
	var from, to any = today.AddDate(0, 0, days[0]), today.AddDate(0, 0, days[1])
	if f.Type == "date" {
		from, to = from.(time.Time).Format(time.DateOnly), to.(time.Time).Format(time.DateOnly)
	}
	return func(v any) bool {
		inside := holds(">=", v, from) && holds("<", v, to)
		switch operator {
		case "=":
			return inside
		case "!=":
			return !inside
		case "<":
			return holds("<", v, from)
		case "<=":
			return holds("<", v, to)
		case ">":
			return holds(">=", v, to)
		}
		return holds(">=", v, from)
	}
}
