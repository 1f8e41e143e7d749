package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"sfbridge/store"
)

// Options change how a file is opened. The zero value is that of production.
type Options struct {
	// Now is the wall clock by which values expire; nil is time.Now.
	Now func() time.Time
	// LockTimeout is how long another process may take to let go of the file; 0 is one second.
	LockTimeout time.Duration
	// MaxSize bounds the file in bytes; 0 is no bound. The last quarter of it is kept for transactions that only delete, an eighth before it for work.
	MaxSize int
	// MinFree is how many bytes of the disk are kept for work on what waits: with fewer, Room refuses entries. 0, or no DiskFree, is no bound.
	MinFree int64
	// DiskFree tells how many bytes are free on the disk that holds a file, or that it does not know.
	DiskFree func(path string) (bytes int64, ok bool)
	// AcceptEmpty starts afresh where the identity file stands and the store is gone. The operator asks for it.
	AcceptEmpty bool
	// OpenFile opens the file of the store; nil is os.OpenFile. Tests put a failing disk here.
	OpenFile func(string, int, os.FileMode) (*os.File, error)
	// Verify judges the value of every record at Open and in Check; nil takes them all. See store.Intact.
	Verify func(key string, val []byte) error
	// Reached is told when one of the Points is reached, with the keys that a commit writes; nil is production. Tests end the process there.
	Reached func(p Point, keys []string)
}

// queueBound is how many transactions may wait for a commit: four batches of the most callers ever measured.
const queueBound = 1024

// DB is one open file. It implements store.KV.
type DB struct {
	path   string
	now    func() time.Time
	bolt   *bbolt.DB
	max    int // Options.MaxSize, or more; see stretch
	room   *room
	id     identity
	queue  chan *request
	ended  chan struct{} // closed when Run has returned
	failed chan error    // gets the first error that poisons

	closing atomic.Bool // Run takes nothing new
	poison  atomic.Pointer[error]
	counter uint64 // of the last committed op; owned by the writer after Open
	tally   tally  // of the committed records; owned by the writer after Open
	tops    tops   // owned by the writer
	records []byte // memory that the writer uses again
	ring    *ring

	water   highWater // owned by the writer after Open
	marked  uint64    // the counter that the high-water file has
	notes   []Note
	reached func(Point, []string)
	verify  func(string, []byte) error

	mu     sync.Mutex
	leases map[string]context.CancelFunc // ends the lease when the name is acquired again
	once   sync.Once
}

var (
	_ store.KV       = (*DB)(nil)
	_ store.Healther = (*DB)(nil)
	_ store.Roomer   = (*DB)(nil)
)

var (
	bucketKV   = []byte("kv")
	bucketSeq  = []byte("seq")
	bucketTTL  = []byte("ttl")
	bucketMeta = []byte("meta")

	metaID      = []byte("id")
	metaCounter = []byte("counter")
	metaTally   = []byte("tally")
)

// Open opens the store at path or creates it, and checks every page. The error carries a remedy where the operator has something to do.
func Open(path string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = time.Second
	}
	known, err := readIdentity(path)
	if err != nil {
		return nil, err
	}
	absent, err := inspect(path, known, o.AcceptEmpty)
	if err == nil && absent {
		err = create(path)
	}
	if err != nil {
		return nil, err
	}
	b, found, err := openFile(path, o)
	if err != nil {
		return nil, err
	}
	if o.MaxSize > 0 {
		b.AllocSize = min(b.AllocSize, o.MaxSize/growShare) // or the bound would be felt that much too soon
	}
	d := &DB{
		path: path, now: o.Now, bolt: b, max: o.MaxSize, room: newRoom(&o),
		queue: make(chan *request, queueBound), ended: make(chan struct{}), failed: make(chan error, 1),
		leases: map[string]context.CancelFunc{}, tally: found.tally, reached: o.Reached, verify: o.Verify,
	}
	if err := d.prepare(known, o.AcceptEmpty, found); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	d.ring = newRing(store.Cursor(d.counter))
	d.measure()
	d.stretch()
	return d, nil
}

// openFile opens and checks the bbolt file. Damaged pages make bbolt panic in many ways; all of them become one error.
func openFile(path string, o Options) (b *bbolt.DB, s *survey, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			b, err = nil, damaged(path, fmt.Errorf("%v", p))
		}
	}()
	if s, err = look(path, o.Verify); err != nil && !errors.Is(err, fs.ErrNotExist) {
		if held(path, o.LockTimeout) { // by a process that writes, which looks like damage
			return nil, s, inUse(path)
		}
		if s, err = look(path, o.Verify); err != nil { // that process may have ended since
			return nil, s, damaged(path, err)
		}
	}
	b, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: o.LockTimeout, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, MaxSize: o.MaxSize, OpenFile: o.OpenFile,
		NoStatistics: o.MaxSize == 0 && o.MinFree == 0, // its counters cost a lock a read; with a bound they tell which pages are free
	})
	switch {
	case errors.Is(err, errTimeout):
		return nil, s, inUse(path)
	case err != nil:
		return nil, s, openError(path, err)
	}
	if s.walker.free != noFreelist { // a list that was stored may lie, and pages in use be overwritten
		err = checkPages(b)
	}
	if err == nil && len(s.warnings()) > 0 {
		s, err = look(path, o.Verify) // again, now that nobody else writes
	}
	if err != nil {
		return nil, s, damaged(path, errors.Join(err, b.Close()))
	}
	return b, s, nil
}

// held reports whether another process has the file.
func held(path string, timeout time.Duration) bool {
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: timeout, ReadOnly: true}) // maps the file and follows no page
	if err == nil {
		_ = b.Close()
	}
	return errors.Is(err, errTimeout)
}

func checkPages(b *bbolt.DB) error {
	return b.View(func(tx *bbolt.Tx) error {
		var first error
		for err := range tx.Check() { // drained to its end, or its goroutine stays
			if first == nil {
				first = err
			}
		}
		return first
	})
}

// prepare reads who the store is and how far it went, and writes what lies beside it.
func (d *DB) prepare(known identity, fresh bool, s *survey) error {
	found, err := d.readMeta()
	if err != nil {
		return openError(d.path, err)
	}
	switch {
	case found == "":
		return damaged(d.path, errors.New("it holds nothing, not even the store's id"))
	case known.Store == "" || fresh && known.Store != found: // the process ended between the file and its identity, or begins afresh
		known = newIdentity(found, d.now())
	case known.Store != found:
		return foreign(d.path, known.Store, found)
	}
	d.id = known
	d.compare(s)
	d.notes = slices.Clone(d.water.Notes)
	return d.writeBeside()
}

// readMeta answers the id that a file holds, "" for a file of something else, and takes over its counter.
func (d *DB) readMeta() (id string, err error) {
	err = d.bolt.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketMeta)
		if b == nil {
			return nil
		}
		id = string(b.Get(metaID))
		for _, name := range [][]byte{bucketKV, bucketSeq, bucketTTL} {
			if tx.Bucket(name) == nil || id == "" {
				return fmt.Errorf("bucket %s or the id is missing: %w", name, store.ErrCorrupt)
			}
		}
		var err error
		d.counter, err = number(b.Get(metaCounter))
		return err
	})
	return id, err
}

// create makes a new store that is there whole or not at all, whenever the power goes. Of two processes that do so at once one is first.
func create(path string) error {
	id := uuid.NewString()
	made := path + "." + id + ".new"
	r, err := newRebuilder(made)
	if err == nil {
		err = r.finish(id, 1) // no cursor of a watch is ever 0
	}
	if st, gone := os.Lstat(path); err == nil && gone == nil && st.Size() == 0 {
		err = os.Remove(path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make store %s: %w", path, err), os.Remove(made))
	}
	switch err := os.Link(made, path); {
	case err == nil || errors.Is(err, fs.ErrExist): // the other process was first
		return errors.Join(os.Remove(made), syncDir(path))
	default: // a file system without links
		return put(made, path)
	}
}

// ID is the store's identity, given when it was created.
func (d *DB) ID() string { return d.id.Store }

// Failed gets the error that poisoned the handle, at most one. The process should exit then.
func (d *DB) Failed() <-chan error { return d.failed }

// Close closes the file. Call it after Run has returned.
func (d *DB) Close() error {
	var err error
	d.once.Do(func() {
		d.fail(store.ErrClosed)
		d.mu.Lock()
		for _, end := range d.leases {
			end()
		}
		d.mu.Unlock()
		if poison := d.usable(); poison == nil || errors.Is(poison, store.ErrClosed) {
			err = d.mark()
		}
		err = errors.Join(err, d.bolt.Close(), os.Remove(lockPath(d.path)))
	})
	return err
}

// fail poisons the handle with the first error it is given.
func (d *DB) fail(err error) {
	if d.poison.CompareAndSwap(nil, &err) && !errors.Is(err, store.ErrClosed) {
		d.failed <- err
	}
}

func (d *DB) usable() error {
	if p := d.poison.Load(); p != nil {
		return *p
	}
	return nil
}

// Watch tells writes as store.KV asks. Its memory is a ring of the last commits of this process.
func (d *DB) Watch(ctx context.Context, prefix string, from store.Cursor) iter.Seq2[store.Changed, error] {
	return func(yield func(store.Changed, error) bool) {
		d.ring.watch(ctx, prefix, from, d.ended, yield)
	}
}

// Health tells how the store does.
func (d *DB) Health(context.Context) store.Health {
	h := store.Health{Writable: true, Sync: "fdatasync of every group of commits", Queue: len(d.queue)}
	if err := d.usable(); err != nil {
		h.Writable, h.Err = false, err.Error()
		return h
	}
	if d.room.refusing() {
		h.Full = "there is no room for a step that is under way"
	}
	err := d.bolt.View(func(tx *bbolt.Tx) error {
		h.Size = tx.Size()
		if d.room.watched() {
			h.Free = max(0, h.Size-d.room.used.Load())
		}
		return nil
	})
	if err != nil {
		h.Writable, h.Err = false, err.Error()
	}
	return h
}

// LogValue is the line a daemon writes when it has opened the store.
func (d *DB) LogValue() slog.Value {
	return slog.GroupValue(slog.String("path", d.path), slog.String("store", d.id.Store), slog.Uint64("ops", d.counter))
}
