package cdc

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// wholeField is the part of a place that means the field itself and not one of a compound's parts.
const wholeField = -1

// place names a field of the event record by position, or a part of a compound field.
type place struct{ top, part int }

// mask is a set of places.
type mask map[place]bool

// has reports whether the field is in the set, or the compound whose flags it inherits.
func (m mask) has(w word) bool {
	return m[w.place] || w.inherits && m[place{w.top, wholeField}]
}

// readMask reads the elements of a bitmap field:
//
//	0x400800   bits 11 and 22 of the event record, most significant byte first
//	6-0x01     part 0 of the compound field at position 6
//
// Bits that the schema has no field for are left out and counted as strays.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-deserialization-considerations.html
func (s *Schema) readMask(elements []datum) (m mask, strays int, err error) {
	m = make(mask, len(elements))
	for _, e := range elements {
		at, digits, nested := strings.Cut(e.text, "-")
		if !nested {
			n, err := m.set(e.text, wholeField, len(s.columns))
			if err != nil {
				return nil, 0, err
			}
			strays += n
			continue
		}
		top, err := strconv.ParseUint(at, 10, 31)
		if err != nil {
			return nil, 0, fmt.Errorf("bitmap %.40q: position of the compound: %w", e.text, err)
		}
		n, err := m.set(digits, int(top), s.parts(int(top)))
		if err != nil {
			return nil, 0, err
		}
		strays += n
	}
	return m, strays, nil
}

// set adds the places of one bitmap of the given width and counts the bits beyond it. A top of wholeField means the event record itself.
func (m mask) set(text string, top, width int) (strays int, err error) {
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok {
		return 0, fmt.Errorf("bitmap %.40q: no leading 0x", text)
	}
	for i := range len(digits) {
		nibble, ok := hexDigit(digits[len(digits)-1-i])
		if !ok {
			return 0, fmt.Errorf("bitmap %.40q: not hexadecimal", text)
		}
		for rest := nibble; rest != 0; rest &= rest - 1 {
			bit := 4*i + bits.TrailingZeros8(rest)
			switch {
			case bit >= width:
				strays++
			case top == wholeField:
				m[place{bit, wholeField}] = true
			default:
				m[place{top, bit}] = true
			}
		}
	}
	return strays, nil
}

func hexDigit(c byte) (uint8, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	default:
		return 0, false
	}
}
