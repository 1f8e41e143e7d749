package cdc

import (
	"fmt"
	"math"

	"sfbridge/bridge"
)

// Decode reads one payload. The change has no Org, Topic and Event; those are not in the payload. An error means that nothing of the payload
// may be used; it names fields and never holds values.
func (s *Schema) Decode(payload []byte) (bridge.Change, error) {
	var c bridge.Change
	err := s.DecodeInto(&c, payload)
	return c, err
}

// DecodeInto is Decode into a change that nobody looks at any more: its memory is used again. After an error the change is empty.
func (s *Schema) DecodeInto(c *bridge.Change, payload []byte) error {
	old := *c
	*c = bridge.Change{}
	err := s.decode(c, payload, &old)
	if err != nil {
		*c = bridge.Change{}
		return fmt.Errorf("decode %s: %w", s.name, err)
	}
	return nil
}

func (s *Schema) decode(c *bridge.Change, payload []byte, old *bridge.Change) (err error) {
	defer recoverInto(&err)
	e := s.events.Get().(*event)
	defer s.events.Put(e)
	e.take(payload)
	e.spare.take(old)
	head, err := s.pass(e)
	if err == nil {
		err = s.tell(e, head, c)
	}
	e.forget()
	return err
}

// pass goes over the whole payload and notes where things are; it answers where the header ends.
func (s *Schema) pass(e *event) (head int, err error) {
	payload := e.payload
	if len(payload) > math.MaxInt32 {
		return 0, fmt.Errorf("%d bytes are too many", len(payload))
	}
	if head, err = s.header.walk(payload, &e.head); err != nil {
		return 0, err
	}
	var end int
	if s.program != nil {
		end, err = s.program.walk(payload, head, &e.body)
	} else {
		end, err = s.skim(payload, head)
	}
	if err != nil {
		return 0, err
	}
	if end < len(payload) {
		return 0, fmt.Errorf("%d bytes are left over", len(payload)-end)
	}
	if s.program == nil {
		err = s.readNative(e)
	}
	return head, err
}

// tell makes the change of what was found in a payload whose header ends at a place.
func (s *Schema) tell(e *event, header int, c *bridge.Change) error {
	kind := s.header.kinds[e.number(slotType)]
	switch kind {
	case bridge.Create, bridge.Undelete:
		copy(e.touched, s.asked)
	case bridge.Update:
		if err := s.mark(e); err != nil {
			return err
		}
	}
	e.copy(header)
	if err := s.header.tell(e, c); err != nil {
		return err
	}
	switch kind {
	case bridge.Create, bridge.Undelete:
		s.fill(e, c)
	case bridge.Update:
		s.compare(e, c)
	}
	return nil
}

// mark reads the masks of an update and finds the fields that they and the body touch.
func (s *Schema) mark(e *event) error {
	strays := 0
	copy(e.touched, e.body.present)
	for _, m := range [...]struct {
		*mask
		slot
	}{{&e.changed, slotChanged}, {&e.nulled, slotNulled}, {&e.diff, slotDiff}} {
		if e.head[m.slot] < 0 {
			continue
		}
		err := each(e.payload, e.head[m.slot], func(from, to int) error {
			n, err := m.read(s, e.payload[from:to], e.touched)
			strays += n
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", headerFields[m.slot].name, err)
		}
		for w, bits := range m.tops {
			e.touched[w] |= bits
		}
	}
	if strays > 0 {
		s.strays.Add(uint64(strays))
	}
	e.touched.keep(s.asked)
	return nil
}

// fill takes every value of a create or undelete.
func (s *Schema) fill(e *event, c *bridge.Change) {
	c.Values = make(bridge.Fields, s.leaves)
	s.each(e, func(l *leaf, d *datum, _ flags) {
		if v := l.form.value(d); v.Known() {
			c.Values[l.name] = v
		}
	})
}

// compare takes what an update says: values of flagged fields, and the rest as context.
//
//	flagged   in nulledFields   value      becomes
//	yes       any               known      Changed, Values
//	yes       yes               null       Changed, Cleared, Values
//	yes       no                null       Changed, Reread: hidden from us, or lost on the way
//	as text difference                     Changed, Reread
//	yes       any               unknown    Changed, Reread: nothing that a field can hold
//	no        -                 known      Context
//	no        -                 other      nothing
//
// A field that is in nulledFields alone is a contradiction: it is read again.
func (s *Schema) compare(e *event, c *bridge.Change) {
	n := e.touched.count()
	if n == 0 {
		return
	}
	c.Changed, c.Values = e.spare.names(n), e.spare.fields(n)
	s.each(e, func(l *leaf, d *datum, f flags) { judge(c, l.name, l.form.value(d), f) })
}

func judge(c *bridge.Change, name bridge.Field, v bridge.Value, f flags) {
	switch {
	case !f.changed && !f.nulled && !f.diff:
		if v.Known() && !v.IsNull() {
			if c.Context == nil {
				c.Context = bridge.Fields{}
			}
			c.Context[name] = v
		}
		return
	case f.diff || !v.Known() || v.IsNull() && !(f.changed && f.nulled):
		c.Reread = append(c.Reread, name)
	case v.IsNull():
		c.Cleared = append(c.Cleared, name)
		c.Values[name] = v
	default:
		c.Values[name] = v
	}
	c.Changed = append(c.Changed, name)
}

// each calls f for every REST field that is asked for, of all columns that are touched. A value that is a record speaks for the parts alone; a
// switchable name that is text speaks for the whole: its parts are null, and untouched unless flagged themselves.
func (s *Schema) each(e *event, f func(*leaf, *datum, flags)) {
	d, part := &e.whole, &e.part
	for top := e.touched.next(0); top >= 0; top = e.touched.next(top + 1) {
		c := &s.columns[top]
		s.value(e, top, d)
		whole := e.flags(top)
		speaksWhole := c.whole.name != "" && d.kind != kindRecord
		if speaksWhole && c.whole.asked {
			f(&c.whole, d, whole)
		}
		for i := range c.parts {
			l := &c.parts[i]
			if !l.asked {
				continue
			}
			part.kind = kindNull
			if d.kind == kindRecord {
				e.partOf(d, i, part)
			}
			said := e.partFlags(c.first + i)
			if !speaksWhole { // a flag on the compound is one on its parts
				said = flags{said.changed || whole.changed, said.nulled || whole.nulled, said.diff || whole.diff}
			}
			f(l, part, said)
		}
	}
}

// flags are what the bitmaps say of one field.
type flags struct{ changed, nulled, diff bool }

func (e *event) flags(top int) flags {
	return flags{e.changed.tops.has(top), e.nulled.tops.has(top), e.diff.tops.has(top)}
}

func (e *event) partFlags(part int) flags {
	return flags{e.changed.parts.has(part), e.nulled.parts.has(part), e.diff.parts.has(part)}
}
