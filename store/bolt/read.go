package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sfbridge/store"
)

func bucketOf(key string) []byte {
	if store.Sequential(key) {
		return bucketSeq
	}
	return bucketKV
}

// view runs fn in a read transaction. A page that breaks under it poisons the handle instead of ending the process in a trace.
func (d *DB) view(ctx context.Context, fn func(tx *bbolt.Tx) error) (err error) {
	if err := errors.Join(ctx.Err(), d.usable()); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = damaged(d.path, fmt.Errorf("%v", p))
			d.fail(err)
		}
	}()
	err = d.bolt.View(fn)
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return store.ErrClosed
	}
	return err
}

// Get answers what a key holds.
func (d *DB) Get(ctx context.Context, key string) (store.Item, error) {
	it := store.Item{Key: key}
	if err := store.ValidKey(key); err != nil {
		return it, err
	}
	err := d.view(ctx, func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketOf(key)).Get([]byte(key))
		if b == nil {
			return nil
		}
		h, val, err := decode(key, b)
		if err != nil || h.expired(d.now()) {
			return err
		}
		it.Rev, it.Val = store.Rev(h.rev), bytes.Clone(val)
		return nil
	})
	return it, err
}

// Scan answers items in key order, from both buckets where the prefix spans them.
func (d *DB) Scan(ctx context.Context, prefix, after string, limit int) ([]store.Item, error) {
	var items []store.Item
	err := d.view(ctx, func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bucketKV, bucketSeq} {
			if len(prefix) > 1 && !bytes.Equal(name, bucketOf(prefix)) {
				continue
			}
			items = append(items, d.scanBucket(tx.Bucket(name).Cursor(), prefix, after, limit)...)
		}
		return nil
	})
	slices.SortFunc(items, func(a, b store.Item) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	return items[:min(limit, len(items))], err
}

func (d *DB) scanBucket(c *bbolt.Cursor, prefix, after string, limit int) []store.Item {
	now, p, from := d.now(), []byte(prefix), []byte(max(prefix, after))
	var items []store.Item
	for k, b := c.Seek(from); k != nil && bytes.HasPrefix(k, p) && len(items) < limit; k, b = c.Next() {
		key := string(k)
		if key <= after {
			continue
		}
		h, val, err := decode(key, b)
		if err == nil && h.expired(now) {
			continue
		}
		items = append(items, store.Item{Key: key, Val: bytes.Clone(val), Rev: store.Rev(h.rev), Err: err})
	}
	return items
}
