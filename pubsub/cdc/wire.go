package cdc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

var (
	errShort  = errors.New("payload ends too early")
	errWide   = errors.New("number is wider than its type")
	errBranch = errors.New("union has no such branch")
	errBool   = errors.New("boolean is neither 0 nor 1")
	errFloat  = errors.New("number is not finite")
)

// The functions of this file read one value of a payload that begins at a place, never before 0 or behind the end, and answer the place behind it.
// They allocate nothing, but for the words of an error, and believe no length that the remaining bytes cannot hold.
// https://avro.apache.org/docs/1.12.0/specification/#binary-encoding

// long reads a zig-zag number of variable length.
func long(p []byte, at int) (v int64, next int, err error) {
	if at < len(p) && p[at] < 0x80 {
		b := int64(p[at])
		return b>>1 ^ -(b & 1), at + 1, nil
	}
	u, n := binary.Uvarint(p[at:])
	switch {
	case n > 0:
		return int64(u>>1) ^ -int64(u&1), at + n, nil
	case n < 0:
		return 0, 0, errWide
	default:
		return 0, 0, errShort
	}
}

func integer(p []byte, at int) (v int64, next int, err error) {
	v, next, err = long(p, at)
	if err == nil && (v < math.MinInt32 || v > math.MaxInt32) {
		err = errWide
	}
	return v, next, err
}

// index reads a number below size.
func index(p []byte, at, size int) (i, next int, err error) {
	v, next, err := long(p, at)
	if err != nil {
		return 0, 0, err
	}
	if v < 0 || v >= int64(size) {
		return 0, 0, fmt.Errorf("index %d of %d", v, size)
	}
	return int(v), next, nil
}

// text reads a string or bytes; what it answers is a part of the payload.
func text(p []byte, at int) (b []byte, next int, err error) {
	n, at, err := long(p, at)
	if err != nil {
		return nil, 0, err
	}
	if n < 0 || n > int64(len(p)-at) {
		return nil, 0, errShort
	}
	next = at + int(n)
	return p[at:next], next, nil
}

// float reads a number of 4 or 8 bytes.
func float(p []byte, at, size int) (f float64, next int, err error) {
	switch {
	case len(p)-at < size:
		return 0, 0, errShort
	case size == 4:
		f = float64(math.Float32frombits(binary.LittleEndian.Uint32(p[at:])))
	default:
		f = math.Float64frombits(binary.LittleEndian.Uint64(p[at:]))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, 0, errFloat
	}
	return f, at + size, nil
}

// block reads the head of a block of items that take least bytes each. Where the block says its size, end is the place where it must end, else -1.
func block(p []byte, at, least int) (count int64, next, end int, err error) {
	count, next, err = long(p, at)
	end = -1
	if err == nil && count < 0 {
		var size int64
		if size, next, err = long(p, next); err == nil && (size < 0 || size > int64(len(p)-next)) {
			err = errShort
		}
		count, end = -count, next+int(size) // of the least number too, which stays below 0
	}
	if room := int64(len(p) - next); err == nil && (count < 0 || count > room || count*int64(least) > room) {
		err = errShort
	}
	return count, next, end, err
}
