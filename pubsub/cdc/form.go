package cdc

import (
	"encoding/base64"
	"strings"
	"time"

	"sfbridge/bridge"
)

// form says how a value is made canonical.
type form uint8

const (
	plainForm form = iota // what the Avro type says
	dateForm              // milliseconds of midnight UTC
	dateTimeForm
	timeForm // milliseconds since midnight
	setForm  // values joined by semicolons
)

// formOf tells the form by the Salesforce type; only types that Avro does not tell apart need one.
func formOf(kind string, n *node) form {
	long := n.branch(kindLong) != nil
	switch {
	case long && (kind == "DateOnly" || kind == "Birthday"):
		return dateForm
	case long && kind == "DateTime":
		return dateTimeForm
	case long && kind == "TimeOnly":
		return timeForm
	case kind == "MultiEnum":
		return setForm
	default:
		return plainForm
	}
}

// value makes d canonical.
func (f form) value(d datum) bridge.Value {
	switch d.kind {
	case kindNull, kindRecord:
		return bridge.NullValue()
	case kindBoolean:
		return bridge.BoolValue(d.whole == 1)
	case kindInt, kindLong:
		return f.whole(d.whole)
	case kindDouble:
		return bridge.NumberValue(d.float)
	case kindBytes:
		return bridge.TextValue(base64.StdEncoding.EncodeToString([]byte(d.text)))
	case kindArray:
		return bridge.MultiValue(texts[string](d.items))
	}
	if f == setForm {
		return bridge.MultiValue(strings.Split(d.text, ";"))
	}
	return bridge.TextValue(d.text)
}

func (f form) whole(i int64) bridge.Value {
	t := time.UnixMilli(i).UTC()
	switch f {
	case dateForm:
		return bridge.DateValue(t)
	case dateTimeForm:
		return bridge.DateTimeValue(t)
	case timeForm:
		return bridge.TextValue(t.Format("15:04:05.000Z"))
	default:
		return bridge.IntValue(i)
	}
}

// texts are the texts of items; nil for none.
func texts[T ~string](items []datum) []T {
	var out []T
	for _, i := range items {
		out = append(out, T(i.text))
	}
	return out
}
