package bolt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// diskPlan says what becomes of a disk. Operations are what changes it: writes, changes of size, fsyncs, and names that come, go and change.
type diskPlan struct {
	Cut    int    // the operation at which the power goes; 0 is never
	Mode   string // what is left of what was not fsynced: drop nothing, prefix the first of it in order, torn any sectors of it
	Seed   uint64
	Fsync  int // this fsync and every later one fails; 0 is none
	Room   int // bytes of all files; 0 is no bound
	Image  string
	Unroom bool // the bound is lifted, nothing else changes
}

// diskReport is how a disk fared.
type diskReport struct {
	Ops, Fsyncs int
	Dead        bool
	Error       string
}

// disk keeps files in memory, and of each what an fsync made durable and what was written since.
type disk struct {
	mu      sync.Mutex
	plan    diskPlan
	report  diskReport
	rand    *rand.Rand
	names   map[string]*diskFile
	durable map[string]*diskFile // names as of the last fsync of anything
}

type diskFile struct {
	fs.Inode
	disk    *disk
	live    []byte
	durable []byte
	pending []diskWrite
}

// diskWrite is a write, or a change of size where there are no bytes.
type diskWrite struct {
	at    int
	bytes []byte
}

func (w diskWrite) apply(b []byte) []byte {
	if w.bytes == nil {
		return resized(b, w.at)
	}
	if end := w.at + len(w.bytes); end > len(b) {
		b = resized(b, end)
	}
	copy(b[w.at:], w.bytes)
	return b
}

func resized(b []byte, size int) []byte {
	if size <= len(b) {
		return b[:size]
	}
	return append(b, make([]byte, size-len(b))...)
}

// op counts an operation and reports whether it is done.
func (d *disk) op() syscall.Errno {
	if d.report.Dead {
		return syscall.EIO
	}
	d.report.Ops++
	if d.report.Ops == d.plan.Cut {
		d.report.Dead = true
		return syscall.EIO
	}
	return 0
}

func (d *disk) used() (n int) {
	for _, f := range d.names {
		n += len(f.live)
	}
	return n
}

// write takes a write into what is pending, also the one at which the power goes.
func (f *diskFile) write(w diskWrite) syscall.Errno {
	d := f.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	grows := max(w.at+len(w.bytes)-len(f.live), 0)
	if d.plan.Room > 0 && grows > 0 && d.used()+grows > d.plan.Room {
		return syscall.ENOSPC
	}
	was := d.report.Dead
	errno := d.op()
	if !was {
		f.pending = append(f.pending, w)
	}
	if errno == 0 {
		f.live = w.apply(f.live)
	}
	return errno
}

// sync makes a file durable, and all names.
func (d *disk) sync(f *diskFile) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := d.op(); errno != 0 {
		return errno
	}
	d.report.Fsyncs++
	if d.plan.Fsync > 0 && d.report.Fsyncs >= d.plan.Fsync {
		return syscall.EIO
	}
	if f != nil {
		for _, w := range f.pending {
			f.durable = w.apply(f.durable)
		}
		f.pending = nil
	}
	d.durable = maps.Clone(d.names)
	return 0
}

// left is what a file holds when the power is back.
func (d *disk) left(f *diskFile) []byte {
	b := slices.Clone(f.durable)
	switch d.plan.Mode {
	case "prefix":
		for _, w := range f.pending[:d.rand.IntN(len(f.pending)+1)] {
			b = w.apply(b)
		}
	case "torn":
		for _, w := range f.pending {
			if w.bytes == nil {
				b = w.apply(b)
				continue
			}
			for at := 0; at < len(w.bytes); at += sector {
				if d.rand.IntN(2) == 0 {
					b = diskWrite{w.at + at, w.bytes[at:min(at+sector, len(w.bytes))]}.apply(b)
				}
			}
		}
	}
	return b
}

// image writes what is left into a folder.
func (d *disk) image(to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := d.durable
	lossy := d.report.Dead || d.plan.Fsync > 0 // a kernel may forget what an fsync could not write
	if !lossy || d.plan.Mode == "prefix" || d.plan.Mode == "torn" && d.rand.IntN(2) == 0 {
		names = d.names
	}
	for name, f := range names {
		b := f.live
		if lossy {
			b = d.left(f)
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// serveDisk mounts a disk and does what standard input says until it ends.
func serveDisk(mount string) error {
	d := &disk{}
	d.reset(diskPlan{})
	server, err := fs.Mount(mount, &diskRoot{disk: d}, &fs.Options{MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "disk", Name: "sfbridge"}})
	out := json.NewEncoder(os.Stdout)
	if err != nil {
		return out.Encode(diskReport{Error: err.Error()})
	}
	_ = out.Encode(diskReport{})
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var p diskPlan
		err := json.Unmarshal(in.Bytes(), &p)
		switch {
		case err != nil:
		case p.Image != "":
			err = d.image(p.Image)
		case p.Unroom:
			d.mu.Lock()
			d.plan.Room = 0
			d.mu.Unlock()
		default:
			d.reset(p)
		}
		d.mu.Lock()
		r := d.report
		d.mu.Unlock()
		if err != nil {
			r.Error = err.Error()
		}
		_ = out.Encode(r)
	}
	return server.Unmount()
}

func (d *disk) reset(p diskPlan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan, d.report, d.rand = p, diskReport{}, rand.New(rand.NewPCG(p.Seed, 7))
	d.names, d.durable = map[string]*diskFile{}, map[string]*diskFile{}
}

// diskRoot is the disk's only folder.
type diskRoot struct {
	fs.Inode
	disk *disk
}

var (
	_ fs.NodeCreater   = (*diskRoot)(nil)
	_ fs.NodeUnlinker  = (*diskRoot)(nil)
	_ fs.NodeRenamer   = (*diskRoot)(nil)
	_ fs.NodeLinker    = (*diskRoot)(nil)
	_ fs.NodeFsyncer   = (*diskRoot)(nil)
	_ fs.NodeOpener    = (*diskFile)(nil)
	_ fs.NodeReader    = (*diskFile)(nil)
	_ fs.NodeWriter    = (*diskFile)(nil)
	_ fs.NodeGetattrer = (*diskFile)(nil)
	_ fs.NodeSetattrer = (*diskFile)(nil)
	_ fs.NodeFsyncer   = (*diskFile)(nil)
)

// Create makes a file.
func (r *diskRoot) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	r.disk.mu.Lock()
	defer r.disk.mu.Unlock()
	if errno := r.disk.op(); errno != 0 {
		return nil, nil, 0, errno
	}
	f := &diskFile{disk: r.disk}
	r.disk.names[name] = f
	out.Mode = syscall.S_IFREG | 0o600
	return r.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG}), nil, 0, 0
}

// Unlink forgets a name.
func (r *diskRoot) Unlink(_ context.Context, name string) syscall.Errno {
	r.disk.mu.Lock()
	defer r.disk.mu.Unlock()
	errno := r.disk.op()
	if errno == 0 {
		delete(r.disk.names, name)
	}
	return errno
}

// Rename gives a file another name.
func (r *diskRoot) Rename(_ context.Context, name string, _ fs.InodeEmbedder, to string, _ uint32) syscall.Errno {
	r.disk.mu.Lock()
	defer r.disk.mu.Unlock()
	errno := r.disk.op()
	if errno == 0 {
		r.disk.names[to] = r.disk.names[name]
		delete(r.disk.names, name)
	}
	return errno
}

// Link gives a file a second name.
func (r *diskRoot) Link(_ context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	r.disk.mu.Lock()
	defer r.disk.mu.Unlock()
	f, ok := target.(*diskFile)
	if !ok {
		return nil, syscall.EPERM
	}
	errno := r.disk.op()
	if errno != 0 {
		return nil, errno
	}
	r.disk.names[name] = f
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(len(f.live))
	return f.EmbeddedInode(), 0
}

// Fsync makes names durable.
func (r *diskRoot) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return r.disk.sync(nil)
}

// Open opens a file.
func (f *diskFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, 0
}

// Read reads, also when the power is gone: the process that reads then is a thought only.
func (f *diskFile) Read(_ context.Context, _ fs.FileHandle, to []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := 0
	if at < int64(len(f.live)) {
		n = copy(to, f.live[at:])
	}
	return fuse.ReadResultData(to[:n]), 0
}

// Write writes.
func (f *diskFile) Write(_ context.Context, _ fs.FileHandle, b []byte, at int64) (uint32, syscall.Errno) {
	if errno := f.write(diskWrite{int(at), slices.Clone(b)}); errno != 0 {
		return 0, errno
	}
	return uint32(len(b)), 0
}

// Getattr tells the size.
func (f *diskFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(len(f.live))
	return 0
}

// Setattr changes the size.
func (f *diskFile) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		if errno := f.write(diskWrite{at: int(size)}); errno != 0 {
			return errno
		}
	}
	return f.Getattr(ctx, h, out)
}

// Fsync makes the file durable.
func (f *diskFile) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return f.disk.sync(f) }

// diskMain is the process of a disk.
func diskMain(mount string) int {
	if err := serveDisk(mount); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
