package store

import (
	"encoding/binary"
	"fmt"

	"sfbridge/bridge"
)

// An entry as it is stored. The first byte tells it from the JSON of older stores (record_json.go), which begins with a length that is never 0.
//
//	+---+---------+----------------+------+----------------------
//	| 0 | version | length, varint | head | body of the callback
//	+---+---------+----------------+------+----------------------
//
//	head      word kind · time taken in · deliveries · which of these follow · change · callback · row · what was told, a list for each delivery
//	list      varint count · items
//	text      varint 2n · n bytes; or varint 2i+1, the i-th of the texts that this head has said before (repeats)
//	word      byte i+1 of a table of words; or 0 · text
//	time      varint seconds since 1970 · varint nanoseconds
//	value     byte kind · text, but for null
//
// Numbers are varints, those that may be negative in zig-zag. Nothing may follow what is drawn, texts are UTF-8, and no count may be larger than the bytes
// that are left. Deliveries come first, since a start reads nothing else.
const (
	recordMark    = 0
	recordVersion = 1
)

// maxRepeats is how many texts of a head can be named again.
const maxRepeats = 32

// What follows the deliveries.
const (
	hasChange = 1 << iota
	hasCallback
	hasRow
	hasTold
	hasAll = hasChange | hasCallback | hasRow | hasTold
)

// Tables of words. Their order is part of the format: new ones go to the end.
var (
	entryKinds    = []bridge.EntryKind{bridge.ChangeEntry, bridge.CallbackEntry, bridge.SnapshotEntry, bridge.LoadEntry, bridge.OperatorEntry}
	deliveryKinds = []bridge.DeliveryKind{bridge.State, bridge.Append, bridge.Spread}
	edgeWords     = []bridge.Edge{bridge.EdgeNone, bridge.EdgeCreate, bridge.EdgeDelete, bridge.EdgeUndelete}
	directions    = []bridge.Direction{bridge.Inbound, bridge.Outbound}
	callbackKinds = []bridge.CallbackKind{bridge.ContactTouched, bridge.Happened, bridge.Ignored}
	changeTypes   = []bridge.ChangeType{
		bridge.Create, bridge.Update, bridge.Delete, bridge.Undelete, bridge.GapCreate, bridge.GapUpdate, bridge.GapDelete, bridge.GapUndelete,
		bridge.GapOverflow, bridge.SnapshotType,
	}
)

// decodeEntry reads what is stored of an entry; the body is a part of b.
func decodeEntry(id bridge.EntryID, b []byte) (bridge.Entry, error) {
	if len(b) == 0 || b[0] != recordMark {
		return decodeJSONEntry(id, b)
	}
	head, body, err := recordParts(id, b)
	if err != nil {
		return bridge.Entry{}, err
	}
	r := recordReader{rest: string(head)}
	e := r.entry()
	e.ID = id
	switch {
	case r.bad || r.rest != "":
		return bridge.Entry{}, fmt.Errorf("entry %d: head does not hold: %w", id, ErrCorrupt)
	case len(body) == 0:
	case e.Callback == nil:
		return bridge.Entry{}, fmt.Errorf("entry %d: body of no callback: %w", id, ErrCorrupt)
	default:
		e.Callback.Body = body
	}
	return e, nil
}

// recordParts takes a record that is no JSON apart.
func recordParts(id bridge.EntryID, b []byte) (head, body []byte, err error) {
	if len(b) < 3 || b[1] != recordVersion {
		return nil, nil, fmt.Errorf("entry %d: of another version: %w", id, ErrCorrupt)
	}
	n, w := binary.Uvarint(b[2:])
	if w <= 0 || n > uint64(len(b)-2-w) {
		return nil, nil, fmt.Errorf("entry %d: length does not hold: %w", id, ErrCorrupt)
	}
	b = b[2+w:]
	return b[:n], b[n:], nil
}

// sealedEntry is the number of the entry that an item holds, and its payload.
func sealedEntry(it *Item) (uint64, []byte, error) {
	seq, err := seqOf(it.Key)
	if err != nil {
		return 0, nil, err
	}
	payload, err := it.payload()
	return seq, payload, err
}

// entryOf reads the entry that an item holds.
func entryOf(it *Item) (bridge.Entry, error) {
	seq, payload, err := sealedEntry(it)
	if err != nil {
		return bridge.Entry{}, err
	}
	return decodeEntry(bridge.EntryID(seq), payload)
}
