package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"sfbridge/bridge"
	"sfbridge/store"
)

// Copied tells of a file that was written.
type Copied struct {
	Path    string
	Store   string // the id of the store it is a copy of
	Counter uint64 // the last operation in it
	Records uint64
	Bytes   int64
}

// Backup writes a consistent copy of the store while it goes on. It returns how many bytes were written; size is told before the first of them.
// A read transaction is open until it returns, so the file grows where w is slow.
func (d *DB) Backup(ctx context.Context, w io.Writer, size func(int64)) (n int64, err error) {
	err = d.view(ctx, func(tx *bbolt.Tx) error {
		size(tx.Size())
		var err error
		n, err = tx.WriteTo(interrupted{ctx, w})
		return err
	})
	if err != nil {
		return n, fmt.Errorf("back up: %w", err)
	}
	return n, nil
}

// interrupted is a writer that ends with a context.
type interrupted struct {
	ctx context.Context
	w   io.Writer
}

func (i interrupted) Write(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.w.Write(b)
}

// Backup writes a copy of a store that no process has open to a new file.
func Backup(ctx context.Context, path, to string, o Options) (Copied, error) {
	release, err := lock(path, lockShared)
	if err != nil {
		return Copied{}, err
	}
	defer release()
	if _, err := sound(path, o); err != nil {
		return Copied{}, err
	}
	return o.Receive(to, func(w io.Writer) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(interrupted{ctx, w}, f) // nobody writes: it is locked
		return errors.Join(err, f.Close())
	})
}

// Receive writes a backup to a new file: beside it first, durably, then looked at page by page and record by record, then in place.
func (o Options) Receive(to string, from func(io.Writer) error) (Copied, error) {
	if err := vacant(to); err != nil {
		return Copied{}, err
	}
	s, err := o.write(to, from)
	if err != nil {
		return Copied{}, errors.Join(fmt.Errorf("write %s: %w", to, err), os.Remove(to+".new"))
	}
	o.reach(BeforeBackup)
	if err := put(to+".new", to); err != nil {
		return Copied{}, fmt.Errorf("write %s: %w", to, err)
	}
	o.reach(AfterBackup)
	return s.copied(to)
}

// write fills to.new and looks at it.
func (o *Options) write(to string, from func(io.Writer) error) (*survey, error) {
	f, err := os.OpenFile(to+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	err = from(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	s, err := look(to+".new", o.Verify)
	if err == nil && s.id == "" {
		err = errNoStore
	}
	if err != nil {
		return nil, fmt.Errorf("what was written does not hold: %w", err)
	}
	return s, nil
}

// errNoStore is returned for files that are no store of ours.
var errNoStore = fmt.Errorf("it is no store of sfbridge: %w", store.ErrCorrupt)

// vacant reports what stands in the way of a new file.
func vacant(path string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err = os.Lstat(identityPath(path)); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return bridge.Hint(fmt.Errorf("%s belongs to a store", path), "name another file")
	}
	if err != nil {
		return err
	}
	return bridge.Hint(fmt.Errorf("%s exists", path), "name another file, or remove that one")
}

// sound surveys a store that must open: its pages hold and it is one of ours.
func sound(path string, o Options) (*survey, error) {
	s, err := look(path, o.Verify)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, bridge.Hint(fmt.Errorf("there is no store: %w", err), "name the configuration of the store with -c FILE")
	case err != nil:
		return nil, damaged(path, err)
	case s.id == "":
		return nil, damaged(path, errNoStore)
	}
	return s, nil
}

func (s *survey) copied(path string) (Copied, error) {
	st, err := os.Stat(path)
	if err != nil {
		return Copied{}, err
	}
	return Copied{Path: path, Store: s.id, Counter: s.counter, Records: s.count, Bytes: st.Size()}, nil
}

// put moves a file in place and makes that durable.
func put(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(to)
}

// syncDir makes the names beside a file durable.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
