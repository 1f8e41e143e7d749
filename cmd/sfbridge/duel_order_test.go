package main

import (
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
)

// order knows in which order users wrote values at each place, and what of that came last at the other side.
type order struct {
	lists  map[hold][]bridge.Value
	latest map[[2]hold]int
	ended  map[string]bool // people who were deleted once: who is linked anew brings what he had before
	wrong  []string
}

// end leaves a person out from now on.
func (o *order) end(tag string) {
	if o.ended == nil {
		o.ended = map[string]bool{}
	}
	o.ended[tag] = true
}

// made notes a value that a user wrote.
func (o *order) made(at hold, v bridge.Value) {
	if o.lists == nil {
		o.lists, o.latest = map[hold][]bridge.Value{}, map[[2]hold]int{}
	}
	o.lists[at] = append(o.lists[at], v)
}

// came notes a value that the bridge carried from one place to another. A value that users wrote at several places tells nothing.
func (o *order) came(from, to hold, v bridge.Value) {
	if o.ended[from.tag] {
		return
	}
	for at, all := range o.lists {
		if at.tag == from.tag && at.field == from.field && at != from && has(at.field, all, v) {
			return
		}
	}
	way := [2]hold{from, to}
	for n := max(o.latest[way], 1); n <= len(o.lists[from]); n++ { // of what was written several times, the first that may have come
		if alike(from.field, o.lists[from][n-1], v) {
			o.latest[way] = n
			return
		}
	}
	if has(from.field, o.lists[from], v) {
		o.wrong = append(o.wrong, fmt.Sprintf("%s of %s: %q came to %q at %s, after a value that was written later", to.field, to.tag, v.Text, to.project, stamp(time.Now())))
	}
}

// twice reports whether users wrote a value on another platform too: the stream's word of one write is taken for the other's.
func (o *order) twice(from hold, v bridge.Value) bool {
	for at, all := range o.lists {
		if at.tag == from.tag && at.field == from.field && at.project != "" && at.project != from.project && has(at.field, all, v) {
			return true
		}
	}
	return false
}

// has reports whether a list has a value like v.
func has(f bridge.Field, all []bridge.Value, v bridge.Value) bool {
	return slices.ContainsFunc(all, func(w bridge.Value) bool { return alike(f, w, v) })
}
