package main

import (
	"os"
	"syscall"
)

// ownDisk is the descriptor of a file that somebody else uses.
type ownDisk int

func diskOf(f *os.File) ownDisk { return ownDisk(f.Fd()) }

// takeAway makes every write fail from now on, without the owner's doing. The file must be open.
func (d ownDisk) takeAway() error {
	nowhere, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = nowhere.Close() }()
	return syscall.Dup3(int(nowhere.Fd()), int(d), syscall.O_CLOEXEC)
}
