package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"sfbridge/bridge"
)

// rebuildBytes is how much of a rebuilt file is written in one transaction.
const rebuildBytes = 16 << 20

// rebuilder writes records, as they stand in one file, into a new one.
type rebuilder struct {
	bolt    *bbolt.DB
	tx      *bbolt.Tx
	tally   tally
	pending int
	err     error // the first; everything after it does nothing
}

func newRebuilder(path string) (*rebuilder, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	r := &rebuilder{bolt: b}
	r.begin()
	for _, name := range [][]byte{bucketKV, bucketSeq, bucketTTL, bucketMeta} {
		if r.err == nil {
			_, r.err = r.tx.CreateBucket(name)
		}
	}
	return r, r.err
}

func (r *rebuilder) begin() {
	if r.err == nil {
		r.tx, r.err = r.bolt.Begin(true)
	}
}

// record takes one record, revision and expiry included. One that was taken already stays if it is the newer.
func (r *rebuilder) record(bucket, key string, rec []byte) {
	if r.err != nil {
		return
	}
	h, _, err := decode(key, rec)
	if err != nil {
		r.err = err
		return
	}
	to, ttl := r.tx.Bucket([]byte(bucket)), r.tx.Bucket(bucketTTL)
	if old := to.Get([]byte(key)); old != nil {
		was, _, err := decode(key, old)
		if err != nil || was.rev >= h.rev {
			return
		}
		r.tally.drop(old)
		r.err = ttl.Delete(ttlKey(was.expires, key))
	}
	to.FillPercent, ttl.FillPercent = sequentialFill, 0.5
	rec = bytes.Clone(rec) // the walk takes its page back before the transaction ends
	if r.err = errors.Join(r.err, to.Put([]byte(key), rec)); r.err == nil && h.expires != 0 {
		r.err = ttl.Put(ttlKey(h.expires, key), nil)
	}
	r.tally.add(rec)
	if r.pending += len(key) + len(rec); r.pending > rebuildBytes && r.err == nil {
		r.pending, r.err = 0, r.tx.Commit()
		r.begin()
	}
}

// finish writes who the store is and how far it went, and closes the file.
func (r *rebuilder) finish(id string, counter uint64) error {
	if r.err == nil {
		meta := r.tx.Bucket(bucketMeta)
		r.err = errors.Join(meta.Put(metaID, []byte(id)), meta.Put(metaCounter, binary.BigEndian.AppendUint64(nil, counter)),
			meta.Put(metaTally, r.tally.encode()))
	}
	if r.err == nil {
		r.err = r.tx.Commit()
	} else if r.tx != nil {
		_ = r.tx.Rollback()
	}
	if r.begin(); r.err == nil {
		r.err = r.tx.Commit() // so that either meta page leads to all of it
	}
	return errors.Join(r.err, r.bolt.Close())
}

// rebuild surveys path and writes its records to a new file.
func (s *survey) rebuild(ctx context.Context, path, to string) error {
	r, err := newRebuilder(to)
	if err != nil {
		return err
	}
	s.every = func(bucket, key string, rec []byte) {
		if r.err == nil {
			r.err = ctx.Err()
		}
		r.record(bucket, key, rec)
	}
	_, err = s.file(path)
	if err == nil && s.id == "" {
		known, _ := readIdentity(path) // the best that is known
		s.id = known.Store
	}
	if err == nil && s.id == "" {
		err = errors.New("neither it nor the identity file beside it says which store it is")
	}
	if err == nil && s.counter < s.highest {
		s.counter = s.highest
	}
	return errors.Join(err, r.finish(s.id, s.counter))
}

// Compacted tells of a file that was written anew.
type Compacted struct {
	Copied
	Before int64 // bytes
}

// Compact writes a store that no process has open anew, without what is free in it or was deleted, and puts the new file in place of the old one.
// A store of which anything does not hold is refused.
func Compact(ctx context.Context, path string, o Options) (Compacted, error) {
	release, err := lock(path, lockAlone)
	if err != nil {
		return Compacted{}, err
	}
	defer release()
	was, err := sound(path, o)
	if err != nil {
		return Compacted{}, err
	}
	if all := was.problems(); len(all) > 0 {
		return Compacted{}, bridge.Hint(fmt.Errorf("%w: %s: %s", ErrDamaged, path, all[0].Text),
			"the file was not touched; see all of it: sfbridge store check")
	}
	before, err := os.Stat(path)
	if err != nil {
		return Compacted{}, err
	}
	compact := path + ".compact.new"
	err = (&survey{verify: o.Verify}).rebuild(ctx, path, compact)
	var now *survey
	if err == nil {
		now, err = look(compact, o.Verify)
	}
	if err == nil && (now.tally != was.tally || now.counter != was.counter || now.id != was.id || len(now.problems()) > 0) {
		err = errors.New("the new file does not hold what the old one did")
	}
	if err != nil {
		return Compacted{}, errors.Join(fmt.Errorf("compact %s: %w", path, err), os.Remove(compact))
	}
	o.reach(BeforeCompact)
	if err := put(compact, path); err != nil {
		return Compacted{}, fmt.Errorf("compact %s: %w", path, err)
	}
	o.reach(AfterCompact)
	c := Compacted{Before: before.Size()}
	c.Copied, err = now.copied(path)
	return c, err
}

// Salvaged tells what could be read of a damaged store.
type Salvaged struct {
	Copied
	Stated uint64 // records at the last commit; 0 where that cannot be read
	Lost   []Problem
}

// Salvage writes every record that can be read of a store to a new file, which Restore takes, and lists what cannot be. The store is only read.
func Salvage(ctx context.Context, path, to string, o Options) (Salvaged, error) {
	release, err := lock(path, lockShared)
	if err != nil {
		return Salvaged{}, err
	}
	defer release()
	if err := vacant(to); err != nil {
		return Salvaged{}, err
	}
	s := (&survey{verify: o.Verify}).tolerate()
	if err := s.rebuild(ctx, path, to+".new"); err != nil {
		return Salvaged{}, errors.Join(bridge.Hint(fmt.Errorf("salvage %s: %w", path, err), "go back to a backup: sfbridge store restore BACKUP"),
			os.Remove(to+".new"))
	}
	got, err := look(to+".new", o.Verify)
	if err != nil {
		return Salvaged{}, fmt.Errorf("salvage %s: what was written does not hold: %w", path, err)
	}
	if err := put(to+".new", to); err != nil {
		return Salvaged{}, fmt.Errorf("salvage %s: %w", path, err)
	}
	s.lost = slices.DeleteFunc(s.lost, func(l Lost) bool { return l.Bucket == string(bucketTTL) }) // it is made anew from the records
	r := Salvaged{Lost: s.problems()}
	if s.stated != nil {
		r.Stated = s.stated.count
	}
	r.Copied, err = got.copied(to)
	return r, err
}
