package fakeorg

import (
	"encoding/binary"

	"sfbridge/pubsub/pubsubpb"
)

// Replay ids are ten bytes: a counter of eight, big-endian, and two zeros. The form of eight bytes that older services sent is taken
// too. Clients must not compute with them, so an id that was never issued is refused like one that has expired.

const maxGap = 7

func replayID(counter uint64) []byte {
	return append(binary.BigEndian.AppendUint64(nil, counter), 0, 0)
}

// replayKey is what ids of both lengths have in common; ids of any other form are their own key.
func replayKey(id []byte) string {
	if len(id) == 10 && id[8] == 0 && id[9] == 0 {
		id = id[:8]
	}
	return string(id)
}

// beforePiecesLocked returns the ordinal before the pieces that end at this ordinal, where the entry is one: that of the whole.
func (b *bus) beforePiecesLocked(at int64) int64 {
	for at >= b.first && b.log[at-b.first].only != "" {
		at--
	}
	return at
}

// RepeatPieces makes a subscription that starts behind the replay id of an enriched change get each piece of it once more; otherwise it
// gets none. The documents leave both open.
func (o *Org) RepeatPieces(on bool) { o.bus.locked(func() { o.bus.faults.repeatPieces = on }) }

// startLocked returns the ordinal a new subscription begins at, or the error code that refuses its starting point.
func (b *bus) startLocked(r *pubsubpb.FetchRequest) (int64, string) {
	b.releaseLocked(b.org.now())
	b.purgeLocked(b.org.now())
	switch r.GetReplayPreset() {
	case pubsubpb.ReplayPreset_EARLIEST:
		return b.first, ""
	case pubsubpb.ReplayPreset_CUSTOM:
		if len(r.GetReplayId()) == 0 {
			return 0, "subscription.fetch.replayid.validation.failed"
		}
		at, known := b.issued[replayKey(r.GetReplayId())]
		if !known {
			return 0, "subscription.fetch.replayid.corrupted"
		}
		if b.faults.repeatPieces {
			at = b.beforePiecesLocked(at)
		}
		return at + 1, ""
	}
	return b.first + int64(len(b.log)), ""
}
