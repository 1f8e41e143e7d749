package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// FaultError is one thing that is wrong in a configuration file.
type FaultError struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // from 1
	Column int    `json:"column"`
	Path   string `json:"path,omitempty"` // the key, as TOML names it; "" for the file as a whole
	Cause  string `json:"cause"`
	Remedy string `json:"remedy,omitempty"`
}

// Error is the place and the cause on one line and the remedy on the next.
func (f *FaultError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Column)
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Cause)
	if f.Remedy != "" {
		b.WriteString("\n  remedy: " + f.Remedy)
	}
	return b.String()
}

// remedied is an error with what to do about it.
type remedied struct {
	error
	remedy string
}

func (r *remedied) Unwrap() error { return r.error }

// faults collects what is wrong; a path is blamed once, for the first thing found.
type faults struct {
	file   string
	places places
	all    []*FaultError
	blamed map[string]bool
	unread map[string]bool // what stands there could not be read, so nothing of it can be judged
}

func newFaults(file string, p places) *faults {
	return &faults{file: file, places: p, blamed: map[string]bool{}, unread: map[string]bool{}}
}

// add blames the value at path, unless it is blamed already, or is part of what could not be read.
func (fs *faults) add(path, remedy, format string, args ...any) {
	for around := path; around != ""; around = around[:max(0, strings.LastIndexAny(around, ".["))] {
		if fs.unread[around] {
			return
		}
	}
	if fs.blamed[path] {
		return
	}
	fs.blamed[path] = true
	at := fs.places.find(path)
	fs.all = append(fs.all, &FaultError{fs.file, at.line, at.column, path, fmt.Sprintf(format, args...), remedy})
}

// addError blames the value at path for err, whose remedy stands apart where it has one.
func (fs *faults) addError(path string, err error) {
	if err == nil {
		return
	}
	remedy, cause := "", err
	if r, ok := errors.AsType[*remedied](err); ok {
		remedy, cause = r.remedy, r.error
	} else if h, ok := errors.AsType[*bridge.HintError](err); ok {
		remedy, cause = h.Hint, h.Err
	}
	first, _, _ := strings.Cut(cause.Error(), "\n") // what follows draws the place, which the file's line names better
	fs.add(path, remedy, "%s", first)
}

// err joins all faults in the order of the file, or is nil.
func (fs *faults) err() error {
	slices.SortStableFunc(fs.all, func(a, b *FaultError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
	errs := make([]error, len(fs.all))
	for i, f := range fs.all {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// faultsOf takes the faults out of what loadConfig returned, however it was wrapped since.
func faultsOf(err error) []*FaultError {
	switch e := err.(type) { //nolint:errorlint // walks the tree of errors itself
	case *FaultError:
		return []*FaultError{e}
	case interface{ Unwrap() []error }:
		var all []*FaultError
		for _, one := range e.Unwrap() {
			all = append(all, faultsOf(one)...)
		}
		return all
	case interface{ Unwrap() error }:
		return faultsOf(e.Unwrap())
	default:
		return nil
	}
}
