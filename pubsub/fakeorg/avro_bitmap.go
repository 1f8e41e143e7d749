package fakeorg

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
)

// The bitmap fields of the header. A map is written as 0x and upper-case hexadecimal bytes, big-endian, without superfluous leading
// zero bytes; bit i stands for the i-th field of the record, the header being 0. A compound's parts have a map of their own:
//
//	changedFields  ["0x800000", "6-0x01"]
//	                 │           │  └ part 0 of its record
//	                 │           └ position 6: ShippingAddress
//	                 └ bit 23: LastModifiedDate
//
// See "Event Deserialization Considerations" of the Pub/Sub API guide.

// bitmap writes the set of bits; "" when it is empty.
func bitmap(bits []int) string {
	if len(bits) == 0 {
		return ""
	}
	var n big.Int
	for _, i := range bits {
		n.SetBit(&n, i, 1)
	}
	digits := fmt.Sprintf("%X", &n)
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	return "0x" + digits
}

// bitmaps writes places: the record's own map first where it is not empty, then those of the compounds by position.
func bitmaps(places []place) []string {
	tops, parts := []int{}, map[int][]int{}
	for _, p := range places {
		if p.part < 0 {
			tops = append(tops, p.top)
		} else {
			parts[p.top] = append(parts[p.top], p.part)
		}
	}
	out := []string{}
	if len(tops) > 0 {
		out = append(out, bitmap(tops))
	}
	for _, top := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, fmt.Sprintf("%d-%s", top, bitmap(parts[top])))
	}
	return out
}
