package bolt

import "sfbridge/store"

// Point is a boundary at which a process may end, and everything must hold all the same.
type Point string

// Points of a store's life.
const (
	BeforeCommit  Point = "in a transaction"
	AfterCommit   Point = "committed"
	BeforeBackup  Point = "backup is written, not in place"
	AfterBackup   Point = "backup is in place"
	BeforeRestore Point = "restored copy is written, not in place"
	AfterRestore  Point = "restored copy is in place"
	BeforeCompact Point = "compacted copy is written, not in place"
	AfterCompact  Point = "compacted copy is in place"
)

// at tells of a commit.
func (d *DB) at(p Point, cs []store.Changed) {
	if d.reached == nil {
		return
	}
	keys := make([]string, len(cs))
	for i := range cs {
		keys[i] = cs[i].Key
	}
	d.reached(p, keys)
}

func (o *Options) reach(p Point) {
	if o.Reached != nil {
		o.Reached(p, nil)
	}
}
