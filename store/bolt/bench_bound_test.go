package bolt_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// BenchmarkBound tells how near to a log bbolt itself can come, with nothing of ours between: a group is written to a log and synced, then the same is
// put by one Update of bbolt that deletes the group before, as append and settle do. A cycle is all that the journal does for a callback: its entry and the
// mark by which a second copy is known, looked for first, under a key that is a hash, and the time at which that ends. The two take turns, so that a machine
// which is slower for a while is so for both. bbolt syncs twice a commit, first the pages and then the page that says which are in use.
func BenchmarkBound(b *testing.B) {
	for _, group := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(group), func(b *testing.B) { benchBound(b, group, (*boundTurn).entry) })
		b.Run(fmt.Sprintf("cycle-%d", group), func(b *testing.B) { benchBound(b, group, (*boundTurn).cycle) })
	}
}

// boundSize is how large an entry is.
const boundSize = 500

// boundTurn is the transaction of one group.
type boundTurn struct {
	entries, marks, times *bbolt.Bucket
	val                   []byte
}

func newBoundTurn(tx *bbolt.Tx) (*boundTurn, error) {
	t := &boundTurn{val: make([]byte, boundSize)}
	for name, bucket := range map[string]**bbolt.Bucket{"e": &t.entries, "m": &t.marks, "t": &t.times} {
		var err error
		if *bucket, err = tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return nil, err
		}
	}
	t.entries.FillPercent, t.times.FillPercent = 0.9, 0.9
	return t, nil
}

// entry puts the n-th entry, and deletes the one that was put a group before.
func (t *boundTurn) entry(n, group uint64) error {
	key := binary.BigEndian.AppendUint64(nil, n)
	if err := t.entries.Put(key, t.val); err != nil || n < group {
		return err
	}
	return t.entries.Delete(binary.BigEndian.AppendUint64(nil, n-group))
}

// cycle is entry with the mark of the entry.
func (t *boundTurn) cycle(n, group uint64) error {
	if err := t.entry(n, group); err != nil {
		return err
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
	mark := []byte(hex.EncodeToString(sum[:16]))
	if t.marks.Get(mark) != nil {
		return fmt.Errorf("entry %d was there before", n)
	}
	if err := t.marks.Put(mark, t.val[:25]); err != nil {
		return err
	}
	return t.times.Put(append(binary.BigEndian.AppendUint64(nil, n/1000), mark...), nil)
}

func benchBound(b *testing.B, group int, put func(t *boundTurn, n, group uint64) error) {
	log, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "db"), 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoStatistics: true})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	all, next, pages := make([]byte, group*boundSize), uint64(0), int64(0)
	turn := func(tx *bbolt.Tx) error {
		t, err := newBoundTurn(tx)
		for n := 0; n < group && err == nil; n++ {
			err = put(t, next, uint64(group))
			next++
		}
		tx.OnCommit(func() { stats := tx.Stats(); pages += stats.GetWrite() })
		return err
	}
	var ofLog, ofBolt []time.Duration
	for b.Loop() {
		begun := time.Now()
		if _, err := log.Write(all); err != nil {
			b.Fatal(err)
		}
		if err := log.Sync(); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if err := db.Update(turn); err != nil {
			b.Fatal(err)
		}
		ofLog, ofBolt = append(ofLog, between.Sub(begun)), append(ofBolt, time.Since(between))
	}
	middle := func(ds []time.Duration) time.Duration { return slices.Sorted(slices.Values(ds))[len(ds)/2] }
	b.ReportMetric(float64(middle(ofLog).Nanoseconds()), "log-ns")
	b.ReportMetric(float64(middle(ofBolt).Nanoseconds()), "bbolt-ns")
	b.ReportMetric(100*float64(middle(ofLog))/float64(middle(ofBolt)), "%-of-log")
	b.ReportMetric(float64(pages)/float64(next), "pages/entry")
}
