package fakeorg

import (
	"sync"
	"time"
)

// Call is one HTTP request that the org answered.
type Call struct {
	Time    time.Time `json:"time"`
	Method  string    `json:"method"`
	Path    string    `json:"path"` // with its query, as it came
	Status  int       `json:"status"`
	Counted bool      `json:"counted"` // against the API allowance
	Fault   bool      `json:"fault"`   // a fault rule answered or cut it
}

// keptCalls bounds the log of calls; older ones are forgotten, the counters are not.
const keptCalls = 10_000

// callLog remembers the last calls and counts all of them. It has its own lock.
type callLog struct {
	mu    sync.Mutex
	kept  []Call
	total int64
	hours map[int64]int64 // counted calls by the hour since the epoch
}

// APICalls returns how many calls counted against the allowance since the org began; token and version calls never do.
func (o *Org) APICalls() int64 {
	o.calls.mu.Lock()
	defer o.calls.mu.Unlock()
	return o.calls.total
}

// Calls returns the latest requests, the oldest of them first.
func (o *Org) Calls() []Call {
	o.calls.mu.Lock()
	defer o.calls.mu.Unlock()
	return append([]Call(nil), o.calls.kept...)
}

// count adds one counted call and returns how many the last 24 hours hold, the new one included.
func (l *callLog) count(now time.Time) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hours == nil {
		l.hours = make(map[int64]int64)
	}
	hour := now.Unix() / 3600
	l.total++
	l.hours[hour]++
	return l.usedLocked(hour)
}

// used returns how many counted calls the last 24 hours hold.
func (l *callLog) used(now time.Time) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.usedLocked(now.Unix() / 3600)
}

func (l *callLog) usedLocked(hour int64) int64 {
	var sum int64
	for h, n := range l.hours {
		if h <= hour-24 {
			delete(l.hours, h)
			continue
		}
		sum += n
	}
	return sum
}

func (l *callLog) note(c Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) == keptCalls {
		l.kept = append(l.kept[:0], l.kept[keptCalls/10:]...)
	}
	l.kept = append(l.kept, c)
}

func (l *callLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept, l.total, l.hours = nil, 0, nil
}
