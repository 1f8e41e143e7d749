//go:build !linux

package main

import "os"

// ownDisk is a file that somebody else uses.
type ownDisk struct{ f *os.File }

func diskOf(f *os.File) ownDisk { return ownDisk{f} }

// takeAway makes every write fail from now on. The file must be open.
func (d ownDisk) takeAway() error { return d.f.Close() }
