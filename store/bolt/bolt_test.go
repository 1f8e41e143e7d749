package bolt_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sfbridge/store/bolt"
	"sfbridge/store/storetest"
)

func TestMain(m *testing.M) {
	if children() {
		return
	}
	goleak.VerifyTestMain(m)
}

// open is the engine as the suites want it.
func open(t testing.TB, dir string, now func() time.Time) storetest.Opened {
	t.Helper()
	return opened(t, dir, bolt.Options{Now: now})
}

// small is an engine with room for a few MiB.
func small(t testing.TB, dir string, now func() time.Time) storetest.Opened {
	t.Helper()
	return opened(t, dir, bolt.Options{Now: now, MaxSize: 4 << 20})
}

func opened(t testing.TB, dir string, o bolt.Options) storetest.Opened {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, "store.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	return storetest.Opened{KV: db, Stop: run(t, db)}
}

// run runs the writer and answers what stops it and closes the file.
func run(t testing.TB, db *bolt.DB) func() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestEngine(t *testing.T) { storetest.Suite{Open: open, Small: small}.Run(t) }

func TestLayers(t *testing.T) { storetest.Suite{Open: open, Small: small}.RunLayers(t) }

// TestLayers_StandTheFaultsThatAnEngineMayHave runs the layers' cases over an engine that is as bad as the contract lets it be.
func TestLayers_StandTheFaultsThatAnEngineMayHave(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	storetest.Suite{Open: storetest.Faulty(open, seed)}.RunLayers(t)
}
