package fakeorg

import (
	"fmt"
	"slices"
	"time"

	"github.com/linkedin/goavro/v2"
)

// The body of an event: a record's values in the form goavro encodes.

// payload encodes the draft's event under the header h. A creation carries all values; an update only the changed ones, and the
// formulas, which the org sends as unflagged context; everything else nothing but what an enriched channel adds. What field-level
// security hides is null.
func (s *schema) payload(h Header, d draft) ([]byte, error) {
	v := view{row: d.row, flagged: d.changed, extra: d.extra, diffs: d.diffs}
	switch d.kind {
	case KindCreate, KindUndelete:
		v.whole = true
	case KindUpdate:
		v.formulas = true
	}
	body, err := s.body(v)
	if err != nil {
		return nil, err
	}
	return s.encode(h, body)
}

// body returns what a view shows, in the form goavro encodes.
func (s *schema) body(v view) (map[string]any, error) {
	body := make(map[string]any, len(s.slots)+1)
	for _, sl := range s.slots {
		value, err := sl.value(v)
		if err != nil {
			return nil, err
		}
		body[sl.field.Name] = value
	}
	return body, nil
}

// view is what an event shows of a row.
type view struct {
	row      map[string]any
	whole    bool
	formulas bool
	flagged  map[string]bool // REST names
	extra    map[string]bool // REST names
	diffs    map[string]string
}

func (v view) shows(f *Field) bool {
	return v.whole || v.flagged[f.Name] || v.extra[f.Name] || v.formulas && f.Formula
}

// empty returns a body that holds nothing.
func (s *schema) empty() map[string]any {
	out := make(map[string]any, len(s.slots)+1)
	for _, sl := range s.slots {
		out[sl.field.Name] = nil
	}
	return out
}

func (sl slot) value(v view) (any, error) {
	if sl.record != "" && (!sl.switchable || isPerson(v.row)) {
		return sl.compound(v)
	}
	if !v.shows(sl.field) {
		return nil, nil
	}
	if text, differs := v.diffs[sl.field.Name]; differs && v.flagged[sl.field.Name] {
		return goavro.Union("string", text), nil
	}
	value, err := native(sl.field, v.row[sl.field.Name])
	if value == nil || err != nil {
		return nil, err
	}
	return goavro.Union(sl.avro, value), nil
}

// isPerson reports whether the row is that of a person account.
func isPerson(row map[string]any) bool { return row["IsPersonAccount"] == true }

// compound returns the record of a compound: of an update only the changed parts, but both halves of a geolocation. It is null when
// the update touched no part, or when no part of a whole record has a value.
func (sl slot) compound(v view) (any, error) {
	touched := slices.ContainsFunc(sl.parts, func(p part) bool { return p.field != nil && v.flagged[p.field.Name] })
	if touched && sl.record == "Location" {
		v.whole = true
	}
	rec, keep := make(map[string]any, len(sl.parts)), touched
	for _, p := range sl.parts {
		rec[p.name] = nil
		if p.field == nil || !v.shows(p.field) {
			continue
		}
		value, err := native(p.field, v.row[p.field.Name])
		if err != nil {
			return nil, err
		}
		if value != nil {
			rec[p.name] = goavro.Union(p.avro, value)
			keep = true
		}
	}
	if !keep {
		return nil, nil
	}
	return goavro.Union(eventNamespace+"."+sl.record, rec), nil
}

// native converts a stored value to what goavro encodes for the field's type; nil stays nil, and hidden fields are nil.
func native(f *Field, v any) (any, error) {
	if v == nil || f.Hidden {
		return nil, nil
	}
	switch avroOf(f) {
	case "boolean":
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case "int":
		if n, ok := v.(int64); ok {
			return int32(n), nil
		}
	case "double":
		switch n := v.(type) {
		case float64:
			return n, nil
		case int64:
			return float64(n), nil
		}
	case "long":
		return millis(f, v)
	case "string":
		if s, ok := v.(string); ok {
			return s, nil
		}
	}
	return nil, fmt.Errorf("field %s of type %s holds a %T", f.Name, f.Type, v)
}

// millis converts what the rows hold for datetimes, dates (midnight UTC) and times of day (since midnight) to milliseconds.
func millis(f *Field, v any) (any, error) {
	switch t := v.(type) {
	case time.Time:
		return t.UnixMilli(), nil
	case string:
		if d, err := time.Parse(time.DateOnly, t); err == nil {
			return d.UnixMilli(), nil
		}
		if d, err := time.Parse("15:04:05.999Z", t); err == nil {
			return d.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)).Milliseconds(), nil
		}
	}
	return nil, fmt.Errorf("field %s of type %s holds %T %v", f.Name, f.Type, v, v)
}

// encode writes header and body as the Avro binary that a payload is: no container, no prefix.
func (s *schema) encode(h Header, body map[string]any) ([]byte, error) {
	body["ChangeEventHeader"] = h.avro()
	return s.codec.BinaryFromNative(nil, body)
}

// flags returns changedFields and nulledFields of a draft, both empty for all but updates.
func (s *schema) flags(d draft) (changed, nulled []string) {
	var all, null []place
	for name := range d.changed {
		p, ok := s.placeOf(name, d.row)
		if !ok {
			continue
		}
		all = append(all, p)
		if d.row[name] == nil {
			null = append(null, p)
		}
	}
	return bitmaps(all), bitmaps(null)
}

// placeOf returns where a REST field stands in this row's event. The name of a business account is its string, that of a person
// account the parts it is made of.
func (s *schema) placeOf(name string, row map[string]any) (place, bool) {
	p, ok := s.places[name]
	if ok && s.slots[p.top-1].switchable {
		return p, isPerson(row) == (p.part >= 0)
	}
	return p, ok
}
