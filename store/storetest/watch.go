package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"sfbridge/store"
)

func (s Suite) watchCases(t *testing.T) {
	s.each(t, "WatchTellsCommitsInOrderWithoutAGap", watches)
	s.each(t, "WatchResumesWhereItStopped", watchResumes)
	s.each(t, "WatchRefusesACursorThatIsTooOld", watchCompacted)
	s.each(t, "WatchGoesOnOverARestartOrSaysThatItCannot", watchRestarts)
	s.each(t, "WatchTellsEveryWatcherTheSameUnderLoad", watchLoad)
	s.each(t, "WatchEndsWithItsContextAndWithTheEngine", watchEnds)
}

// heard reads n changes under x/ from a cursor.
func heard(b *bench, from store.Cursor, n int) ([]store.Changed, error) {
	ctx, cancel := context.WithTimeout(b.ctx(), time.Minute)
	defer cancel()
	var all []store.Changed
	for c, err := range b.kv.Watch(ctx, "x/", from) {
		if err != nil {
			return all, err
		}
		if all = append(all, c); len(all) == n {
			break
		}
	}
	return all, nil
}

func watches(t *testing.T, b *bench) {
	start, err := heard(b, 0, 1)
	if err != nil || start[0].Key != "" {
		t.Fatal(start, err)
	}
	done := make(chan []store.Changed)
	go func() {
		all, err := heard(b, start[0].Cursor, 100)
		if err != nil {
			t.Error(err)
		}
		done <- all
	}()
	for i := range 50 {
		b.apply(set(fmt.Sprintf("x/%d", i), "a"), set(fmt.Sprintf("y/%d", i), "a"))
		b.apply(store.Op{Key: fmt.Sprintf("x/%d", i), Delete: true})
	}
	last := start[0].Cursor
	for i, c := range <-done {
		if c.Key != fmt.Sprintf("x/%d", i/2) || c.Deleted != (i%2 == 1) || c.Cursor <= last {
			t.Errorf("change %d is %+v behind cursor %d", i, c, last)
		}
		last = c.Cursor
	}
}

func watchResumes(t *testing.T, b *bench) {
	start, _ := heard(b, 0, 1)
	b.apply(set("x/1", "a"), set("x/2", "b"), set("x/3", "c")) // one step, three changes
	first, err := heard(b, start[0].Cursor, 1)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := heard(b, first[0].Cursor, 2)
	if err != nil || len(rest) != 2 {
		t.Fatal(rest, err)
	}
	got := string(first[0].Val) + string(rest[0].Val) + string(rest[1].Val)
	if got != "abc" {
		t.Errorf("heard %q", got)
	}
}

func watchCompacted(t *testing.T, b *bench) {
	start, _ := heard(b, 0, 1)
	for i := range 100 {
		var ops []store.Op
		for j := range 100 {
			ops = append(ops, set(fmt.Sprintf("x/%d-%d", i, j), "a"))
		}
		b.apply(ops...)
	}
	all, err := heard(b, start[0].Cursor, 10_000)
	if len(all) != 10_000 && !errors.Is(err, store.ErrCompacted) {
		t.Errorf("%d of 10,000 changes and %v: neither all nor a word about it", len(all), err)
	}
}

// watchRestarts watches from cursors of before a restart: either nothing is missing, or the watcher is told so.
func watchRestarts(t *testing.T, b *bench) {
	start, _ := heard(b, 0, 1)
	cursors := []store.Cursor{start[0].Cursor}
	const before, after = 5, 5
	for i := range before {
		b.apply(set(fmt.Sprintf("x/%d", i), "a"))
	}
	all, err := heard(b, start[0].Cursor, before)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		cursors = append(cursors, c.Cursor)
	}
	b.restart()
	for i := range after {
		b.apply(set(fmt.Sprintf("x/%d", before+i), "a"))
	}
	for known, from := range cursors {
		rest, err := heard(b, from, before+after-known)
		if errors.Is(err, store.ErrCompacted) && len(rest) == 0 {
			continue
		}
		if err != nil || len(rest) != before+after-known {
			t.Errorf("behind change %d: %d changes and %v", known, len(rest), err)
		}
		for i, c := range rest {
			if c.Key != fmt.Sprintf("x/%d", known+i) {
				t.Errorf("behind change %d: %s is told where %d is due", known, c.Key, known+i)
			}
		}
	}
}

// watchLoad has several watch what several write, some of it in steps of two keys.
func watchLoad(t *testing.T, b *bench) {
	const writers, rounds, watchers = 4, 50, 3
	start, _ := heard(b, 0, 1)
	told := make([][]store.Changed, watchers)
	var watching, writing sync.WaitGroup
	for w := range watchers {
		watching.Go(func() {
			var err error
			if told[w], err = heard(b, start[0].Cursor, writers*rounds*2); err != nil {
				t.Errorf("after %d changes: %v", len(told[w]), err)
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			for i := range rounds {
				b.apply(set(fmt.Sprintf("x/%d-%d", w, i), "a"), set("y/none", "a"), set(fmt.Sprintf("x/%d", w), fmt.Sprint(i)))
			}
		})
	}
	writing.Wait()
	watching.Wait()
	last := start[0].Cursor
	seen := map[string]int{}
	for i, c := range told[0] {
		if c.Cursor <= last {
			t.Fatalf("cursor %d comes after %d", c.Cursor, last)
		}
		last = c.Cursor
		if seen[c.Key]++; len(c.Key) == len("x/0") && string(c.Val) != fmt.Sprint(seen[c.Key]-1) {
			t.Errorf("%s is told as %q, the time %d", c.Key, c.Val, seen[c.Key])
		}
		for w := range watchers {
			if o := told[w]; i >= len(o) || o[i].Key != c.Key || o[i].Rev != c.Rev || o[i].Cursor != c.Cursor {
				t.Fatalf("watcher %d is told something else at place %d", w, i)
			}
		}
	}
	if len(seen) != writers*(rounds+1) {
		t.Errorf("%d keys were told, want %d", len(seen), writers*(rounds+1))
	}
}

func watchEnds(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(b.ctx())
	ends := func(ctx context.Context) <-chan error {
		end, ready := make(chan error, 1), make(chan struct{})
		go func() {
			var last error
			for c, err := range b.kv.Watch(ctx, "x/", 0) {
				if last = err; err == nil && c.Key == "" {
					close(ready)
				}
			}
			end <- last
		}()
		<-ready
		return end
	}
	mine, others := ends(ctx), ends(b.ctx())
	cancel()
	if err := <-mine; !errors.Is(err, context.Canceled) {
		t.Errorf("a watch whose context ended ends with %v", err)
	}
	b.stop()
	if err := <-others; !errors.Is(err, store.ErrClosed) {
		t.Errorf("a watch of an engine that was stopped ends with %v", err)
	}
	b.start()
}
