package fakeorg

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Event is one event as the bus keeps it and streams deliver it.
type Event struct {
	Replay   []byte // nil for an injected event means the next id
	ID       string // UUID; "" for an injected event means a new one
	SchemaID string
	Topic    string // single-entity topic, /data/ContactChangeEvent
	Payload  []byte // Avro binary
	Time     time.Time
	Header   Header // of injected events only what the caller gave
}

// Header is the ChangeEventHeader of an event; field names and meanings are those of the Change Data Capture guide.
type Header struct {
	Entity    string
	Records   []string
	Kind      string // changeType
	Origin    string
	Key       string
	Sequence  int
	Timestamp time.Time // whole seconds
	Number    int64
	User      string
	Nulled    []string // bitmaps
	Diff      []string
	Changed   []string
}

// avro returns the header in the form goavro encodes.
func (h Header) avro() map[string]any {
	return map[string]any{
		"entityName": h.Entity, "recordIds": list(h.Records), "changeType": h.Kind, "changeOrigin": h.Origin, "transactionKey": h.Key,
		"sequenceNumber": int32(h.Sequence), "commitTimestamp": h.Timestamp.UnixMilli(), "commitNumber": h.Number, "commitUser": h.User,
		"nulledFields": list(h.Nulled), "diffFields": list(h.Diff), "changedFields": list(h.Changed),
	}
}

func list(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

// Events returns the events that the bus still keeps, oldest first.
func (o *Org) Events() []Event {
	o.bus.mu.Lock()
	defer o.bus.mu.Unlock()
	o.bus.releaseLocked(o.now())
	var out []Event
	for _, s := range o.bus.log {
		if s.event != "" {
			out = append(out, s.copy())
		}
	}
	return out
}

func (e Event) copy() Event {
	e.Replay, e.Payload = bytes.Clone(e.Replay), bytes.Clone(e.Payload)
	e.Header.Records = slices.Clone(e.Header.Records)
	return e
}

// newID returns a random UUID of the source, so that runs repeat.
func newID(from *rand.Rand) string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], from.Uint64())
	binary.BigEndian.PutUint64(id[8:], from.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}
