//go:build !(linux || darwin || freebsd)

package main

// disk knows nothing here.
func disk(string) (free, size int64, ok bool) { return 0, 0, false }
