package storetest

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/store"
)

// Opened is an engine that is open and whose Run runs.
type Opened struct {
	KV store.KV
	// Stop ends Run after what is under way and closes the engine.
	Stop func()
	// Again answers a second handle on the same store; nil where an engine has but one, which many use then.
	Again func() store.KV
}

// Open opens the engine that is kept in a folder, with a wall clock for expiry. It fails the test where it cannot.
type Open func(t testing.TB, dir string, now func() time.Time) Opened

// Suite runs cases over one engine.
type Suite struct {
	Open Open
	// Small opens an engine with room for a few MiB; nil leaves out the cases that fill it.
	Small Open
	// RealTime keeps the cases out of synctest bubbles.
	RealTime bool
}

// each runs a case, in a bubble unless the engine lives in real time.
func (s Suite) each(t *testing.T, name string, fn func(t *testing.T, b *bench)) {
	t.Run(name, func(t *testing.T) {
		dir := t.TempDir()
		if s.RealTime {
			s.one(t, dir, fn)
			return
		}
		synctest.Test(t, func(t *testing.T) { s.one(t, dir, fn) })
	})
}

func (s Suite) one(t *testing.T, dir string, fn func(t *testing.T, b *bench)) {
	b := &bench{t: t, open: s.Open, dir: dir, realTime: s.RealTime}
	b.start()
	defer func() { b.stop() }()
	fn(t, b)
}

// bench is one engine on one folder under a clock that a case may move.
type bench struct {
	t        *testing.T
	open     Open
	dir      string
	realTime bool
	offset   atomic.Int64
	kv       store.KV
	stop     func()
	again    func() store.KV
}

// freshSeed is another one in every run, or SFBRIDGE_SEED; in a bubble the clock is always the same.
func freshSeed(t *testing.T) uint64 {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("SFBRIDGE_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Logf("SFBRIDGE_SEED=%d", seed)
	return seed
}

func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.offset.Load())) }

func (b *bench) move(d time.Duration) { b.offset.Add(int64(d)) }

func (b *bench) start() {
	b.stop = func() {} // where it does not start
	o := b.open(b.t, b.dir, b.now)
	b.kv, b.stop, b.again = o.KV, o.Stop, o.Again
}

func (b *bench) restart() {
	b.stop()
	b.start()
}

// crash goes on with what the folder holds at this moment, as if the process had ended without a word. Nothing may be under way.
func (b *bench) crash() {
	b.t.Helper()
	dir := b.t.TempDir()
	names, err := os.ReadDir(b.dir)
	for _, n := range names {
		var held []byte
		if held, err = os.ReadFile(filepath.Join(b.dir, n.Name())); err == nil {
			err = os.WriteFile(filepath.Join(dir, n.Name()), held, 0o600)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.stop()
	b.dir = dir
	b.start()
}

func (b *bench) ctx() context.Context { return b.t.Context() }

// apply must succeed.
func (b *bench) apply(ops ...store.Op) {
	b.t.Helper()
	if err := b.kv.Apply(b.ctx(), store.Tx{Ops: ops}); err != nil {
		b.t.Fatalf("apply: %v", err)
	}
}

func (b *bench) get(key string) store.Item {
	b.t.Helper()
	it, err := b.kv.Get(b.ctx(), key)
	if err != nil {
		b.t.Fatalf("get %s: %v", key, err)
	}
	return it
}

// holds demands that a key holds a value, "" that it is absent.
func (b *bench) holds(key, val string) {
	b.t.Helper()
	it := b.get(key)
	if string(it.Val) != val || (it.Rev == 0) != (val == "") {
		b.t.Errorf("%s holds %q at revision %d, want %q", key, it.Val, it.Rev, val)
	}
}

func set(key, val string) store.Op { return store.Op{Key: key, Val: []byte(val)} }
