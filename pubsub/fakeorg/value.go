package fakeorg

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// datetimeLayout is how REST writes a datetime: milliseconds, and an offset without a colon.
const datetimeLayout = "2006-01-02T15:04:05.000-0700"

var emailForm = regexp.MustCompile(`^[^\s@<>(),;:"\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$`)

// accept returns the stored form of a value that a client sent for the field: canonicalised, nil for null and for empty text.
func (f *Field) accept(v any) (any, *Error) {
	if v == nil {
		if f.Type == "boolean" {
			return nil, refuse("INVALID_TYPE_ON_FIELD_IN_RECORD", "%s: value not of required type: ", f.Label).on(f.Name)
		}
		return nil, nil
	}
	switch f.Type {
	case "boolean":
		return f.acceptBool(v)
	case "int":
		return f.acceptInt(v)
	case "double", "currency", "percent":
		return f.acceptNumber(v)
	case "date":
		return f.acceptDate(v)
	case "datetime":
		return f.acceptDatetime(v)
	case "id", "reference":
		return f.acceptID(v)
	case "time":
		return f.acceptTime(v)
	}
	return f.acceptText(v)
}

func (f *Field) acceptText(v any) (any, *Error) {
	text, ok := v.(string)
	if !ok {
		return nil, wrongType("string", tokenOf(v), textOf(v))
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	switch f.Type {
	case "email":
		text = strings.ToLower(text)
		if !emailForm.MatchString(text) {
			return nil, refuse("INVALID_EMAIL_ADDRESS", "%s: invalid email address: %s", f.Label, text).on(f.Name)
		}
	case "multipicklist":
		return f.acceptSet(text)
	case "picklist":
		if f.Restricted && !slices.Contains(f.Values, text) {
			return nil, f.badPick(text)
		}
	}
	if f.Length > 0 && len(utf16.Encode([]rune(text))) > f.Length {
		return nil, refuse("STRING_TOO_LONG", "%s: data value too large: %s (max length=%d)", f.Label, text, f.Length).on(f.Name)
	}
	return text, nil
}

func (f *Field) badPick(text string) *Error {
	return refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "%s: bad value for restricted picklist field: %s", f.Label, text).on(f.Name)
}

// acceptSet stores a multi-select picklist as a set: each value once, in the order of the field's definition.
func (f *Field) acceptSet(text string) (any, *Error) {
	var chosen []string
	for value := range strings.SplitSeq(text, ";") {
		value = strings.TrimSpace(value)
		if value == "" || slices.Contains(chosen, value) {
			continue
		}
		if f.Restricted && !slices.Contains(f.Values, value) {
			return nil, f.badPick(value)
		}
		chosen = append(chosen, value)
	}
	if len(chosen) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(chosen, func(a, b string) int { return f.rank(a) - f.rank(b) })
	return strings.Join(chosen, ";"), nil
}

func (f *Field) rank(value string) int {
	if i := slices.Index(f.Values, value); i >= 0 {
		return i
	}
	return len(f.Values)
}

func (f *Field) acceptBool(v any) (any, *Error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		if b, err := strconv.ParseBool(strings.ToLower(v)); err == nil && len(v) > 1 {
			return b, nil
		}
	}
	return nil, wrongType("boolean", tokenOf(v), textOf(v))
}

func (f *Field) acceptInt(v any) (any, *Error) {
	n, err := strconv.ParseInt(textOf(v), 10, 64)
	if _, isBool := v.(bool); isBool || err != nil {
		return nil, wrongType("int", tokenOf(v), textOf(v))
	}
	if n != int64(int32(n)) {
		return nil, f.outOfRange(textOf(v))
	}
	return n, nil
}

func (f *Field) outOfRange(text string) *Error {
	return refuse("NUMBER_OUTSIDE_VALID_RANGE", "%s: value outside of valid range on numeric field: %s", f.Label, text).on(f.Name)
}

// acceptNumber rounds to the field's scale, halves away from zero.
func (f *Field) acceptNumber(v any) (any, *Error) {
	text := textOf(v)
	if text == "" {
		return nil, nil
	}
	exact, ok := decimal(text)
	if _, isBool := v.(bool); isBool || !ok {
		return nil, wrongType("double", tokenOf(v), text)
	}
	if whole := f.Precision - f.Scale; whole >= 0 && new(big.Rat).Abs(exact).Cmp(powerOfTen(whole)) >= 0 {
		return nil, f.outOfRange(text)
	}
	limit := map[string]int64{"Latitude": 90, "Longitude": 180}[f.part()]
	if limit > 0 && new(big.Rat).Abs(exact).Cmp(new(big.Rat).SetInt64(limit)) > 0 {
		return nil, f.outOfRange(text)
	}
	rounded, _ := strconv.ParseFloat(exact.FloatString(f.Scale), 64)
	return rounded + 0, nil // + 0 turns -0 into 0
}

// decimal reads a decimal number; exponents are bounded so that a short text cannot ask for a huge number.
func decimal(text string) (*big.Rat, bool) {
	if n, err := strconv.ParseFloat(text, 64); err != nil || n > 1e30 || n < -1e30 || len(text) > 64 {
		return nil, false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if exp, err := strconv.Atoi(text[i+1:]); err != nil || exp < -64 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}

func powerOfTen(n int) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
}

// part returns the name of a part inside its compound field, such as Latitude, or "" for a field that stands alone.
func (f *Field) part() string {
	switch {
	case f.Compound == "":
		return ""
	case strings.HasSuffix(f.Name, "__s"):
		stem, _, _ := strings.Cut(strings.TrimSuffix(f.Name, "__s"), "__")
		return strings.TrimPrefix(strings.TrimSuffix(f.Name, "__s"), stem+"__")
	case strings.HasSuffix(f.Compound, "Address"):
		return strings.TrimPrefix(f.Name, strings.TrimSuffix(f.Compound, "Address"))
	}
	return f.Name
}

func (f *Field) acceptDate(v any) (any, *Error) {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.DateOnly), nil
	case string:
		if v == "" {
			return nil, nil
		}
		if _, err := time.Parse(time.DateOnly, v); err == nil {
			return v, nil
		}
	}
	return nil, wrongType("date", tokenOf(v), textOf(v))
}

// acceptDatetime stores whole seconds in UTC.
func (f *Field) acceptDatetime(v any) (any, *Error) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Truncate(time.Second), nil
	case string:
		if v == "" {
			return nil, nil
		}
		if t, ok := parseDatetime(v); ok {
			return t.UTC().Truncate(time.Second), nil
		}
	}
	return nil, wrongType("datetime", tokenOf(v), textOf(v))
}

func parseDatetime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (f *Field) acceptTime(v any) (any, *Error) {
	text, _ := v.(string)
	for _, layout := range []string{"15:04:05.000Z", "15:04:05Z", "15:04:05.000", "15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format("15:04:05.000Z"), nil
		}
	}
	return nil, wrongType("time", tokenOf(v), textOf(v))
}

func (f *Field) acceptID(v any) (any, *Error) {
	text, ok := v.(string)
	if !ok {
		return nil, wrongType("string", tokenOf(v), textOf(v))
	}
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	id, ok := parseID(text)
	if !ok {
		return nil, refuse("MALFORMED_ID", "%s: id value of incorrect type: %s", f.Label, text).on(f.Name)
	}
	return id, nil
}

// tokenOf names the kind of JSON value in a parser's words.
func tokenOf(v any) string {
	switch v := v.(type) {
	case string:
		return "VALUE_STRING"
	case bool:
		return "VALUE_" + strings.ToUpper(strconv.FormatBool(v))
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "VALUE_NUMBER_FLOAT"
		}
		return "VALUE_NUMBER_INT"
	case float64:
		return "VALUE_NUMBER_FLOAT"
	case map[string]any:
		return "START_OBJECT"
	case []any:
		return "START_ARRAY"
	}
	return "VALUE_NUMBER_INT"
}

// textOf writes a value as text, the way it stands in JSON but without quotes.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.UTC().Format(datetimeLayout)
	case map[string]any:
		return "{"
	case []any:
		return "["
	}
	return fmt.Sprint(v)
}
