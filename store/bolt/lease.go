package bolt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sfbridge/store"
)

// epochPrefix begins the keys whose revision is the fence of a lease.
const epochPrefix = "epoch/"

// Acquire always succeeds: the lock on the file is the lease. It writes the epoch anew, so that whoever held the name before cannot commit any more.
func (d *DB) Acquire(ctx context.Context, name, holder string, _ time.Duration) (store.Grant, error) {
	key := epochPrefix + name
	val, err := json.Marshal(map[string]string{"holder": holder, "at": d.now().UTC().Format(time.RFC3339)})
	if err != nil {
		return store.Grant{}, fmt.Errorf("encode epoch: %w", err)
	}
	d.mu.Lock()
	held, end := context.WithCancel(context.WithoutCancel(ctx))
	before := d.leases[name]
	d.leases[name] = end
	d.mu.Unlock()
	if before != nil {
		before()
	}
	for {
		old, err := d.Get(ctx, key)
		if err != nil {
			return store.Grant{}, err
		}
		err = d.Apply(ctx, store.Tx{Checks: []store.Check{{Key: key, Rev: old.Rev}}, Ops: []store.Op{{Key: key, Val: val}}})
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return store.Grant{}, fmt.Errorf("acquire %s: %w", name, err)
		}
		now, err := d.Get(ctx, key)
		if err != nil {
			return store.Grant{}, err
		}
		return store.Grant{Fence: store.Check{Key: key, Rev: now.Rev}, Held: held}, nil
	}
}
