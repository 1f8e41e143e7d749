package storetest

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sfbridge/store"
)

func (s Suite) loadCases(t *testing.T) {
	s.each(t, "CountsRightUnderContention", contention)
	s.each(t, "LetsOneOfManyCreate", oneWins)
	s.each(t, "PutsEveryStepOfManySidesInOneOrder", linear)
	s.each(t, "KeepsWhatItAnsweredWhenClosedUnderLoad", closedUnderLoad)
	s.each(t, "ScansManyKeysFast", manyKeys)
}

// contention adds one to a counter from many sides: a lost update would show.
func contention(t *testing.T, b *bench) {
	const sides, rounds = 16, 20
	var wg sync.WaitGroup
	for range sides {
		wg.Go(func() {
			for done := 0; done < rounds; {
				it := b.get("x/n")
				n, _ := strconv.Atoi(string(it.Val))
				err := b.kv.Apply(b.ctx(), store.Tx{Checks: []store.Check{{Key: "x/n", Rev: it.Rev}}, Ops: []store.Op{set("x/n", strconv.Itoa(n+1))}})
				switch {
				case err == nil:
					done++
				case !errors.Is(err, store.ErrConflict):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.holds("x/n", strconv.Itoa(sides*rounds))
}

func oneWins(t *testing.T, b *bench) {
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			err := b.kv.Apply(b.ctx(), store.Tx{Checks: []store.Check{{Key: "x/1"}}, Ops: []store.Op{set("x/1", strconv.Itoa(i))}})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrConflict):
				t.Error(err)
			case b.get("x/1").Rev == 0:
				t.Error("a conflict was answered before what it met was committed")
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d created the key", won.Load())
	}
}

func closedUnderLoad(t *testing.T, b *bench) {
	var wg sync.WaitGroup
	var acked atomic.Int32
	enough := make(chan struct{})
	var mu sync.Mutex
	var keys []string
	kv, ctx := b.kv, b.ctx()
	for i := range 32 {
		wg.Go(func() {
			for j := 0; ; j++ {
				key := fmt.Sprintf("e/%04x-%04x", i, j)
				err := kv.Apply(ctx, store.Tx{Ops: []store.Op{set(key, key)}})
				if err != nil {
					if !errors.Is(err, store.ErrClosed) {
						t.Errorf("apply while closing: %v", err)
					}
					return
				}
				if acked.Add(1) == 500 {
					close(enough)
				}
				mu.Lock()
				keys = append(keys, key)
				mu.Unlock()
			}
		})
	}
	<-enough
	b.stop()
	wg.Wait()
	if _, err := kv.Get(ctx, "e/1"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("get after close: %v", err)
	}
	b.start()
	for _, key := range keys {
		b.holds(key, key)
	}
}

func manyKeys(t *testing.T, b *bench) {
	const keys = 100_000
	for i := 0; i < keys; i += 200 {
		ops := make([]store.Op, 0, 200)
		for j := range 200 {
			ops = append(ops, set(fmt.Sprintf("e/%08x", i+j), "some value of an entry"))
		}
		b.apply(ops...)
	}
	start, n := time.Now(), 0
	for after := ""; ; {
		items, err := b.kv.Scan(b.ctx(), "e/", after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if n += len(items); len(items) < 1000 {
			break
		}
		after = items[999].Key
	}
	if took := time.Since(start); n != keys || took > 2*time.Second {
		t.Errorf("%d keys in %s", n, took)
	}
}

// model compares an engine with a map over random steps, restarts and crashes among them.
func model(t *testing.T, open Open) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "model")
		if err != nil {
			rt.Fatal(err)
		}
		b := &bench{t: t, open: open, dir: dir}
		b.start()
		defer func() { b.stop() }()
		m := &modelled{b: b, rt: rt, vals: map[string]string{}, dies: map[string]stretch{}}
		key := rapid.SampledFrom([]string{"x/a", "x/b", "e/01", "e/02", "s/01", "y-/_"})
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.IntRange(0, 12).Draw(rt, "step") {
			case 0:
				b.restart()
			case 1:
				b.crash()
			case 2:
				b.move(time.Duration(rapid.IntRange(1, 120).Draw(rt, "seconds")) * time.Second)
			default:
				m.write(rapid.SliceOfNDistinct(key, 1, 4, rapid.ID[string]).Draw(rt, "keys"))
			}
			m.compare()
		}
	})
}

type modelled struct {
	b    *bench
	rt   *rapid.T
	vals map[string]string
	dies map[string]stretch
}

// stretch is the time within which a value ends: clocks are real here, and a step takes as long as the disk has it.
type stretch struct{ from, to time.Time }

func (s stretch) overlaps(from, to time.Time) bool { return !to.Before(s.from) && !s.to.Before(from) }

func (m *modelled) alive(key string) (string, bool) {
	val, ok := m.vals[key]
	if end, mortal := m.dies[key]; mortal && !m.b.now().Before(end.to) {
		return "", false
	}
	return val, ok
}

func (m *modelled) write(keys []string) {
	var tx store.Tx
	fails := rapid.IntRange(0, 3).Draw(m.rt, "fails") == 0
	for _, key := range keys {
		tx.Checks = append(tx.Checks, store.Check{Key: key, Rev: m.b.get(key).Rev})
		op := set(key, rapid.StringN(0, 20, 50).Draw(m.rt, "value"))
		op.Delete = rapid.Bool().Draw(m.rt, "delete")
		if rapid.Bool().Draw(m.rt, "mortal") {
			op.TTL = time.Duration(rapid.IntRange(30, 90).Draw(m.rt, "ttl")) * time.Second
		}
		tx.Ops = append(tx.Ops, op)
	}
	if fails {
		tx.Checks[len(keys)-1].Rev += 7
	}
	begun := m.b.now()
	err := m.b.kv.Apply(m.b.ctx(), tx)
	if fails != errors.Is(err, store.ErrConflict) || !fails && err != nil {
		m.rt.Fatalf("apply: %v, should fail: %v", err, fails)
	}
	for _, op := range tx.Ops {
		if fails {
			return
		}
		delete(m.dies, op.Key)
		if m.vals[op.Key] = string(op.Val); op.Delete {
			delete(m.vals, op.Key)
		} else if op.TTL > 0 {
			m.dies[op.Key] = stretch{begun.Add(op.TTL - time.Second), m.b.now().Add(op.TTL + time.Second)}
		}
	}
}

// compare reads everything both ways. Nothing is asked about a value that may end while it is read.
func (m *modelled) compare() {
	begun := m.b.now()
	items, err := m.b.kv.Scan(m.b.ctx(), "", "", 100)
	if err != nil {
		m.rt.Fatal(err)
	}
	found := map[string]string{}
	for i, it := range items {
		found[it.Key] = string(it.Val)
		if i > 0 && items[i-1].Key >= it.Key {
			m.rt.Fatalf("%s comes before %s", items[i-1].Key, it.Key)
		}
	}
	for _, key := range []string{"x/a", "x/b", "e/01", "e/02", "s/01", "y-/_"} {
		it := m.b.get(key)
		if end, mortal := m.dies[key]; mortal && end.overlaps(begun, m.b.now()) {
			continue
		}
		want, alive := m.alive(key)
		got, scanned := found[key]
		if alive != (it.Rev != 0) || alive != scanned || alive && (string(it.Val) != want || got != want) {
			m.rt.Fatalf("%s: get %q at %d, scan %q %v, want %q %v", key, it.Val, it.Rev, got, scanned, want, alive)
		}
	}
}
