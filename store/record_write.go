package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"sfbridge/bridge"
)

// recordWriter writes the head of a record; see record.go.
type recordWriter struct {
	b       []byte
	repeats [maxRepeats]string
	said    int
	likely  int   // the repeat to be tried first: lists of names come again in their order
	err     error // the first
}

// appendEntry appends an entry as it is stored. What JSON cannot say is refused here too: parts of entries are stored as JSON later.
func appendEntry(b []byte, e *bridge.Entry) ([]byte, error) {
	b = append(b, recordMark, recordVersion, 0, 0)
	w := recordWriter{b: b}
	w.entry(e)
	if w.err != nil {
		return nil, fmt.Errorf("encode entry: %w", w.err)
	}
	b = lengthened(w.b, len(b))
	if e.Callback != nil {
		b = append(b, e.Callback.Body...)
	}
	return b, nil
}

// lengthened writes the length of the head that begins at from into the two bytes before it, or makes room for a longer one.
func lengthened(b []byte, from int) []byte {
	var length [binary.MaxVarintLen64]byte
	n := len(b) - from
	size := binary.PutUvarint(length[:], uint64(n))
	if size == 1 {
		length[0], length[1], size = length[0]|0x80, 0, 2
	}
	for range size - 2 {
		b = append(b, 0)
	}
	copy(b[from-2+size:], b[from:from+n])
	copy(b[from-2:], length[:size])
	return b
}

func (w *recordWriter) number(n int) { w.b = binary.AppendUvarint(w.b, uint64(n)) }

func (w *recordWriter) signed(n int64) { w.b = binary.AppendVarint(w.b, n) }

func (w *recordWriter) flag(on bool) {
	if on {
		w.b = append(w.b, 1)
		return
	}
	w.b = append(w.b, 0)
}

// sound is s with bytes that are no UTF-8 as JSON would have them.
func sound(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// text is one that seldom comes again.
func (w *recordWriter) text(s string) { w.put(sound(s)) }

func (w *recordWriter) put(s string) {
	w.number(2 * len(s))
	w.b = append(w.b, s...)
}

// name is a text that may come again.
func (w *recordWriter) name(s string) {
	if s == "" {
		w.b = append(w.b, 0)
		return
	}
	if w.again(s) {
		return
	}
	if said := sound(s); said != s {
		if s = said; w.again(s) {
			return
		}
	}
	if w.put(s); w.said < maxRepeats {
		w.repeats[w.said] = s
		w.said++
	}
}

// again names a text that was said before, and reports whether it was.
func (w *recordWriter) again(s string) bool {
	if i := w.likely; i < w.said && w.repeats[i] == s {
		w.likely++
		w.number(2*i + 1)
		return true
	}
	for i := range w.said {
		if w.repeats[i] == s {
			w.likely = i + 1
			w.number(2*i + 1)
			return true
		}
	}
	return false
}

func word[T ~string](w *recordWriter, s T, table []T) {
	for i, known := range table {
		if known == s {
			w.b = append(w.b, byte(i+1))
			return
		}
	}
	w.b = append(w.b, 0)
	w.text(string(s))
}

func writeNames[T ~string](w *recordWriter, ss []T) {
	w.number(len(ss))
	for _, s := range ss {
		w.name(string(s))
	}
}

// Times that JSON can say: the years 0 to 9999.
const (
	minSeconds = -62167219200
	maxSeconds = 253402300799
)

func (w *recordWriter) time(t time.Time) {
	s := t.Unix()
	if (s < minSeconds || s > maxSeconds) && w.err == nil {
		w.err = fmt.Errorf("%d is no time of the years 0 to 9999", s)
	}
	w.signed(s)
	w.number(t.Nanosecond())
}

func (w *recordWriter) version(v *bridge.Version) {
	w.time(v.At)
	w.signed(v.Commit)
	w.signed(int64(v.Sequence))
}

func (w *recordWriter) fields(fs bridge.Fields) {
	w.number(len(fs))
	for f, v := range fs {
		w.name(string(f))
		if (v.Kind == bridge.Unknown || v.Kind > bridge.Multi) && w.err == nil {
			w.err = fmt.Errorf("value of kind %d", v.Kind)
		}
		if w.b = append(w.b, byte(v.Kind)); v.Kind != bridge.Null {
			w.text(v.Text)
		}
	}
}

func (w *recordWriter) entry(e *bridge.Entry) {
	word(w, e.Kind, entryKinds)
	w.time(e.At)
	w.number(len(e.Deliveries))
	for i := range e.Deliveries {
		w.delivery(&e.Deliveries[i])
	}
	has := byte(0)
	if e.Change != nil {
		has |= hasChange
	}
	if e.Callback != nil {
		has |= hasCallback
	}
	if e.Row != nil {
		has |= hasRow
	}
	if slices.ContainsFunc(e.Deliveries, func(d bridge.Delivery) bool { return len(d.Told) > 0 }) {
		has |= hasTold
	}
	if w.b = append(w.b, has); e.Change != nil {
		w.change(e.Change)
	}
	if e.Callback != nil {
		w.callback(e.Callback)
	}
	if e.Row != nil {
		w.row(e.Row)
	}
	if has&hasTold != 0 {
		w.told(e.Deliveries)
	}
}

func (w *recordWriter) told(ds []bridge.Delivery) {
	for i := range ds {
		w.number(len(ds[i].Told))
		for _, fs := range ds[i].Told {
			w.fields(fs)
		}
	}
}

func (w *recordWriter) delivery(d *bridge.Delivery) {
	w.text(string(d.ID))
	word(w, d.Kind, deliveryKinds)
	w.name(string(d.Lane.Org))
	w.name(string(d.Lane.Project))
	word(w, d.Lane.Direction, directions)
	w.name(d.Lane.Source)
	w.name(string(d.Transfer))
	w.name(string(d.Object))
	word(w, d.Edge, edgeWords)
	writeNames(w, d.Dirty)
	w.flag(d.Ours)
}

func (w *recordWriter) change(c *bridge.Change) {
	w.name(string(c.Org))
	w.name(string(c.Topic))
	w.text(c.Event)
	w.name(string(c.Object))
	writeNames(w, c.Records)
	word(w, c.Type, changeTypes)
	w.text(c.Origin.API)
	w.text(c.Origin.Client)
	w.name(string(c.Origin.User))
	w.flag(c.Origin.Ours)
	w.version(&c.Version)
	w.text(c.Tx)
	writeNames(w, c.Changed)
	writeNames(w, c.Cleared)
	w.fields(c.Values)
	w.fields(c.Context)
	writeNames(w, c.Reread)
}

func (w *recordWriter) callback(c *bridge.Callback) {
	w.name(string(c.Org))
	w.name(string(c.Project))
	w.text(c.Event)
	word(w, c.Kind, callbackKinds)
	w.text(c.Type)
	w.name(string(c.Contact))
	w.time(c.Received)
}

func (w *recordWriter) row(r *bridge.Row) {
	w.name(string(r.Org))
	w.name(string(r.Object))
	w.name(string(r.Record))
	w.version(&r.Version)
	w.flag(r.Deleted)
	w.fields(r.Values)
	writeNames(w, r.Forgotten)
	w.number(len(r.Since))
	for f, v := range r.Since {
		w.name(string(f))
		w.version(&v)
	}
	w.fields(r.Keys)
}
