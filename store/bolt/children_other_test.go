//go:build !linux

package bolt_test

func children() bool { return false }
