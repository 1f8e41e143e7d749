package cdc

import "sfbridge/bridge"

// spareSize is how much of each kind is worth keeping: most changes have less, and a map that was large once is slow to walk for ever.
const spareSize = 8

// spare is the memory of a change that nobody looks at any more.
type spare struct {
	values  bridge.Fields
	changed []bridge.Field
	records []bridge.RecordID
}

// take keeps what is small of a change.
func (s *spare) take(c *bridge.Change) {
	if len(c.Values) <= spareSize {
		s.values = c.Values
	}
	if cap(c.Changed) <= spareSize {
		s.changed = c.Changed
	}
	if cap(c.Records) <= spareSize {
		s.records = c.Records
	}
}

// fields is an empty map for n fields.
func (s *spare) fields(n int) bridge.Fields {
	if s.values == nil || n > spareSize {
		return make(bridge.Fields, n)
	}
	clear(s.values)
	return s.values
}

// names is an empty list for n fields.
func (s *spare) names(n int) []bridge.Field {
	if cap(s.changed) < n {
		return make([]bridge.Field, 0, n)
	}
	return s.changed[:0]
}

// ids is an empty list for n records.
func (s *spare) ids(n int) []bridge.RecordID {
	if cap(s.records) < n {
		return make([]bridge.RecordID, 0, n)
	}
	return s.records[:0]
}
