package bolt_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// TestRoom_KeepsSomeOfTheDiskForWorkOnWhatWaits has the disk fill up with other things: entries are refused while there is room for work, work goes on, and
// entries are taken in again by themselves once there is some room more.
func TestRoom_KeepsSomeOfTheDiskForWorkOnWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const least = 8 << 20
		var free, asked atomic.Int64
		free.Store(100 << 20)
		o := verified()
		o.MinFree = least
		path := filepath.Join(t.TempDir(), "store.db")
		o.DiskFree = func(p string) (int64, bool) {
			if asked.Add(1); p != path {
				t.Errorf("asked about %s", p)
			}
			return free.Load(), free.Load() >= 0
		}
		l, n := newLedger(), 0
		err := session(t.Context(), path, o, func(s *store.Store, _ *bolt.DB) error {
			takes := func(when string, wanted bool) {
				t.Helper()
				time.Sleep(time.Second) // what the disk said is not believed for as long
				n++
				id := fmt.Sprint("entry-", n)
				err := s.Append(t.Context(), []bridge.Entry{callbackEntry(id)}, nil)
				if err == nil {
					l.note("acked", l.acked, id)
				}
				if (err == nil) != wanted || err != nil && !errors.Is(err, store.ErrNoSpace) {
					t.Errorf("%s: %v", when, err)
				}
				if full := s.Health(t.Context()).Full; (full == "") != wanted || !s.Health(t.Context()).Writable {
					t.Errorf("%s: health is %+v", when, s.Health(t.Context()))
				}
			}
			for range 20 {
				takes("with room", true)
			}
			free.Store(least / 2)
			takes("below the margin", false)
			if err := drain(t.Context(), s, l); err != nil {
				t.Errorf("work below the margin: %v", err)
			}
			takes("below the margin, with nothing that waits", false)
			free.Store(least + 1<<20)
			takes("a little above the margin", false)
			free.Store(2 * least)
			takes("well above the margin", true)
			free.Store(least + 1<<20)
			takes("a little above the margin again", true)
			free.Store(-1)
			takes("where the disk cannot tell", true)
			free.Store(0)
			takes("on a disk without room", false)
			free.Store(100 << 20)
			for range 20 {
				takes("with room again", true)
			}
			before := asked.Load()
			for range 50 {
				if err := s.Append(t.Context(), []bridge.Entry{callbackEntry(fmt.Sprint("more-", n))}, nil); err != nil {
					t.Error(err)
				}
				l.note("acked", l.acked, fmt.Sprint("more-", n))
				n++
			}
			if now := asked.Load(); now > before+1 {
				t.Errorf("the disk was asked %d times at one moment", now-before)
			}
			return drain(t.Context(), s, l)
		})
		if err != nil {
			t.Fatal(err)
		}
		if acked, settled := l.size(); acked < 90 || acked != settled {
			t.Errorf("%d were taken in and %d carried", acked, settled)
		}
	})
}

// TestRoom_OpensAFileThatIsLargerThanItMayBe lowers the bound below what is there: the store opens, says that it is full, and work goes on.
func TestRoom_OpensAFileThatIsLargerThanItMayBe(t *testing.T) {
	const waiting = 900
	path := filepath.Join(t.TempDir(), "store.db")
	work(t, path, func(s *store.Store, _ *bolt.DB) { appendWaiting(t, s, "wait", waiting) })
	o := verified()
	o.MaxSize = 512 << 10
	l := newLedger()
	err := session(t.Context(), path, o, func(s *store.Store, _ *bolt.DB) error {
		if err := s.Append(t.Context(), []bridge.Entry{callbackEntry("new")}, nil); !errors.Is(err, store.ErrNoSpace) {
			t.Errorf("an append to a store that is larger than it may be: %v", err)
		}
		if h := s.Health(t.Context()); !strings.Contains(h.Full, "0.5 MiB") || h.Size < 512<<10 {
			t.Errorf("health is %+v", h)
		}
		err := drain(t.Context(), s, l)
		if _, settled := l.size(); settled != waiting {
			t.Errorf("%d of %d were carried", settled, waiting)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRoom_RefusesNobodyWhileTheDiskIsAskedForTheFirstTime has two come at once before anything is known of the disk.
func TestRoom_RefusesNobodyWhileTheDiskIsAskedForTheFirstTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		answer, o := make(chan struct{}), verified()
		o.MinFree = 8 << 20
		o.DiskFree = func(string) (int64, bool) {
			asked.Add(1)
			<-answer
			return 100 << 20, true
		}
		err := session(t.Context(), filepath.Join(t.TempDir(), "store.db"), o, func(_ *store.Store, db *bolt.DB) error {
			first := make(chan error, 1)
			go func() { first <- db.Room(1) }()
			synctest.Wait()
			if n := asked.Load(); n != 1 {
				t.Errorf("the disk was asked %d times", n)
			}
			err := db.Room(1)
			close(answer)
			return errors.Join(err, <-first)
		})
		if err != nil {
			t.Error(err)
		}
	})
}
