package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"sfbridge/bridge"
)

// Peek takes members out of a JSON object without decoding the rest: one raw value for each path, such as contact.id, nil where there is none.
//
// The body must be one valid JSON object in UTF-8. Names are compared exactly, escapes decoded. A member on a path that stands there twice, in any
// spelling of case, is refused: two readers could take different ones. Errors wrap bridge.ErrMalformed.
func Peek(body []byte, paths ...string) ([]json.RawMessage, error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, fmt.Errorf("%w: not JSON", bridge.ErrMalformed)
	}
	body = bytes.TrimSpace(body)
	if body[0] != '{' {
		return nil, fmt.Errorf("%w: not a JSON object", bridge.ErrMalformed)
	}
	found := make([]json.RawMessage, len(paths))
	split := make([][]string, len(paths))
	for i, p := range paths {
		split[i] = strings.Split(p, ".")
	}
	if err := peek(body, split, found, 0); err != nil {
		return nil, err
	}
	return found, nil
}

// peek walks one object, which is known to be valid, on level depth of the paths.
func peek(object []byte, paths [][]string, found []json.RawMessage, depth int) error {
	var seen []string
	for i := 1; ; {
		i = blanks(object, i)
		if object[i] == '}' {
			return nil
		}
		end := skip(object, i)
		name := unquote(object[i:end])
		i = blanks(object, end) + 1 // the colon
		i = blanks(object, i)
		end = skip(object, i)
		value := object[i:end]
		i = blanks(object, end)
		if object[i] == ',' {
			i++
		}
		if !wanted(paths, depth, name) {
			continue
		}
		fold := strings.ToLower(name)
		if slices.Contains(seen, fold) {
			return fmt.Errorf("%w: a member stands there twice", bridge.ErrMalformed)
		}
		seen = append(seen, fold)
		if err := take(value, name, paths, found, depth); err != nil {
			return err
		}
	}
}

// wanted reports whether a name is on some path, whatever its case: another spelling counts as the same member.
func wanted(paths [][]string, depth int, name string) bool {
	return slices.ContainsFunc(paths, func(p []string) bool { return depth < len(p) && strings.EqualFold(p[depth], name) })
}

// take keeps the value for the paths that end at name and goes on into it for those that do not.
func take(value []byte, name string, paths [][]string, found []json.RawMessage, depth int) error {
	var deeper [][]string
	var at []int
	for i, p := range paths {
		switch {
		case depth >= len(p) || p[depth] != name:
		case depth == len(p)-1:
			found[i] = value
		case value[0] == '{':
			deeper, at = append(deeper, p), append(at, i)
		}
	}
	if len(deeper) == 0 {
		return nil
	}
	below := make([]json.RawMessage, len(deeper))
	if err := peek(value, deeper, below, depth+1); err != nil {
		return err
	}
	for k, i := range at {
		found[i] = below[k]
	}
	return nil
}

func blanks(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r' {
		i++
	}
	return i
}

// skip answers where the value that starts at i ends. Nesting is counted, not recursed into.
func skip(b []byte, i int) int {
	depth := 0
	for {
		switch b[i] {
		case '"':
			i = skipText(b, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\n', '\r':
			i++
			continue
		default:
			for i < len(b) && !bytes.ContainsRune([]byte(",]} \t\n\r"), rune(b[i])) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

func skipText(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
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
