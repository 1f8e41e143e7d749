package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"sfbridge/store"
)

// leaseFor is how long the leases of these cases live.
const leaseFor = 10 * time.Second

func (s Suite) leaseCases(t *testing.T) {
	s.each(t, "TellsTheHolderBeforeItGivesTheLeaseAway", leaseTold)
	s.each(t, "LetsNoHolderThatSleptCommit", leaseSlept)
	s.each(t, "LetsOneHolderCommitAtATime", leaseOne)
	s.each(t, "EndsLeasesWithTheEngine", leaseEnds)
}

func (b *bench) acquire(name, holder string) store.Grant {
	b.t.Helper()
	g, err := b.kv.Acquire(b.ctx(), name, holder, leaseFor)
	if err != nil {
		b.t.Fatalf("acquire: %v", err)
	}
	return g
}

// leaseTold has a second holder ask while the first one lives: an engine may let it wait, or take the lease from the first one, who then knows before the
// second one begins. Leases of other names are not touched.
func leaseTold(t *testing.T, b *bench) {
	first, other := b.acquire("journal", "one"), b.acquire("elsewhere", "one")
	ctx, cancel := context.WithTimeout(b.ctx(), 5*leaseFor)
	defer cancel()
	second, err := b.kv.Acquire(ctx, "journal", "two", leaseFor)
	switch {
	case err == nil && first.Held.Err() == nil:
		t.Error("two hold one lease")
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		t.Errorf("acquire what is held: %v", err)
	case err != nil && first.Held.Err() != nil:
		t.Error("nobody holds the lease")
	case err == nil && second.Held.Err() != nil:
		t.Error("a lease is lost at once")
	}
	if other.Held.Err() != nil {
		t.Error("a lease of another name is lost")
	}
	if err := b.checked([]store.Check{other.Fence}, set("x/1", "a")); err != nil {
		t.Errorf("the holder of another name: %v", err)
	}
}

// leaseSlept has a holder that was stopped longer than its lease lives come back.
func leaseSlept(t *testing.T, b *bench) {
	first := b.acquire("journal", "one")
	b.move(3 * leaseFor)
	if b.realTime {
		time.Sleep(2 * leaseFor)
	}
	second := b.acquire("journal", "two")
	if err := b.checked([]store.Check{first.Fence}, set("x/1", "one")); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the holder that slept commits: %v", err)
	}
	if err := b.checked([]store.Check{second.Fence}, set("x/1", "two")); err != nil {
		t.Errorf("the holder: %v", err)
	}
	third := b.acquire("journal", "two") // the same name in another life
	if err := b.checked([]store.Check{second.Fence}, set("x/1", "two")); !errors.Is(err, store.ErrConflict) {
		t.Errorf("an earlier life of the holder commits: %v", err)
	}
	if third.Fence.Key != first.Fence.Key || third.Fence.Rev <= second.Fence.Rev || second.Fence.Rev <= first.Fence.Rev {
		t.Errorf("the fences of three grants are %v, %v and %v", first.Fence, second.Fence, third.Fence)
	}
	b.holds("x/1", "two")
}

// leaseOne has many take the lease from one another and write under it: in the order of commits no fence comes back once another one has written.
func leaseOne(t *testing.T, b *bench) {
	const holders, rounds, writes = 3, 10, 4
	start, err := heard(b, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	committed := 0
	for h := range holders {
		wg.Go(func() {
			for round := range rounds {
				g, err := b.kv.Acquire(b.ctx(), "journal", fmt.Sprint(h), leaseFor)
				if err != nil {
					t.Error(err)
					return
				}
				for range writes {
					err := b.checked([]store.Check{g.Fence}, set("x/by", strconv.FormatUint(uint64(g.Fence.Rev), 10)))
					if errors.Is(err, store.ErrConflict) {
						break
					}
					if err != nil {
						t.Errorf("round %d: %v", round, err)
						return
					}
					mu.Lock()
					committed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if err := b.checked([]store.Check{b.acquire("journal", "last").Fence}); err != nil {
		t.Errorf("the last holder: %v", err)
	}
	all, err := heard(b, start[0].Cursor, committed)
	if err != nil || committed < 2 {
		t.Fatalf("%d commits, heard of %d: %v", committed, len(all), err)
	}
	t.Logf("%d commits", committed)
	last := uint64(0)
	for _, c := range all {
		by, err := strconv.ParseUint(string(c.Val), 10, 64)
		if err != nil || by < last {
			t.Fatalf("holder %d commits after holder %d, %v", by, last, err)
		}
		last = by
	}
}

func leaseEnds(t *testing.T, b *bench) {
	g := b.acquire("journal", "one")
	if g.Held.Err() != nil {
		t.Fatal("the lease is lost while it is held")
	}
	b.restart()
	select {
	case <-g.Held.Done():
	case <-time.After(leaseFor):
		t.Error("the holder is not told before its lease ends")
	}
	if err := b.checked([]store.Check{b.acquire("journal", "two").Fence}, set("x/1", "a")); err != nil {
		t.Error(err)
	}
}
