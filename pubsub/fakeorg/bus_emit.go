package fakeorg

import (
	"maps"
	"slices"
	"time"
)

// From a draft to the log: encoding, and what cannot be told or is told otherwise to enriched channels.

// maxEvent is the size beyond which a change event becomes a gap event.
const maxEvent = 1 << 20

// emitLocked encodes a draft and appends it, beside it what enriched channels get in its place.
func (b *bus) emitLocked(c Commit, d draft) {
	if b.faults.lost > 0 {
		b.faults.lost--
		return
	}
	s, err := b.schemas.of(d.object)
	if err != nil {
		b.org.log.Error("no schema for object", "object", d.object.Name, "error", err)
		return
	}
	enriched := b.enrichedBy(s.event, d.kind)
	e, ok := b.encodeLocked(c, d, s)
	if !ok {
		return
	}
	channels := slices.Sorted(maps.Keys(enriched))
	b.appendLocked(stored{Event: e, event: s.event, standard: d.object.Selected, instead: channels})
	replay := b.log[len(b.log)-1].Replay
	for _, channel := range channels {
		for _, one := range d.singly(enriched[channel]) {
			if e, ok := b.encodeLocked(c, one, s); ok {
				e.Replay = replay
				b.appendLocked(stored{Event: e, event: s.event, only: channel})
			}
		}
	}
}

// enrichedBy returns the enriching fields of the channels that have any for the event.
func (b *bus) enrichedBy(event string, kind ChangeKind) map[string][]string {
	out := map[string][]string{}
	if kind != KindUpdate && kind != KindDelete {
		return out
	}
	for name, members := range b.channels {
		if fields := members[event]; len(fields) > 0 {
			out[name] = fields
		}
	}
	return out
}

// singly returns the draft once a record, with the fields that enrich it.
func (d draft) singly(fields []string) []draft {
	extra := map[string]bool{}
	for _, f := range d.object.Fields {
		if slices.Contains(fields, f.Name) || isPart(f) && slices.Contains(fields, f.Compound) {
			extra[f.Name] = true
		}
	}
	out := make([]draft, 0, len(d.records))
	for i, id := range d.records {
		one := d
		one.records, one.row, one.rows, one.extra = []string{id}, d.rows[i], nil, extra
		out = append(out, one)
	}
	return out
}

// encodeLocked makes the draft's event. What is too big, or holds what the schema cannot tell, becomes a gap event.
func (b *bus) encodeLocked(c Commit, d draft, s *schema) (Event, bool) {
	h := Header{
		Entity: d.object.Name, Records: d.records, Kind: string(d.kind), Origin: c.Origin, Key: c.Key, Sequence: d.sequence,
		Timestamp: c.Time.Truncate(time.Second), Number: c.Number, User: c.User,
	}
	h.Changed, h.Nulled = s.flags(d)
	h.Diff = s.diffPlaces(d)
	if d.kind == kindOverflow {
		h.Origin = ""
	}
	payload, err := s.payload(h, d)
	if err != nil {
		b.org.log.Error("event not encoded", "object", d.object.Name, "error", err)
	}
	if err != nil || len(payload) > maxEvent {
		h.Kind, h.Origin, h.Changed, h.Nulled = "GAP_"+h.Kind, "", nil, nil
		h.Diff = nil
		if payload, err = s.encode(h, s.empty()); err != nil {
			b.org.log.Error("gap event not encoded", "object", d.object.Name, "error", err)
			return Event{}, false
		}
	}
	return Event{ID: newID(b.random), SchemaID: s.id, Topic: topicPrefix + s.event, Payload: payload, Time: b.org.now(), Header: h}, true
}
