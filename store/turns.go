package store

// turns are the lanes of an outlet that are ready, by their hashes, in turn. A lane may stand in it more than once, or be gone when its turn comes:
// whoever takes a turn looks.
//
//	first ──> [ . . x x ] ──> [ x x x x ] ──> [ x . . . ] <── last
type turns struct {
	first, last *turnChunk
	from, to    int // of first and last
	n           int
}

// turnChunk is as long as nothing need be copied and little is wasted.
type turnChunk struct {
	hashes [510]uint64
	next   *turnChunk
}

func (t *turns) push(hash uint64) {
	switch {
	case t.last == nil:
		t.first = &turnChunk{}
		t.last, t.from, t.to = t.first, 0, 0
	case t.to == len(t.last.hashes):
		t.last.next = &turnChunk{}
		t.last, t.to = t.last.next, 0
	}
	t.last.hashes[t.to] = hash
	t.to++
	t.n++
}

func (t *turns) pop() (hash uint64, ok bool) {
	if t.n == 0 {
		return 0, false
	}
	hash = t.first.hashes[t.from]
	t.from++
	t.n--
	switch {
	case t.n == 0:
		*t = turns{}
	case t.from == len(t.first.hashes):
		t.first, t.from = t.first.next, 0
	}
	return hash, true
}
