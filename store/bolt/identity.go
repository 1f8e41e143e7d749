package bolt

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	berrors "go.etcd.io/bbolt/errors"

	"sfbridge/bridge"
	"sfbridge/store"
)

// format is the version of the file's layout. A store of a newer one is refused.
const format = 1

var errTimeout = berrors.ErrTimeout

// identity lies beside the file: bbolt takes an emptied file for a new one, and this tells the difference.
type identity struct {
	Store   string    `json:"store"`
	Format  int       `json:"format"`
	Created time.Time `json:"created"`
}

func newIdentity(store string, now time.Time) identity {
	return identity{store, format, now.UTC().Truncate(time.Second)}
}

func identityPath(path string) string { return path + ".identity" }

func lockPath(path string) string { return path + ".lock" }

// readIdentity answers the zero identity where there is none.
func readIdentity(path string) (identity, error) {
	var id identity
	b, err := os.ReadFile(identityPath(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return id, nil
	case err != nil:
		return id, fmt.Errorf("read the store's identity: %w", err)
	}
	if err := json.Unmarshal(b, &id); err != nil || id.Store == "" {
		return id, bridge.Hint(fmt.Errorf("store identity %s cannot be read: %w", identityPath(path), store.ErrCorrupt),
			"restore %s from a backup, or remove that file if the store beside it is the right one", identityPath(path))
	}
	if id.Format > format {
		return id, bridge.Hint(fmt.Errorf("store %s has format %d, this sfbridge reads up to %d", path, id.Format, format),
			"run the newer sfbridge, or restore the backup that was made before the upgrade")
	}
	return id, nil
}

// inspect looks at the file before bbolt does, and reports whether there is none.
func inspect(path string, known identity, fresh bool) (gone bool, err error) {
	st, err := os.Lstat(path)
	gone = errors.Is(err, fs.ErrNotExist)
	switch {
	case gone:
	case err != nil:
		return false, fmt.Errorf("open store: %w", err)
	case !st.Mode().IsRegular():
		return false, bridge.Hint(fmt.Errorf("store %s is not a regular file", path), "name the file itself, not a link to it")
	case st.Mode().Perm()&0o077 != 0:
		return false, bridge.Hint(fmt.Errorf("store %s can be read by others (mode %04o)", path, st.Mode().Perm()), "chmod 600 %s", path)
	case st.Size() == 0:
		gone = true
	}
	if gone && known.Store != "" && !fresh {
		return false, bridge.Hint(fmt.Errorf("store %s is missing or empty, but was created %s: %w", path, known.Created.Format(time.DateOnly), store.ErrCorrupt),
			"sfbridge store restore BACKUP; to lose what it held and start afresh: sfbridge run --accept-empty-store")
	}
	return gone, nil
}

// writeBeside makes the identity and the pid of this process durable.
func (d *DB) writeBeside() error {
	if old, err := readIdentity(d.path); err != nil || old != d.id {
		if err := writeIdentity(d.path, d.id); err != nil {
			return err
		}
	}
	if err := os.WriteFile(lockPath(d.path), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the store's lock file: %w", err)
	}
	return nil
}

func writeIdentity(path string, id identity) error {
	b, err := json.Marshal(id)
	if err != nil {
		return fmt.Errorf("encode the store's identity: %w", err)
	}
	if err := writeDurably(identityPath(path), append(b, '\n')); err != nil {
		return fmt.Errorf("write the store's identity: %w", err)
	}
	return nil
}

// writeDurably replaces a file in one step that survives a power cut.
func writeDurably(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return put(path+".new", path)
}

// inUse names the process that holds the lock.
func inUse(path string) error {
	pid := "unknown pid"
	if b, err := os.ReadFile(lockPath(path)); err == nil {
		pid = "pid " + strings.TrimSpace(string(b))
	}
	return bridge.Hint(fmt.Errorf("store %s is in use by another sfbridge (%s)", path, pid),
		"stop that process, or give this one a store of its own")
}

// ErrDamaged is wrapped by errors about a file whose pages do not hold together.
var ErrDamaged = fmt.Errorf("store is damaged: %w", store.ErrCorrupt)

func damaged(path string, cause error) error {
	return bridge.Hint(fmt.Errorf("%w: %s: %w", ErrDamaged, path, cause),
		"the file was not touched; go back to a backup: sfbridge store restore BACKUP; or keep what can be read: sfbridge store salvage FILE")
}

func foreign(path, want, got string) error {
	return bridge.Hint(fmt.Errorf("store %s has id %s, its identity file says %s", path, got, want),
		"the two files do not belong together; restore both from one backup")
}

// openError sorts what bbolt says while opening.
func openError(path string, err error) error {
	for _, known := range []error{berrors.ErrInvalid, berrors.ErrVersionMismatch, berrors.ErrChecksum, store.ErrCorrupt} {
		if errors.Is(err, known) {
			return damaged(path, err)
		}
	}
	return fmt.Errorf("open store %s: %w", path, err)
}

// number reads a big-endian uint64; absent is 0.
func number(b []byte) (uint64, error) {
	switch len(b) {
	case 0:
		return 0, nil
	case 8:
		return binary.BigEndian.Uint64(b), nil
	default:
		return 0, fmt.Errorf("a number of %d bytes: %w", len(b), store.ErrCorrupt)
	}
}
