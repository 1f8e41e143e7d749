package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"sfbridge/bridge"
)

// entryRecord is an entry as it is stored. A row says in the journal what its key says in the mirror.
//
//	+----------------+------+----------------------
//	| length, varint | JSON | body of the callback
//	+----------------+------+----------------------
type entryRecord struct {
	bridge.Entry
	RowOf *rowID `json:"row_of,omitempty"`
}

type rowID struct {
	Org    bridge.OrgID    `json:"org"`
	Object bridge.Object   `json:"object"`
	Record bridge.RecordID `json:"record"`
}

func encodeEntry(e *bridge.Entry) ([]byte, error) {
	rec := entryRecord{Entry: *e}
	var body []byte
	if e.Callback != nil {
		c := *e.Callback
		body, c.Body = c.Body, nil
		rec.Callback = &c
	}
	if r := e.Row; r != nil {
		rec.RowOf = &rowID{r.Org, r.Object, r.Record}
	}
	head, err := json.Marshal(&rec)
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	b := binary.AppendUvarint(make([]byte, 0, len(head)+len(body)+binary.MaxVarintLen32), uint64(len(head)))
	return append(append(b, head...), body...), nil
}

// decodeEntry reads what encodeEntry wrote; the body is a part of b.
func decodeEntry(id bridge.EntryID, b []byte) (bridge.Entry, error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return bridge.Entry{}, fmt.Errorf("entry %d: length does not hold: %w", id, ErrCorrupt)
	}
	var rec entryRecord
	if err := json.Unmarshal(b[w:w+int(n)], &rec); err != nil {
		return bridge.Entry{}, fmt.Errorf("entry %d: %w: %w", id, err, ErrCorrupt)
	}
	e := rec.Entry
	e.ID = id
	if body := b[w+int(n):]; e.Callback != nil && len(body) > 0 {
		e.Callback.Body = body
	}
	if e.Row != nil && rec.RowOf != nil {
		e.Row.Org, e.Row.Object, e.Row.Record = rec.RowOf.Org, rec.RowOf.Object, rec.RowOf.Record
	}
	return e, nil
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
