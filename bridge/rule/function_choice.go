package rule

import (
	"errors"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

func choiceFunctions() []Function {
	const g = "Choice, picklists and consent"
	return []Function{
		{g, "either", "either(a, b, …)", "The first that is neither null nor empty; null where none is. Up to eight.", `either(null, "", "Mei")`, "Mei", 2, 8, false, either},
		{g, "pick", "pick(value, {from: to, …}, otherwise)",
			"A value by another one, such as a picklist's; letters' case does not count where only that differs. What is not listed is an error, unless there is a third argument: a value, `leave` or `clear`.",
			`pick("hot", {"Hot": "hot lead", "Cold": "cold lead"})`, "hot lead", 2, 3, false, pick},
		{g, "list", "list(value)", "The values of a multi-select picklist, or of a text with semicolons or commas, as a list; null is empty.", `list("Red; Blue")[1]`, "Blue", 1, 1, false, listFrom},
		{g, "multi", "multi(list)", "A list as a multi-select picklist: sorted, each value once; null where it is empty.", `multi(["Red", "Blue", "Red"])`, "Blue;Red", 1, 1, false, multiFrom},
		{g, "includes", "includes(value, one)", "Whether a multi-select picklist holds a value; letters' case does not count.", `includes("Red;Blue", "blue")`, "true", 2, 2, true, includes},
		{g, "yes", "yes(value)", "Whether a value says yes: true, 1, yes, y, on, t or x. Null does not.", `yes("Y")`, "true", 1, 1, true, yes},
	}
}

func either(c call) (ref.Val, error) {
	for _, v := range c.args {
		if s, ok := v.(types.String); v.Type() != types.NullType && (!ok || strings.TrimSpace(string(s)) != "") {
			return v, nil
		}
	}
	return types.NullValue, nil
}

var errUnlisted = errors.New("the value is not listed; list it, or give a third argument for the others")

func pick(c call) (ref.Val, error) {
	table, ok := c.args[1].(traits.Mapper)
	if !ok {
		return nil, errors.New("a table such as {\"from\": \"to\"} is needed")
	}
	if c.null() {
		return types.NullValue, nil
	}
	if v, found := table.Find(c.args[0]); found {
		return v, nil
	}
	s, err := c.text(0)
	if err != nil {
		return nil, err
	}
	for it := table.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		if k, err := textOf(key); err == nil && strings.EqualFold(k, s) {
			return table.Get(key), nil
		}
	}
	if len(c.args) == 3 {
		return c.args[2], nil
	}
	return nil, errUnlisted
}

func listFrom(c call) (ref.Val, error) {
	if _, already := c.args[0].(traits.Lister); already {
		return c.args[0], nil
	}
	s, err := c.text(0)
	all := strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ',' })
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return listOf(slices.DeleteFunc(all, func(s string) bool { return s == "" })), err
}

func multiFrom(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	all, err := textsOf(c.args[0])
	if err != nil {
		return nil, err
	}
	return textOrNull(strings.Join(slices.DeleteFunc(members(strings.Join(all, ";")), func(s string) bool { return s == "" }), ";")), nil
}

func includes(c call) (ref.Val, error) {
	all, err1 := listFrom(c)
	one, err2 := c.text(1)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	texts, err := textsOf(all)
	return types.Bool(slices.ContainsFunc(texts, func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(one)) })), err
}

func yes(c call) (ref.Val, error) {
	s, err := c.text(0)
	return types.Bool(slices.Contains([]string{"true", "1", "yes", "y", "on", "t", "x"}, strings.ToLower(strings.TrimSpace(s)))), err
}
