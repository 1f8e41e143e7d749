package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
)

// bbolt maps the file and follows its pages on trust, in goroutines of its own: a page number that leads outside ends the process without a word. So the
// pages are followed here first, with plain reads.
//
//	page  +-------+----------+----------+-------------+----------
//	      | id, 8 | flags, 2 | count, 2 | overflow, 4 | elements
//	branch element: place of the key, 4; its length, 4; page below, 8
//	leaf element:   flags, 4; place of key and value, 4; length of the key, 4; length of the value, 4
//	meta:           magic, 4; version, 4; page size, 4; flags, 4; root, 8; sequence, 8; freelist, 8; pages, 8; transaction, 8; FNV-1a of these, 8
const (
	pageHead     = 16
	elementSize  = 16
	metaSize     = 64
	metaMagic    = 0xED0CDAED
	branchPage   = 0x01
	leafPage     = 0x02
	bucketLeaf   = 0x01 // a leaf element whose value is a bucket
	bucketHead   = 16   // page of the bucket's root, or 0 where its page follows; sequence
	smallestPage = 1 << 10
	largestPage  = 1 << 16
	mostPages    = 1 << 32
)

var native = binary.NativeEndian

// meta is the root of one version of the tree.
type meta struct{ size, root, free, pages, tx uint64 }

// noFreelist stands in a meta page for a list of free pages that is not stored but found by following the others.
const noFreelist = math.MaxUint64

// walker follows the pages of one file.
type walker struct {
	file io.ReaderAt
	meta
	seen   []uint64 // a bit for each page
	buf    []byte   // of pages of a leaf, which nothing is followed from
	bucket string   // whose pages are followed
	at     uint64   // the page that is followed

	visit func(bucket string, page uint64, key, val []byte) // gets every record; nil for none
	lost  func(l Lost, raw []byte)                          // gets pages that do not hold, as far as they can be read; nil ends the walk with the first
}

// walkFile follows every page that belongs to the newest version in the file. What lies behind a page that does not hold goes to w.lost, or ends the walk.
func (w *walker) walkFile(f io.ReaderAt, size uint64) error {
	m, valid := newest(f)
	switch {
	case valid == 0:
		return errors.New("no valid meta page")
	case m.pages > size/m.size && w.lost == nil:
		return fmt.Errorf("cut short: %d bytes of at least %d", size, m.pages*m.size)
	case m.pages > mostPages:
		return fmt.Errorf("%d pages", m.pages)
	}
	return w.walkFrom(f, m)
}

// walkFrom follows every page of one version of the tree.
func (w *walker) walkFrom(f io.ReaderAt, m meta) error {
	w.file, w.meta, w.seen = f, m, make([]uint64, m.pages/64+1)
	return w.page(m.root, true, span{})
}

// newest answers the valid meta page with the larger transaction, and how many are valid; a whole file has two.
func newest(f io.ReaderAt) (best meta, count int) {
	for size := int64(0); size <= largestPage; size = max(smallestPage, 2*size) {
		b := make([]byte, pageHead+metaSize)
		if _, err := f.ReadAt(b, size); err != nil {
			continue
		}
		b = b[pageHead:]
		sum := fnv.New64a()
		sum.Write(b[:metaSize-8])
		m := meta{uint64(native.Uint32(b[8:])), native.Uint64(b[16:]), native.Uint64(b[32:]), native.Uint64(b[40:]), native.Uint64(b[48:])}
		valid := native.Uint32(b) == metaMagic && native.Uint64(b[56:]) == sum.Sum64() && m.size >= smallestPage && m.size <= largestPage
		if !valid || size != 0 && uint64(size) != m.size {
			continue
		}
		if count == 0 || m.tx > best.tx {
			best = m
		}
		count++
	}
	return best, count
}

// span is which keys may stand on a page: from low on and below high, nil for no end.
type span struct{ low, high []byte }

// page follows one page and what is below it.
func (w *walker) page(id uint64, buckets bool, s span) error {
	in := w.bucket
	raw, err := w.follow(id, buckets, s)
	if err == nil || w.lost == nil {
		return err
	}
	w.lost(Lost{Page: id, Bucket: in, From: string(s.low), To: string(s.high), Cause: err}, raw)
	return nil
}

// follow answers the bytes of the page too, as far as it got.
func (w *walker) follow(id uint64, buckets bool, s span) ([]byte, error) {
	if err := w.claim(id, 0); err != nil {
		return nil, err
	}
	b, err := w.read(id, 1)
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	if over := uint64(native.Uint32(b[12:])); over > 0 {
		if err := w.claim(id+1, over-1); err != nil {
			return b, fmt.Errorf("page %d: its overflow: %w", id, err)
		}
		if b, err = w.read(id, over+1); err != nil {
			return b, fmt.Errorf("page %d: %w", id, err)
		}
	}
	if got := native.Uint64(b); got != id {
		return b, fmt.Errorf("page %d says that it is page %d", id, got)
	}
	w.at = id
	if err := w.elements(b, buckets, s); err != nil {
		return b, err
	}
	w.buf = b
	return b, nil
}

// claim marks the pages from id to id+more, which must lie in the file and belong to nobody else.
func (w *walker) claim(id, more uint64) error {
	if id < 2 || id >= w.pages || more >= w.pages-id {
		return fmt.Errorf("page %d is out of place", id)
	}
	for n := id; n <= id+more; n++ {
		if w.seen[n/64]&(1<<(n%64)) != 0 {
			return fmt.Errorf("page %d belongs to two", n)
		}
		w.seen[n/64] |= 1 << (n % 64)
	}
	return nil
}

// read answers pages, the bytes that there are even where the file ends within them.
func (w *walker) read(id, n uint64) ([]byte, error) {
	if n*w.size > math.MaxInt32 {
		return nil, fmt.Errorf("%d pages of overflow", n-1)
	}
	b := w.buf
	if w.buf = nil; uint64(cap(b)) < n*w.size {
		b = make([]byte, n*w.size)
	}
	b = b[:n*w.size]
	got, err := w.file.ReadAt(b, int64(id*w.size))
	if err != nil {
		return b[:got], fmt.Errorf("the file ends or cannot be read within it: %w", err)
	}
	return b, nil
}

// elements follows what stands on a page, whole with its overflow or inside a value.
func (w *walker) elements(b []byte, buckets bool, s span) error {
	flags, count := native.Uint16(b[8:]), uint64(native.Uint16(b[10:]))
	if flags != branchPage && flags != leafPage || flags == branchPage && count == 0 {
		return fmt.Errorf("page %d: flags %#x with %d elements", w.at, flags, count)
	}
	if pageHead+count*elementSize > uint64(len(b)) {
		return fmt.Errorf("page %d: %d elements do not fit", w.at, count)
	}
	keys, err := keysOn(b, flags == leafPage, count, s)
	for i := uint64(0); err == nil && flags == leafPage && i < count; i++ {
		if got := native.Uint32(b[pageHead+i*elementSize:])&bucketLeaf != 0; got != buckets {
			err = fmt.Errorf("element %d is no bucket where one belongs, or one where none does", i)
		}
	}
	if err != nil {
		return fmt.Errorf("page %d: %w", w.at, err)
	}
	for i := range count {
		at := pageHead + i*elementSize
		if flags == leafPage {
			err = w.leaf(b, at, buckets)
		} else {
			below := span{keys[i], s.high}
			if i+1 < count {
				below.high = keys[i+1]
			}
			err = w.page(native.Uint64(b[at+8:]), buckets, below)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keysOn answers the keys of all elements, which must stand on the page, in order and within the span.
func keysOn(b []byte, leaf bool, count uint64, s span) ([][]byte, error) {
	keys := make([][]byte, count)
	for i := range count {
		at := pageHead + i*elementSize
		pos, key, val := native.Uint32(b[at:]), native.Uint32(b[at+4:]), uint32(0)
		if leaf {
			pos, key, val = native.Uint32(b[at+4:]), native.Uint32(b[at+8:]), native.Uint32(b[at+12:])
		}
		if !within(b, at, pos, key, val) {
			return nil, fmt.Errorf("element %d leads outside", i)
		}
		k := b[at+uint64(pos):][:key]
		if key == 0 || i == 0 && bytes.Compare(k, s.low) < 0 || i > 0 && bytes.Compare(keys[i-1], k) >= 0 || s.high != nil && bytes.Compare(k, s.high) >= 0 {
			return nil, fmt.Errorf("element %d is out of order", i)
		}
		keys[i] = k
	}
	return keys, nil
}

// leaf follows a leaf element that keysOn has seen; our buckets hold no buckets.
func (w *walker) leaf(b []byte, at uint64, buckets bool) error {
	pos, key, val := native.Uint32(b[at+4:]), native.Uint32(b[at+8:]), native.Uint32(b[at+12:])
	k := b[at+uint64(pos):][:key]
	v := b[at+uint64(pos)+uint64(key):][:val]
	if !buckets {
		if w.visit != nil {
			w.visit(w.bucket, w.at, k, v)
		}
		return nil
	}
	if val < bucketHead {
		return fmt.Errorf("page %d: bucket %q has no head", w.at, k)
	}
	w.bucket = string(k)
	if root := native.Uint64(v); root != 0 {
		return w.page(root, false, span{})
	}
	if len(v) < bucketHead+pageHead {
		return fmt.Errorf("page %d: bucket %q is cut short", w.at, k)
	}
	if native.Uint16(v[bucketHead+8:]) != leafPage {
		return fmt.Errorf("page %d: bucket %q has pages and none", w.at, k)
	}
	return w.elements(v[bucketHead:], false, span{})
}

// within reports whether key and value of an element stand on its page.
func within(b []byte, at uint64, pos, key, val uint32) bool {
	end := at + uint64(pos) + uint64(key) + uint64(val)
	return end <= uint64(len(b)) && end < math.MaxInt32
}
