package bolt_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"sfbridge/store/bolt"
)

// diskArg makes the test binary the server of a disk at that folder: in one process with bbolt, whose reads are page faults, it would wait for itself.
const diskArg = "SFBRIDGE_TEST_DISK"

// mounted is a disk in a process of its own.
type mounted struct {
	t      *testing.T
	folder string
	in     *json.Encoder
	out    *bufio.Scanner
}

// mountDisk mounts a disk. Where that is not allowed the test is skipped; with CI=true root must be allowed to.
func mountDisk(t *testing.T) *mounted {
	t.Helper()
	m := &mounted{t: t, folder: t.TempDir()}
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), diskArg+"="+m.folder)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = server.Wait()
		_ = syscall.Unmount(m.folder, syscall.MNT_DETACH) // where the server ended early
	})
	m.in, m.out = json.NewEncoder(in), bufio.NewScanner(out)
	if r := m.answer(); r.Error != "" {
		if os.Getenv("CI") == "true" && os.Geteuid() == 0 {
			t.Fatalf("a disk must be mounted in CI: %s", r.Error)
		}
		t.Skipf("no disk can be mounted here: %s", r.Error)
	}
	return m
}

func (m *mounted) answer() (r diskReport) {
	if !m.out.Scan() {
		return diskReport{Error: "the disk's process ended"}
	}
	if err := json.Unmarshal(m.out.Bytes(), &r); err != nil {
		r.Error = err.Error()
	}
	return r
}

func (m *mounted) tell(p diskPlan) diskReport {
	m.t.Helper()
	if err := m.in.Encode(p); err != nil {
		m.t.Fatal(err)
	}
	r := m.answer()
	if r.Error != "" {
		m.t.Fatal(r.Error)
	}
	return r
}

// image is what is left of the disk, in a folder that is gone with the test's part.
func (m *mounted) image(t *testing.T) (string, diskReport) {
	t.Helper()
	to := t.TempDir()
	return to, m.tell(diskPlan{Image: to})
}

// cuts is how often the power goes; SFBRIDGE_CUTS raises it.
func cuts(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("SFBRIDGE_CUTS")); err == nil {
		return n
	}
	return usual
}

func TestP11_AfterAPowerCutTheStoreOpensAndTheLedgerHolds(t *testing.T) {
	m := mountDisk(t)
	m.tell(diskPlan{})
	if err := live(t.Context(), filepath.Join(m.folder, "whole.db"), verified(), newLedger()); err != nil {
		t.Fatal(err)
	}
	_, whole := m.image(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d operations, %d of them fsyncs", seed, whole.Ops, whole.Fsyncs)
	r := rand.New(rand.NewPCG(seed, 1))
	began, acked, n := time.Now(), 0, cuts(60)
	for i := range n {
		p := diskPlan{Cut: 1 + r.IntN(whole.Ops), Mode: []string{"drop", "prefix", "torn"}[i%3], Seed: r.Uint64()}
		t.Run(fmt.Sprintf("%s-%d-%d", p.Mode, p.Cut, i), func(t *testing.T) {
			m.tell(p)
			l, name := newLedger(), fmt.Sprintf("%d.db", i)
			_ = live(t.Context(), filepath.Join(m.folder, name), verified(), l)
			dir, _ := m.image(t)
			afterCut(t, filepath.Join(dir, name), l)
			a, _ := l.size()
			acked += a
		})
	}
	t.Logf("%d cuts in %.1f s, %d acknowledged entries were looked for", n, time.Since(began).Seconds(), acked)
	if acked < n*5 {
		t.Error("too little was acknowledged to prove anything")
	}
}

// afterCut starts on what a cut left.
func afterCut(t *testing.T, path string, l *ledger) {
	t.Helper()
	st, err := os.Stat(path)
	if acked, _ := l.size(); acked == 0 && (errors.Is(err, fs.ErrNotExist) || err == nil && st.Size() == 0) {
		return // nothing was promised yet
	}
	db, err := bolt.Open(path, verified())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range db.Notes() {
		t.Errorf("a cut is no damage: %s", n.Text)
	}
	stop := run(t, db)
	l.audit(t, db)
	stop()
	clean(t, path)
}
