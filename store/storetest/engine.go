package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sfbridge/store"
)

// Run holds an engine to the contract of store.KV.
func (s Suite) Run(t *testing.T) {
	s.each(t, "CreatesOnlyWhatIsAbsent", createIfAbsent)
	s.each(t, "SwapsOnlyAtTheRevisionRead", compareAndSwap)
	s.each(t, "RecreatesWhatWasDeleted", recreate)
	s.each(t, "DoesAllOrNothing", allOrNothing)
	s.each(t, "ChecksWithoutWriting", checksOnly)
	s.each(t, "RefusesWhatIsMalformedOrTooLarge", refuses)
	s.each(t, "CopiesValuesInAndOut", copies)
	s.each(t, "TakesBackWhatWaitsWhenTheContextEnds", ended)
	s.each(t, "ScansInOrderByPages", scans)
	s.each(t, "ScansAcrossKindsOfKey", scansAcross)
	s.each(t, "KeepsEverythingOverARestart", restarts)
	s.each(t, "ExpiresLateNeverEarly", expires)
	s.each(t, "ForgetsTheExpiryOfWhatIsWrittenAgain", renews)
	s.each(t, "FencesTheHolderBefore", fences)
	s.edgeCases(t)
	s.leaseCases(t)
	s.watchCases(t)
	s.loadCases(t)
	s.roomCases(t)
	t.Run("BehavesLikeAMapOverRestarts", func(t *testing.T) { model(t, s.Open) })
}

func createIfAbsent(t *testing.T, b *bench) {
	tx := store.Tx{Checks: []store.Check{{Key: "x/1"}}, Ops: []store.Op{set("x/1", "a")}}
	if err := b.kv.Apply(b.ctx(), tx); err != nil {
		t.Fatal(err)
	}
	tx.Ops[0].Val = []byte("b")
	if err := b.kv.Apply(b.ctx(), tx); !errors.Is(err, store.ErrConflict) {
		t.Errorf("creating what is there: %v", err)
	}
	b.holds("x/1", "a")
}

func compareAndSwap(t *testing.T, b *bench) {
	b.apply(set("x/1", "a"))
	old := b.get("x/1").Rev
	swap := func(rev store.Rev, val string) error {
		return b.kv.Apply(b.ctx(), store.Tx{Checks: []store.Check{{Key: "x/1", Rev: rev}}, Ops: []store.Op{set("x/1", val)}})
	}
	if err := swap(old, "b"); err != nil {
		t.Fatal(err)
	}
	for _, rev := range []store.Rev{old, 0, 1 << 60} {
		if err := swap(rev, "c"); !errors.Is(err, store.ErrConflict) {
			t.Errorf("swap at %d: %v", rev, err)
		}
	}
	if now := b.get("x/1").Rev; now <= old {
		t.Errorf("revision went from %d to %d", old, now)
	}
	b.holds("x/1", "b")
}

func recreate(t *testing.T, b *bench) {
	b.apply(set("x/1", "a"))
	old := b.get("x/1").Rev
	b.apply(store.Op{Key: "x/1", Delete: true})
	b.holds("x/1", "")
	b.apply(store.Op{Key: "x/1", Delete: true}, store.Op{Key: "x/never", Delete: true})
	if err := b.kv.Apply(b.ctx(), store.Tx{Checks: []store.Check{{Key: "x/1"}}, Ops: []store.Op{set("x/1", "b")}}); err != nil {
		t.Fatal(err)
	}
	err := b.kv.Apply(b.ctx(), store.Tx{Checks: []store.Check{{Key: "x/1", Rev: old}}, Ops: []store.Op{set("x/1", "c")}})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("a revision of before the deletion holds again: %v", err)
	}
	b.holds("x/1", "b")
}

func allOrNothing(t *testing.T, b *bench) {
	b.apply(set("x/1", "a"), set("x/2", "a"), set("x/3", "a"))
	for bad := range 3 {
		var tx store.Tx
		for i := range 3 {
			key := fmt.Sprintf("x/%d", i+1)
			c := store.Check{Key: key, Rev: b.get(key).Rev}
			if i == bad {
				c.Rev += 1000
			}
			tx.Checks = append(tx.Checks, c)
			tx.Ops = append(tx.Ops, set(key, "b"), set(key+"-new", "b"))
		}
		if err := b.kv.Apply(b.ctx(), tx); !errors.Is(err, store.ErrConflict) {
			t.Errorf("check %d fails: %v", bad, err)
		}
		for i := range 3 {
			b.holds(fmt.Sprintf("x/%d", i+1), "a")
			b.holds(fmt.Sprintf("x/%d-new", i+1), "")
		}
	}
}

func checksOnly(t *testing.T, b *bench) {
	b.apply(set("x/1", "a"))
	rev := b.get("x/1").Rev
	for _, c := range []struct {
		checks []store.Check
		want   error
	}{
		{nil, nil},
		{[]store.Check{{Key: "x/1", Rev: rev}, {Key: "x/2"}}, nil},
		{[]store.Check{{Key: "x/1", Rev: rev}, {Key: "x/2", Rev: 1}}, store.ErrConflict},
	} {
		if err := b.kv.Apply(b.ctx(), store.Tx{Checks: c.checks}); !errors.Is(err, c.want) {
			t.Errorf("checks %v: %v, want %v", c.checks, err, c.want)
		}
	}
	if now := b.get("x/1").Rev; now != rev {
		t.Errorf("a check moved the revision from %d to %d", rev, now)
	}
}

func refuses(t *testing.T, b *bench) {
	long := strings.Repeat("k", store.MaxKey)
	many := func(n int) (ops []store.Op) {
		for i := range n {
			ops = append(ops, set(fmt.Sprintf("x/%d", i), "a"))
		}
		return ops
	}
	big := func(n int) store.Op { return store.Op{Key: "x/big", Val: make([]byte, n)} }
	for _, c := range []struct {
		name string
		tx   store.Tx
		ok   bool
		want error
	}{
		{"largest", store.Tx{Ops: many(store.MaxOps)}, true, nil},
		{"one op too many", store.Tx{Ops: many(store.MaxOps + 1)}, false, store.ErrTooLarge},
		{"checks count", store.Tx{Checks: []store.Check{{Key: "x/none"}}, Ops: many(store.MaxOps)}, false, store.ErrTooLarge},
		{"largest value", store.Tx{Ops: []store.Op{big(store.MaxValue)}}, true, nil},
		{"value too large", store.Tx{Ops: []store.Op{big(store.MaxValue + 1)}}, false, store.ErrTooLarge},
		{"longest key", store.Tx{Ops: []store.Op{set(long, "a")}}, true, nil},
		{"key too long", store.Tx{Ops: []store.Op{set(long+"k", "a")}}, false, nil},
		{"empty key", store.Tx{Ops: []store.Op{set("", "a")}}, false, nil},
		{"upper case", store.Tx{Ops: []store.Op{set("x/A", "a")}}, false, nil},
		{"a byte of no key", store.Tx{Checks: []store.Check{{Key: "x\x00"}}}, false, nil},
		{"a key twice", store.Tx{Ops: []store.Op{set("x/2", "a"), set("x/2", "b")}}, false, nil},
		{"too short a life", store.Tx{Ops: []store.Op{{Key: "x/3", TTL: time.Millisecond}}}, false, nil},
	} {
		err := b.kv.Apply(b.ctx(), c.tx)
		if (err == nil) != c.ok || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if n := len(b.get("x/big").Val); n != store.MaxValue {
		t.Errorf("the largest value came back with %d bytes", n)
	}
}

func copies(t *testing.T, b *bench) {
	val := []byte("abc")
	b.apply(store.Op{Key: "x/1", Val: val})
	val[0] = 'X'
	b.holds("x/1", "abc")
	b.get("x/1").Val[0] = 'Y'
	items, err := b.kv.Scan(b.ctx(), "x/", "", 1)
	if err != nil || len(items) != 1 {
		t.Fatal(items, err)
	}
	items[0].Val[0] = 'Z'
	b.apply(set("x/2", "other"))
	b.holds("x/1", "abc")
}

func ended(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(b.ctx())
	cancel()
	if err := b.kv.Apply(ctx, store.Tx{Ops: []store.Op{set("x/1", "a")}}); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("apply: %v", err)
	} else if (b.get("x/1").Rev != 0) != (err == nil) {
		t.Errorf("apply answered %v and the key is at %d", err, b.get("x/1").Rev)
	}
	if _, err := b.kv.Get(ctx, "x/1"); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v", err)
	}
}

func scans(t *testing.T, b *bench) {
	for _, prefix := range []string{"x/", "e/"} { // random and sequential keys
		var want []string
		for i := range 50 {
			key := fmt.Sprintf("%s%04x", prefix, i*3)
			want = append(want, key)
			b.apply(set(key, key))
		}
		b.apply(set("w/0", "a"), set("y/0", "a"), set(prefix[:1]+"-0", "a"))
		var got []string
		for after := ""; ; {
			items, err := b.kv.Scan(b.ctx(), prefix, after, 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range items {
				if string(it.Val) != it.Key || it.Rev == 0 {
					t.Errorf("%s holds %q at %d", it.Key, it.Val, it.Rev)
				}
				got = append(got, it.Key)
			}
			if len(items) < 7 {
				break
			}
			after = items[6].Key
			b.apply(store.Op{Key: after, Delete: true}) // the page goes on behind a key that is gone
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("scan of %s answered %v", prefix, got)
		}
	}
}

func scansAcross(t *testing.T, b *bench) {
	keys := []string{"a/1", "e/0001", "e/0002", "f/1", "s/0001", "t/1"}
	for _, k := range keys {
		b.apply(set(k, "v"))
	}
	items, err := b.kv.Scan(b.ctx(), "", "a/1", 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, it := range items {
		if it.Key != keys[i+1] {
			t.Errorf("place %d has %s, want %s", i, it.Key, keys[i+1])
		}
	}
	if len(items) != 4 {
		t.Errorf("%d items, want 4", len(items))
	}
}

func restarts(t *testing.T, b *bench) {
	b.apply(set("x/1", "a"), store.Op{Key: "x/2", Val: []byte("b"), TTL: time.Hour}, set("e/0001", "c"))
	rev := b.get("x/1").Rev
	b.restart()
	b.holds("x/1", "a")
	b.holds("x/2", "b")
	b.holds("e/0001", "c")
	if now := b.get("x/1").Rev; now != rev {
		t.Errorf("revision %d became %d", rev, now)
	}
	b.apply(set("x/1", "b"))
	if now := b.get("x/1").Rev; now <= rev {
		t.Errorf("revision went from %d to %d", rev, now)
	}
	b.move(2 * time.Hour)
	b.restart()
	b.holds("x/2", "")
}

func expires(t *testing.T, b *bench) {
	b.apply(store.Op{Key: "x/1", Val: []byte("a"), TTL: time.Minute}, set("x/2", "b"))
	b.move(time.Minute - time.Second)
	b.holds("x/1", "a")
	b.move(-time.Hour) // a clock that is set back makes it live longer
	b.holds("x/1", "a")
	b.move(time.Hour + 2*time.Second)
	b.holds("x/1", "")
	items, err := b.kv.Scan(b.ctx(), "x/", "", 10)
	if err != nil || len(items) != 1 || items[0].Key != "x/2" {
		t.Errorf("scan answers %v, %v", items, err)
	}
	if err := b.kv.Apply(b.ctx(), store.Tx{Checks: []store.Check{{Key: "x/1"}}, Ops: []store.Op{set("x/1", "c")}}); err != nil {
		t.Errorf("an expired key does not count as absent: %v", err)
	}
	b.holds("x/1", "c")
}

func renews(t *testing.T, b *bench) {
	short := store.Op{Key: "x/1", Val: []byte("a"), TTL: time.Minute}
	b.apply(short)
	b.move(50 * time.Second)
	b.apply(short)
	b.apply(store.Op{Key: "x/2", Val: []byte("b"), TTL: time.Minute})
	b.apply(set("x/2", "forever"))
	b.move(50 * time.Second)
	b.holds("x/1", "a")
	b.move(time.Hour)
	if !b.realTime {
		time.Sleep(10 * time.Minute) // whatever sweeps has swept
	}
	b.holds("x/1", "")
	b.holds("x/2", "forever")
}

func fences(t *testing.T, b *bench) {
	first, err := b.kv.Acquire(b.ctx(), "journal", "one", 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	write := func(g store.Grant, val string) error {
		return b.kv.Apply(b.ctx(), store.Tx{Checks: []store.Check{g.Fence, {Key: "x/" + val}}, Ops: []store.Op{set("x/"+val, val)}})
	}
	if err := write(first, "a"); err != nil {
		t.Fatal(err)
	}
	if first.Held.Err() != nil {
		t.Error("the lease is lost while it is held")
	}
	b.restart()
	second, err := b.kv.Acquire(b.ctx(), "journal", "two", 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(first, "b"); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the holder before commits: %v", err)
	}
	if err := write(second, "c"); err != nil {
		t.Error(err)
	}
	select {
	case <-first.Held.Done():
	case <-time.After(time.Minute):
		t.Error("the holder before was not told")
	}
	if !bytes.Equal(b.get("x/c").Val, []byte("c")) || b.get("x/b").Rev != 0 {
		t.Error("what was committed is not what the fence lets pass")
	}
}
