package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// TestP15_AfterAnFsyncThatFailedNothingGoes fails each fsync of a store's life in turn, and every later one: no call succeeds from there on, the process is
// told to end within a second, and what is left on the disk, of which any sector may be missing, holds the ledger.
func TestP15_AfterAnFsyncThatFailedNothingGoes(t *testing.T) {
	m := mountDisk(t)
	m.tell(diskPlan{})
	if err := live(t.Context(), filepath.Join(m.folder, "whole.db"), verified(), newLedger()); err != nil {
		t.Fatal(err)
	}
	_, whole := m.image(t)
	failed := 0
	for k := 1; k <= whole.Fsyncs; k++ {
		t.Run(fmt.Sprint("fsync-", k), func(t *testing.T) {
			m.tell(diskPlan{Fsync: k, Mode: []string{"drop", "prefix", "torn"}[k%3], Seed: uint64(k)})
			l, name := newLedger(), fmt.Sprintf("%d.db", k)
			path := filepath.Join(m.folder, name)
			err := session(t.Context(), path, verified(), func(s *store.Store, db *bolt.DB) error {
				err := l.drive(t.Context(), s, "run", 12, 1, 6)
				if err != nil {
					refusesAll(t, s, db)
					failed++
				}
				return err
			})
			_ = err // a store that could not even be made says so too
			dir, _ := m.image(t)
			afterCut(t, filepath.Join(dir, name), l)
		})
	}
	t.Logf("%d fsyncs failed in turn, %d of them under work", whole.Fsyncs, failed)
	if failed < whole.Fsyncs/4 {
		t.Error("too few failed under work to prove anything")
	}
}

// refusesAll demands that a store whose commit failed does nothing any more.
func refusesAll(t *testing.T, s *store.Store, db *bolt.DB) {
	t.Helper()
	select {
	case err := <-db.Failed():
		if !errors.Is(err, store.ErrUnknown) {
			t.Errorf("failed with %v", err)
		}
	case <-time.After(time.Second):
		t.Error("nobody is told within a second")
	}
	if err := s.Append(t.Context(), []bridge.Entry{callbackEntry("after")}, nil); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("an append after the failure: %v", err)
	}
	if _, err := s.Position(t.Context(), testOrg, testTopic); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("a read after the failure: %v", err)
	}
	if h := s.Health(t.Context()); h.Writable {
		t.Error("it calls itself writable")
	}
}

// fill appends until there is no space.
func fill(ctx context.Context, s *store.Store, l *ledger, name string) error {
	for n := 0; n < 100_000; n += 10 {
		var es []bridge.Entry
		for i := range 10 {
			e := callbackEntry(fmt.Sprintf("%s-%d", name, n+i))
			e.Callback.Body = make([]byte, 3000)
			es = append(es, e)
		}
		if err := s.Append(ctx, es, nil); err != nil {
			return err
		}
		for i := range es {
			l.note("acked", l.acked, es[i].Dedup)
		}
	}
	return nil
}

// drain folds and settles until nothing waits. Without space a step that writes more than it frees is tried again after those that free.
func drain(ctx context.Context, s *store.Store, l *ledger) error {
	if n := s.Counts().Unfolded; n > 0 {
		if err := foldCount(ctx, s, n); err != nil {
			return fmt.Errorf("fold: %w", err)
		}
	}
	for s.Counts().Outlets[outlet()].Waiting > 0 {
		w, err := s.Next(ctx, outlet())
		if err != nil {
			return err
		}
		id := string(w.Deliveries[0].ID)
		l.note("tried", l.tried, id)
		if err := s.Settle(ctx, w, bridge.Effects{}); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
		l.note("settled", l.settled, id)
	}
	return nil
}

// TestP14_AFullDiskRefusesAndGoesOnWhenThereIsRoom fills a small disk, drains what the space allows, makes room and fills again; nothing that was
// acknowledged is lost and the store needs no restart.
func TestP14_AFullDiskRefusesAndGoesOnWhenThereIsRoom(t *testing.T) {
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=3m"); err != nil {
		if os.Getenv("CI") == "true" && os.Geteuid() == 0 {
			t.Fatalf("a disk must be mounted in CI: %v", err)
		}
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) })
	path, ballast := filepath.Join(mount, "store.db"), filepath.Join(mount, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLedger()
	err := session(t.Context(), path, verified(), func(s *store.Store, db *bolt.DB) error {
		if err := fill(t.Context(), s, l, "first"); !errors.Is(err, store.ErrNoSpace) {
			t.Errorf("a full disk: %v", err)
		}
		first, _ := l.size()
		if err := os.Remove(ballast); err != nil {
			return err
		}
		if err := drain(t.Context(), s, l); err != nil {
			t.Errorf("with room again: %v", err)
		}
		for round := range 3 {
			err := fill(t.Context(), s, l, fmt.Sprint("round-", round))
			if !errors.Is(err, store.ErrNoSpace) {
				t.Errorf("round %d: %v", round, err)
			}
			if h := s.Health(t.Context()); !h.Writable {
				t.Errorf("want of space poisons the store: %s", h.Err)
			}
			if round == 2 {
				break // what waits now is the audit's
			}
			if err := drain(t.Context(), s, l); err != nil {
				t.Errorf("round %d, drain of a full disk: %v", round, err)
				break
			}
		}
		if all, _ := l.size(); first < 50 || all < 2*first {
			t.Errorf("%d entries fitted first, %d in all: too few to prove anything", first, all)
		}
		return nil
	})
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "store.db")
	if _, err := bolt.Backup(t.Context(), path, elsewhere, verified()); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(elsewhere, verified())
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, db)
	l.audit(t, db)
	stop()
	clean(t, elsewhere)
}

// TestP14_NoWriteWithoutSpaceDoesHarm ends the space at any byte of a store's life and gives it back.
func TestP14_NoWriteWithoutSpaceDoesHarm(t *testing.T) {
	m := mountDisk(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	refused := 0
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			m.tell(diskPlan{Room: 60_000 + r.IntN(400_000)})
			l, name := newLedger(), fmt.Sprintf("room-%d.db", i)
			path := filepath.Join(m.folder, name)
			err := session(t.Context(), path, verified(), func(s *store.Store, _ *bolt.DB) error {
				if err := fill(t.Context(), s, l, "full"); !errors.Is(err, store.ErrNoSpace) {
					return err
				}
				refused++
				m.tell(diskPlan{Unroom: true})
				return l.drive(t.Context(), s, "later", 5, 1, 2)
			})
			if err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			if err != nil {
				return // there was no room to begin
			}
			dir, _ := m.image(t)
			afterCut(t, filepath.Join(dir, name), l)
		})
	}
	if refused < 5 {
		t.Errorf("only %d ran out of space", refused)
	}
}
