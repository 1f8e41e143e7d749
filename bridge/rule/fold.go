package rule

import (
	"maps"
	"slices"

	"sfbridge/bridge"
)

// Fold applies a change to what was known of one of its records. A change that is strictly older than the row leaves it as it is.
func Fold(r bridge.Row, c *bridge.Change) bridge.Row {
	switch {
	case c.Version.Before(r.Version):
		return r
	case c.Version.Same(r.Version) && !c.Gap():
		return again(r, c)
	case c.Version.Beside(r.Version) && !r.Deleted && !c.Gap() && c.Type != bridge.Delete:
		return forget(again(r, c), c.Reread)
	case r.Since != nil && c.Type == bridge.Update:
		return settled(FoldHalf(r, c))
	}
	r.Version, r.Since = c.Version, nil
	switch c.Type {
	case bridge.Delete, bridge.GapDelete:
		r.Deleted, r.Values, r.Forgotten = true, nil, nil
	case bridge.Create, bridge.Undelete:
		r.Deleted, r.Values, r.Forgotten = false, maps.Clone(c.Values), nil
	case bridge.Update:
		r.Deleted, r.Values = false, maps.Clone(r.Values)
		if r.Values == nil {
			r.Values = bridge.Fields{}
		}
		for _, f := range c.Changed {
			if v, ok := c.Values[f]; ok && v.Known() {
				r.Values[f] = v
			}
		}
		r = renamed(forget(r, c.Reread), c.Changed)
	default: // something happened and nobody says what: all is unknown until it is read
		r.Deleted, r.Values, r.Forgotten = false, nil, []bridge.Field{bridge.AllFields}
	}
	return r
}

// settled is a row of one object whose values are as new as the row again, once its events are past what was read of it.
func settled(r bridge.Row) bridge.Row {
	for _, v := range r.Since {
		if v.Commit == 0 && !v.Second().Before(r.Version.Second()) {
			return r
		}
	}
	r.Since = nil
	return r
}

// renamed makes unknown what is read of parents that are others since a change of these fields. The row's values are the caller's own.
func renamed(r bridge.Row, changed []bridge.Field) bridge.Row {
	var read []bridge.Field
	for f := range r.Values {
		if ref := reference(f); ref != "" && slices.Contains(changed, ref) {
			read = append(read, f)
		}
	}
	if read == nil {
		return r
	}
	return forget(r, read)
}

// again applies a change that is as new as the row: the stream brings it once more, or it is another part of one, or the row was read in the same second.
// Where the row says otherwise, it was read since, or this is yet to be told; nobody can say which, so such a field is read by whoever needs it. The row
// stays as new as it was: what else comes of that second is no surer.
func again(r bridge.Row, c *bridge.Change) bridge.Row {
	if r.Deleted || c.Type == bridge.Delete {
		r.Deleted, r.Values = true, nil
		return r
	}
	told := c.Changed
	if c.Type != bridge.Update {
		told = c.Values.Names()
	}
	if r.Values = maps.Clone(r.Values); r.Values == nil {
		r.Values = bridge.Fields{}
	}
	for _, f := range told {
		have, v := r.Values[f], c.Values[f]
		switch {
		case !v.Known() || r.Forgot(f):
		case !have.Known():
			r.Values[f] = v
		case !have.Equal(v):
			r = forget(r, []bridge.Field{f})
		}
	}
	return r
}

// forget makes fields unknown whose value is another by now, and what was read through them. The row's values are the caller's own.
func forget(r bridge.Row, fs []bridge.Field) bridge.Row {
	for _, f := range fs {
		delete(r.Values, f)
		if !slices.Contains(r.Forgotten, f) {
			r.Forgotten = append(slices.Clone(r.Forgotten), f)
		}
	}
	return renamed(r, fs)
}

// Merge applies a row read over REST to what was known. Its values fill what is unknown, and replace what is known unless an event was newer. Where the
// row is the newer one, what it does not tell is unknown from then on: an event that told it would pass for older than the row.
func Merge(known, read bridge.Row) bridge.Row { return merged(known, read, false) }

// See is Merge of a row that was read after the other was known: what it says otherwise within one second is newer.
func See(known, read bridge.Row) bridge.Row { return merged(known, read, true) }

func merged(known, read bridge.Row, after bool) bridge.Row {
	out := known
	out.Values = maps.Clone(known.Values)
	if out.Values == nil {
		out.Values = bridge.Fields{}
	}
	out.Since = maps.Clone(known.Since)
	older, beside := read.Version.Before(known.Version), known.Version.Beside(read.Version)
	if beside && out.Since == nil { // what the events of that second are still to tell is older than what is filled here, or newer
		out.Since = map[bridge.Field]bridge.Version{}
		for f := range known.Values {
			out.Since[f] = known.Version
		}
	}
	if known.Version.Before(read.Version) {
		maps.DeleteFunc(out.Values, func(f bridge.Field, _ bridge.Value) bool { _, told := read.Values[f]; return !told })
	}
	for f, v := range read.Values {
		of, dated := out.Since[f]
		newer := !older || dated && beside && of.Commit == 0 && !read.Version.Before(of)
		if have := out.Values[f]; !have.Known() || newer || after && beside && !have.Equal(v) && !read.Version.Second().Before(of.Second()) {
			out.Values[f] = v
			if out.Since != nil {
				out.Since[f] = read.Version
			}
		}
	}
	out.Forgotten = slices.DeleteFunc(slices.Clone(known.Forgotten), func(f bridge.Field) bool { return !older || out.Values[f].Known() })
	if len(out.Forgotten) == 0 {
		out.Forgotten = nil
	}
	if !older {
		out.Version, out.Deleted = read.Version, read.Deleted
	}
	return out
}
