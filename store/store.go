package store

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"sfbridge/bridge"
)

// Options bound a store. The zero value is that of production.
type Options struct {
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
	// Holder names this process to others that want the journal.
	Holder string
	// LaneCount and LaneBytes bound what waits in one lane; 0 is 10,000 deliveries and 16 MiB.
	LaneCount int
	LaneBytes int
	// MaxBytes bounds all entries that wait; 0 is 1 GiB.
	MaxBytes int64
}

// Store is the journal and all that is kept beside it, over one engine.
type Store struct {
	kv    KV
	o     Options
	seed  maphash.Seed
	fence Check
	salt  string

	entries sequence
	stories sequence
	trace   trace

	mu      sync.Mutex // never held while the engine works
	opened  bool
	loading bool              // Open has not given the lanes their turn yet
	lanes   map[laneKey]*lane // those that are awake
	naps    naps              // of lanes that sleep
	outlets map[bridge.Outlet]*outlet
	classes classes
	several map[uint64]*several // entries that were folded and have more than one delivery
	fresh   map[uint64]uint32   // entries that are not folded, and their size
	recent  recent              // values of entries
	cursor  uint64              // the last folded entry
	stored  uint64              // the cursor on disk, see foldLag
	legacy  uint64              // the last entry that an earlier process left
	barren  uint64              // up to here the entries behind the cursor are known to be none
	bytes   int64               // of all entries
	defers  deferred
	timer   *time.Timer
	dead    map[bridge.ProjectID]int
	owed    map[bridge.Outlet]int // deliveries that were carried in shadow
	later   map[bridge.Outlet]int // deliveries that wait for the time of their transfer
	damaged []string
	told    chan struct{} // closed and replaced when stories were written

	folding bool          // somebody folds
	caught  chan struct{} // closed when the folder has caught up; nil while nobody waits for it

	toFold chan struct{} // holds one while there may be something to fold
	closed chan struct{}
	once   sync.Once
}

// several counts the deliveries of an entry that are not settled.
type several struct {
	left, total int
	size        uint32
	deleting    bool // by the settling that was the last to plan
}

var (
	_ bridge.Journal = (*Store)(nil)
	_ bridge.Ledger  = (*Store)(nil)
	_ bridge.Mirror  = (*Store)(nil)
	_ bridge.Folding = (*Store)(nil)
	_ bridge.Lease   = (*Store)(nil)

	_ bridge.Leftovers = (*Store)(nil)
	_ bridge.Timetable = (*Store)(nil)
)

// ErrFenced is returned once another process has taken the journal over.
var ErrFenced = errors.New("another process owns the journal")

// ErrNotOut is returned for work that was not handed out, or was given back before.
var ErrNotOut = errors.New("the work is not out")

// New makes a store over an engine. Open must be called before anything else.
func New(kv KV, o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LaneCount == 0 {
		o.LaneCount = 10_000
	}
	if o.LaneBytes == 0 {
		o.LaneBytes = 16 << 20
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	return &Store{
		kv: kv, o: o, seed: maphash.MakeSeed(),
		lanes: map[laneKey]*lane{}, outlets: map[bridge.Outlet]*outlet{}, classes: classes{},
		several: map[uint64]*several{}, fresh: map[uint64]uint32{}, dead: map[bridge.ProjectID]int{}, owed: map[bridge.Outlet]int{}, later: map[bridge.Outlet]int{},
		told: make(chan struct{}), toFold: make(chan struct{}, 1), closed: make(chan struct{}), trace: trace{turn: make(chan struct{}, 1)},
	}
}

// Close ends every wait with ErrClosed. It does not close the engine.
func (s *Store) Close() {
	s.once.Do(func() { close(s.closed) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *Store) usable(ctx context.Context) error {
	select {
	case <-s.closed:
		return ErrClosed
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.opened {
		return fmt.Errorf("store is not open: %w", ErrUnavailable)
	}
	return ctx.Err()
}

// leaseTTL is how long an engine of several nodes waits for a sign of life before it gives a lease away.
const leaseTTL = 10 * time.Second

// conflictBound is how often a transaction is built anew before its caller is told; conflicts may be spurious, endless ones are a bug.
const conflictBound = 100

// spaceEvery is how often a step that found no space is tried again.
const spaceEvery = time.Second

// commit is commitNow for what must not fail for want of space: what intake refuses comes again, but work in hand has nowhere to go. It waits until there
// is room.
func (s *Store) commit(ctx context.Context, build func(p *plan) error) error {
	for {
		err := s.commitNow(ctx, build)
		if !errors.Is(err, ErrNoSpace) {
			return err
		}
		again := time.NewTimer(spaceEvery)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return errors.Join(err, ctx.Err())
		case <-s.closed:
			again.Stop()
			return errors.Join(err, ErrClosed)
		}
	}
}

// commitNow applies what build plans, under the fence. It is built anew after a conflict, since what it read has changed.
func (s *Store) commitNow(ctx context.Context, build func(p *plan) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	for range conflictBound {
		p := newPlan(ctx, s)
		if err := build(p); err != nil {
			return err
		}
		p.tx.Checks = append(p.tx.Checks, s.fence)
		err := s.kv.Apply(ctx, p.tx)
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if err := s.fenced(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d conflicts in a row: %w", conflictBound, ErrUnavailable)
}

// fenced reports whether the journal was taken over.
func (s *Store) fenced(ctx context.Context) error {
	it, err := s.kv.Get(ctx, s.fence.Key)
	if err != nil {
		return err
	}
	if it.Rev != s.fence.Rev {
		return ErrFenced
	}
	return nil
}

// Hold is granted by the engine. The context ends when the lease is lost or the parent ends.
func (s *Store) Hold(ctx context.Context, name string) (context.Context, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	g, err := s.kv.Acquire(ctx, "hold/"+namePart(name), s.o.Holder, leaseTTL)
	if err != nil {
		return nil, fmt.Errorf("hold %s: %w", name, err)
	}
	held, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(g.Held, func() { cancel(ErrFenced) })
	context.AfterFunc(held, func() {
		stop()
		cancel(nil)
	})
	return held, nil
}

// note remembers a record that cannot be read. It stays where it is; the daemon goes on without it.
func (s *Store) note(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noteLocked(key)
}

// damagedBound is how many damaged records are named.
const damagedBound = 100

func (s *Store) noteLocked(key string) {
	for _, k := range s.damaged {
		if k == key {
			return
		}
	}
	if len(s.damaged) < damagedBound {
		s.damaged = append(s.damaged, key)
	}
}

// Health is that of the engine and the records that the store found damaged.
func (s *Store) Health(ctx context.Context) Health {
	h := Health{Writable: true}
	if e, ok := s.kv.(Healther); ok {
		h = e.Health(ctx)
	}
	if err := s.room(&batch{}); err != nil {
		h.Full = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h.Damaged = append(h.Damaged, s.damaged...)
	return h
}
