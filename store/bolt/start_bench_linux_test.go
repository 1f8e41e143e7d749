package bolt_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// startMiB is how large a store BenchmarkStart opens; SFBRIDGE_STORE_MIB raises it to the GiB of the promise.
func startMiB() int64 {
	if n, err := strconv.ParseInt(os.Getenv("SFBRIDGE_STORE_MIB"), 10, 64); err == nil {
		return n
	}
	return 64
}

// BenchmarkStart is the time from nothing to a store that takes entries and hands out work: every page followed, every record looked at, lanes rebuilt. A
// tenth of the bytes waits, the rest is what a mirror holds.
func BenchmarkStart(b *testing.B) {
	path := large(b)
	b.ResetTimer()
	for b.Loop() {
		began, spent := time.Now(), cpu(b)
		db, err := bolt.Open(path, verified())
		if err != nil {
			b.Fatal(err)
		}
		opened, openedCPU := time.Since(began), cpu(b)-spent
		stop := run(b, db)
		s := store.New(db, store.Options{})
		if err := s.Open(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(opened.Seconds(), "s/engine")
		b.ReportMetric(time.Since(began).Seconds(), "s/ready")
		b.ReportMetric(openedCPU.Seconds(), "cpu-s/engine")
		b.ReportMetric((cpu(b) - spent).Seconds(), "cpu-s/ready")
		b.ReportMetric(float64(s.Counts().Unfolded), "waiting")
		s.Close()
		stop()
	}
	b.ReportMetric(float64(size(b, path))/(1<<20), "MiB")
}

// large makes a store of startMiB.
func large(b *testing.B) string {
	path, want := filepath.Join(b.TempDir(), "store.db"), startMiB()<<20
	work(b, path, func(s *store.Store, _ *bolt.DB) {
		for n := 0; size(b, path) < want/10; n++ {
			appendWaiting(b, s, fmt.Sprint("wait-", n), 200)
		}
		for n := 0; size(b, path) < want; n++ {
			rows := make([]bridge.Row, 200)
			for i := range rows {
				rows[i] = bridge.Row{Org: testOrg, Object: "Contact", Record: bridge.RecordID(fmt.Sprintf("003%015d", n*200+i)),
					Values: bridge.Fields{"Description": bridge.TextValue(fmt.Sprintf("%01500d", i)), "Email": bridge.TextValue(fmt.Sprintf("%d@x.example", n*200+i))}}
			}
			if err := s.Stage(b.Context(), bridge.Effects{Rows: rows}); err != nil {
				b.Fatal(err)
			}
		}
	})
	return path
}

// BenchmarkBackup copies a running store through the checks that a backup passes before it gets its name.
func BenchmarkBackup(b *testing.B) {
	path := large(b)
	db, err := bolt.Open(path, verified())
	if err != nil {
		b.Fatal(err)
	}
	defer run(b, db)()
	b.SetBytes(size(b, path))
	for b.Loop() {
		to := filepath.Join(b.TempDir(), "backup")
		if _, err := verified().Receive(to, func(w io.Writer) error {
			_, err := db.Backup(b.Context(), w, func(int64) {})
			return err
		}); err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(to); err != nil {
			b.Fatal(err)
		}
	}
}

func size(b *testing.B, path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return st.Size()
}

// cpu is the time this process had of all processors; on a machine with other work it says more than the clock.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
