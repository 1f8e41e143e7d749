package fakeorg

import (
	"context"
	"sync"
	"time"
)

// labour is how long a write works while it holds the locks of its rows and of what they refer to, as triggers make it do.
type labour struct {
	mu     sync.Mutex
	takes  time.Duration
	locked map[string]bool // ids
	clash  int
}

// Clashes returns how many rows met a lock of another call so far.
func (o *Org) Clashes() int {
	o.labour.mu.Lock()
	defer o.labour.mu.Unlock()
	return o.labour.clash
}

// Labour makes every write take so long under its locks: rows that meet a lock of another call are refused with UNABLE_TO_LOCK_ROW. 0 makes
// writes quick, and none ever meet.
func (o *Org) Labour(d time.Duration) {
	o.labour.mu.Lock()
	defer o.labour.mu.Unlock()
	o.labour.takes = d
}

// locking are the references whose row is locked while one that refers to it is written.
var locking = []string{"AccountId", "ContactId", "ParentId", "ReportsToId", "WhatId", "WhoId"}

// work takes the locks of the rows, works, and answers with which of the rows it could not lock. The locks are held until done is called.
func (l *labour) work(ctx context.Context, ids [][]string) (blocked []bool, done func()) {
	blocked = make([]bool, len(ids))
	l.mu.Lock()
	takes := l.takes
	mine := make(map[string]bool)
	if takes > 0 {
		for i, each := range ids {
			for _, id := range each {
				blocked[i] = blocked[i] || l.locked[id]
			}
			if blocked[i] {
				l.clash++
			}
			for _, id := range each {
				if !blocked[i] {
					mine[id] = true
				}
			}
		}
		if l.locked == nil {
			l.locked = make(map[string]bool)
		}
		for id := range mine {
			l.locked[id] = true
		}
	}
	l.mu.Unlock()
	if takes > 0 {
		timer := time.NewTimer(takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return blocked, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for id := range mine {
			delete(l.locked, id)
		}
	}
}

func lockRefused() *Error {
	return refuse("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records").on()
}

// touched are the ids that the write of a row locks.
func touched(id string, record map[string]any) []string {
	var ids []string
	if id != "" {
		ids = append(ids, id)
	}
	for _, name := range locking {
		if parent, ok := parseID(textOf(record[name])); ok {
			ids = append(ids, parent)
		}
	}
	return ids
}
