package cdc

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// program passes over the fields of a record that are all optional, as those of a change event are. A field that is null takes one zero byte, so
// that eight of them are told by one word.
type program struct {
	steps []step // by position
	first int    // the position at which it begins: 1 in an event record, behind the header
}

// step is one field of a program.
type step struct {
	name string
	pass pass
	node *node    // of the value
	sub  *program // of a record
	next *step    // the union's third branch, or nil
}

// pass says how a value is passed over; most have a way of their own, which is faster than asking the node.
type pass uint8

const (
	passOther pass = iota
	passText
	passBool
	passLong
	passDouble
	passRecord
)

// newProgram compiles the fields; it answers nil where one of them is of a shape that no change event has had: then goavro reads the payloads.
func newProgram(fields []field, first int) *program {
	g := &program{make([]step, len(fields)), first}
	for i := first; i < len(fields); i++ {
		f := fields[i]
		n := f.node
		if n.kind != kindUnion || n.branches[0].kind != kindNull || len(n.branches) < 2 || len(n.branches) > 3 {
			return nil
		}
		s := &g.steps[i]
		s.name = f.name
		for _, b := range n.branches[1:] {
			if s.node != nil {
				s.next = &step{name: f.name}
				s = s.next
			}
			if !s.take(b, first == 0) {
				return nil
			}
		}
	}
	return g
}

// take makes s the step of a value of type n.
func (s *step) take(n *node, nested bool) bool {
	s.node = n
	switch n.kind {
	case kindBytes, kindString:
		s.pass = passText
	case kindBoolean:
		s.pass = passBool
	case kindLong:
		s.pass = passLong
	case kindDouble:
		s.pass = passDouble
	case kindInt, kindFloat, kindEnum:
		s.pass = passOther
	case kindArray:
		return n.items.kind == kindString && n.logical == ""
	case kindRecord:
		if s.pass = passRecord; !nested {
			s.sub = newProgram(n.fields, 0)
		}
		return s.sub != nil
	default:
		return false
	}
	return n.logical == ""
}

// finds are the places of a record's values that are not null, each behind the byte that names its branch.
type finds struct {
	from, to []uint32 // by position
	present  set
}

func newFinds(size int) finds {
	return finds{make([]uint32, size), make([]uint32, size), newSet(size)}
}

// walk passes over the record and answers the place behind it. What it finds goes to f, which may be nil.
func (g *program) walk(p []byte, at int, f *finds) (int, error) {
	for i := g.first; i < len(g.steps); i++ {
		if len(p)-at >= 8 {
			word := binary.LittleEndian.Uint64(p[at:])
			nulls := min(bits.TrailingZeros64(word)>>3, len(g.steps)-i)
			at, i = at+nulls, i+nulls
			if nulls == 8 || i == len(g.steps) {
				i--
				continue
			}
		} else if at == len(p) {
			return 0, errShort
		} else if p[at] == 0 {
			at++
			continue
		}
		s := g.steps[i].branch(p[at])
		if s == nil {
			return 0, fmt.Errorf("%s: %w", g.steps[i].name, errBranch)
		}
		next, err := s.over(p, at+1)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.name, err)
		}
		if f != nil {
			f.from[i], f.to[i] = uint32(at+1), uint32(next)
			f.present.add(i)
		}
		at = next
	}
	return at, nil
}

// branch is the step of the union's branch that a byte names, or nil.
func (s *step) branch(b byte) *step {
	switch b {
	case 2:
		return s
	case 4:
		return s.next
	default:
		return nil
	}
}

// over passes over the value that begins at a place.
func (s *step) over(p []byte, at int) (next int, err error) {
	switch s.pass {
	case passText:
		if at < len(p) && p[at]&0x81 == 0 { // shorter than 64 bytes, as most are
			if next = at + 1 + int(p[at]>>1); next <= len(p) {
				return next, nil
			}
			return 0, errShort
		}
		_, next, err = text(p, at)
		return next, err
	case passLong:
		_, next, err = long(p, at)
		return next, err
	case passDouble:
		_, next, err = float(p, at, 8)
		return next, err
	case passBool:
		if at < len(p) && p[at] <= 1 {
			return at + 1, nil
		}
	case passRecord:
		return s.sub.walk(p, at, nil)
	}
	return skim(p, at, s.node)
}
