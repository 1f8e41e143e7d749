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

// append appends head and value.
func (h head) append(b []byte, key string, val []byte) []byte {
	from := len(b)
	b = binary.BigEndian.AppendUint64(b, h.rev)
	b = binary.BigEndian.AppendUint64(b, uint64(h.expires))
	b = append(b, key...) // for the checksum alone, which wants bytes: they take no memory of their own here
	sum := crc32.Update(crc32.Checksum(b[from+16:], castagnoli), castagnoli, b[from:from+16])
	b = binary.BigEndian.AppendUint32(b[:from+16], sum)
	return append(b, val...)
}

// decode splits what append made; the value is a part of b.
func decode(key string, b []byte) (head, []byte, error) {
	if len(b) < headSize || binary.BigEndian.Uint32(b[16:]) != headSum(key, b) {
		return head{}, nil, fmt.Errorf("%s: head of the record does not hold: %w", key, store.ErrCorrupt)
	}
	h := head{binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:]))}
	return h, b[headSize:], nil
}

func headSum(key string, b []byte) uint32 {
	return crc32.Update(keySum(key), castagnoli, b[:16])
}

// keySum is the CRC32C of a key. The package that knows how takes bytes, which would be memory for every key.
func keySum(key string) uint32 {
	sum := ^uint32(0)
	for i := range len(key) {
		sum = castagnoli[byte(sum)^key[i]] ^ sum>>8
	}
	return ^sum
}

// ttlKey orders keys by expiry.
func ttlKey(expires int64, key string) []byte {
	return appendTTLKey(make([]byte, 0, 8+len(key)), expires, key)
}

func appendTTLKey(b []byte, expires int64, key string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(expires)), key...)
}
