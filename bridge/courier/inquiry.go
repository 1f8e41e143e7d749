package courier

import (
	"context"
	"sync"
	"time"

	"sfbridge/bridge"
)

const (
	// inquiryLinger is how long the first who asks waits for others.
	inquiryLinger = 50 * time.Millisecond
	// inquiryRows is how many ids go into one look-up: the bound of a query's list.
	inquiryRows = 200
)

// inquiry gathers what carriers want to know of new records into few look-ups: the first who asks waits a moment, and asks for all.
type inquiry struct {
	of bridge.Origins

	mu      sync.Mutex
	waiting map[bridge.Object]*question
}

// question is one look-up: for whom, and what came of it once done is closed.
type question struct {
	ids   []bridge.RecordID
	done  chan struct{}
	leads []bridge.Converted
	err   error
}

func newInquiry(of bridge.Origins) *inquiry {
	return &inquiry{of: of, waiting: map[bridge.Object]*question{}}
}

// ask answers the leads that were converted into a record.
func (q *inquiry) ask(ctx context.Context, o bridge.Object, r bridge.RecordID) ([]bridge.Converted, error) {
	one, first := q.join(o, r)
	if first {
		q.answer(ctx, o, one)
	}
	select {
	case <-one.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var mine []bridge.Converted
	for _, l := range one.leads {
		if l.Contact == r || l.Account == r {
			mine = append(mine, l)
		}
	}
	return mine, one.err
}

// join adds the record to the question that is about to be asked, and reports whether it is the first.
func (q *inquiry) join(o bridge.Object, r bridge.RecordID) (one *question, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	one = q.waiting[o]
	if first = one == nil; first {
		one = &question{done: make(chan struct{})}
		q.waiting[o] = one
	}
	if one.ids = append(one.ids, r); len(one.ids) == inquiryRows {
		delete(q.waiting, o) // whoever comes next begins another
	}
	return one, first
}

// answer waits for others to join, asks, and lets them know.
func (q *inquiry) answer(ctx context.Context, o bridge.Object, one *question) {
	defer close(one.done)
	timer := time.NewTimer(inquiryLinger)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	q.mu.Lock()
	if q.waiting[o] == one {
		delete(q.waiting, o)
	}
	ids := one.ids
	q.mu.Unlock()
	one.leads, one.err = q.of.Origins(ctx, o, ids)
}
