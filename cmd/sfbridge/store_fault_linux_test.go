package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sfbridge/bridge"
	"sfbridge/store"
)

// TestP15_ADiskThatFailsEndsTheDaemonWithinASecond takes the disk away from under a daemon at work: it ends by itself with exit code 1, and the next one
// carries on.
func TestP15_ADiskThatFailsEndsTheDaemonWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simOptions{seed: 5}, nil)
		defer b.close()
		var disk uintptr
		b.w.openStore = func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			if err == nil {
				disk = f.Fd()
			}
			return f, err
		}
		a, err := newApp(b.cfg, b.w)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		b.until("the daemon runs", time.Minute, func() bool { return a.state.Load() == "running" })
		nowhere, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = nowhere.Close() }()
		if err := syscall.Dup3(int(nowhere.Fd()), int(disk), syscall.O_CLOEXEC); err != nil { // from now on nothing can be written
			t.Fatal(err)
		}
		began := time.Now()
		if err := a.store.Append(ctx, []bridge.Entry{{Kind: bridge.OperatorEntry, At: time.Now()}}, nil); !errors.Is(err, store.ErrUnknown) {
			t.Errorf("an append without a disk: %v", err)
		}
		err = <-done
		if code := exitCode(err); code != exitBug || !errors.Is(err, store.ErrUnknown) {
			t.Errorf("the daemon ended with code %d: %v", code, err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
		b.w.openStore = nil
		b.start()
		b.stop()
	})
}

// TestP14_AFullDiskStopsIntakeAloneAndGoesOnByItself fills the disk under a daemon at work and makes room again: webhooks are refused meanwhile, the daemon
// does not end, and in the end every edit has arrived.
func TestP14_AFullDiskStopsIntakeAloneAndGoesOnByItself(t *testing.T) {
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=4m"); err != nil {
		if os.Getenv("CI") == "true" && os.Geteuid() == 0 {
			t.Fatalf("a disk must be mounted in CI: %v", err)
		}
		t.Skipf("no disk can be mounted here: %v", err)
	}
	f := newField(t)
	t.Cleanup(func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) })
	f.rewrite(f.sim.at.Store+`"`, filepath.Join(mount, "sfbridge.db")+"\"\nmin_free = \"0\"") // the disk itself says no
	f.start()
	f.until("the streams are open", func() bool { return len(f.sim.org.Subscriptions()) > 0 })
	f.work(30)
	f.until("the first edits have arrived", f.crowd.settled)
	f.crowd.meet()
	ballast := filepath.Join(mount, "ballast")
	fillDisk(t, ballast)
	f.until("the daemon meets the full disk", func() bool { // its file has pages to spare: people come until they are used up
		if err := f.crowd.join(bridge.Inbound); err != nil {
			t.Fatal(err)
		}
		log, _ := os.ReadFile(f.out.Name())
		return bytes.Contains(log, []byte("no space left"))
	})
	if code := f.get("/livez"); code != 200 {
		log, _ := os.ReadFile(f.out.Name())
		t.Fatalf("/livez is %d on a full disk:\n%s", code, log[max(0, len(log)-3000):])
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	f.until("every edit has arrived", f.crowd.settled)
	if all, lost := f.crowd.unequal(); len(all) > 0 || len(lost) > 0 {
		t.Errorf("lost %v, %d fields differ, first %q", lost, len(all), all[:min(5, len(all))])
	}
	if err := f.child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := f.child.Wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	f.child = nil
}

// fillDisk writes until nothing fits any more.
func fillDisk(t *testing.T, name string) {
	t.Helper()
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = out.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = out.Close()
}
