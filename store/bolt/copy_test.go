package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

func verified() bolt.Options {
	return bolt.Options{Verify: store.Intact, LockTimeout: 10 * time.Millisecond}
}

// journal makes a store whose journal was worked on and holds so many entries that wait.
func journal(t testing.TB, waiting int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "store.db")
	work(t, path, func(s *store.Store, _ *bolt.DB) {
		if err := newLedger().drive(t.Context(), s, "done", 20, 1, 10); err != nil {
			t.Fatal(err)
		}
		appendWaiting(t, s, "wait", waiting)
	})
	return path
}

func appendWaiting(t testing.TB, s *store.Store, name string, n int) {
	t.Helper()
	var es []bridge.Entry
	for i := range n {
		es = append(es, callbackEntry(fmt.Sprintf("%s-%d", name, i)))
	}
	if err := s.Append(t.Context(), es, nil); err != nil {
		t.Fatal(err)
	}
}

// work opens a store, does something and closes it.
func work(t testing.TB, path string, do func(*store.Store, *bolt.DB)) {
	t.Helper()
	db, err := bolt.Open(path, verified())
	if err != nil {
		t.Fatal(err)
	}
	defer run(t, db)()
	s := store.New(db, store.Options{})
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	do(s, db)
}

func waiting(t *testing.T, path string) (n int) {
	t.Helper()
	work(t, path, func(s *store.Store, _ *bolt.DB) { n = s.Counts().Outlets[outlet()].Waiting })
	return n
}

// clean demands that a check finds nothing.
func clean(t *testing.T, path string) bolt.Checked {
	t.Helper()
	c, err := bolt.Check(t.Context(), path, verified())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Problems {
		t.Errorf("%s: %s", filepath.Base(path), p.Text)
	}
	return c
}

func TestBackup_WhileTheStoreIsWrittenHoldsOneMoment(t *testing.T) {
	path, to := journal(t, 10), filepath.Join(t.TempDir(), "backup")
	work(t, path, func(s *store.Store, db *bolt.DB) {
		stop, done := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for ; ; n++ {
				select {
				case <-stop:
					done <- n
					return
				default:
					_ = s.Append(t.Context(), []bridge.Entry{callbackEntry(fmt.Sprint("meanwhile-", n))}, nil)
				}
			}
		}()
		for range 5 {
			told := int64(0)
			got, err := verified().Receive(to, func(w io.Writer) error {
				n, err := db.Backup(t.Context(), w, func(size int64) { told = size })
				if n != told {
					t.Errorf("%d bytes were told, %d written", told, n)
				}
				return err
			})
			if err != nil || got.Store != db.ID() || got.Records == 0 {
				t.Fatalf("%+v, %v", got, err)
			}
			clean(t, to)
			if err := os.Remove(to); err != nil {
				t.Fatal(err)
			}
		}
		close(stop)
		if n := <-done; n == 0 {
			t.Error("nothing was written meanwhile")
		}
		if c, err := db.Check(t.Context()); err != nil || len(c.Problems) > 0 || c.Records == 0 {
			t.Errorf("check of the running store: %+v, %v", c, err)
		}
		for name, err := range map[string]error{
			"backup":  second(bolt.Backup(t.Context(), path, to, verified())),
			"restore": second(bolt.Restore(t.Context(), path, to, verified())),
			"compact": second(bolt.Compact(t.Context(), path, verified())),
			"check":   second(bolt.Check(t.Context(), path, verified())),
			"salvage": second(bolt.Salvage(t.Context(), path, to, verified())),
		} {
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("in use by another sfbridge (pid %d)", os.Getpid())) {
				t.Errorf("%s beside the process that has it: %v", name, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestRestore_GoesBackAndSaysSo(t *testing.T) {
	path := journal(t, 5)
	backup := filepath.Join(t.TempDir(), "backup")
	if _, err := bolt.Backup(t.Context(), path, backup, verified()); err != nil {
		t.Fatal(err)
	}
	work(t, path, func(s *store.Store, _ *bolt.DB) { appendWaiting(t, s, "later", 7) })
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := bolt.Restore(t.Context(), path, backup, verified())
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(r.Aside); err != nil || !bytes.Equal(kept, before) {
		t.Errorf("what stood there is not kept: %v", err)
	}
	if r.Was <= r.Counter {
		t.Errorf("restored at %d, the store was at %d: nobody is told that it is older", r.Counter, r.Was)
	}
	for start := range 3 { // each one tells, also after the high-water file was written anew
		db, err := bolt.Open(path, verified())
		if err != nil {
			t.Fatal(err)
		}
		if notes := db.Notes(); len(notes) != 1 || !strings.Contains(notes[0].Text, "the store is older than it was") {
			t.Errorf("start %d notes %+v", start, notes)
		}
		stop := run(t, db)
		if err := db.Apply(t.Context(), store.Tx{Ops: []store.Op{{Key: fmt.Sprint("epoch/", start)}}}); err != nil {
			t.Error(err)
		}
		stop()
	}
	if n := waiting(t, path); n != 5 {
		t.Errorf("%d entries wait, the backup had 5", n)
	}
}

func TestRestore_RefusesWhatDoesNotBelongThere(t *testing.T) {
	path, other := journal(t, 5), journal(t, 1)
	good := filepath.Join(t.TempDir(), "good")
	if _, err := bolt.Backup(t.Context(), path, good, verified()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, b []byte) string {
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	rotten := bytes.ReplaceAll(whole, text("wait-2"), text("wait-7"))
	for name, c := range map[string]struct{ from, says string }{
		"of another store": {other, "is of store"},
		"cut":              {file("cut", whole[:len(whole)/2]), "cut short"},
		"empty":            {file("empty", nil), "no store of sfbridge"},
		"text":             {file("text", []byte("hello")), "no valid meta page"},
		"a damaged record": {file("rotten", rotten), "records are damaged"},
		"the store itself": {path, "is the store itself"},
		"absent":           {filepath.Join(t.TempDir(), "absent"), "no such file"},
	} {
		before, _ := os.ReadFile(path)
		_, err := bolt.Restore(t.Context(), path, c.from, verified())
		var hint *bridge.HintError
		if !errors.As(err, &hint) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want a remedy and %q", name, err, c.says)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s: the store was touched", name)
		}
	}
	if left, _ := filepath.Glob(path + ".*new*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRestore_MakesAStoreWhereThereIsNone(t *testing.T) {
	path := journal(t, 3)
	to := filepath.Join(t.TempDir(), "elsewhere.db")
	if _, err := bolt.Restore(t.Context(), to, path, verified()); err != nil {
		t.Fatal(err)
	}
	clean(t, to)
	if n := waiting(t, to); n != 3 {
		t.Errorf("%d entries wait, want 3", n)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // an emptied store is put back too
		t.Fatal(err)
	}
	if _, err := bolt.Restore(t.Context(), path, to, verified()); err != nil {
		t.Fatal(err)
	}
	if n := waiting(t, path); n != 3 {
		t.Errorf("%d entries wait, want 3", n)
	}
}

func TestCompact_KeepsEveryRecordAndFreesTheRest(t *testing.T) {
	path := journal(t, 5)
	work(t, path, func(s *store.Store, db *bolt.DB) {
		appendWaiting(t, s, "big", 1500)
		items, err := db.Scan(t.Context(), "e/", "", 5000)
		if err != nil {
			t.Fatal(err)
		}
		for part := range slices.Chunk(items[5:], 100) {
			var tx store.Tx
			for _, it := range part {
				tx.Ops = append(tx.Ops, store.Op{Key: it.Key, Delete: true})
			}
			if err := db.Apply(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
		}
	})
	was := clean(t, path)
	c, err := bolt.Compact(t.Context(), path, verified())
	if err != nil {
		t.Fatal(err)
	}
	if c.Bytes > c.Before/2 || c.Records != was.Records || c.Counter != was.Counter {
		t.Errorf("%+v; before it was %+v", c, was)
	}
	clean(t, path)
	if n := waiting(t, path); n != 5 {
		t.Errorf("%d entries wait, want 5", n)
	}
	db, err := bolt.Open(path, verified())
	if err != nil {
		t.Fatal(err)
	}
	if n := db.Notes(); len(n) > 0 {
		t.Errorf("a compacted store notes %+v", n)
	}
	_ = db.Close()
}

func TestBackup_NeverOverwrites(t *testing.T) {
	path := journal(t, 1)
	taken := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for to, says := range map[string]string{taken: "exists", path: "exists"} {
		if _, err := bolt.Backup(t.Context(), path, to, verified()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", to, err)
		}
	}
	if b, _ := os.ReadFile(taken); string(b) != "mine" {
		t.Error("it was overwritten")
	}
	to := filepath.Join(t.TempDir(), "cut")
	_, err := verified().Receive(to, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return err
	})
	if err == nil {
		t.Error("half a backup is taken")
	}
	if left, _ := filepath.Glob(to + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCheck_FindsNothingWrongWhileTheWriterGoesOn(t *testing.T) {
	work(t, journal(t, 2000), func(s *store.Store, db *bolt.DB) {
		ctx, stop := context.WithCancel(t.Context())
		var writing sync.WaitGroup
		writing.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := s.Append(t.Context(), []bridge.Entry{callbackEntry(fmt.Sprintf("on-%d", n))}, nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
		for range 20 {
			if c, err := db.Check(t.Context()); err != nil || len(c.Problems) > 0 {
				t.Errorf("%v: %d problems, first %v", err, len(c.Problems), c.Problems[:min(1, len(c.Problems))])
				break
			}
		}
		stop()
		writing.Wait()
	})
}

// A disk decays under a store at work: the check names what no longer holds, the store goes on, and nothing is found once the page is as it was.
func TestCheck_FindsWhatDecaysWhileTheStoreIsAtWork(t *testing.T) {
	path, whole := compacted(t, 2000)
	leaves := pagesOf(whole, 2, "e/")
	at := leaves[len(leaves)/2]
	page := whole[at : at+pageSize]
	disk, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	put := func(b []byte, to int) {
		t.Helper()
		if _, err := disk.WriteAt(b, int64(to)); err != nil {
			t.Fatal(err)
		}
	}
	work(t, path, func(s *store.Store, db *bolt.DB) {
		goesOn := func(name string) {
			t.Helper()
			if err := s.Append(t.Context(), []bridge.Entry{callbackEntry(name)}, nil); err != nil {
				t.Fatal(err)
			}
		}
		found := func() string {
			t.Helper()
			c, err := db.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(c.Problems)
		}
		goesOn("before")
		for name, c := range map[string]struct {
			at   int // inside the page
			says string
		}{
			"a record":          {16 + int(binary.NativeEndian.Uint32(page[16+4:])) + 80, fmt.Sprintf("page %d: record e/", at/pageSize)},
			"the page's number": {0, fmt.Sprintf("page %d", at/pageSize)},
		} {
			if had := found(); had != "[]" {
				t.Fatalf("%s: before anything decayed: %s", name, had)
			}
			put([]byte{page[c.at] ^ 0x20}, at+c.at)
			if had := found(); !strings.Contains(had, c.says) {
				t.Errorf("%s: found %s, want %q", name, had, c.says)
			}
			goesOn("meanwhile, " + name)
			put(page[c.at:c.at+1], at+c.at)
		}
		if had := found(); had != "[]" {
			t.Errorf("after all: %s", had)
		}
	})
}
