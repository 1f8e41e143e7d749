package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sfbridge/store"
)

func (s Suite) edgeCases(t *testing.T) {
	s.each(t, "FencesByAKeyThatTheStepDoesNotWrite", fencesUnwritten)
	s.each(t, "FencesAndSwapsInOneStep", fencesAndSwaps)
	s.each(t, "LeavesNothingOfWhatItRefuses", refusesWhole)
	s.each(t, "TakesEveryKeyThatIsAllowed", oddKeys)
	s.each(t, "GivesEachKeyRevisionsOfItsOwn", revisions)
	s.each(t, "ShowsAnotherHandleWhatWasApplied", otherHandle)
	s.each(t, "ScansWhatIsThereWhilePagesChange", scansChanging)
	s.each(t, "KeepsEverythingOverACrash", crashes)
}

// checked applies ops under checks.
func (b *bench) checked(checks []store.Check, ops ...store.Op) error {
	return b.kv.Apply(b.ctx(), store.Tx{Checks: checks, Ops: ops})
}

func fencesUnwritten(t *testing.T, b *bench) {
	const fence = "epoch/x"
	want := func(when string, rev store.Rev, wanted error) {
		t.Helper()
		key := "x/" + strings.ReplaceAll(when, " ", "-")
		if err := b.checked([]store.Check{{Key: fence, Rev: rev}}, set(key, "a")); !errors.Is(err, wanted) {
			t.Errorf("%s: %v, want %v", when, err, wanted)
		}
		if wrote := b.get(key).Rev != 0; wrote != (wanted == nil) {
			t.Errorf("%s: written is %v", when, wrote)
		}
	}
	want("never written", 0, nil)
	b.apply(set(fence, "one"))
	first := b.get(fence).Rev
	want("written since", 0, store.ErrConflict)
	want("as read", first, nil)
	if now := b.get(fence).Rev; now != first {
		t.Errorf("a fence moved from %d to %d by being checked", first, now)
	}
	b.apply(set(fence, "one")) // the same value is another revision
	want("of the holder before", first, store.ErrConflict)
	b.apply(store.Op{Key: fence, Delete: true})
	want("of before the deletion", first, store.ErrConflict)
	want("deleted", 0, nil)
}

func fencesAndSwaps(t *testing.T, b *bench) {
	b.apply(set("epoch/x", "one"), set("x/1", "a"))
	fence, have := b.get("epoch/x").Rev, b.get("x/1").Rev
	for _, c := range []struct {
		name        string
		fence, swap store.Rev
		want        error
	}{
		{"both stale", fence + 1000, have + 1000, store.ErrConflict},
		{"fence stale", fence + 1000, have, store.ErrConflict},
		{"swap stale", fence, have + 1000, store.ErrConflict},
		{"both hold", fence, have, nil},
	} {
		err := b.checked([]store.Check{{Key: "epoch/x", Rev: c.fence}, {Key: "x/1", Rev: c.swap}}, set("x/1", "b"), set("x/2", "b"))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if c.want != nil {
			b.holds("x/1", "a")
			b.holds("x/2", "")
		}
	}
	b.holds("x/1", "b")
	b.holds("x/2", "b")
}

func refusesWhole(t *testing.T, b *bench) {
	fine := []store.Op{set("x/0", "a"), set("x/1", "a")}
	big := func(key string, n int) store.Op { return store.Op{Key: key, Val: make([]byte, n)} }
	var many []store.Op
	for i := range store.MaxOps - 1 {
		many = append(many, set(fmt.Sprintf("x/many-%d", i), "a"))
	}
	whole := make([]store.Op, 0, 8)
	for i := range store.MaxBytes / store.MaxValue {
		whole = append(whole, big(fmt.Sprintf("y/%d", i), store.MaxValue))
	}
	for name, ops := range map[string][]store.Op{
		"a key twice": {set("x/1", "b")}, "one op too many": many, "value too large": {big("x/2", store.MaxValue+1)},
		"values too large together": append(slices.Clone(whole), set("x/2", "a")), "odd key": {set("x/A", "a")},
		"too short a life": {{Key: "x/2", Val: []byte("a"), TTL: store.MinTTL - 1}}, "life below zero": {{Key: "x/2", TTL: -time.Hour}},
	} {
		if err := b.checked(nil, append(slices.Clone(fine), ops...)...); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if items, err := b.kv.Scan(b.ctx(), "x/", "", 10); err != nil || len(items) > 0 {
		t.Errorf("%d items are left of what was refused, %v", len(items), err)
	}
	b.apply(whole...)
	b.apply(store.Op{Key: "x/2", Val: []byte("a"), TTL: store.MinTTL})
}

func oddKeys(t *testing.T, b *bench) {
	keys := []string{
		"-", "/", "//", "0", "_", "a", "a-", "a/", "a//b", "a/b", "a/b/", "a/b0", "a_", "e", "e-1", "e/", "e//", "e/0", "e/00", "e0", "ee/1", "s", "s/", "s/0",
		"z", strings.Repeat("/", store.MaxKey), "z/" + strings.Repeat("9", store.MaxKey-2), "z/" + strings.Repeat("9", store.MaxKey-3), "azbycx0189-_/",
	}
	for _, k := range keys {
		b.apply(set(k, k))
	}
	slices.Sort(keys)
	for gone := range 2 {
		items, err := b.kv.Scan(b.ctx(), "", "", len(keys)+1)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, it := range items {
			got = append(got, it.Key)
		}
		for i, k := range keys {
			if gone == 1 && i%2 == 0 {
				b.holds(k, "")
				continue
			}
			b.holds(k, k)
			want = append(want, k)
		}
		if !slices.Equal(got, want) {
			t.Errorf("scan answers %q, want %q", got, want)
		}
		for i := 0; i < len(keys); i += 2 {
			b.apply(store.Op{Key: keys[i], Delete: true})
		}
	}
}

func revisions(t *testing.T, b *bench) {
	last := store.Rev(0)
	grown := func(after string) {
		t.Helper()
		now := b.get("x/1").Rev
		if now <= last {
			t.Errorf("after %s the revision is %d, it was %d", after, now, last)
		}
		last = now
	}
	still := func(after string) {
		t.Helper()
		if now := b.get("x/1").Rev; now != last {
			t.Errorf("%s moved the revision from %d to %d", after, last, now)
		}
	}
	b.apply(set("x/1", "a"))
	grown("the first write")
	b.apply(set("x/1", "a"))
	grown("a write of the same value")
	b.apply(set("x/2", "a"), store.Op{Key: "x/0", Delete: true})
	still("a write of other keys")
	if err := b.checked([]store.Check{{Key: "x/1", Rev: last + 1}}, set("x/1", "b")); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a swap that fails: %v", err)
	}
	still("a swap that failed")
	b.apply(store.Op{Key: "x/1", Delete: true})
	b.apply(set("x/1", "a"))
	grown("deletion and creation")
	b.restart()
	still("a restart")
	b.apply(store.Op{Key: "x/1", Delete: true})
	b.restart()
	b.apply(set("x/1", "a"))
	grown("deletion, restart and creation")
	b.apply(store.Op{Key: "x/1", Val: []byte("a"), TTL: time.Minute})
	grown("a write that ends")
	b.move(time.Hour)
	b.apply(set("x/1", "a"))
	grown("its end and creation")
}

func otherHandle(t *testing.T, b *bench) {
	other := b.kv
	if b.again != nil {
		other = b.again()
	}
	said, heard := make(chan int), make(chan struct{})
	go func() {
		defer close(heard)
		for i := range said {
			it, err := other.Get(b.ctx(), "x/1")
			items, serr := other.Scan(b.ctx(), "x/", "", 1000)
			if err != nil || serr != nil || string(it.Val) != fmt.Sprint(i) || len(items) != i+2 {
				t.Errorf("after write %d another handle gets %q and scans %d items: %v, %v", i, it.Val, len(items), err, serr)
			}
			heard <- struct{}{}
		}
	}()
	for i := range 50 {
		b.apply(set("x/1", fmt.Sprint(i)), set(fmt.Sprintf("x/%d-new", i), "a"))
		said <- i
		<-heard
	}
	close(said)
	<-heard
}

// scansChanging changes what lies ahead of a scan and behind it between its pages.
func scansChanging(t *testing.T, b *bench) {
	const keys, page = 100, 10
	for _, prefix := range []string{"x/", "e/"} {
		name := func(i int) string { return fmt.Sprintf("%s%04d", prefix, i*10) }
		for i := range keys {
			b.apply(set(name(i), "old"))
		}
		got, want := map[string]string{}, map[string]string{}
		for i := range keys {
			want[name(i)] = "old"
		}
		last := ""
		for at := 0; at < keys; at += page { // in each round what a page of the first keys covers
			items, err := b.kv.Scan(b.ctx(), prefix, last, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range items {
				if it.Key <= last {
					t.Errorf("%s comes after %s", it.Key, last)
				}
				got[it.Key], last = string(it.Val), it.Key
			}
			ahead := at + 2*page + 3
			if ahead+1 < keys {
				b.apply(set(name(ahead)+"-new", "new"), store.Op{Key: name(ahead), Delete: true}, set(name(ahead+1), "changed"), set(prefix+"0000-behind", "new"))
				delete(want, name(ahead))
				want[name(ahead)+"-new"], want[name(ahead+1)] = "new", "changed"
			}
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("%s was answered as %q, it holds %q", k, got[k], v)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d keys were answered, want %d", len(got), len(want))
		}
		if items, err := b.kv.Scan(b.ctx(), prefix, "", 0); err != nil || len(items) > 0 {
			t.Errorf("a page of none has %d items, %v", len(items), err)
		}
	}
}

// crashes ends the engine without a word after each step.
func crashes(t *testing.T, b *bench) {
	last := store.Rev(0)
	for i := range 10 {
		b.apply(set("x/1", fmt.Sprint("v", i)), set(fmt.Sprintf("e/%04d", i), "a"), store.Op{Key: "x/2", Val: []byte("b"), TTL: time.Hour},
			store.Op{Key: fmt.Sprintf("e/%04d", i-1), Delete: true})
		before := b.get("x/1").Rev
		b.crash()
		b.holds("x/1", fmt.Sprint("v", i))
		b.holds("x/2", "b")
		b.holds(fmt.Sprintf("e/%04d", i), "a")
		b.holds(fmt.Sprintf("e/%04d", i-1), "")
		now := b.get("x/1").Rev
		if now != before || now <= last {
			t.Errorf("revision %d was %d before the crash and %d before the write", now, before, last)
		}
		last = now
	}
}
