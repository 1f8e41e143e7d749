package cdc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
)

// mask is what one bitmap field names: fields of the event record by position, and parts of compounds, counted through.
type mask struct{ tops, parts set }

// zeros are eight digits of a bitmap that name nothing.
const zeros = 0x3030303030303030

// read adds one element of a bitmap field:
//
//	0x400800   bits 11 and 22 of the event record, most significant byte first
//	6-0x01     part 0 of the compound field at position 6
//
// Bits that the schema has no field for are left out and counted as strays. A compound that is named goes to touched.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-deserialization-considerations.html
func (m *mask) read(s *Schema, element []byte, touched set) (strays int, err error) {
	dash := bytes.IndexByte(element, '-')
	if dash < 0 {
		return m.tops.read(element, 0, len(s.columns))
	}
	top, err := strconv.ParseUint(string(element[:dash]), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("bitmap %.40q: position of the compound: %w", element, err)
	}
	if int(top) >= len(s.columns) {
		return m.parts.read(element[dash+1:], 0, 0)
	}
	touched.add(int(top))
	c := &s.columns[top]
	return m.parts.read(element[dash+1:], c.first, len(c.parts))
}

// read adds the bits of one bitmap of the given width, from first on, and counts those beyond it.
func (s set) read(text []byte, first, width int) (strays int, err error) {
	if len(text) < 2 || text[0] != '0' || text[1] != 'x' {
		return 0, fmt.Errorf("bitmap %.40q: no leading 0x", text)
	}
	digits := text[2:]
	for end, bit := len(digits), 0; end > 0; {
		if end >= 8 && binary.LittleEndian.Uint64(digits[end-8:]) == zeros {
			end, bit = end-8, bit+32
			continue
		}
		nibble, ok := hexDigit(digits[end-1])
		if !ok {
			return 0, fmt.Errorf("bitmap %.40q: not hexadecimal", text)
		}
		for ; nibble != 0; nibble &= nibble - 1 {
			if i := bit + bits.TrailingZeros8(nibble); i < width {
				s.add(first + i)
			} else {
				strays++
			}
		}
		end, bit = end-1, bit+4
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
