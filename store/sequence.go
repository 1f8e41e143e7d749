package store

import (
	"slices"
	"sync"
)

// sequence gives numbers out and knows up to where all that were given are done, since commits may end in another order.
type sequence struct {
	mu     sync.Mutex
	next   uint64
	flight []uint64 // the first number of each take that is not done, ascending
}

// take gives n numbers and answers the first, 0 for none: the end of an empty take must not be that of whoever takes next. done must follow.
func (q *sequence) take(n int) uint64 {
	if n == 0 {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	first := q.next
	q.next += uint64(n)
	q.flight = append(q.flight, first)
	return first
}

// done ends a take, whether its numbers were used or not.
func (q *sequence) done(first uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i, ok := slices.BinarySearch(q.flight, first); ok {
		q.flight = slices.Delete(q.flight, i, i+1)
	}
}

// frontier is the last number before which nothing is under way any more.
func (q *sequence) frontier() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.flight) > 0 {
		return q.flight[0] - 1
	}
	return q.next - 1
}
