package respondio

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"sfbridge/bridge"
)

// object is a JSON object whose names are compared exactly and whose numbers keep their digits.
type object = map[string]any

// attributes reads the fields of the table that are there. One that is absent, or of a shape that means nothing to us, stays unknown.
func attributes(o object, table []field) bridge.Attributes {
	as := bridge.Attributes{}
	for _, f := range table {
		if raw, ok := dig(o, f.path); ok {
			if v := value(raw, f.kind); v.Known() {
				as[f.name] = v
			}
		}
	}
	return as
}

// contactOf reads a contact with its custom fields.
func contactOf(o object) bridge.Contact {
	c := bridge.Contact{Values: attributes(o, contactFields)}
	c.ID = bridge.ContactID(c.Values["id"].Text)
	if holder, ok := o["assignee"]; ok && holder == nil { // nobody: the members are known to be empty
		for _, f := range contactFields {
			if strings.HasPrefix(f.path, "assignee.") {
				c.Values[f.name] = bridge.NullValue()
			}
		}
	}
	fields, _ := o["custom_fields"].([]any)
	for _, raw := range fields {
		pair, _ := raw.(object)
		name, _ := pair["name"].(string)
		held, ok := pair["value"]
		if v := value(held, plain); ok && name != "" && v.Known() {
			c.Values[custom+bridge.Attribute(name)] = v
		}
	}
	return c
}

// dig follows a path of names; ok is false where it ends early.
func dig(o object, path string) (any, bool) {
	for {
		name, rest, more := strings.Cut(path, ".")
		v, ok := o[name]
		if !ok || !more {
			return v, ok
		}
		if o, ok = v.(object); !ok {
			return nil, false
		}
		path = rest
	}
}

func value(raw any, k kind) bridge.Value {
	switch v := raw.(type) {
	case nil:
		return bridge.NullValue()
	case bool:
		return bridge.BoolValue(v)
	case string:
		if at, ok := instant(v, k); ok {
			return at
		}
		return bridge.TextValue(v)
	case json.Number:
		return ofNumber(v.String(), k)
	case []any:
		return ofList(v)
	default:
		return bridge.Value{}
	}
}

func ofNumber(text string, k kind) bridge.Value {
	if at, ok := instant(text, k); ok {
		return at
	}
	if k == number {
		return bridge.TextValue(text)
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return bridge.Value{Kind: bridge.Number, Text: text}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "0123456789") == "" { // beyond the range, or of more digits than a float holds
		return bridge.TextValue(text)
	}
	return bridge.NumberValue(f)
}

// instant reads a count since 1970 where the kind says that it is one.
func instant(text string, k kind) (bridge.Value, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return bridge.Value{}, false
	}
	at, ok := since(n, k)
	return bridge.DateTimeValue(at), ok
}

func since(n int64, k kind) (time.Time, bool) {
	var at time.Time
	switch k {
	case unixS:
		at = time.Unix(n, 0)
	case unixMS:
		at = time.UnixMilli(n)
	case unixUS:
		at = time.UnixMicro(n)
	default:
		return at, false
	}
	return at, at.Year() >= 1 && at.Year() <= 9999
}

func ofList(list []any) bridge.Value {
	var texts []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return bridge.Value{}
		}
		texts = append(texts, s)
	}
	return bridge.MultiValue(texts)
}

// moment reads a point in time; ok is false where the callback does not say it.
func moment(o object, f field) (time.Time, bool) {
	raw, _ := dig(o, f.path)
	text, ok := raw.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	n, err := text.Int64()
	if err != nil || n <= 0 {
		return time.Time{}, false
	}
	at, ok := since(n, f.kind)
	return at.UTC(), ok
}
