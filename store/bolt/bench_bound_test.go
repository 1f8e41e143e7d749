package bolt_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// BenchmarkBound tells how near to a log bbolt itself can come, with nothing of ours between: a group is written to a log and synced, then the same is
// put by one Update of bbolt that deletes the group before, as append and settle do. The two take turns, so that a machine which is slower for a while is
// so for both. bbolt syncs twice a commit, first the pages and then the page that says which are in use.
func BenchmarkBound(b *testing.B) {
	for _, group := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(group), func(b *testing.B) { benchBound(b, group) })
	}
}

func benchBound(b *testing.B, group int) {
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
	const size = 500
	val, all := make([]byte, size), make([]byte, group*size)
	next := uint64(0)
	key := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	turn := func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists([]byte("b"))
		if err != nil {
			return err
		}
		bucket.FillPercent = 0.9
		for range group {
			if err := bucket.Put(key(next), val); err != nil {
				return err
			}
			if next >= uint64(group) {
				if err := bucket.Delete(key(next - uint64(group))); err != nil {
					return err
				}
			}
			next++
		}
		return nil
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
}
