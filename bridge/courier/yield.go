package courier

import (
	"sync"

	"sfbridge/bridge"
)

// yields keeps in mind which lanes of records let a contact's lane go first, so that the contact's does not wait for them in turn.
type yields struct {
	mu sync.Mutex
	to map[bridge.Lane]bridge.ContactID
}

// note takes down that the lane waits for the contact, "" that it waits for nobody any more.
func (y *yields) note(lane bridge.Lane, contact bridge.ContactID) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if contact == "" {
		delete(y.to, lane)
		return
	}
	if y.to == nil {
		y.to = map[bridge.Lane]bridge.ContactID{}
	}
	y.to[lane] = contact
}

// waits reports whether the lane waits for the contact.
func (y *yields) waits(lane bridge.Lane, contact bridge.ContactID) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.to[lane] == contact
}
