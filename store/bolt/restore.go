package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"sfbridge/bridge"
)

// Restored tells of a store that was put back.
type Restored struct {
	Copied
	Aside string // where the file that stood there before is, "" for none
	Was   uint64 // the last operation that was known of the store; Counter is less where the backup is older
}

// Restore puts a backup in the place of a store that no process has open. The file that stood there is kept beside it, whatever state it is in; the
// high-water file stays, so that the next start tells what is missing. A backup that does not hold, or of another store, is refused.
func Restore(ctx context.Context, path, from string, o Options) (Restored, error) {
	release, err := lock(path, lockAlone)
	if err != nil {
		return Restored{}, err
	}
	defer release()
	known, err := o.accept(path, from)
	if err != nil {
		return Restored{}, err
	}
	s, err := o.write(path+".restore", func(w io.Writer) error {
		f, err := os.Open(from)
		if err != nil {
			return err
		}
		_, err = io.Copy(interrupted{ctx, w}, f)
		return errors.Join(err, f.Close())
	})
	if err != nil {
		return Restored{}, errors.Join(fmt.Errorf("copy %s: %w", from, err), os.Remove(path+".restore.new"))
	}
	r := Restored{}
	if h, err := readHighWater(path); err == nil && h.Store == s.id {
		r.Was = h.Counter
	}
	o.reach(BeforeRestore)
	if r.Aside, err = aside(path, o.time()); err != nil {
		return r, fmt.Errorf("keep the store that is there: %w", err)
	}
	if err := put(path+".restore.new", path); err != nil {
		return r, fmt.Errorf("restore %s: %w", path, err)
	}
	o.reach(AfterRestore)
	if known.Store != s.id {
		if err := writeIdentity(path, newIdentity(s.id, o.time())); err != nil {
			return r, err
		}
	}
	r.Copied, err = s.copied(path)
	return r, err
}

// accept reports why a backup must not stand in the place of a store, and answers the store's identity.
func (o *Options) accept(path, from string) (identity, error) {
	if a, err := os.Stat(path); err == nil {
		if b, err := os.Stat(from); err == nil && os.SameFile(a, b) {
			return identity{}, bridge.Hint(fmt.Errorf("%s is the store itself", from), "name the backup")
		}
	}
	s, err := look(from, o.Verify)
	if err == nil && s.id == "" {
		err = errNoStore
	}
	if err != nil {
		return identity{}, bridge.Hint(fmt.Errorf("backup %s: %w", from, err), "take another backup; the store is as it was")
	}
	if all := s.warnings(); len(all) > 0 {
		return identity{}, bridge.Hint(fmt.Errorf("%w: backup %s: %s", ErrDamaged, from, all[0]),
			"take another backup, or keep what can be read of this one: sfbridge store salvage --from %s FILE, then restore FILE; the store is as it was", from)
	}
	known, err := readIdentity(path)
	if err != nil {
		known = identity{} // the backup says who it is
	}
	if known.Store != "" && known.Store != s.id {
		return known, bridge.Hint(fmt.Errorf("backup %s is of store %s, %s is store %s", from, s.id, path, known.Store),
			"take a backup of this store; or move the store and the files beside it away, to begin with the other one")
	}
	return known, nil
}

// aside gives the file of a store a second name, so that there is no moment without a store. It answers "" where there is none.
func aside(path string, now time.Time) (string, error) {
	name := path + ".before-" + now.UTC().Format("20060102-150405")
	for n := 1; ; n++ {
		to := name
		if n > 1 {
			to = fmt.Sprintf("%s-%d", name, n)
		}
		err := os.Link(path, to)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			return "", nil
		case err != nil: // a file system without links
			return to, os.Rename(path, to)
		}
		return to, nil
	}
}

func (o *Options) time() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}
