package cdc

import "math/bits"

// set is a set of small numbers, one bit each.
type set []uint64

func newSet(size int) set { return make(set, (size+63)/64) }

func (s set) add(i int) { s[i>>6] |= 1 << (i & 63) }

func (s set) has(i int) bool { return s[i>>6]>>(i&63)&1 != 0 }

// next is the first member from i on, -1 where there is none.
func (s set) next(i int) int {
	for w := i >> 6; w < len(s); w++ {
		if rest := s[w] >> (i & 63); rest != 0 {
			return i + bits.TrailingZeros64(rest)
		}
		i = (w + 1) << 6
	}
	return -1
}

// count is how many members there are.
func (s set) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// keep takes out what is not in o, which is of the same size.
func (s set) keep(o set) {
	for w := range s {
		s[w] &= o[w]
	}
}
