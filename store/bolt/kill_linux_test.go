package bolt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sfbridge/store"
	"sfbridge/store/bolt"
)

// killArg makes the test binary a daemon's store that ends itself with SIGKILL.
const killArg = "SFBRIDGE_TEST_KILL"

// killSpec says what the process does, and where it ends.
type killSpec struct {
	Do, Path, File string
	Point          bolt.Point
	Prefix         string // the point counts when such a key is written; "" always
	Hit            int
}

// options end the process at the point.
func (k *killSpec) options() bolt.Options {
	o := verified()
	o.Reached = func(p bolt.Point, keys []string) {
		if p != k.Point || k.Prefix != "" && !slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, k.Prefix) }) {
			return
		}
		if k.Hit--; k.Hit == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	return o
}

// killMain is the process; what it is told goes to standard output, unbuffered, before anything is done with it.
func killMain(spec string) int {
	var k killSpec
	if err := json.Unmarshal([]byte(spec), &k); err != nil {
		return 2
	}
	ctx, l := context.Background(), newLedger()
	l.told = func(what, id string) { fmt.Println(what, id) }
	var err error
	switch k.Do {
	case "drive":
		err = live(ctx, k.Path, k.options(), l)
	case "backup":
		_, err = bolt.Backup(ctx, k.Path, k.File, k.options())
	case "restore":
		_, err = bolt.Restore(ctx, k.Path, k.File, k.options())
	case "compact":
		_, err = bolt.Compact(ctx, k.Path, k.options())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// killed runs the process to its end and answers what it was told. It fails the test where the process was not killed.
func killed(t *testing.T, k killSpec) *ledger {
	t.Helper()
	spec, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), killArg+"="+string(spec))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	l := newLedger()
	for in := bufio.NewScanner(out); in.Scan(); {
		what, id, _ := strings.Cut(in.Text(), " ")
		switch what {
		case "acked":
			l.acked[id] = true
		case "tried":
			l.tried[id] = true
		case "settled":
			l.settled[id] = true
		case "position":
			n, _ := strconv.Atoi(id)
			l.position = max(l.position, n)
		}
	}
	var exit *exec.ExitError
	if err := child.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process ended with %v, not at its point", err)
	}
	return l
}

// TestP10_AProcessMayEndAtAnyBoundary kills at every point of the journal's steps: before and after the commit of a position with its entries, of a callback,
// and of what was carried.
func TestP10_AProcessMayEndAtAnyBoundary(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	acked, again, crashes := 0, 0, 0
	for _, c := range []struct {
		name   string
		point  bolt.Point
		prefix string
		most   int
	}{
		{"C3 position in a transaction", bolt.BeforeCommit, "p/", 6}, {"C4 position committed", bolt.AfterCommit, "p/", 6},
		{"W2 callback in a transaction", bolt.BeforeCommit, "w/", 12}, {"W3 callback committed", bolt.AfterCommit, "w/", 12},
		{"E5 settling in a transaction", bolt.BeforeCommit, "s/", 10}, {"E6 settling committed", bolt.AfterCommit, "s/", 10},
	} {
		for _, hit := range []int{1, 2, 3 + r.IntN(c.most-2)} {
			t.Run(fmt.Sprintf("%s, hit %d", c.name, hit), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "store.db")
				l := killed(t, killSpec{Do: "drive", Path: path, Point: c.point, Prefix: c.prefix, Hit: hit})
				db, err := bolt.Open(path, verified())
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range db.Notes() {
					t.Errorf("a kill is no damage: %s", n.Text)
				}
				stop := run(t, db)
				n := l.audit(t, db)
				stop()
				clean(t, path)
				if n > carriers {
					t.Errorf("%d deliveries are carried again, %d were out", n, carriers)
				}
				a, _ := l.size()
				acked, again, crashes = acked+a, again+n, crashes+1
			})
		}
	}
	t.Logf("%d crashes: %d acknowledged entries, %d deliveries carried again", crashes, acked, again)
	if acked < 50 {
		t.Error("too little was acknowledged to prove anything")
	}
}

// TestP10_CopiesAreInPlaceWholeOrNotAtAll kills where compact, backup and restore put a file in place. Each of them can be done again.
func TestP10_CopiesAreInPlaceWholeOrNotAtAll(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    string
		point bolt.Point
		waits int // entries of the store after the kill
		there bool
	}{
		{"K1 before compact", "compact", bolt.BeforeCompact, 8, false},
		{"K1 after compact", "compact", bolt.AfterCompact, 8, false},
		{"K2 before backup", "backup", bolt.BeforeBackup, 8, false},
		{"K2 after backup", "backup", bolt.AfterBackup, 8, true},
		{"K3 before restore", "restore", bolt.BeforeRestore, 8, false},
		{"K3 after restore", "restore", bolt.AfterRestore, 5, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := journal(t, 5)
			backup, to := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "to")
			if _, err := bolt.Backup(t.Context(), path, backup, verified()); err != nil {
				t.Fatal(err)
			}
			work(t, path, func(s *store.Store, _ *bolt.DB) { appendWaiting(t, s, "later", 3) })
			file := to
			if c.do == "restore" {
				file = backup
			}
			killed(t, killSpec{Do: c.do, Path: path, File: file, Point: c.point, Hit: 1})
			if n := waiting(t, path); n != c.waits {
				t.Errorf("%d entries wait, want %d", n, c.waits)
			}
			if _, err := os.Stat(to); (err == nil) != c.there {
				t.Errorf("the backup is there: %v", err == nil)
			}
			if c.there {
				clean(t, to)
				return
			}
			if err := again(t, c.do, path, file); err != nil {
				t.Errorf("once more: %v", err)
			}
		})
	}
}

func again(t *testing.T, do, path, file string) error {
	switch do {
	case "compact":
		return second(bolt.Compact(t.Context(), path, verified()))
	case "backup":
		return second(bolt.Backup(t.Context(), path, file, verified()))
	default:
		return second(bolt.Restore(t.Context(), path, file, verified()))
	}
}

// TestP10_EveryBoundaryHasAPoint counts commits and renames in the code, so that a new one does not come without a kill.
func TestP10_EveryBoundaryHasAPoint(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"tx.Commit()", "os.Rename(", "os.Link(", " put(", "bolt.Update("} {
			if n := strings.Count(string(b), call); n > 0 {
				got[file+" "+call] = n
			}
		}
	}
	want := map[string]int{
		"write.go tx.Commit()":   1, // killed before and after
		"backup.go  put(":        2, // its own line, and one that is killed before and after
		"backup.go os.Rename(":   1, // within put
		"restore.go  put(":       1, // killed before and after
		"restore.go os.Link(":    1, // a second name only, within that
		"restore.go os.Rename(":  1, // where there are no links
		"rebuild.go  put(":       2, // killed before and after; a salvaged file, which is new
		"rebuild.go tx.Commit()": 3, // of a file that is not in place yet
		"identity.go  put(":      1, // of small files that are durable first
		"db.go  put(":            1, // of a new store, which nothing was promised for
		"db.go os.Link(":         1, // the same
	}
	for place, n := range got {
		if want[place] != n {
			t.Errorf("%s: %d times, %d have a Point or a reason here", place, n, want[place])
		}
	}
	for place, n := range want {
		if got[place] != n {
			t.Errorf("%s: %d times, not %d", place, got[place], n)
		}
	}
}
