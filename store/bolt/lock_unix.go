//go:build unix && !aix && !solaris

package bolt

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lock keeps every other process from opening the store until release is called, as bbolt's own lock does. A store that is not there cannot be locked,
// and a process that finds it missing beside its identity does not start.
func lock(path string, how int) (release func(), err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, inUse(path)
		}
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

const (
	lockShared = syscall.LOCK_SH
	lockAlone  = syscall.LOCK_EX
)
