package rule

import (
	"maps"

	"sfbridge/bridge"
)

// Correct applies a row that was read to find what no event told of. Where the row is strictly newer, it replaces what was known. Where something as new
// or newer was told of the record, nobody can say which of two values that differ is the later one, since events carry only what they changed: such a
// field is unknown from then on, and whoever needs it reads it. The same holds of the record's life within one second.
func Correct(known, read bridge.Row) bridge.Row {
	if known.Version == (bridge.Version{}) && !known.Deleted || known.Version.Second().Before(read.Version.Second()) {
		return replaced(known, read)
	}
	out := known
	if known.Deleted || read.Deleted {
		if known.Deleted != read.Deleted && known.Version.Second().Equal(read.Version.Second()) {
			out.Deleted, out.Values, out.Since, out.Forgotten = false, nil, nil, []bridge.Field{bridge.AllFields}
		}
		return out
	}
	out.Values = maps.Clone(known.Values)
	for f, v := range known.Values {
		if told, ok := read.Values[f]; ok && !told.Equal(v) {
			out = forget(out, []bridge.Field{f})
		}
	}
	return out
}

// replaced is the row that was read in the place of the known one.
func replaced(known, read bridge.Row) bridge.Row {
	out := known
	out.Version, out.Deleted, out.Values = read.Version, read.Deleted, maps.Clone(read.Values)
	out.Forgotten, out.Since = nil, nil
	if out.Deleted {
		out.Values = nil
	}
	return out
}

// Missed reports whether the row that was read says anything that the known one does not, so that an event of it may have been missed.
func Missed(known, read bridge.Row) bool {
	if known.Deleted || read.Deleted {
		return known.Deleted != read.Deleted && !read.Version.Second().Before(known.Version.Second())
	}
	if known.Version.Second().Before(read.Version.Second()) {
		return true // an older event may wait to be folded over what is known
	}
	for f, v := range read.Values {
		if have, ok := known.Values[f]; !ok || !have.Equal(v) {
			return true
		}
	}
	return false
}
