package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"sfbridge/bridge"
)

// jsonRecord is an entry as stores of layout 1 have it. A row says in the journal what its key says in the mirror.
//
//	+----------------+------+----------------------
//	| length, varint | JSON | body of the callback
//	+----------------+------+----------------------
type jsonRecord struct {
	bridge.Entry
	RowOf *rowID `json:"row_of,omitempty"`
}

type rowID struct {
	Org    bridge.OrgID    `json:"org"`
	Object bridge.Object   `json:"object"`
	Record bridge.RecordID `json:"record"`
}

// jsonHead is the JSON of a record, and what is behind it.
func jsonHead(id bridge.EntryID, b []byte) (head, body []byte, err error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, fmt.Errorf("entry %d: length does not hold: %w", id, ErrCorrupt)
	}
	return b[w : w+int(n)], b[w+int(n):], nil
}

// decodeJSONEntry reads an entry of layout 1; the body is a part of b.
func decodeJSONEntry(id bridge.EntryID, b []byte) (bridge.Entry, error) {
	head, body, err := jsonHead(id, b)
	if err != nil {
		return bridge.Entry{}, err
	}
	var rec jsonRecord
	if err := json.Unmarshal(head, &rec); err != nil {
		return bridge.Entry{}, fmt.Errorf("entry %d: %w: %w", id, err, ErrCorrupt)
	}
	e := rec.Entry
	e.ID = id
	if e.Callback != nil && len(body) > 0 {
		e.Callback.Body = body
	}
	if e.Row != nil && rec.RowOf != nil {
		e.Row.Org, e.Row.Object, e.Row.Record = rec.RowOf.Org, rec.RowOf.Object, rec.RowOf.Record
	}
	return e, nil
}
