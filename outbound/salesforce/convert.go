package salesforce

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sfbridge/bridge"
)

// Times as Salesforce writes and reads them. The offset that is answered has no colon.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/intro_valid_date_formats.htm
const (
	timeAnswered = "2006-01-02T15:04:05.000-0700"
	timeSent     = "2006-01-02T15:04:05.000Z"
	timeOfSOQL   = "2006-01-02T15:04:05Z"
)

// value reads one member of a row by its field's type. A member that is null is null; a compound or nested one is unknown.
func (f *FieldFacts) value(raw json.RawMessage) (bridge.Value, error) {
	if string(raw) == "null" {
		return bridge.NullValue(), nil
	}
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' {
		return bridge.Value{}, nil
	}
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return bridge.Value{}, fmt.Errorf("field %s: not a string", f.Name)
		}
	}
	v, ok := f.canonical(text)
	if !ok {
		return bridge.Value{}, fmt.Errorf("field %s: no value of type %s", f.Name, f.Type)
	}
	return v, nil
}

// canonical is text as a value of the field's type.
func (f *FieldFacts) canonical(text string) (bridge.Value, bool) {
	switch f.Type {
	case "boolean":
		return bridge.BoolValue(text == "true"), text == "true" || text == "false"
	case "int", "long", "double", "currency", "percent":
		d, ok := decimal(text)
		return bridge.Value{Kind: bridge.Number, Text: d}, ok
	case "date":
		t, err := time.Parse(time.DateOnly, text)
		return bridge.DateValue(t), err == nil
	case "datetime":
		t, ok := parseTime(text)
		return bridge.DateTimeValue(t), ok
	case "multipicklist":
		return bridge.MultiValue(strings.Split(text, ";")), true
	case "email":
		return bridge.TextValue(strings.ToLower(text)), true
	default:
		return bridge.TextValue(text), true
	}
}

// parseTime reads a time; one whose year has no four digits in UTC could not be written, and is none.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{timeAnswered, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			year := t.UTC().Year()
			return t, 0 <= year && year <= 9999
		}
	}
	return time.Time{}, false
}

var (
	errUnknown  = errors.New("its value is not known")
	errCompound = errors.New("it is put together of other fields; write those")
	errNoNull   = errors.New("a checkbox cannot be empty")
	errUnseen   = errors.New("it does not exist, or the run-as user cannot see it")
	errTerms    = errors.New("nothing is created without it")
)

// wire is v as a member of a row that is written: the inverse of value.
func (f *FieldFacts) wire(v bridge.Value) (any, error) {
	switch {
	case !v.Known():
		return nil, errUnknown
	case f.Type == "address" || f.Type == "location":
		return nil, errCompound
	case v.IsNull() && f.Type == "boolean":
		return nil, errNoNull
	case v.IsNull():
		return nil, nil
	}
	canonical, ok := f.canonical(v.Text)
	if !ok {
		return nil, fmt.Errorf("a %s is no %s", kindName(v.Kind), f.Type)
	}
	switch canonical.Kind {
	case bridge.Bool:
		return canonical.Text == "true", nil
	case bridge.Number:
		return json.Number(canonical.Text), nil
	case bridge.DateTime:
		t, _ := parseTime(canonical.Text)
		return t.Format(timeSent), nil
	case bridge.Date, bridge.Multi:
		return canonical.Text, nil
	case bridge.Null:
		return nil, nil
	default:
		return strings.TrimSpace(v.Text), nil // as it was given: Salesforce itself makes an e-mail lower case
	}
}

// Holds reports why the field cannot hold v as far as its type says, or nil.
func (f *FieldFacts) Holds(v bridge.Value) error {
	_, err := f.wire(v)
	return err
}

func kindName(k bridge.Kind) string {
	return map[bridge.Kind]string{
		bridge.Text: "text", bridge.Number: "number", bridge.Bool: "truth value", bridge.Date: "date", bridge.DateTime: "time", bridge.Multi: "list",
	}[k]
}

// literal is v in a condition of SOQL.
func (f *FieldFacts) literal(v bridge.Value) (string, error) {
	out, err := f.wire(v)
	if err != nil {
		return "", err
	}
	switch out := out.(type) {
	case nil:
		return "null", nil
	case bool:
		return fmt.Sprint(out), nil
	case json.Number:
		return out.String(), nil
	}
	text := out.(string)
	switch f.Type {
	case "date":
		return text, nil
	case "datetime":
		t, _ := parseTime(text)
		return t.Format(timeOfSOQL), nil
	}
	if len(text) > maxLiteral {
		return "", fmt.Errorf("a text of more than %d bytes cannot be looked for", maxLiteral)
	}
	return quoted(text), nil
}

// maxLiteral is what SOQL takes as one string.
const maxLiteral = 4000

// row is the members of a row that is written. A field that the run-as user does not see is an error of the set-up; a value that the field cannot
// hold is the row's own.
func (o *ObjectFacts) row(set bridge.Fields) (map[string]any, error) {
	row := make(map[string]any, len(set)+2)
	for _, name := range set.Names() {
		f := o.Fields[name]
		if f == nil {
			return nil, o.unseen(name)
		}
		if o.composed(f) {
			return nil, bridge.Permanent(fmt.Errorf("field %s of %s: %w", name, o.Name, errCompound))
		}
		v, err := f.wire(set[name])
		if err != nil {
			return nil, bridge.Permanent(&fieldError{name, fmt.Errorf("field %s of %s: %w", name, o.Name, err)})
		}
		name, v = o.coded(f, v, set)
		row[string(name)] = v
	}
	return row, nil
}

// composed reports whether Salesforce puts the field together of others and takes it from nobody.
func (o *ObjectFacts) composed(f *FieldFacts) bool {
	if f.Createable || f.Updateable {
		return false
	}
	for _, part := range o.Fields {
		if part.Compound == string(f.Name) {
			return true
		}
	}
	return false
}

// unseen is the error for a field that describe does not name.
func (o *ObjectFacts) unseen(name bridge.Field) error {
	err := &fieldError{name, fmt.Errorf("field %s of %s: %w", name, o.Name, errUnseen)}
	return bridge.After(bridge.Hint(err, "give the run-as user field-level security on %s, or take it out of the transfer", name), setupWait)
}
