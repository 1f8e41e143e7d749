package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sfbridge/store"
)

// Bounds of one commit. A batch of more transactions gains nothing measurable; one of more bytes makes the first of them wait.
const (
	batchCount = 512
	batchBytes = 16 << 20
)

// Expired keys are deleted once in sweepEvery, sweepCount at a time.
const (
	sweepEvery = time.Minute
	sweepCount = 500
)

// sequentialFill packs pages of keys that are only appended, expiryFill those of keys that mostly are; random ones keep bbolt's half.
const (
	sequentialFill = 1
	expiryFill     = 0.9
)

// request is one Apply on its way through the writer.
type request struct {
	tx    store.Tx
	size  int
	taken atomic.Bool // by the writer, or by a caller that gave up
	err   error
	done  chan struct{}
}

// Apply makes tx durable. A context that ends while tx still waits in the queue takes it back; later ones wait for the commit.
func (d *DB) Apply(ctx context.Context, tx store.Tx) error {
	if err := tx.Validate(); err != nil {
		return err
	}
	if err := d.usable(); err != nil {
		return err
	}
	if d.closing.Load() {
		return store.ErrClosed
	}
	r := &request{tx: tx, done: make(chan struct{})}
	for i := range tx.Ops {
		r.size += len(tx.Ops[i].Val)
	}
	select {
	case d.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.ended:
		return d.closed()
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
	case <-d.ended:
		if r.taken.CompareAndSwap(false, true) {
			return d.closed()
		}
	}
	<-r.done
	return r.err
}

func (d *DB) closed() error {
	if err := d.usable(); err != nil {
		return err
	}
	return store.ErrClosed
}

// Run commits what Apply queues until the context ends, then what is queued still, and returns. It returns early with the error that poisoned the handle.
func (d *DB) Run(ctx context.Context) error {
	defer close(d.ended)
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	var batch []*request
	for {
		select {
		case r := <-d.queue:
			runtime.Gosched() // once: further turns fill the commit more, but then nobody works while the disk does
			batch = d.fill(append(batch[:0], r))
			d.commit(batch)
		case <-sweep.C:
			d.sweep()
			if err := d.mark(); err != nil && !noSpace(err) {
				d.fail(err)
			}
		case <-ctx.Done():
			d.closing.Store(true) // or the drain would never end under load
			for len(d.queue) > 0 {
				d.commit(d.fill(batch[:0]))
			}
			return d.usable()
		}
		if err := d.usable(); err != nil {
			return err
		}
	}
}

func (d *DB) fill(batch []*request) []*request {
	size := 0
	for len(batch) < batchCount && size < batchBytes {
		select {
		case r := <-d.queue:
			batch = append(batch, r)
			size += r.size
		default:
			return batch
		}
	}
	return batch
}

// commit carries out a batch. Without space each transaction is tried alone, so that those that delete still go.
func (d *DB) commit(batch []*request) {
	live := batch[:0]
	for _, r := range batch {
		if r.taken.CompareAndSwap(false, true) {
			live = append(live, r)
		}
	}
	err := d.write(live)
	if errors.Is(err, store.ErrNoSpace) && len(live) > 1 {
		for _, r := range live {
			r.err = d.write([]*request{r})
			close(r.done)
		}
		return
	}
	for _, r := range live {
		if err != nil {
			r.err = err
		}
		close(r.done) // not before the commit, also where a check failed: what it met may be of this batch
	}
}

// write is one bbolt transaction. Its error is that of all requests; a request whose checks fail has its own.
func (d *DB) write(batch []*request) (err error) {
	if len(batch) == 0 {
		return nil
	}
	if err := d.usable(); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = damaged(d.path, fmt.Errorf("%v", p))
			d.fail(err)
		}
	}()
	tx, err := d.bolt.Begin(true)
	if err != nil {
		return d.commitError(err)
	}
	if err := d.bound(tx, batch); err != nil {
		return d.commitError(errors.Join(err, tx.Rollback()))
	}
	w := d.writer(tx)
	for _, r := range batch {
		r.err = w.check(r.tx.Checks)
		if r.err != nil {
			continue
		}
		if err := w.apply(r.tx.Ops); err != nil {
			return d.commitError(errors.Join(err, tx.Rollback()))
		}
	}
	if w.counter == d.counter {
		return tx.Rollback() // checks only: nothing to write
	}
	meta := tx.Bucket(bucketMeta)
	if err := errors.Join(meta.Put(metaCounter, binary.BigEndian.AppendUint64(nil, w.counter)), meta.Put(metaTally, w.tally.encode())); err != nil {
		return d.commitError(errors.Join(err, tx.Rollback()))
	}
	d.at(BeforeCommit, w.changes)
	if err := tx.Commit(); err != nil {
		return d.commitError(err)
	}
	d.at(AfterCommit, w.changes)
	d.counter, d.tally, d.tops, d.records = w.counter, w.tally, w.tops, w.records
	d.measure()
	d.ring.add(w.changes, store.Cursor(w.counter))
	return nil
}

// bound sets how far the file may grow for a batch. Pages are never changed in place, so even a delete needs free ones: what only deletes may use stays
// free, at the end of the file or, once deletes have grown it, inside.
func (d *DB) bound(tx *bbolt.Tx, batch []*request) error {
	d.bolt.MaxSize = d.max // read by the write transaction alone
	if d.max == 0 || !slices.ContainsFunc(batch, (*request).puts) {
		return nil
	}
	d.bolt.MaxSize -= int(share(int64(d.max), deleteShare))
	stats := d.bolt.Stats()
	used := tx.Size() - int64(stats.FreePageN+stats.PendingPageN)*int64(d.bolt.Info().PageSize)
	for _, r := range batch {
		used += int64(r.size)
	}
	if used > int64(d.bolt.MaxSize) {
		return berrors.ErrMaxSizeReached
	}
	return nil
}

func (r *request) puts() bool {
	return slices.ContainsFunc(r.tx.Ops, func(op store.Op) bool { return !op.Delete })
}

// commitError tells want of space, which is clean, from everything else, which poisons.
func (d *DB) commitError(err error) error {
	if noSpace(err) {
		d.room.refuse()
		return fmt.Errorf("%w: %w", store.ErrNoSpace, err)
	}
	err = fmt.Errorf("commit: %w: %w", store.ErrUnknown, err)
	d.fail(err)
	return err
}

// noSpace reports whether an error is want of space. Where the file could not grow bbolt gives only the text of the cause; nothing was written then.
func noSpace(err error) bool {
	for _, cause := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		if strings.HasSuffix(err.Error(), cause.Error()) && strings.Contains(err.Error(), "file resize error") {
			return true
		}
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, berrors.ErrMaxSizeReached)
}

// sweep deletes expired keys in one transaction a call.
func (d *DB) sweep() {
	r := &request{done: make(chan struct{})}
	err := d.bolt.View(func(tx *bbolt.Tx) error {
		now, c := d.now().UnixMilli(), tx.Bucket(bucketTTL).Cursor()
		for k, _ := c.First(); len(k) > 8 && len(r.tx.Ops) < sweepCount; k, _ = c.Next() {
			if int64(binary.BigEndian.Uint64(k)) > now {
				return nil
			}
			rec := tx.Bucket(bucketOf(string(k[8:]))).Get(k[8:])
			if h, _, err := decode(string(k[8:]), rec); err != nil || !h.expired(d.now()) {
				continue // this order is damaged, or the record
			}
			r.tx.Ops = append(r.tx.Ops, store.Op{Key: string(k[8:]), Delete: true})
		}
		return nil
	})
	if err == nil && len(r.tx.Ops) > 0 {
		d.commit([]*request{r})
	}
}
