package cdc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

var (
	errShort = errors.New("payload ends too early")
	errWide  = errors.New("number is wider than its type")
)

// datum is one value as it was read: which members are set follows from kind. Union wrappers are gone.
type datum struct {
	kind  kind
	whole int64 // boolean, int, long, enum
	float float64
	text  string // string, bytes, enum
	items []datum
	parts []datum // of a record, by position
}

// reader walks a payload by a schema. It never reads past the end and never allocates more than the remaining bytes can fill.
type reader struct{ rest []byte }

func (r *reader) read(n *node) (datum, error) {
	switch n.kind {
	case kindNull:
		return datum{}, nil
	case kindBoolean:
		return r.boolean()
	case kindInt, kindLong:
		return r.number(n.kind)
	case kindFloat, kindDouble:
		return r.float(n.kind)
	case kindBytes, kindString:
		return r.text(n.kind)
	case kindEnum:
		i, err := r.index(len(n.symbols))
		if err != nil {
			return datum{}, fmt.Errorf("symbol: %w", err)
		}
		return datum{kind: kindEnum, whole: int64(i), text: n.symbols[i]}, nil
	case kindArray:
		return r.array(n)
	case kindRecord:
		return r.record(n)
	default:
		i, err := r.index(len(n.branches))
		if err != nil {
			return datum{}, fmt.Errorf("union: %w", err)
		}
		return r.read(n.branches[i])
	}
}

// long reads a variable-length zig-zag number.
func (r *reader) long() (int64, error) {
	v, n := binary.Uvarint(r.rest)
	if n == 0 {
		return 0, errShort
	}
	if n < 0 {
		return 0, errWide
	}
	r.rest = r.rest[n:]
	return int64(v>>1) ^ -int64(v&1), nil
}

func (r *reader) number(k kind) (datum, error) {
	i, err := r.long()
	if err == nil && k == kindInt && (i < math.MinInt32 || i > math.MaxInt32) {
		err = errWide
	}
	return datum{kind: k, whole: i}, err
}

func (r *reader) index(size int) (int, error) {
	i, err := r.long()
	if err != nil {
		return 0, err
	}
	if i < 0 || i >= int64(size) {
		return 0, fmt.Errorf("index %d of %d", i, size)
	}
	return int(i), nil
}

func (r *reader) take(n int) ([]byte, error) {
	if n > len(r.rest) {
		return nil, errShort
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b, nil
}

func (r *reader) boolean() (datum, error) {
	b, err := r.take(1)
	if err != nil {
		return datum{}, err
	}
	if b[0] > 1 {
		return datum{}, fmt.Errorf("boolean is %d", b[0])
	}
	return datum{kind: kindBoolean, whole: int64(b[0])}, nil
}

func (r *reader) float(k kind) (datum, error) {
	d := datum{kind: kindDouble}
	size := 8
	if k == kindFloat {
		size = 4
	}
	b, err := r.take(size)
	if err != nil {
		return d, err
	}
	if k == kindFloat {
		d.float = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	} else {
		d.float = math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	if math.IsNaN(d.float) || math.IsInf(d.float, 0) {
		return d, fmt.Errorf("number is %v", d.float)
	}
	return d, nil
}

func (r *reader) text(k kind) (datum, error) {
	n, err := r.long()
	if err != nil {
		return datum{}, err
	}
	if n < 0 || n > int64(len(r.rest)) {
		return datum{}, errShort
	}
	b, err := r.take(int(n))
	if err != nil {
		return datum{}, err
	}
	s := string(b)
	if k == kindString {
		s = strings.ToValidUTF8(s, "\uFFFD") // what is stored as JSON would change into it later
	}
	return datum{kind: k, text: s}, nil
}

// array reads the blocks of an array. A negative count is followed by the block's size in bytes, which must then be right.
func (r *reader) array(n *node) (datum, error) {
	d := datum{kind: kindArray}
	least := int64(n.items.least())
	for {
		count, size, err := r.block()
		if err != nil || count == 0 {
			return d, err
		}
		if count > int64(len(r.rest))/least {
			return d, errShort
		}
		before := len(r.rest)
		for range count {
			item, err := r.read(n.items)
			if err != nil {
				return d, err
			}
			d.items = append(d.items, item)
		}
		if size >= 0 && int64(before-len(r.rest)) != size {
			return d, fmt.Errorf("block of %d bytes says %d", before-len(r.rest), size)
		}
	}
}

// block reads a block's head; size is -1 where it is not said.
func (r *reader) block() (count, size int64, err error) {
	count, err = r.long()
	if err != nil || count >= 0 {
		return count, -1, err
	}
	if count == math.MinInt64 {
		return 0, 0, errWide
	}
	size, err = r.long()
	if err == nil && size < 0 {
		err = errShort
	}
	return -count, size, err
}

func (r *reader) record(n *node) (datum, error) {
	d := datum{kind: kindRecord, parts: make([]datum, len(n.fields))}
	for i, f := range n.fields {
		if f.node.optional && len(r.rest) > 0 && r.rest[0] == 0 { // most of an update
			r.rest = r.rest[1:]
			continue
		}
		v, err := r.read(f.node)
		if err != nil {
			return d, fmt.Errorf("%s: %w", f.name, err)
		}
		d.parts[i] = v
	}
	return d, nil
}
