package cdc

import (
	"strings"
	"unicode/utf8"
)

// event is one payload that was passed over, with the places of what is in it. The next payload uses it again.
type event struct {
	payload               []byte
	head                  places
	body                  finds
	native                []datum // the body where goavro read it, by position
	changed, nulled, diff mask
	touched               set // asked-for fields that have a value, or that a mask names whole or in part
	bits                  set // the memory of all sets but those of parts
	open                  *program
	parts                 finds // of the compound whose program is open
}

func newEvent(s *Schema) *event {
	widest, parts := 0, 0
	for _, c := range s.columns {
		widest, parts = max(widest, len(c.parts)), parts+len(c.parts)
	}
	tops := len(newSet(len(s.columns)))
	e := &event{bits: make(set, 5*tops+3*len(newSet(parts)))}
	rest := e.bits
	cut := func(words int) set {
		s := rest[:words:words]
		rest = rest[words:]
		return s
	}
	for _, m := range []*mask{&e.changed, &e.nulled, &e.diff} {
		m.tops, m.parts = cut(tops), cut(len(newSet(parts)))
	}
	e.touched = cut(tops)
	e.body, e.parts = newFinds(len(s.columns)), newFinds(widest)
	e.body.present = cut(tops)
	return e
}

// take lays the event out for the next payload.
func (e *event) take(payload []byte) {
	e.payload, e.native = payload, nil
	clear(e.bits)
}

// forget lets go of the payload and of all that was made of it.
func (e *event) forget() { e.payload, e.native = nil, nil }

// said is a text of the payload as it would be read back from JSON.
func said(b []byte) string { return valid(string(b)) }

func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// value reads into d what the body holds for the field at a position. A record is opened for part.
func (s *Schema) value(e *event, top int, d *datum) {
	switch {
	case e.native != nil:
		*d = e.native[top]
		return
	case !e.body.present.has(top):
		d.kind = kindNull
		return
	}
	at := int(e.body.from[top])
	step := s.program.steps[top].branch(e.payload[at-1])
	if step.sub == nil {
		d.read(e.payload, at, step.node)
		return
	}
	d.kind, e.open = kindRecord, step.sub
	clear(e.parts.present)
	_, _ = e.open.walk(e.payload, at, &e.parts)
}

// part reads into d a part of the record that value read last.
func (e *event) part(record *datum, i int, d *datum) {
	switch {
	case e.native != nil:
		*d = record.parts[i]
		return
	case !e.parts.present.has(i):
		d.kind = kindNull
		return
	}
	at := int(e.parts.from[i])
	d.read(e.payload, at, e.open.steps[i].branch(e.payload[at-1]).node)
}

// read converts the value at a place that was passed over before, so that no error is left to be met.
func (d *datum) read(p []byte, at int, n *node) {
	d.kind = n.kind
	switch n.kind {
	case kindBoolean:
		d.whole = int64(p[at])
	case kindInt, kindLong:
		d.whole, _, _ = long(p, at)
	case kindFloat:
		d.float, _, _ = float(p, at, 4)
	case kindDouble:
		d.float, _, _ = float(p, at, 8)
	case kindString:
		b, _, _ := text(p, at)
		d.text = said(b)
	case kindBytes:
		b, _, _ := text(p, at)
		d.text = string(b)
	case kindEnum:
		i, _, _ := index(p, at, len(n.symbols))
		d.text = n.symbols[i]
	case kindArray:
		d.items = nil
		_ = each(p, at, func(from, to int) error {
			d.items = append(d.items, said(p[from:to]))
			return nil
		})
	}
}
