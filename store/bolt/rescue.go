package bolt

import (
	"bytes"
	"slices"

	"sfbridge/store"
)

// rescue takes from a page that does not hold what is whole: records are known by the checksum of their head, pages below by their own number.
func (w *walker) rescue(l Lost, raw []byte) {
	if len(raw) < pageHead {
		return
	}
	b := bytes.Clone(raw) // what follows reads other pages
	count := min(uint64(native.Uint16(b[10:])), (uint64(len(b))-pageHead)/elementSize)
	for i := range count {
		at := pageHead + i*elementSize
		w.bucket, w.at = l.Bucket, l.Page
		pos, key, val := native.Uint32(b[at+4:]), native.Uint32(b[at+8:]), native.Uint32(b[at+12:])
		switch {
		case native.Uint16(b[8:]) == branchPage:
			w.rescuePage(native.Uint64(b[at+8:]), span{[]byte(l.From), []byte(l.To)})
		case key == 0 || !within(b, at, pos, key, val):
		case l.Bucket != "":
			w.visit(l.Bucket, l.Page, b[at+uint64(pos):][:key], b[at+uint64(pos)+uint64(key):][:val])
		case val >= bucketHead:
			v := b[at+uint64(pos)+uint64(key):][:val]
			if root := native.Uint64(v); root != 0 {
				w.bucket = string(b[at+uint64(pos):][:key])
				w.rescuePage(root, span{})
			} else {
				_ = w.leaf(b, at, true)
			}
		}
	}
}

// rescuePage follows a page unless it belongs elsewhere; what does not hold of it goes to w.lost.
func (w *walker) rescuePage(id uint64, s span) {
	if len(s.high) == 0 {
		s.high = nil
	}
	if id >= 2 && id < w.pages && w.seen[id/64]&(1<<(id%64)) == 0 {
		_ = w.page(id, false, s)
	}
}

// orphans finds records on pages that nothing leads to any more, where their keys are among those that were lost. Such a page may be of before the last
// commit: a record that was deleted since is back then, one that is older than what else was found is not taken.
func (s *survey) orphans() {
	w := &s.walker
	for id := uint64(2); id < w.pages; id++ {
		if w.seen[id/64]&(1<<(id%64)) != 0 {
			continue
		}
		b, err := w.read(id, 1)
		if err != nil || native.Uint64(b) != id || native.Uint16(b[8:]) != leafPage {
			continue
		}
		if over := uint64(native.Uint32(b[12:])); over > 0 && w.claim(id, over) == nil {
			if b, err = w.read(id, over+1); err != nil {
				continue
			}
		}
		count := min(uint64(native.Uint16(b[10:])), (uint64(len(b))-pageHead)/elementSize)
		for i := range count {
			at := pageHead + i*elementSize
			pos, key, val := native.Uint32(b[at+4:]), native.Uint32(b[at+8:]), native.Uint32(b[at+12:])
			if key > 0 && within(b, at, pos, key, val) {
				s.orphan(string(b[at+uint64(pos):][:key]), b[at+uint64(pos)+uint64(key):][:val])
			}
		}
	}
}

func (s *survey) orphan(key string, rec []byte) {
	h, val, err := decode(key, rec)
	if err != nil || store.ValidKey(key) != nil || s.verify != nil && s.verify(key, val) != nil {
		return
	}
	bucket := string(bucketOf(key))
	if slices.ContainsFunc(s.lost, func(l Lost) bool {
		return l.Bucket == "" || l.Bucket == bucket && key >= l.From && (l.To == "" || key < l.To)
	}) {
		s.found++
		s.highest = max(s.highest, h.rev)
		s.every(bucket, key, rec)
	}
}
