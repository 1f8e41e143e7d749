package courier

import (
	"sync"

	"sfbridge/bridge"
)

// behindBound is how many records it keeps in mind; it forgets all of them where there are more.
const behindBound = 4096

// behind keeps what the stream told last of fields that were read since, while writes of ours to them are still to be told: the row no longer says what
// those come over. A new process knows nothing of it.
type behind struct {
	mu  sync.Mutex
	was map[rowKey]bridge.Fields
}

// told is what the stream told last of a field that was read since, unknown where nobody noted it.
func (b *behind) told(k rowKey, f bridge.Field) bridge.Value {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.was[k][f]
}

// note keeps what the stream had told of a field.
func (b *behind) note(k rowKey, f bridge.Field, v bridge.Value) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.was == nil || len(b.was) >= behindBound {
		b.was = map[rowKey]bridge.Fields{}
	}
	if b.was[k] == nil {
		b.was[k] = bridge.Fields{}
	}
	b.was[k][f] = v
}

// hear takes in a change that a row may be ahead of, with the writes to the record that are still to be told after it.
func (b *behind) hear(k rowKey, open []bridge.Unconfirmed, c *bridge.Change, now bridge.Fields) {
	awaited := bridge.Fields{}
	for _, u := range open {
		was := b.told(k, u.Field)
		if v := c.Values[u.Field]; v.Known() {
			was = v
		}
		if now[u.Field].Known() && was.Known() {
			awaited[u.Field] = was
		}
	}
	b.mu.Lock()
	delete(b.was, k)
	b.mu.Unlock()
	for f, v := range awaited {
		b.note(k, f, v)
	}
}
