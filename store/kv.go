package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"sfbridge/bridge"
)

// Rev is the revision of one key: it grows with every write of the key and 0 means absent. Revisions are opaque; those of different keys are never
// compared and a gap says nothing.
type Rev uint64

// Check demands that a key stands at a revision; Rev 0 demands that it is absent.
type Check struct {
	Key string
	Rev Rev
}

// Op writes or deletes one key. A TTL of 0 keeps the value until it is deleted; others are at least MinTTL. Deleting an absent key is no error.
type Op struct {
	Key    string
	Val    []byte
	TTL    time.Duration
	Delete bool
}

// Tx is a set of checks and writes that happens whole or not at all. A key is written at most once in it.
type Tx struct {
	Checks []Check
	Ops    []Op
}

// Item is what a key holds. An absent key has Rev 0. In the answer of a Scan, Err is set where the engine itself found the record damaged.
type Item struct {
	Key string
	Val []byte
	Rev Rev
	Err error
}

// Cursor is a place in the commit order of one store; 0 is "from now on".
type Cursor uint64

// Changed is one committed write, as Watch tells it. The first one after the zero cursor has no key and tells where the watch begins.
type Changed struct {
	Key     string
	Val     []byte
	Rev     Rev
	Deleted bool
	Cursor  Cursor
}

// Grant is a lease that was acquired. Every Apply made under it carries Fence, so that a holder that was replaced commits nothing; Held ends
// when the holder should stop.
type Grant struct {
	Fence Check
	Held  context.Context
}

// KV is the seam to an engine: a small transactional map. Keys are of [a-z0-9/_-] and at most MaxKey bytes. Values are copied in and out.
type KV interface {
	// Apply makes tx durable, all or nothing, and returns then. ErrConflict means "read again and retry": it may be spurious. ErrUnknown means
	// that nobody can tell whether tx happened.
	Apply(ctx context.Context, tx Tx) error
	// Get answers what the key holds now; an absent or expired key answers Rev 0 and no error.
	Get(ctx context.Context, key string) (Item, error)
	// Scan answers at most limit items with the prefix and behind after, in key order, at least as fresh as this handle's last Apply. It is no snapshot.
	Scan(ctx context.Context, prefix, after string, limit int) ([]Item, error)
	// Watch tells writes with the prefix behind the cursor in commit order, without a gap, until the context ends. Start at 0, take the cursor of the
	// first answer, scan, and nothing is missed. ErrCompacted means that the cursor is too old: scan again.
	Watch(ctx context.Context, prefix string, from Cursor) iter.Seq2[Changed, error]
	// Acquire takes the lease of a name and blocks until it is free.
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (Grant, error)
}

// Limits of every engine. Layers keep them; an engine answers ErrTooLarge beyond them.
const (
	MaxKey   = 200
	MaxOps   = 256     // checks and ops together
	MaxValue = 2 << 20 // a webhook's body of 1 MiB and what belongs to it
	MaxBytes = 8 << 20 // all values of one Tx
	MinTTL   = time.Second
)

// Errors of an engine. They are wrapped with the facts; use errors.Is.
var (
	ErrConflict    = errors.New("conflict")
	ErrUnknown     = errors.New("unknown outcome")
	ErrNoSpace     = errors.New("no space left for the store")
	ErrUnavailable = errors.New("store unavailable")
	ErrTooLarge    = errors.New("too large for the store")
	ErrCorrupt     = errors.New("damaged record")
	ErrCompacted   = errors.New("cursor is too old")
	ErrClosed      = bridge.ErrClosed
)

// Health is what an engine says of itself.
type Health struct {
	Writable bool
	Full     string   // why no entries are taken in though it is writable, "" otherwise
	Sync     string   // how a commit becomes durable, in the engine's words
	Err      string   // why it is not writable, "" otherwise
	Size     int64    // bytes on disk
	Free     int64    // bytes of Size that hold nothing
	Queue    int      // transactions that wait for a commit
	Damaged  []string // keys that could not be read, at most 100
}

// Healther is an engine that can tell its health.
type Healther interface {
	Health(ctx context.Context) Health
}

// Roomer is an engine that knows of want of space before it is met.
type Roomer interface {
	// Room reports with ErrNoSpace that entries should not be taken in, so that there is room for the work on those that wait. Bytes are those of
	// what waits and of what comes.
	Room(bytes int64) error
}

// Sequential reports whether keys of the kind are only ever appended in order, so that an engine may pack them tightly. The answer is part of the
// format: changing it is a migration.
func Sequential(key string) bool {
	return len(key) > 1 && key[1] == '/' && (key[0] == 'e' || key[0] == 's')
}

// Validate reports whether an engine must refuse tx, whatever it holds: an odd key, a key written twice, a limit that is passed.
func (tx *Tx) Validate() error {
	if len(tx.Checks)+len(tx.Ops) > MaxOps {
		return tooLarge("%d checks and ops, %d at most", len(tx.Checks)+len(tx.Ops), MaxOps)
	}
	for _, c := range tx.Checks {
		if err := ValidKey(c.Key); err != nil {
			return err
		}
	}
	total, rising := 0, true
	for i := range tx.Ops {
		op := &tx.Ops[i]
		if err := op.validate(); err != nil {
			return err
		}
		rising = rising && (i == 0 || op.Key > tx.Ops[i-1].Key)
		total += len(op.Val)
	}
	if !rising { // or no two are the same
		if key := tx.twice(); key != "" {
			return malformed("key %q twice in one transaction", key)
		}
	}
	if total > MaxBytes {
		return tooLarge("values of %d bytes, %d at most", total, MaxBytes)
	}
	return nil
}

// twice answers a key that two ops write, "" for none.
func (tx *Tx) twice() string {
	if len(tx.Ops) <= few {
		for i := range tx.Ops {
			for j := range i {
				if tx.Ops[i].Key == tx.Ops[j].Key {
					return tx.Ops[i].Key
				}
			}
		}
		return ""
	}
	seen := make(map[string]bool, len(tx.Ops))
	for i := range tx.Ops {
		if seen[tx.Ops[i].Key] {
			return tx.Ops[i].Key
		}
		seen[tx.Ops[i].Key] = true
	}
	return ""
}

func (op *Op) validate() error {
	if err := ValidKey(op.Key); err != nil {
		return err
	}
	if len(op.Val) > MaxValue {
		return tooLarge("value of %s has %d bytes, %d at most", op.Key, len(op.Val), MaxValue)
	}
	if op.TTL != 0 && op.TTL < MinTTL {
		return malformed("key %q lives %s, at least %s", op.Key, op.TTL, MinTTL)
	}
	return nil
}
