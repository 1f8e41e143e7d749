package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"sfbridge/bridge"
	"sfbridge/bridge/jsonwalk"
)

// Peek takes members out of a JSON object without decoding the rest: one raw value for each path, such as contact.id, nil where there is none.
//
// The body must be one valid JSON object in UTF-8. Names are compared exactly, escapes decoded. A member on a path that stands there twice, in any
// spelling of case, is refused: two readers could take different ones. Errors wrap bridge.ErrMalformed.
func Peek(body []byte, paths ...string) ([]json.RawMessage, error) {
	i := jsonwalk.Blanks(body, 0)
	end := jsonwalk.Value(body, i)
	if end == jsonwalk.Bad || jsonwalk.Blanks(body, end) != len(body) || !utf8.Valid(body) {
		return nil, fmt.Errorf("%w: not JSON", bridge.ErrMalformed)
	}
	if body[i] != '{' {
		return nil, fmt.Errorf("%w: not a JSON object", bridge.ErrMalformed)
	}
	found := make([]json.RawMessage, len(paths))
	if err := peek(body[i:end], paths, found); err != nil {
		return nil, err
	}
	return found, nil
}

// peek walks one object, which is known to be valid, by what is left of each path: "" for those that lead elsewhere.
func peek(object []byte, paths []string, found []json.RawMessage) error {
	seen := make([]bool, len(paths))
	for i := jsonwalk.Blanks(object, 1); object[i] != '}'; {
		name, from := object[i:jsonwalk.Text(object, i)], jsonwalk.Name(object, i)
		end := jsonwalk.Value(object, from)
		if i = jsonwalk.Blanks(object, end); object[i] == ',' {
			i = jsonwalk.Blanks(object, i+1)
		}
		if err := member(name, object[from:end], paths, found, seen); err != nil {
			return err
		}
	}
	return nil
}

// member keeps the value of a member for the paths that end at its name, and goes on into it for those that do not. Another spelling of a name on a path
// counts as the same member, and there may be one.
func member(quoted, value []byte, paths []string, found []json.RawMessage, seen []bool) error {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(unquote(quoted))
	}
	ascii := !slices.ContainsFunc(name, func(c byte) bool { return c >= utf8.RuneSelf })
	var below []string
	for k, p := range paths {
		head, rest, deeper := strings.Cut(p, ".")
		if p == "" || len(head) != len(name) && ascii || !strings.EqualFold(head, string(name)) {
			continue
		}
		if seen[k] {
			return fmt.Errorf("%w: a member stands there twice", bridge.ErrMalformed)
		}
		seen[k] = true
		switch {
		case head != string(name):
		case !deeper:
			found[k] = value
		case value[0] == '{':
			if below == nil {
				below = make([]string, len(paths))
			}
			below[k] = rest
		}
	}
	if below == nil {
		return nil
	}
	return peek(value, below, found)
}

func unquote(quoted []byte) string {
	if !bytes.ContainsRune(quoted, '\\') {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // valid JSON already
	return s
}

// PeekText reads a raw member as a text of at most most bytes: a string without control characters, or the digits of a whole number. Absent and null
// are "". Errors wrap bridge.ErrMalformed.
func PeekText(raw json.RawMessage, most int) (string, error) {
	s := string(raw)
	switch {
	case raw == nil || s == "null":
		return "", nil
	case s[0] == '"':
		s = unquote(raw)
	case !digits(s):
		return "", fmt.Errorf("%w: a text was expected", bridge.ErrMalformed)
	}
	if len(s) > most || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
		return "", fmt.Errorf("%w: a text is too long or not printable", bridge.ErrMalformed)
	}
	return s, nil
}

// PeekID reads a raw member as a numeric id of at most 20 digits, written as a number or as a text; it goes through no float. Absent and null are "".
// Errors wrap bridge.ErrMalformed.
func PeekID(raw json.RawMessage) (string, error) {
	s, err := PeekText(raw, 20)
	if err == nil && s != "" && !digits(s) {
		err = fmt.Errorf("%w: an id has other characters than digits", bridge.ErrMalformed)
	}
	return s, err
}
