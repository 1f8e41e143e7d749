package bolt

import (
	"encoding/binary"
	"fmt"

	"sfbridge/store"
)

// tally tells two sets of records apart: how many they are, and all of them mixed into one number that does not depend on their order. Every commit writes
// it, so that a record that is gone without a commit, and one that is back, are noticed at the next start.
//
//	meta/tally: count, 8; mix, 8
type tally struct{ count, mix uint64 }

// add counts a record, head and value, whose head holds.
func (t *tally) add(rec []byte) {
	t.count++
	t.mix ^= mixOf(rec)
}

// drop is the opposite of add.
func (t *tally) drop(rec []byte) {
	t.count--
	t.mix ^= mixOf(rec)
}

// mixOf spreads revision and checksum of the head, which covers the key, over 64 bits.
func mixOf(rec []byte) uint64 {
	x := binary.BigEndian.Uint64(rec) ^ uint64(binary.BigEndian.Uint32(rec[16:]))<<32
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func (t tally) encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, t.count), t.mix)
}

func tallyOf(b []byte) (tally, error) {
	if len(b) != 16 {
		return tally{}, fmt.Errorf("a tally of %d bytes: %w", len(b), store.ErrCorrupt)
	}
	return tally{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}, nil
}
