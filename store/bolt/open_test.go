package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
	"sfbridge/store/bolt"
)

// filled makes a store with n keys and answers its path.
func filled(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, db)
	defer stop()
	for i := range n {
		op := store.Op{Key: fmt.Sprintf("x/%06d", i), Val: bytes.Repeat([]byte{byte(i)}, 400)}
		if err := db.Apply(t.Context(), store.Tx{Ops: []store.Op{op}}); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestOpen_RefusesInASentence(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(path string) error
		says  string
	}{
		"readable by others": {func(p string) error { return os.Chmod(p, 0o644) }, "chmod 600"},
		"a link":             {func(p string) error { return errors.Join(os.Rename(p, p+"2"), os.Symlink(p+"2", p)) }, "not a regular file"},
		"gone":               {os.Remove, "missing or empty"},
		"emptied":            {func(p string) error { return os.Truncate(p, 0) }, "missing or empty"},
		"half a file":        {func(p string) error { return os.Truncate(p, 20<<10) }, "damaged"},
		"three bytes":        {func(p string) error { return os.Truncate(p, 3) }, "damaged"},
		"something else":     {func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte("x"), 64<<10), 0o600) }, "damaged"},
		"unreadable identity": {
			func(p string) error { return os.WriteFile(p+".identity", []byte("{"), 0o600) }, "identity",
		},
		"identity of another": {
			func(p string) error { return os.WriteFile(p+".identity", []byte(`{"store":"x","format":1}`), 0o600) }, "do not belong together",
		},
		"a newer format": {
			func(p string) error { return os.WriteFile(p+".identity", []byte(`{"store":"x","format":9}`), 0o600) }, "format 9, this sfbridge reads up to 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t, 20)
			if err := c.spoil(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			_, err := bolt.Open(path, bolt.Options{})
			var hint *bridge.HintError
			if !errors.As(err, &hint) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("open: %v; want a remedy and %q", err, c.says)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was touched")
			}
		})
	}
}

func TestOpen_StartsAfreshOnlyWhenAsked(t *testing.T) {
	path := filled(t, 1)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, bolt.Options{AcceptEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	id := db.ID()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path + ".identity"); err != nil { // as if the process had ended before it was written
		t.Fatal(err)
	}
	for range 2 {
		db, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if db.ID() != id {
			t.Error("the store has another id than before")
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen_NamesTheProcessThatHasTheStore(t *testing.T) {
	path := filled(t, 1)
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = bolt.Open(path, bolt.Options{LockTimeout: 10 * time.Millisecond})
	if want := fmt.Sprintf("is in use by another sfbridge (pid %d)", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the second open: %v, want %q", err, want)
	}
}

// TestOpen_NeverPanicsOnDamage damages pages and bits at random: the file is refused as damaged, or what is read is what was written or is named damaged.
func TestOpen_NeverPanicsOnDamage(t *testing.T) {
	whole, err := os.ReadFile(filled(t, 300))
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	refused := 0
	for i := range 60 {
		b := bytes.Clone(whole)
		if page := r.IntN(len(b)/4096) * 4096; i%2 == 0 {
			clear(b[page : page+4096])
		} else {
			b[page+r.IntN(64)] ^= 1 << r.IntN(8)
		}
		path := filepath.Join(t.TempDir(), "store.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(path, bolt.Options{LockTimeout: time.Millisecond})
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("damage %d: %v", i, err)
			}
			refused++
			continue
		}
		readAll(t, db)
		_ = db.Close()
	}
	if refused < 10 {
		t.Errorf("only %d of 60 damaged files were refused", refused)
	}
}

func readAll(t *testing.T, db *bolt.DB) {
	t.Helper()
	items, err := db.Scan(t.Context(), "x/", "", 1000)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("scan: %v", err)
	}
	for _, it := range items {
		if it.Err == nil && it.Rev == 0 {
			t.Errorf("%s is there at revision 0", it.Key)
		}
	}
}

func TestApply_WithoutSpaceDeletesStillGo(t *testing.T) {
	db, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{MaxSize: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer run(t, db)()
	put := func(i int) error {
		return db.Apply(t.Context(), store.Tx{Ops: []store.Op{{Key: fmt.Sprintf("x/%06d", i), Val: make([]byte, 20_000)}}})
	}
	n := 0
	for err == nil && n < 1000 {
		err = put(n)
		n++
	}
	if !errors.Is(err, store.ErrNoSpace) {
		t.Fatalf("%d puts: %v", n, err)
	}
	var wg sync.WaitGroup
	for i := n / 2; i < n/2+20; i++ { // in one batch with puts that cannot go
		wg.Go(func() { _ = put(n + i) })
		wg.Go(func() {
			if err := db.Apply(t.Context(), store.Tx{Ops: []store.Op{{Key: fmt.Sprintf("x/%06d", i), Delete: true}}}); err != nil {
				t.Errorf("delete %d beside a put without space: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i := range n / 2 {
		if err := db.Apply(t.Context(), store.Tx{Ops: []store.Op{{Key: fmt.Sprintf("x/%06d", i), Delete: true}}}); err != nil {
			t.Fatalf("delete %d without space: %v", i, err)
		}
	}
	for i := range n / 4 {
		if err := put(i); err != nil {
			t.Fatalf("put %d after deletes: %v", i, err)
		}
	}
	if h := db.Health(t.Context()); !h.Writable {
		t.Errorf("health %+v", h)
	}
}

func TestApply_WithoutSpaceDeletesGoAgainAndAgain(t *testing.T) {
	db, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{MaxSize: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer run(t, db)()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 20 {
		for err = nil; err == nil; {
			err = db.Apply(t.Context(), store.Tx{Ops: []store.Op{{Key: fmt.Sprintf("x/%06d", random.IntN(1e6)), Val: make([]byte, random.IntN(20_000))}}})
		}
		if !errors.Is(err, store.ErrNoSpace) {
			t.Fatal(err)
		}
		all, err := db.Scan(t.Context(), "x/", "", 10_000)
		if err != nil {
			t.Fatal(err)
		}
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, item := range all[:len(all)/4] {
			if err := db.Apply(t.Context(), store.Tx{Ops: []store.Op{{Key: item.Key, Delete: true}}}); err != nil {
				t.Fatalf("round %d, delete of %s: %v", round, item.Key, err)
			}
		}
	}
}

func TestApply_AfterACommitThatFailsNothingGoes(t *testing.T) {
	var file *os.File
	db, err := bolt.Open(filepath.Join(t.TempDir(), "store.db"), bolt.Options{OpenFile: func(p string, flag int, m os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(p, flag, m)
		file = f
		return f, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- db.Run(t.Context()) }()
	apply := func() error { return db.Apply(t.Context(), store.Tx{Ops: []store.Op{{Key: "x/1"}}}) }
	if err := apply(); err != nil {
		t.Fatal(err)
	}
	_ = file.Close() // a disk that is gone
	if err := apply(); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the commit that fails: %v", err)
	}
	if err := <-done; !errors.Is(err, store.ErrUnknown) {
		t.Errorf("run: %v", err)
	}
	if err := <-db.Failed(); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("failed: %v", err)
	}
	if _, err := db.Get(t.Context(), "x/1"); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("get: %v", err)
	}
	if err := apply(); !errors.Is(err, store.ErrUnknown) || db.Health(t.Context()).Writable {
		t.Errorf("apply: %v", err)
	}
	_ = db.Close()
}

func TestRun_SweepsWhatExpired(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	now := time.Now()
	db, err := bolt.Open(path, bolt.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, db)
	if err := db.Apply(t.Context(), store.Tx{Ops: []store.Op{{Key: "x/1", TTL: time.Second}}}); err != nil {
		t.Fatal(err)
	}
	stop()
	now = now.Add(time.Hour)
	if db, err = bolt.Open(path, bolt.Options{Now: func() time.Time { return now }}); err != nil {
		t.Fatal(err)
	}
	db.Sweep()
	now = now.Add(-time.Hour) // so that only the sweep can have ended it
	if it, err := db.Get(t.Context(), "x/1"); err != nil || it.Rev != 0 {
		t.Errorf("%+v, %v", it, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
