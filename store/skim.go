package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sfbridge/bridge"
)

// headOf reads of an entry what lanes need: a start reads every entry that waits, and this is most of what it takes. Plain is one that is known to say
// nothing of a record.
func (o *opening) headOf(it *Item) (e bridge.Entry, plain bool, err error) {
	seq, payload, err := sealedEntry(it)
	if err != nil {
		return e, false, err
	}
	id := bridge.EntryID(seq)
	if len(payload) == 0 || payload[0] != recordMark {
		e, err = o.jsonHeadOf(id, payload)
		return e, false, err
	}
	head, _, err := recordParts(id, payload)
	if err != nil {
		return e, false, err
	}
	r := recordReader{rest: string(head)}
	e.ID = id
	r.lanes(&e)
	plain = r.follows()&(hasChange|hasRow) == 0
	if r.bad {
		return bridge.Entry{}, false, fmt.Errorf("entry %d: head does not hold: %w", id, ErrCorrupt)
	}
	return e, plain, nil
}

// jsonHeadOf is headOf for an entry of layout 1. The JSON that was written is skimmed, and only what skims like nothing of ours is decoded as others are.
// Either way all of the JSON must hold.
func (o *opening) jsonHeadOf(id bridge.EntryID, payload []byte) (bridge.Entry, error) {
	text, _, err := jsonHead(id, payload)
	if err != nil {
		return bridge.Entry{}, err
	}
	head, ok := o.skim(text)
	if !ok {
		if head, err = decodeHead(text); err != nil {
			return bridge.Entry{}, fmt.Errorf("entry %d: %w: %w", id, err, ErrCorrupt)
		}
	}
	return bridge.Entry{ID: id, At: head.At, Deliveries: head.Deliveries}, nil
}

// entryHead is what lanes need of an entry.
type entryHead struct {
	At         time.Time         `json:"at"`
	Deliveries []bridge.Delivery `json:"deliveries"`
}

func decodeHead(b []byte) (h entryHead, err error) {
	err = json.Unmarshal(b, &h)
	return h, err
}

// skim is decodeHead for JSON of the shape that layout 1 has, in a tenth of the time. Of deliveries it leaves out the dirty fields, which lanes do not
// need. It answers false for everything it does not know as that shape, be it JSON or not.
func (o *opening) skim(b []byte) (h entryHead, ok bool) {
	r := skimmer{rest: b, names: o.names}
	r.object(func(key []byte) {
		switch string(key) {
		case "at":
			r.time(&h.At)
		case "deliveries":
			r.list(func() { h.Deliveries = append(h.Deliveries, r.delivery()) })
		default:
			r.skip(0)
		}
	})
	return h, !r.bad && len(r.rest) == 0
}

// names keeps one copy of texts that come again and again.
type names map[string]string

// nameBound is how many of them are kept.
const nameBound = 4096

func (n names) of(b []byte) string {
	if s, ok := n[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(n) < nameBound {
		n[s] = s
	}
	return s
}

// skimmer goes through JSON without white space, without escapes in what it reads, and with each key written once and in the case we write it.
type skimmer struct {
	rest  []byte
	names names
	bad   bool
}

// take reports whether c comes next, and goes behind it.
func (r *skimmer) take(c byte) bool {
	if len(r.rest) == 0 || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *skimmer) want(c byte) {
	if !r.take(c) {
		r.bad = true
	}
}

// object hands each key to fn, which reads the value. No key may come twice, in whatever case: decoders differ in which one counts.
func (r *skimmer) object(fn func(key []byte)) {
	r.want('{')
	if r.take('}') {
		return
	}
	var seen [maxSkimmed][]byte
	for n := 0; !r.bad; n++ {
		key := r.plain()
		for _, k := range seen[:min(n, maxSkimmed)] {
			r.bad = r.bad || bytes.EqualFold(k, key)
		}
		if n == maxSkimmed || !lower(key) {
			r.bad = true
			return
		}
		seen[n] = key
		r.want(':')
		if r.bad {
			return
		}
		fn(key)
		if r.take('}') {
			return
		}
		r.want(',')
	}
}

// maxSkimmed is how many keys an object that is read may have.
const maxSkimmed = 16

// lower reports whether a key is spelled as ours are; others may still name one of ours to the decoder of JSON.
func lower(key []byte) bool {
	for _, c := range key {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return true
}

func (r *skimmer) list(fn func()) {
	r.want('[')
	if r.take(']') {
		r.bad = true // we leave out what is empty, and none is not nil
		return
	}
	for !r.bad {
		fn()
		if r.take(']') {
			return
		}
		r.want(',')
	}
}

// plain is a text without escapes, of printable ASCII.
func (r *skimmer) plain() []byte {
	r.want('"')
	for i, c := range r.rest {
		switch {
		case r.bad || c == '\\' || c < ' ' || c > '~':
			r.bad = true
			return nil
		case c == '"':
			text := r.rest[:i]
			r.rest = r.rest[i+1:]
			return text
		}
	}
	r.bad = true
	return nil
}

// name is a text that comes again and again.
func (r *skimmer) name() string { return r.names.of(r.plain()) }

func (r *skimmer) time(t *time.Time) {
	if err := t.UnmarshalText(r.plain()); err != nil {
		r.bad = true
	}
}

func (r *skimmer) delivery() (d bridge.Delivery) {
	r.object(func(key []byte) {
		switch string(key) {
		case "id":
			d.ID = bridge.DeliveryID(r.plain())
		case "kind":
			d.Kind = bridge.DeliveryKind(r.name())
		case "lane":
			d.Lane = r.lane()
		case "transfer":
			d.Transfer = bridge.TransferID(r.name())
		case "object":
			d.Object = bridge.Object(r.name())
		case "edge":
			d.Edge = bridge.Edge(r.name())
		case "dirty":
			r.list(func() { r.plain() })
		case "ours":
			r.literal("true")
			d.Ours = true
		default:
			r.bad = true
		}
	})
	return d
}

func (r *skimmer) lane() (l bridge.Lane) {
	r.object(func(key []byte) {
		switch string(key) {
		case "org":
			l.Org = bridge.OrgID(r.name())
		case "project":
			l.Project = bridge.ProjectID(r.name())
		case "direction":
			l.Direction = bridge.Direction(r.name())
		case "source":
			l.Source = string(r.plain())
		default:
			r.bad = true
		}
	})
	return l
}

func (r *skimmer) literal(text string) {
	var ok bool
	if r.rest, ok = bytes.CutPrefix(r.rest, []byte(text)); !ok {
		r.bad = true
	}
}

// skimDepth is how deep values may lie that are skipped; ours lie four deep.
const skimDepth = 32

// skip goes behind any value of JSON, which must hold.
func (r *skimmer) skip(depth int) {
	if r.bad || len(r.rest) == 0 || depth == skimDepth {
		r.bad = true
		return
	}
	switch c := r.rest[0]; {
	case c == '"':
		r.skipText()
	case c == '{':
		r.skipObject(depth)
	case c == '[':
		r.rest = r.rest[1:]
		if r.take(']') {
			return
		}
		for !r.bad {
			r.skip(depth + 1)
			if r.take(']') {
				return
			}
			r.want(',')
		}
	case c == 't':
		r.literal("true")
	case c == 'f':
		r.literal("false")
	case c == 'n':
		r.literal("null")
	default:
		r.skipNumber()
	}
}

func (r *skimmer) skipObject(depth int) {
	r.rest = r.rest[1:]
	if r.take('}') {
		return
	}
	for !r.bad {
		r.skipText()
		r.want(':')
		r.skip(depth + 1)
		if r.take('}') {
			return
		}
		r.want(',')
	}
}

// skipText goes behind a text of any bytes; escapes must be some.
func (r *skimmer) skipText() {
	r.want('"')
	for i := 0; i < len(r.rest) && !r.bad; i++ {
		switch c := r.rest[i]; {
		case c == '"':
			r.rest = r.rest[i+1:]
			return
		case c < ' ':
			r.bad = true
		case c == '\\':
			i++
			if i == len(r.rest) || strings.IndexByte(`"\/bfnrtu`, r.rest[i]) < 0 {
				r.bad = true
			} else if r.rest[i] == 'u' {
				r.bad = !hex4(r.rest[i+1:])
				i += 4
			}
		}
	}
	r.bad = true
}

func hex4(b []byte) bool {
	for i := range 4 {
		if i >= len(b) || strings.IndexByte("0123456789abcdefABCDEF", b[i]) < 0 {
			return false
		}
	}
	return true
}

// skipNumber goes behind a whole number; we write no others.
func (r *skimmer) skipNumber() {
	r.take('-')
	n := 0
	for n < len(r.rest) && r.rest[n] >= '0' && r.rest[n] <= '9' {
		n++
	}
	if n == 0 || n > 1 && r.rest[0] == '0' {
		r.bad = true
		return
	}
	r.rest = r.rest[n:]
	if len(r.rest) > 0 && (r.rest[0] == '.' || r.rest[0] == 'e' || r.rest[0] == 'E') {
		r.bad = true
	}
}
