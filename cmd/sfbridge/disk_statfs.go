//go:build linux || darwin || freebsd

package main

import "syscall"

// disk tells how many bytes the file system that holds path has, and how many of them are free for us.
func disk(path string) (free, size int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, 0, false
	}
	block := int64(s.Bsize) //nolint:unconvert // its type differs between systems
	return int64(s.Bavail) * block, int64(s.Blocks) * block, true
}
