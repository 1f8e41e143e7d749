package rule

import (
	"strings"
	"unicode/utf16"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

const ellipsis = "…"

// shortened is a text of at most so many UTF-16 units with an ellipsis at its end; "" where there is no room.
func shortened(text string, most int) string {
	if within(text, most) == text {
		return text
	}
	cut := strings.TrimRight(within(text, most-units(ellipsis)), " \t\r\n")
	if cut == "" {
		return ""
	}
	return cut + ellipsis
}

// within is as much of a text as has at most so many UTF-16 units, which is what Salesforce counts. It ends between two characters as people see them:
// a flag, a family, or a letter with its marks is many code points.
func within(text string, most int) string {
	if len(text) <= most { // no text has more units than bytes
		return text
	}
	for all, room := graphemes.FromString(text), most; all.Next(); {
		if room -= units(all.Value()); room < 0 {
			return text[:all.Start()]
		}
	}
	return text
}

// units are the UTF-16 units of a text; a byte that is no text is one.
func units(text string) (n int) {
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}
