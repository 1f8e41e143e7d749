package bolt

import (
	"fmt"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"sfbridge/store"
)

// What may be used of MaxSize, and of a disk on which MinFree bytes shall stay free:
//
//	|<------------ entries ------------>|<- work on those that wait ->|<- deletes ->|   MaxSize
//	|<------------ entries ------------>|<---- work and deletes: MinFree ---->|         disk
//
// Entries are refused by Room, which is asked before they come. What waits counts twice there, since carrying it writes links, baselines and the sync log
// before its own space is free. Everything else that writes is refused by Apply where its part ends, and what deletes where the file cannot grow. A file
// that is opened so full that work could not begin may grow to twice of what it holds, by work alone.
//
// Shares are one in so many, and not more than keptBound: work and deletes need room for what is in hand, however large the rest is.
const (
	workShare   = 8 // of MaxSize, as the two below
	deleteShare = 4
	growShare   = 64 // by how much the file grows at once: felt before the bound is reached
	backShare   = 4  // of what is kept: so much more must be free before entries are taken in again
	keptBound   = 256 << 20
)

// refusedFor is how long a step that found no room is told of; steps that wait for room try every second.
const refusedFor = 5 * time.Second

// freeEvery is how long what the disk says is believed.
const freeEvery = 200 * time.Millisecond

// room is how much space there is, as of the last commit and the last look at the disk.
type room struct {
	most     int64                      // Options.MaxSize
	least    int64                      // Options.MinFree
	diskFree func(string) (int64, bool) // Options.DiskFree

	size  atomic.Int64 // of the file's pages
	used  atomic.Int64 // of them
	free  atomic.Int64 // of the disk; -1 unknown
	asked atomic.Int64 // when, as Unix nanoseconds
	short atomic.Bool  // entries were refused last

	opened  time.Time
	refused atomic.Int64 // when a step found no room last, as time since opened; 0 never
}

func newRoom(o *Options) *room {
	r := &room{most: int64(o.MaxSize), diskFree: o.DiskFree, opened: time.Now()}
	if o.DiskFree != nil {
		r.least = o.MinFree
	}
	r.free.Store(-1) // whoever comes while somebody else asks for the first time is not refused
	return r
}

// watched reports whether there is any bound.
func (r *room) watched() bool { return r.most > 0 || r.least > 0 }

// measure notes how large the file is and how much of it is used. The writer calls it after every commit.
func (d *DB) measure() {
	if !d.room.watched() {
		return
	}
	stats := d.bolt.Stats()
	_ = d.bolt.View(func(tx *bbolt.Tx) error { // without it, what was known before stands
		d.room.size.Store(tx.Size())
		d.room.used.Store(tx.Size() - int64(stats.FreePageN+stats.PendingPageN)*int64(d.bolt.Info().PageSize))
		return nil
	})
}

// share is what of a bound is kept.
func share(of, one int64) int64 { return min(of/one, keptBound) }

// entries is how far entries may fill the file.
func (r *room) entries() int64 { return r.most - share(r.most, deleteShare) - share(r.most, workShare) }

// refuse notes that a step found no room.
func (r *room) refuse() { r.refused.Store(max(1, int64(time.Since(r.opened)))) }

// refusing reports whether a step found no room a moment ago.
func (r *room) refusing() bool {
	last := r.refused.Load()
	return last > 0 && time.Since(r.opened)-time.Duration(last) < refusedFor
}

// stretch lets work begin on a file that was opened with less room than it needs.
func (d *DB) stretch() {
	if used := int(d.room.used.Load()); d.max > 0 && int64(used) > d.room.entries() {
		d.max = max(d.max, 2*used)
	}
}

// Room reports with ErrNoSpace that entries should not be taken in: what is kept for the work on those that wait would be used up. Bytes are those of what
// waits and of what comes. Once it has refused there must be some more room before it agrees again.
func (d *DB) Room(bytes int64) error {
	if !d.room.watched() {
		return nil
	}
	d.askDisk()
	err := d.room.lack(bytes, d.room.short.Load())
	d.room.short.Store(err != nil)
	return err
}

// askDisk asks the disk, unless it was asked a moment ago.
func (d *DB) askDisk() {
	r, now := d.room, time.Now().UnixNano()
	last := r.asked.Load()
	if r.least == 0 || now-last < int64(freeEvery) && last != 0 || !r.asked.CompareAndSwap(last, now) {
		return
	}
	free, ok := r.diskFree(d.path)
	if !ok {
		free = -1
	}
	r.free.Store(free)
}

func (r *room) lack(bytes int64, was bool) error {
	used := r.used.Load()
	if r.most > 0 {
		bound := r.entries()
		if was {
			bound -= share(r.most, workShare) / backShare
		}
		if used+bytes > bound {
			return fmt.Errorf("%w: the store's file may grow to %s, %s of it are used and %s wait to be carried", store.ErrNoSpace, mib(r.most), mib(used), mib(bytes))
		}
	}
	if free := r.free.Load(); r.least > 0 && free >= 0 {
		bound := r.least
		if was {
			bound += r.least / backShare
		}
		if free+r.size.Load()-used-bytes < bound {
			return fmt.Errorf("%w: %s of the disk are free, %s of them are to stay so and %s wait to be carried", store.ErrNoSpace, mib(free), mib(r.least), mib(bytes))
		}
	}
	return nil
}

func mib(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
