package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
)

// The envelope of every value:
//
//	+---------+--------------------------+---------
//	| version | CRC32C of key and payload | payload
//	| 1 byte  | 4 bytes, big endian       |
//	+---------+--------------------------+---------
const (
	envelopeVersion = 1
	envelopeSize    = 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts the payload of a key into its envelope.
func seal(key string, payload []byte) []byte {
	val := append(make([]byte, envelopeSize, envelopeSize+len(payload)), payload...)
	sealInPlace(key, val)
	return val
}

// sealInPlace is seal where the payload has room for the envelope before it.
func sealInPlace(key string, val []byte) {
	val[0] = envelopeVersion
	binary.BigEndian.PutUint32(val[1:], checksum(key, val[envelopeSize:]))
}

// open takes the payload of a key out of its envelope; the answer is a part of val.
func open(key string, val []byte) ([]byte, error) {
	switch {
	case len(val) < envelopeSize:
		return nil, fmt.Errorf("%s: %d bytes are no envelope: %w", key, len(val), ErrCorrupt)
	case val[0] != envelopeVersion:
		return nil, fmt.Errorf("%s: envelope version %d, known is %d: %w", key, val[0], envelopeVersion, ErrCorrupt)
	case binary.BigEndian.Uint32(val[1:]) != checksum(key, val[envelopeSize:]):
		return nil, fmt.Errorf("%s: checksum does not match: %w", key, ErrCorrupt)
	}
	return val[envelopeSize:], nil
}

func checksum(key string, payload []byte) uint32 {
	return crc32.Update(keySum(key), castagnoli, payload)
}

// keySum is the CRC32C of a key. The package that knows how takes bytes, which would be memory for every key.
func keySum(key string) uint32 {
	sum := ^uint32(0)
	for i := range len(key) {
		sum = castagnoli[byte(sum)^key[i]] ^ sum>>8
	}
	return ^sum
}

// put is the op that stores v as JSON.
func put(key string, v any) (Op, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return Op{}, fmt.Errorf("encode %s: %w", key, err)
	}
	return Op{Key: key, Val: seal(key, b)}, nil
}

// get decodes the JSON that put stored.
func get(it *Item, v any) error {
	payload, err := it.payload()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(payload, v); err != nil {
		return fmt.Errorf("%s: %w: %w", it.Key, err, ErrCorrupt)
	}
	return nil
}

// payload is what an item holds inside its envelope.
func (it *Item) payload() ([]byte, error) {
	if it.Err != nil {
		return nil, it.Err
	}
	return open(it.Key, it.Val)
}
