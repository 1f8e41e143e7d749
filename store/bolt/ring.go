package bolt

import (
	"context"
	"sort"
	"strings"
	"sync"

	"sfbridge/store"
)

// A watcher that is further behind than this starts again with a scan.
const (
	ringCount = 4096
	ringBytes = 4 << 20
)

// ring remembers the last commits for Watch, from the first watch on: what is told to nobody takes no memory.
type ring struct {
	mu    sync.Mutex
	on    bool         // somebody watches, or did
	since store.Cursor // changes behind it are held
	last  store.Cursor
	held  []store.Changed
	bytes int
	wake  chan struct{} // closed and replaced by every commit
}

func newRing(at store.Cursor) *ring {
	return &ring{since: at, last: at, wake: make(chan struct{})}
}

// asked reports whether changes are to be remembered.
func (r *ring) asked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.on
}

// add takes over the changes of the commit that led to a cursor. None are given where nobody asked before it: whoever asked since has to scan.
func (r *ring) add(cs []store.Changed, last store.Cursor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on || len(cs) == 0 {
		r.since, r.last, r.held, r.bytes = last, last, nil, 0
		r.signal()
		return
	}
	for i := range cs {
		r.bytes += len(cs[i].Val)
	}
	r.held = append(r.held, cs...)
	r.last = cs[len(cs)-1].Cursor
	drop := 0
	for drop < len(r.held) && (len(r.held)-drop > ringCount || r.bytes > ringBytes) {
		r.bytes -= len(r.held[drop].Val)
		r.since = r.held[drop].Cursor
		drop++
	}
	clear(r.held[:drop]) // their values may go now; append leaves their room behind when it next grows
	r.held = r.held[drop:]
	r.signal()
}

// signal wakes whoever watches.
func (r *ring) signal() {
	if r.on {
		close(r.wake)
		r.wake = make(chan struct{})
	}
}

// after answers the changes behind the cursor, where the next cursor stands, and what to wait for.
func (r *ring) after(from store.Cursor, prefix string) ([]store.Changed, store.Cursor, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if from < r.since || from > r.last {
		return nil, from, nil, store.ErrCompacted
	}
	i := sort.Search(len(r.held), func(i int) bool { return r.held[i].Cursor > from })
	var found []store.Changed
	for _, c := range r.held[i:] {
		if strings.HasPrefix(c.Key, prefix) {
			found = append(found, c)
		}
	}
	return found, r.last, r.wake, nil
}

// begin is where a watch begins that starts now.
func (r *ring) begin() store.Cursor {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = true
	return r.last
}

func (r *ring) watch(ctx context.Context, prefix string, from store.Cursor, ended <-chan struct{}, yield func(store.Changed, error) bool) {
	now := r.begin()
	if from == 0 {
		from = now
		if !yield(store.Changed{Cursor: from}, nil) {
			return
		}
	}
	for {
		found, next, wake, err := r.after(from, prefix)
		if err != nil {
			yield(store.Changed{}, err)
			return
		}
		for _, c := range found {
			if !yield(c, nil) {
				return
			}
		}
		from = next
		select {
		case <-wake:
		case <-ctx.Done():
			yield(store.Changed{}, ctx.Err())
			return
		case <-ended:
			yield(store.Changed{}, store.ErrClosed)
			return
		}
	}
}
