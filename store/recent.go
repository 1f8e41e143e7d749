package store

import "sfbridge/bridge"

// Bounds of what is kept of the last entries: what is folded and carried as it comes in need not be read, and what waits for long takes no memory here.
const (
	recentCount = 4096
	recentBytes = 1 << 20
	recentValue = recentBytes / 16
)

// recent keeps the values of the last entries that were appended, by their numbers, until they end. What it does not have is read from the engine.
//
//	... evicted | low . . x x . x x x . x x | to come
type recent struct {
	slots []recentSlot // by number modulo recentCount; none at first
	low   uint64       // nothing is kept of the numbers before
	bytes int
}

// recentSlot is one entry; its value is nil where nothing is kept.
type recentSlot struct {
	seq uint64
	val []byte
}

func (r *recent) slot(seq uint64) *recentSlot { return &r.slots[seq%recentCount] }

// put keeps the value of an entry that is durable. It must not change any more.
func (r *recent) put(seq uint64, val []byte) {
	if r.slots == nil {
		r.slots, r.low = make([]recentSlot, recentCount), seq
	}
	if len(val) > recentValue {
		return
	}
	if seq >= r.low+2*recentCount {
		clear(r.slots)
		r.low, r.bytes = seq, 0
	}
	for seq >= r.low+recentCount || r.low < seq && r.bytes+len(val) > recentBytes {
		r.drop(r.low)
		r.low++
	}
	if seq < r.low && r.low-seq < recentCount && r.slot(seq).val == nil { // commits do not end in the order of their numbers
		r.low = seq
	}
	if seq < r.low {
		return
	}
	r.drop(r.slot(seq).seq)
	*r.slot(seq) = recentSlot{seq, val}
	r.bytes += len(val)
}

// drop forgets an entry.
func (r *recent) drop(seq uint64) {
	if r.get(seq) != nil {
		r.bytes -= len(r.slot(seq).val)
		*r.slot(seq) = recentSlot{}
	}
}

// get is the value of an entry, nil where it is not kept.
func (r *recent) get(seq uint64) []byte {
	if r.slots == nil || r.slot(seq).seq != seq {
		return nil
	}
	return r.slot(seq).val
}

// run is the values of the entries after from and up to top, as far as all of them are kept, and limit and size at most.
func (r *recent) run(from, top uint64, limit, size int) [][]byte {
	var vals [][]byte
	for seq := from + 1; seq <= top && len(vals) < limit && size > 0; seq++ {
		v := r.get(seq)
		if v == nil {
			break
		}
		vals = append(vals, v)
		size -= len(v)
	}
	return vals
}

// keptEntry reads an entry that was kept; it was sealed here, so that it need not be checked. The body of its callback is that of all who read it.
func keptEntry(seq uint64, val []byte) (bridge.Entry, error) {
	return decodeEntry(bridge.EntryID(seq), val[envelopeSize:])
}
