package rule

import (
	"errors"
	"fmt"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/nyaruka/phonenumbers"

	"sfbridge/bridge"
)

func phoneFunctions() []Function {
	const g = "Phones; the region is an ISO 3166 code such as \"TW\", and that of the project where it is left out"
	return []Function{
		{g, "phone", "phone(text, form, region)",
			"A phone number in a form: `e164` (which may be left out), `digits` (E.164 without its plus sign), `international` or `national`. The last two keep an extension. A text that is no number stays as it is.",
			`phone("012-345 6789", "international")`, "+60 12-345 6789", 1, 3, false, phoneIn},
		{g, "isPhone", "isPhone(text, region)", "Whether a text can be read as a phone number.", `isPhone("ask Ann")`, "false", 1, 2, true,
			phoneAsk(func(n number, ok bool) ref.Val { return types.Bool(ok) })},
		{g, "isMobile", "isMobile(text, region)", "Whether a number can be a mobile one.", `isMobile("012-345 6789")`, "true", 1, 2, true,
			phoneAsk(func(n number, ok bool) ref.Val { return types.Bool(ok && mobile(n)) })},
		{g, "phoneRegion", "phoneRegion(text, region)", "The country of a number, by its ISO 3166 code; null where it has none.", `phoneRegion("+886 912 345 678")`, "TW", 1, 2, false,
			phoneAsk(func(n number, ok bool) ref.Val { return textOrNull(regionOf(n, ok)) })},
		{g, "extension", "extension(text, region)", "The extension that a number names; null where it names none.", `extension("03-1234 5678 ext. 12")`, "12", 1, 2, false,
			phoneAsk(func(n number, _ bool) ref.Val { return textOrNull(n.ext) })},
	}
}

func phoneIn(c call) (ref.Val, error) {
	if c.null() {
		return types.NullValue, nil
	}
	s, err1 := c.text(0)
	form, err2 := c.textOr(1, string(bridge.PhoneE164))
	region, err3 := c.textOr(2, c.l.region)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	if !KnownForm(bridge.PhoneForm(form)) {
		return nil, fmt.Errorf("there is no form %q", form)
	}
	n, ok := c.l.read(s, region)
	if !ok {
		return textOrNull(s), nil
	}
	return types.String(n.written(bridge.PhoneForm(form), region)), nil
}

// read reads a phone of a region, which is the language's own for the most part.
func (l *language) read(text, region string) (number, bool) {
	if region == l.region {
		return l.numbers.read(text)
	}
	return readPhone(text, region)
}

// KnownForm reports whether phones can be written in that form.
func KnownForm(f bridge.PhoneForm) bool {
	switch f {
	case bridge.PhoneE164, bridge.PhoneDigits, bridge.PhoneInternational, bridge.PhoneNational:
		return true
	}
	return false
}

// phoneAsk makes a function of a number and a region.
func phoneAsk(f func(n number, ok bool) ref.Val) func(call) (ref.Val, error) {
	return func(c call) (ref.Val, error) {
		s, err1 := c.text(0)
		region, err2 := c.textOr(1, c.l.region)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		n, ok := c.l.read(s, region)
		return f(n, ok), nil
	}
}

func mobile(n number) bool {
	switch phonenumbers.GetNumberType(n.parsed) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return true
	}
	return false
}

func regionOf(n number, ok bool) string {
	if !ok {
		return ""
	}
	if r := phonenumbers.GetRegionCodeForNumber(n.parsed); r != "001" && r != "ZZ" {
		return r
	}
	return ""
}
