package respondio

import (
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rest"
)

// identifier is the path segment by which respond.io knows a contact, escaped as a whole: a bare + would be read as a blank. ok is false for what it
// cannot find contacts by.
func identifier(a bridge.Attribute, v bridge.Value) (segment string, ok bool) {
	if !v.Known() || v.IsNull() {
		return "", false
	}
	switch a {
	case "id":
		return byID(bridge.ContactID(v.Text))
	case "email":
		text := strings.TrimSpace(v.Text)
		at := strings.LastIndexByte(text, '@')
		return rest.Segment("email:" + text), at > 0 && at < len(text)-1 && len(text) <= 254
	case "phone":
		number, ok := international(v.Text)
		return rest.Segment("phone:" + number), ok
	default:
		return "", false
	}
}

// byID is the identifier of a contact that respond.io has named to us.
func byID(id bridge.ContactID) (segment string, ok bool) {
	ok = id != "" && len(id) <= 20 && strings.Trim(string(id), "0123456789") == ""
	return rest.Segment("id:" + string(id)), ok
}

// international is a phone number as + and digits; ok is false for one without its country.
func international(text string) (string, bool) {
	digits := platform.Digits(text)
	switch text = strings.TrimSpace(text); {
	case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "\uff0b"): // the second is the full-width sign
	case strings.HasPrefix(digits, "00"):
		digits = digits[2:]
	default:
		return "", false
	}
	return "+" + digits, len(digits) >= 7 && len(digits) <= 15
}
