package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sfbridge/store"
)

func (s Suite) watchCases(t *testing.T) {
	s.each(t, "WatchTellsCommitsInOrderWithoutAGap", watches)
	s.each(t, "WatchResumesWhereItStopped", watchResumes)
	s.each(t, "WatchRefusesACursorThatIsTooOld", watchCompacted)
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
