package bolt

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"sfbridge/store"
)

// writer carries out requests inside one bbolt transaction.
type writer struct {
	tx           *bbolt.Tx
	seq, kv, ttl *bbolt.Bucket
	atSeq, atKV  *bbolt.Cursor // used again for every look: a new one is memory for each level of its tree
	now          time.Time
	counter      uint64
	tally        tally
	tops         tops
	records      []byte // of the transaction, which bbolt refers to until it is committed
	key          []byte // of the op at hand
	watched      bool   // somebody asks what changed
	changes      []store.Changed
	absent       []string    // keys that the request at hand checked and found absent, the first fewAbsent of them
	present      store.Check // the last key that was checked and found, and nothing has written since: the fence is that of all requests
}

// fewAbsent is how many keys are worth looking through to save a look into the file.
const fewAbsent = 8

// recordsBound is how much memory for records is kept for the next transaction.
const recordsBound = 1 << 20

func (d *DB) writer(tx *bbolt.Tx) *writer {
	w := &writer{
		tx: tx, seq: tx.Bucket(bucketSeq), kv: tx.Bucket(bucketKV), ttl: tx.Bucket(bucketTTL), now: d.now(), counter: d.counter, tally: d.tally,
		tops: d.tops, watched: d.reached != nil || d.ring.asked(),
	}
	if cap(d.records) <= recordsBound {
		w.records = d.records[:0]
	}
	w.seq.FillPercent, w.ttl.FillPercent = sequentialFill, expiryFill
	w.atSeq, w.atKV = w.seq.Cursor(), w.kv.Cursor()
	return w
}

func (w *writer) bucket(key string) *bbolt.Bucket {
	if store.Sequential(key) {
		return w.seq
	}
	return w.kv
}

// find leaves a cursor at a key and answers its record, nil where it is not there.
func (w *writer) find(key string) (*bbolt.Cursor, []byte) {
	c := w.atKV
	if store.Sequential(key) {
		c = w.atSeq
	}
	w.key = append(w.key[:0], key...)
	k, rec := c.Seek(w.key)
	if !bytes.Equal(k, w.key) {
		return c, nil
	}
	return c, rec
}

// rev is the revision at which a key stands, and notes those that are not there. A damaged head counts as revision 0 and may be overwritten.
func (w *writer) rev(key string) store.Rev {
	if key == w.present.Key {
		return w.present.Rev
	}
	_, rec := w.find(key)
	if rec == nil {
		if len(w.absent) < fewAbsent {
			w.absent = append(w.absent, key)
		}
		return 0
	}
	h, _, err := decode(key, rec)
	if err != nil || h.expired(w.now) {
		return 0
	}
	w.present = store.Check{Key: key, Rev: store.Rev(h.rev)}
	return w.present.Rev
}

func (w *writer) check(checks []store.Check) error {
	w.absent = w.absent[:0]
	for _, c := range checks {
		if w.rev(c.Key) != c.Rev {
			return fmt.Errorf("%s is not at the revision expected: %w", c.Key, store.ErrConflict)
		}
	}
	return nil
}

func (w *writer) apply(ops []store.Op) error {
	for i := range ops {
		op := &ops[i]
		if op.Key == w.present.Key {
			w.present = store.Check{}
		}
		w.counter++
		if err := w.one(op); err != nil {
			return err
		}
		if w.watched {
			w.changes = append(w.changes, store.Changed{
				Key: op.Key, Val: bytes.Clone(op.Val), Rev: store.Rev(w.counter), Deleted: op.Delete, Cursor: store.Cursor(w.counter),
			})
		}
	}
	return nil
}

// one carries out an op.
func (w *writer) one(op *store.Op) error {
	if !w.tops.raise(w.seq, op.Key) && !slices.Contains(w.absent, op.Key) {
		if err := w.replace(op); err != nil {
			return err
		}
	}
	if op.Delete {
		return nil
	}
	h := head{rev: w.counter}
	if op.TTL > 0 {
		h.expires = w.now.Add(op.TTL).UnixMilli() + 1 // late by a part of a millisecond, never early
		w.key = appendTTLKey(w.key[:0], h.expires, op.Key)
		if err := w.ttl.Put(w.key, nil); err != nil { // bbolt keeps a copy of the key
			return err
		}
	}
	from := len(w.records)
	w.records = h.append(w.records, op.Key, op.Val)
	rec := w.records[from:len(w.records):len(w.records)]
	w.tally.add(rec)
	w.key = append(w.key[:0], op.Key...)
	return w.bucket(op.Key).Put(w.key, rec)
}

// replace ends what stands under the key of an op; the record itself only where the op deletes it. What is damaged was never counted.
func (w *writer) replace(op *store.Op) error {
	c, rec := w.find(op.Key)
	if rec == nil {
		return nil
	}
	if old, _, err := decode(op.Key, rec); err == nil {
		w.tally.drop(rec)
		if old.expires != 0 {
			w.key = appendTTLKey(w.key[:0], old.expires, op.Key)
			if err := w.ttl.Delete(w.key); err != nil {
				return err
			}
		}
	}
	if op.Delete {
		return c.Delete()
	}
	return nil
}
