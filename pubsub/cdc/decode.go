package cdc

import (
	"fmt"
	"time"

	"sfbridge/bridge"
)

// Decode reads one payload. The change has no Org, Topic and Event; those are not in the payload. An error means that nothing of the payload
// may be used; it names fields and never holds values.
func (s *Schema) Decode(payload []byte) (c bridge.Change, err error) {
	defer recoverInto(&err)
	r := reader{payload}
	d, err := r.read(s.root)
	if err != nil {
		return bridge.Change{}, fmt.Errorf("decode %s: %w", s.name, err)
	}
	if len(r.rest) > 0 {
		return bridge.Change{}, fmt.Errorf("decode %s: %d bytes are left over", s.name, len(r.rest))
	}
	if c, err = s.change(d.parts); err != nil {
		return bridge.Change{}, fmt.Errorf("decode %s: %w", s.name, err)
	}
	return c, nil
}

func (s *Schema) change(fields []datum) (bridge.Change, error) {
	h := fields[0].parts
	c := bridge.Change{
		Object:  bridge.Object(s.get(h, "entityName").text),
		Records: texts[bridge.RecordID](s.get(h, "recordIds").items),
		Type:    bridge.ChangeType(s.get(h, "changeType").text),
		Tx:      s.get(h, "transactionKey").text,
		Version: bridge.Version{
			At:       time.UnixMilli(s.get(h, "commitTimestamp").whole).UTC(),
			Commit:   s.get(h, "commitNumber").whole,
			Sequence: int32(s.get(h, "sequenceNumber").whole),
		},
	}
	c.Origin = parseOrigin(s.get(h, "changeOrigin").text)
	c.Origin.User = bridge.RecordID(s.get(h, "commitUser").text)
	if c.Object == "" || len(c.Records) == 0 {
		return c, fmt.Errorf("the header names no object or no record")
	}
	switch c.Type {
	case bridge.Create, bridge.Undelete:
		s.fill(&c, fields)
	case bridge.Update:
		return c, s.compare(&c, fields)
	}
	return c, nil
}

// get is a header field by name; one that the schema lacks is null.
func (s *Schema) get(header []datum, name string) datum {
	i, ok := s.header[name]
	if !ok {
		return datum{}
	}
	return header[i]
}

// fill takes every value of a create or undelete.
func (s *Schema) fill(c *bridge.Change, fields []datum) {
	c.Values = make(bridge.Fields, len(fields))
	for i := 1; i < len(fields); i++ {
		s.columns[i].each(i, fields[i], func(w word) { c.Values[w.name] = w.form.value(w.datum) })
	}
}

// compare takes what an update says: values of flagged fields, and the rest as context.
//
//	flagged   in nulledFields   value      becomes
//	yes       any               known      Changed, Values
//	yes       yes               null       Changed, Cleared, Values
//	yes       no                null       Changed, Reread: hidden from us, or lost on the way
//	as text difference                     Changed, Reread
//	no        -                 known      Context
//	no        -                 null       nothing
//
// A field that is in nulledFields alone is a contradiction: it is read again.
func (s *Schema) compare(c *bridge.Change, fields []datum) error {
	flags, err := s.flags(fields[0].parts)
	if err != nil {
		return err
	}
	c.Values = bridge.Fields{}
	for i := 1; i < len(fields); i++ {
		if fields[i].kind == kindNull && !flags.tops[i] {
			continue
		}
		s.columns[i].each(i, fields[i], func(w word) { judge(c, w.name, w.form.value(w.datum), flags.of(w)) })
	}
	return nil
}

func judge(c *bridge.Change, name bridge.Field, v bridge.Value, f flag) {
	switch {
	case !f.changed && !f.nulled && !f.diff:
		if !v.IsNull() {
			if c.Context == nil {
				c.Context = bridge.Fields{}
			}
			c.Context[name] = v
		}
		return
	case f.diff || v.IsNull() && !(f.changed && f.nulled):
		c.Reread = append(c.Reread, name)
	case v.IsNull():
		c.Cleared = append(c.Cleared, name)
		c.Values[name] = v
	default:
		c.Values[name] = v
	}
	c.Changed = append(c.Changed, name)
}

// word is what an event says of one REST field.
type word struct {
	leaf
	place
	datum
	// inherits reports that a flag on the compound is one on this part.
	inherits bool
}

// each calls f for every REST field of the column at position top. A value that is a record speaks for the parts alone; a switchable name that
// is text speaks for the whole: its parts are null, and untouched unless flagged themselves.
func (c *column) each(top int, d datum, f func(word)) {
	speaksWhole := c.whole.name != "" && d.kind != kindRecord
	if speaksWhole {
		f(word{c.whole, place{top, wholeField}, d, false})
	}
	for i, l := range c.parts {
		if l.name == "" {
			continue
		}
		part := datum{}
		if d.kind == kindRecord {
			part = d.parts[i]
		}
		f(word{l, place{top, i}, part, !speaksWhole})
	}
}

// flags are the three bitmap fields of an event.
type flags struct {
	changed, nulled, diff mask
	tops                  []bool // by position: any of them names the field or a part of it
}

// flag is what the bitmaps say of one field.
type flag struct{ changed, nulled, diff bool }

func (s *Schema) flags(header []datum) (f flags, err error) {
	total := 0
	f.tops = make([]bool, len(s.columns))
	for name, m := range map[string]*mask{"changedFields": &f.changed, "nulledFields": &f.nulled, "diffFields": &f.diff} {
		var strays int
		if *m, strays, err = s.readMask(s.get(header, name).items); err != nil {
			return f, fmt.Errorf("%s: %w", name, err)
		}
		total += strays
		for p := range *m {
			f.tops[p.top] = true
		}
	}
	s.strays.Add(uint64(total))
	return f, nil
}

func (f flags) of(w word) flag { return flag{f.changed.has(w), f.nulled.has(w), f.diff.has(w)} }
