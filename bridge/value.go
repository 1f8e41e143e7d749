package bridge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says what a value is.
type Kind uint8

// The kinds of value. The zero kind is Unknown, which is not Null: an unknown value must be read before it is judged.
const (
	Unknown Kind = iota
	Null
	Text
	Number
	Bool
	Date
	DateTime
	Multi
)

// Value is what one field holds, in canonical form. The zero Value is unknown.
//
// Text by kind: Number a decimal without exponent or superfluous zeros, Bool "true" or "false", Date 2006-01-02, DateTime RFC 3339 in UTC and whole
// seconds, Multi its values sorted and joined by semicolons.
type Value struct {
	Kind Kind
	Text string
}

// Fields are values of a Salesforce record by field.
type Fields map[Field]Value

// Attributes are values of a platform contact by attribute.
type Attributes map[Attribute]Value

// NullValue is the known absence of a value.
func NullValue() Value { return Value{Kind: Null} }

// TextValue is s without its surrounding blanks; nothing left is null, as Salesforce stores it.
func TextValue(s string) Value {
	s = strings.TrimSpace(s)
	if s == "" {
		return NullValue()
	}
	return Value{Text, s}
}

// NumberValue is f in its shortest decimal form.
func NumberValue(f float64) Value {
	if f == 0 {
		f = 0 // minus zero is zero
	}
	return Value{Number, strconv.FormatFloat(f, 'f', -1, 64)}
}

// IntValue is i.
func IntValue(i int64) Value { return Value{Number, strconv.FormatInt(i, 10)} }

// BoolValue is b.
func BoolValue(b bool) Value { return Value{Bool, strconv.FormatBool(b)} }

// DateValue is the day of t as it stands in t's own location.
func DateValue(t time.Time) Value { return Value{Date, t.Format(time.DateOnly)} }

// DateTimeValue is t in UTC, cut to whole seconds as Salesforce stores it.
func DateTimeValue(t time.Time) Value {
	return Value{DateTime, t.UTC().Truncate(time.Second).Format(time.RFC3339)}
}

// MultiValue is a set of picklist values; the empty set is null.
func MultiValue(vs []string) Value {
	var kept []string
	for _, v := range vs {
		if v = strings.TrimSpace(v); v != "" {
			kept = append(kept, v)
		}
	}
	if len(kept) == 0 {
		return NullValue()
	}
	slices.Sort(kept)
	return Value{Multi, strings.Join(slices.Compact(kept), ";")}
}

// Known reports whether v has been seen, null included.
func (v Value) Known() bool { return v.Kind != Unknown }

// IsZero reports whether v is unknown, so that omitzero leaves it out of JSON.
func (v Value) IsZero() bool { return v.Kind == Unknown }

// IsNull reports whether v is known to be absent.
func (v Value) IsNull() bool { return v.Kind == Null }

// Equal reports whether v and w are known and hold the same, whatever their kinds: platforms answer numbers and dates as text.
func (v Value) Equal(w Value) bool {
	return v.Known() && w.Known() && v.IsNull() == w.IsNull() && v.Text == w.Text
}

// String is the value for people; it is not for logs above Debug.
func (v Value) String() string {
	switch v.Kind {
	case Unknown:
		return "unknown"
	case Null:
		return "null"
	default:
		return v.Text
	}
}

var kindNames = map[Kind]string{Number: "number", Bool: "bool", Date: "date", DateTime: "datetime", Multi: "multi"}

// MarshalJSON writes null for null, a string for text, and an object of one member, the kind, for the rest. Unknown values have no JSON.
func (v Value) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(v.Text)+16)
	switch v.Kind {
	case Unknown:
		return nil, fmt.Errorf("an unknown value has no JSON")
	case Null:
		return append(b, "null"...), nil
	case Text:
		return appendQuoted(b, v.Text)
	}
	name, ok := kindNames[v.Kind]
	if !ok {
		return nil, fmt.Errorf("value of kind %d", v.Kind)
	}
	b = append(append(append(b, `{"`...), name...), `":`...)
	b, err := appendQuoted(b, v.Text)
	return append(b, '}'), err
}

// appendQuoted appends s as a JSON string, as package json does; plain texts, which are most, without it.
func appendQuoted(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			return append(b, quoted...), err
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Value) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*v = NullValue()
		return nil
	case len(b) > 0 && b[0] == '"':
		v.Kind = Text
		return json.Unmarshal(b, &v.Text)
	}
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("decode value: %w", err)
	}
	for kind, name := range kindNames {
		if text, ok := m[name]; ok && len(m) == 1 {
			*v = Value{kind, text}
			return nil
		}
	}
	return fmt.Errorf("decode value: unknown kind in %d members", len(m))
}

// Names are the fields in alphabetical order.
func (f Fields) Names() []Field { return slices.Sorted(maps.Keys(f)) }

// Names are the attributes in alphabetical order.
func (a Attributes) Names() []Attribute { return slices.Sorted(maps.Keys(a)) }
