package rule

import (
	"errors"

	"cel.dev/cel-go/common/types/ref"
)

func nameFunctions() []Function {
	const g = "Names"
	return []Function{
		{g, "displayName", "displayName(first, last)",
			"Both parts as one name: the family name first where both are written in Han, kana or Hangul. Either may be null.", `displayName("小明", "王")`, "王小明", 2, 2, false, displayNameOf},
		{g, "firstName", "firstName(name)", "The given name of a display name; null where it has none.", `firstName("Mei Ling Tan")`, "Mei Ling", 1, 1, false,
			namePart(func(first, _ string) string { return first })},
		{g, "lastName", "lastName(name)",
			"The family name of a display name, never null for a name: the last word with what belongs to it, the first part in scripts that put it first, all of it where nobody can tell.",
			`lastName("歐陽娜娜")`, "歐陽", 1, 1, false, namePart(func(_, last string) string { return last })},
	}
}

func displayNameOf(c call) (ref.Val, error) {
	first, err1 := c.text(0)
	last, err2 := c.text(1)
	return textOrNull(DisplayName(first, last, c.l.region)), errors.Join(err1, err2)
}

func namePart(part func(first, last string) string) func(call) (ref.Val, error) {
	return func(c call) (ref.Val, error) {
		s, err := c.text(0)
		return textOrNull(part(SplitName(s, c.l.region))), err
	}
}
