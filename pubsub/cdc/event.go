package cdc

import (
	"strings"
	"unicode/utf8"
)

// event is one payload that was passed over, with the places of what is in it. The next payload uses it again.
type event struct {
	payload               []byte
	copied                string // the payload's beginning, of which texts are parts
	head                  places
	body                  finds
	native                []datum // the body where goavro read it, by position
	changed, nulled, diff mask
	touched               set // asked-for fields that have a value, or that a mask names whole or in part
	bits                  set // the memory of all sets but those of parts
	open                  *program
	parts                 finds // of the compound whose program is open
	whole, part           datum // read last
	spare                 spare
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
func (e *event) forget() {
	e.payload, e.native, e.copied, e.whole, e.part = nil, nil, "", datum{}, datum{}
	e.spare = spare{}
}

// maxCopy bounds what is copied beside texts for the sake of copying once.
const maxCopy = 1 << 10

// copy makes the copy: the header, and what is behind it up to the last value that somebody reads, where that is near.
func (e *event) copy(header int) {
	end := header
	for i := e.touched.next(0); i >= 0 && e.native == nil; i = e.touched.next(i + 1) {
		if e.body.present.has(i) && int(e.body.to[i]) <= maxCopy {
			end = max(end, int(e.body.to[i]))
		}
	}
	e.copied = string(e.payload[:end])
}

// said is a text of the payload.
func (e *event) said(from, to int) string {
	if to <= len(e.copied) {
		return valid(e.copied[from:to])
	}
	return valid(string(e.payload[from:to]))
}

// valid is a text as it would be read back from JSON.
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
		e.read(d, at, step.node)
		return
	}
	d.kind, e.open = kindRecord, step.sub
	clear(e.parts.present)
	_, _ = e.open.walk(e.payload, at, &e.parts)
}

// partOf reads into d a part of the record that value read last.
func (e *event) partOf(record *datum, i int, d *datum) {
	switch {
	case e.native != nil:
		*d = record.parts[i]
		return
	case !e.parts.present.has(i):
		d.kind = kindNull
		return
	}
	at := int(e.parts.from[i])
	e.read(d, at, e.open.steps[i].branch(e.payload[at-1]).node)
}

// read converts the value at a place that was passed over before, so that no error is left to be met.
func (e *event) read(d *datum, at int, n *node) {
	p := e.payload
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
		b, end, _ := text(p, at)
		d.text = e.said(end-len(b), end)
	case kindBytes:
		b, _, _ := text(p, at)
		d.text = string(b)
	case kindEnum:
		i, _, _ := index(p, at, len(n.symbols))
		d.text = n.symbols[i]
	case kindArray:
		d.items = nil
		_ = each(p, at, func(from, to int) error {
			d.items = append(d.items, e.said(from, to))
			return nil
		})
	}
}
