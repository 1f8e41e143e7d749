package cdc

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sfbridge/bridge"
)

// slot is a header field that we know.
type slot uint8

const (
	slotObject slot = iota
	slotRecords
	slotType
	slotOrigin
	slotTx
	slotSequence
	slotAt
	slotCommit
	slotUser
	slotNulled
	slotDiff
	slotChanged
	slots
	noSlot = slots
)

// known is what a header field is called, its type, and whether no change can be told without it.
type known struct {
	name   string
	kind   kind
	needed bool
}

// headerFields are in the order of the slots.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_event_fields_header.htm
var headerFields = [slots]known{
	slotObject:   {"entityName", kindString, true},
	slotRecords:  {"recordIds", kindArray, true},
	slotType:     {"changeType", kindEnum, true},
	slotOrigin:   {"changeOrigin", kindString, false},
	slotTx:       {"transactionKey", kindString, false},
	slotSequence: {"sequenceNumber", kindInt, false},
	slotAt:       {"commitTimestamp", kindLong, true},
	slotCommit:   {"commitNumber", kindLong, true},
	slotUser:     {"commitUser", kindString, false},
	slotNulled:   {"nulledFields", kindArray, true},
	slotDiff:     {"diffFields", kindArray, false},
	slotChanged:  {"changedFields", kindArray, true},
}

// header is the layout of the ChangeEventHeader.
type header struct {
	fields []headerField
	kinds  []bridge.ChangeType // the symbols of changeType
	// origin is the last one that was read: a stream has few, which come again and again.
	origin *atomic.Pointer[namedOrigin]
}

type headerField struct {
	field
	slot slot
}

type namedOrigin struct {
	text   string
	origin bridge.Origin
}

func newHeader(n *node) (*header, error) {
	if n.kind != kindRecord {
		return nil, fmt.Errorf("the ChangeEventHeader is no record")
	}
	h := &header{origin: &atomic.Pointer[namedOrigin]{}}
	for _, f := range n.fields {
		s := slotOf(f.name)
		h.fields = append(h.fields, headerField{f, s})
		if s == noSlot {
			continue
		}
		if want := headerFields[s].kind; f.node.kind != want || want == kindArray && f.node.items.kind != kindString {
			return nil, fmt.Errorf("header field %s has another type than expected", f.name)
		}
		if s == slotType {
			for _, symbol := range f.node.symbols {
				h.kinds = append(h.kinds, bridge.ChangeType(symbol))
			}
		}
	}
	for _, k := range headerFields {
		if k.needed && !slices.ContainsFunc(n.fields, func(f field) bool { return f.name == k.name }) {
			return nil, fmt.Errorf("header field %s is missing", k.name)
		}
	}
	return h, nil
}

func slotOf(name string) slot {
	for s, k := range headerFields {
		if k.name == name {
			return slot(s)
		}
	}
	return noSlot
}

// places are where the values of the header's fields begin; -1 is none.
type places [slots + 1]int

// walk passes over the header and answers the place behind it.
func (h *header) walk(p []byte, at *places) (end int, err error) {
	for i := range at {
		at[i] = -1
	}
	for i := range h.fields {
		f := &h.fields[i]
		at[f.slot] = end
		switch {
		case f.node.kind == kindString && end < len(p) && p[end]&0x81 == 0 && end+1+int(p[end]>>1) <= len(p):
			end += 1 + int(p[end]>>1)
		case f.node.kind == kindArray && end < len(p) && p[end] == 0:
			end++
		default:
			if end, err = skim(p, end, f.node); err != nil {
				return 0, fmt.Errorf("header: %s: %w", f.name, err)
			}
		}
	}
	return end, nil
}

// The methods below read the header of a payload that was passed over whole; what is not there is zero.

func (e *event) number(s slot) int64 {
	if e.head[s] < 0 {
		return 0
	}
	v, _, _ := long(e.payload, e.head[s])
	return v
}

func (e *event) text(s slot) string {
	if e.head[s] < 0 {
		return ""
	}
	b, end, _ := text(e.payload, e.head[s])
	return e.said(end-len(b), end)
}

// tell fills in what the header says.
func (h *header) tell(e *event, c *bridge.Change) error {
	c.Object = bridge.Object(e.text(slotObject))
	c.Type = h.kinds[e.number(slotType)]
	c.Tx = e.text(slotTx)
	c.Version = bridge.Version{
		At: time.UnixMilli(e.number(slotAt)).UTC(), Commit: e.number(slotCommit), Sequence: int32(e.number(slotSequence)),
	}
	origin := e.text(slotOrigin)
	last := h.origin.Load()
	if last == nil || last.text != origin {
		origin = strings.Clone(origin)
		last = &namedOrigin{origin, parseOrigin(origin)}
		h.origin.Store(last)
	}
	c.Origin = last.origin
	c.Origin.User = bridge.RecordID(e.text(slotUser))
	if at := e.head[slotRecords]; e.payload[at] != 0 {
		count, _, _, _ := block(e.payload, at, 1)
		c.Records = e.spare.ids(int(count))
		_ = each(e.payload, at, func(from, to int) error {
			c.Records = append(c.Records, bridge.RecordID(e.said(from, to)))
			return nil
		})
	}
	if c.Object == "" || len(c.Records) == 0 {
		return fmt.Errorf("the header names no object or no record")
	}
	return nil
}

// each calls f for where the items of an array of strings lie, which was passed over before.
func each(p []byte, at int, f func(from, to int) error) error {
	for {
		count, next, _, err := block(p, at, 1)
		if err != nil || count == 0 { // the end may be told in more than one byte
			return err
		}
		at = next
		for range count {
			var b []byte
			if b, at, err = text(p, at); err != nil {
				return err
			}
			if err = f(at-len(b), at); err != nil {
				return err
			}
		}
	}
}
