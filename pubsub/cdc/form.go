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
	if days := n.branch(kindInt); days != nil && days.logical == "date" {
		long = true // goavro answers a time for it
	}
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

// datum is one value as it was read: which members are set follows from kind. Union wrappers are gone. What no field can
// hold has no members set, and is of the kind of a record, a map or a union.
type datum struct {
	kind  kind
	whole int64    // boolean, int, long
	float float64  // float, double
	text  string   // string, bytes, enum
	items []string // array of strings
	parts []datum  // of a record that goavro read, by position
}

// value makes d canonical; it is unknown where d is nothing that a field can hold.
func (f form) value(d *datum) bridge.Value {
	switch d.kind {
	case kindNull:
		return bridge.NullValue()
	case kindRecord, kindMap, kindUnion:
		return bridge.Value{}
	case kindBoolean:
		return bridge.BoolValue(d.whole == 1)
	case kindInt, kindLong:
		return f.whole(d.whole)
	case kindFloat, kindDouble:
		return bridge.NumberValue(d.float)
	case kindBytes:
		return bridge.TextValue(base64.StdEncoding.EncodeToString([]byte(d.text)))
	case kindArray:
		return bridge.MultiValue(d.items)
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
