package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"sfbridge/store"
)

// headSize is the length of what stands before every value: revision, expiry, checksum.
const headSize = 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is what the engine knows of a value.
type head struct {
	rev     uint64
	expires int64 // Unix milliseconds, 0 never
}

func (h head) expired(now time.Time) bool { return h.expires != 0 && now.UnixMilli() >= h.expires }

// encode puts the head before the value.
func (h head) encode(key string, val []byte) []byte {
	b := make([]byte, headSize, headSize+len(val))
	binary.BigEndian.PutUint64(b, h.rev)
	binary.BigEndian.PutUint64(b[8:], uint64(h.expires))
	binary.BigEndian.PutUint32(b[16:], headSum(key, b))
	return append(b, val...)
}

// decode splits what encode made; the value is a part of b.
func decode(key string, b []byte) (head, []byte, error) {
	if len(b) < headSize || binary.BigEndian.Uint32(b[16:]) != headSum(key, b) {
		return head{}, nil, fmt.Errorf("%s: head of the record does not hold: %w", key, store.ErrCorrupt)
	}
	h := head{binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:]))}
	return h, b[headSize:], nil
}

func headSum(key string, b []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, b[:16])
}

// ttlKey orders keys by expiry.
func ttlKey(expires int64, key string) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(key)), uint64(expires))
	return append(b, key...)
}
