package platform

import (
	"slices"
	"strings"
	"unicode"

	"sfbridge/bridge"
)

// Exact keeps the contacts whose attribute really holds v: what platforms answer to a search may be partial or fuzzy matches.
func Exact(found []bridge.Contact, a bridge.Attribute, v bridge.Value, f bridge.Format) []bridge.Contact {
	return slices.DeleteFunc(found, func(c bridge.Contact) bool { return !Holds(c.Values[a], v, f) })
}

// Holds reports whether an attribute's value is v, or has it among its members, once both are folded.
func Holds(have, v bridge.Value, f bridge.Format) bool {
	if !have.Known() || !v.Known() || have.IsNull() || v.IsNull() {
		return false
	}
	want := Fold(v.Text, f)
	if want == "" {
		return false
	}
	if Fold(have.Text, f) == want {
		return true
	}
	return have.Kind == bridge.Multi && slices.ContainsFunc(strings.Split(have.Text, ";"), func(s string) bool { return Fold(s, f) == want })
}

// Fold makes texts of one meaning equal: a phone number is its digits, an e-mail address lower case, any other text is itself without blanks around.
func Fold(s string, f bridge.Format) string {
	switch f {
	case bridge.PhoneFormat:
		return strings.TrimPrefix(Digits(s), "00")
	case bridge.EmailFormat:
		return strings.ToLower(strings.TrimSpace(s))
	default:
		return strings.TrimSpace(s)
	}
}

// Digits are the decimal digits of s, those of other scripts in ASCII.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case unicode.Is(unicode.Nd, r):
			return digitOf(r)
		}
		return -1
	}, s)
}

// digitOf finds a digit's value: every script has its ten in a row, from a zero that the range tables begin a run with.
func digitOf(r rune) rune {
	for _, x := range unicode.Nd.R16 {
		if r >= rune(x.Lo) && r <= rune(x.Hi) {
			return '0' + (r-rune(x.Lo))%10
		}
	}
	for _, x := range unicode.Nd.R32 {
		if r >= rune(x.Lo) && r <= rune(x.Hi) {
			return '0' + (r-rune(x.Lo))%10
		}
	}
	return -1
}
