package cdc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"sfbridge/bridge"
)

// ErrNoEvent is returned by ReadJSON for a text that is not JSON with a ChangeEventHeader in it.
var ErrNoEvent = errors.New("there is no ChangeEventHeader")

// Kinds answers what kind of value a field holds: JSON does not tell a date from a text or from a number.
type Kinds func(bridge.Object, bridge.Field) bridge.Kind

// jsonHeader is the header as tools print it: fields by name, not as bitmaps.
type jsonHeader struct {
	Entity    string      `json:"entityName"`
	Records   []string    `json:"recordIds"`
	Type      string      `json:"changeType"`
	Origin    string      `json:"changeOrigin"`
	Tx        string      `json:"transactionKey"`
	Sequence  int32       `json:"sequenceNumber"`
	Committed json.Number `json:"commitTimestamp"`
	Number    json.Number `json:"commitNumber"`
	User      string      `json:"commitUser"`
	Changed   []string    `json:"changedFields"`
	Nulled    []string    `json:"nulledFields"`
	Diff      []string    `json:"diffFields"`
}

// ReadJSON reads a change event as tools save it: the payload alone or inside payload or data.payload, the fields of the header by name. The change has
// no Org and Topic. It is for a person's trial: what streams is read by Decode.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_message_structure.htm
func ReadJSON(body []byte, kinds Kinds) (bridge.Change, error) {
	payload, err := findPayload(body)
	if err != nil {
		return bridge.Change{}, err
	}
	var h jsonHeader
	if err := unmarshal(payload[headerName], &h); err != nil {
		return bridge.Change{}, fmt.Errorf("read the ChangeEventHeader: %w", err)
	}
	if h.Entity == "" || len(h.Records) == 0 || h.Type == "" {
		return bridge.Change{}, errors.New("the ChangeEventHeader names no entityName, no recordIds or no changeType")
	}
	for _, f := range h.Changed {
		if strings.HasPrefix(f, "0x") {
			return bridge.Change{}, bridge.Hint(errors.New("changedFields holds bitmaps"), "write the names of the fields there, as the event's schema counts them")
		}
	}
	c := h.change()
	j := jsonEvent{c: &c, kinds: kinds, values: bridge.Fields{}, of: map[bridge.Field]string{}}
	for name, raw := range payload {
		if name != headerName {
			j.field(name, raw)
		}
	}
	switch c.Type {
	case bridge.Create, bridge.Undelete:
		c.Values = j.values
	case bridge.Update:
		c.Values = bridge.Fields{}
		j.compare(&h)
	}
	return c, nil
}

const headerName = "ChangeEventHeader"

// findPayload finds the object that holds the header.
func findPayload(body []byte) (map[string]json.RawMessage, error) {
	for range 4 {
		var o map[string]json.RawMessage
		if json.Unmarshal(body, &o) != nil {
			break
		}
		if _, ok := o[headerName]; ok {
			return o, nil
		}
		for _, inner := range []string{"data", "payload", "event"} {
			if raw, ok := o[inner]; ok && len(raw) > 0 && raw[0] == '{' {
				body = raw
				break
			}
		}
	}
	return nil, ErrNoEvent
}

// unmarshal keeps numbers as they are written.
func unmarshal(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (h *jsonHeader) change() bridge.Change {
	c := bridge.Change{Object: bridge.Object(h.Entity), Type: bridge.ChangeType(h.Type), Tx: h.Tx, Origin: parseOrigin(h.Origin)}
	for _, id := range h.Records {
		c.Records = append(c.Records, bridge.RecordID(bridge.LongID(id)))
	}
	c.Origin.User = bridge.RecordID(bridge.LongID(h.User))
	if ms, err := h.Committed.Int64(); err == nil {
		c.Version.At = time.UnixMilli(ms).UTC()
	}
	c.Version.Commit, _ = h.Number.Int64()
	c.Version.Sequence = h.Sequence
	return c
}

// jsonEvent is an event whose fields are being read.
type jsonEvent struct {
	c      *bridge.Change
	kinds  Kinds
	values bridge.Fields
	of     map[bridge.Field]string // the compound that a field is a part of
}

// field takes one member of the payload; a compound speaks for its parts alone.
func (j *jsonEvent) field(name string, raw json.RawMessage) {
	var parts map[string]json.RawMessage
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &parts) != nil {
		j.values[bridge.Field(name)] = j.value(bridge.Field(name), raw)
		return
	}
	if inner, ok := unwrapped(parts); ok {
		j.field(name, inner)
		return
	}
	for part, raw := range parts {
		if f := jsonPart(name, part); f != "" {
			j.of[f] = name
			j.values[f] = j.value(f, raw)
		}
	}
}

// unwrapped takes a value out of the object in which the JSON of Avro wraps it: {"string": "x"}.
func unwrapped(parts map[string]json.RawMessage) (json.RawMessage, bool) {
	for _, kind := range []string{"string", "long", "int", "double", "boolean"} {
		if raw, ok := parts[kind]; ok && len(parts) == 1 {
			return raw, true
		}
	}
	return nil, false
}

// jsonPart is what a part of a compound is called over REST.
func jsonPart(compound, part string) bridge.Field {
	kind := ""
	switch {
	case compound == "Name":
		kind = "PersonName"
	case strings.HasSuffix(compound, "Address"):
		kind = "Address"
	}
	return partName(compound, kind, part)
}

// compare flags what an update says was changed.
func (j *jsonEvent) compare(h *jsonHeader) {
	changed, nulled, diff := restNames(h.Changed), restNames(h.Nulled), restNames(h.Diff)
	for _, all := range []map[bridge.Field]bool{changed, nulled, diff} {
		for f := range all {
			if _, said := j.values[f]; !said && !j.compound(f) {
				j.values[f] = bridge.NullValue()
			}
		}
	}
	of := func(all map[bridge.Field]bool, f bridge.Field) bool {
		return all[f] || j.of[f] != "" && all[bridge.Field(j.of[f])]
	}
	for _, f := range j.values.Names() {
		judge(j.c, f, j.values[f], flags{changed: of(changed, f), nulled: of(nulled, f), diff: of(diff, f)})
	}
}

// compound reports whether f names a compound whose parts the event holds.
func (j *jsonEvent) compound(f bridge.Field) bool {
	for _, c := range j.of {
		if c == string(f) {
			return true
		}
	}
	return false
}

// restNames are fields by their names over REST.
func restNames(all []string) map[bridge.Field]bool {
	fs := map[bridge.Field]bool{}
	for _, n := range all {
		if compound, part, dotted := strings.Cut(n, "."); dotted {
			fs[jsonPart(compound, part)] = true
		} else {
			fs[bridge.Field(n)] = true
		}
	}
	return fs
}

// value reads one value as the kind of its field.
func (j *jsonEvent) value(f bridge.Field, raw json.RawMessage) bridge.Value {
	var v any
	if unmarshal(raw, &v) != nil {
		return bridge.NullValue()
	}
	kind := j.kinds(j.c.Object, f)
	switch v := v.(type) {
	case bool:
		return bridge.BoolValue(v)
	case json.Number:
		return numberOf(kind, v)
	case string:
		return textOf(kind, v)
	default:
		return bridge.NullValue()
	}
}

func numberOf(kind bridge.Kind, n json.Number) bridge.Value {
	if ms, err := n.Int64(); err == nil {
		switch kind {
		case bridge.Date:
			return dateForm.whole(ms)
		case bridge.DateTime:
			return dateTimeForm.whole(ms)
		default:
			return bridge.IntValue(ms)
		}
	}
	x, err := n.Float64()
	if err != nil {
		return bridge.TextValue(n.String())
	}
	return bridge.NumberValue(x)
}

func textOf(kind bridge.Kind, s string) bridge.Value {
	switch kind {
	case bridge.Multi:
		return bridge.MultiValue(strings.Split(s, ";"))
	case bridge.DateTime:
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return bridge.DateTimeValue(t)
		}
	case bridge.Date:
		if t, err := time.Parse(time.DateOnly, s); err == nil {
			return bridge.DateValue(t)
		}
	}
	return bridge.TextValue(s)
}
