package main

import "errors"

// The exit codes. A supervisor restarts after exitBug and leaves the others to a person.
const (
	exitStopped     = 0
	exitBug         = 1
	exitConfig      = 2
	exitEnvironment = 3 // the store is damaged or in use, or an address is taken
)

// exitError carries the code with which the process ends.
type exitError struct {
	code int
	error
}

func (e *exitError) Unwrap() error { return e.error }

// exitCode is the code for what a command returned; an error without a code is a bug of ours.
func exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitStopped
	case errors.As(err, &e):
		return e.code
	default:
		return exitBug
	}
}
