package store

import (
	"encoding/binary"
	"math"
	"time"
	"unicode/utf8"

	"sfbridge/bridge"
)

// recordReader reads the head of a record; see record.go. What it answers once bad is set means nothing. Texts are parts of rest.
type recordReader struct {
	rest    string
	repeats [maxRepeats]string
	said    int
	bad     bool
}

// unsigned reads a varint.
func (r *recordReader) unsigned() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 {
		n := uint64(r.rest[0])
		r.rest = r.rest[1:]
		return n
	}
	var first [binary.MaxVarintLen64]byte
	n, w := binary.Uvarint(first[:copy(first[:], r.rest)])
	if w <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[w:]
	return n
}

func (r *recordReader) fail() { r.rest, r.bad = "", true }

func (r *recordReader) signed() int64 {
	n := r.unsigned()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *recordReader) byte() byte {
	if r.rest == "" {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *recordReader) flag() bool {
	b := r.byte()
	if b > 1 {
		r.fail()
	}
	return b == 1
}

// count is how many items follow, each of at least so many bytes: no memory is given on the word of a count alone.
func (r *recordReader) count(least int) int {
	n := r.unsigned()
	if n > uint64(len(r.rest)/least) {
		r.fail()
		return 0
	}
	return int(n)
}

// cut takes the n bytes of a text.
func (r *recordReader) cut(n uint64) string {
	if n > uint64(len(r.rest)) || !utf8.ValidString(r.rest[:n]) {
		r.fail()
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *recordReader) text() string {
	n := r.unsigned()
	if n&1 != 0 {
		r.fail()
		return ""
	}
	return r.cut(n / 2)
}

func (r *recordReader) name() string {
	n := r.unsigned()
	if n&1 == 0 {
		s := r.cut(n / 2)
		if s != "" && r.said < maxRepeats {
			r.repeats[r.said] = s
			r.said++
		}
		return s
	}
	if n/2 >= uint64(r.said) {
		r.fail()
		return ""
	}
	return r.repeats[n/2]
}

func readWord[T ~string](r *recordReader, table []T) T {
	switch i := int(r.byte()); {
	case i == 0:
		return T(r.text())
	case i <= len(table):
		return table[i-1]
	}
	r.fail()
	return ""
}

// The fewest bytes that items of lists take.
const (
	leastName     = 1
	leastField    = leastName + 1
	leastFields   = 1
	leastVersion  = leastName + 4
	leastDelivery = 11
)

func readNames[T ~string](r *recordReader) []T {
	n := r.count(leastName)
	if n == 0 {
		return nil
	}
	ss := make([]T, n)
	for i := range ss {
		ss[i] = T(r.name())
	}
	return ss
}

func (r *recordReader) time() time.Time {
	s, ns := r.signed(), r.unsigned()
	if s < minSeconds || s > maxSeconds || ns >= uint64(time.Second) {
		r.fail()
		return time.Time{}
	}
	return time.Unix(s, int64(ns)).UTC()
}

func (r *recordReader) version() bridge.Version {
	v := bridge.Version{At: r.time(), Commit: r.signed()}
	n := r.signed()
	if n < math.MinInt32 || n > math.MaxInt32 {
		r.fail()
	}
	v.Sequence = int32(n)
	return v
}

func (r *recordReader) fields() bridge.Fields {
	n := r.count(leastField)
	if n == 0 {
		return nil
	}
	fs := make(bridge.Fields, n)
	for range n {
		f := bridge.Field(r.name())
		v := bridge.Value{Kind: bridge.Kind(r.byte())}
		if v.Kind == bridge.Unknown || v.Kind > bridge.Multi {
			r.fail()
		}
		if v.Kind != bridge.Null {
			v.Text = r.text()
		}
		fs[f] = v
	}
	if len(fs) != n {
		r.fail()
	}
	return fs
}

func (r *recordReader) entry() (e bridge.Entry) {
	r.lanes(&e)
	has := r.follows()
	if has&hasChange != 0 {
		e.Change = r.change()
	}
	if has&hasCallback != 0 {
		e.Callback = r.callback()
	}
	if has&hasRow != 0 {
		e.Row = r.row()
	}
	if has&hasTold != 0 {
		r.told(e.Deliveries)
	}
	return e
}

func (r *recordReader) told(ds []bridge.Delivery) {
	said := false
	for i := range ds {
		if n := r.count(leastFields); n > 0 {
			ds[i].Told, said = make([]bridge.Fields, n), true
			for j := range ds[i].Told {
				ds[i].Told[j] = r.fields()
			}
		}
	}
	if !said {
		r.fail()
	}
}

// follows tells what stands behind the deliveries.
func (r *recordReader) follows() byte {
	has := r.byte()
	if has > hasAll {
		r.fail()
		return 0
	}
	return has
}

// lanes reads what stands before the change: all that lanes need.
func (r *recordReader) lanes(e *bridge.Entry) {
	e.Kind, e.At = readWord(r, entryKinds), r.time()
	if n := r.count(leastDelivery); n > 0 {
		e.Deliveries = make([]bridge.Delivery, n)
		for i := range e.Deliveries {
			r.delivery(&e.Deliveries[i])
		}
	}
}

func (r *recordReader) delivery(d *bridge.Delivery) {
	d.ID = bridge.DeliveryID(r.text())
	d.Kind = readWord(r, deliveryKinds)
	d.Lane.Org = bridge.OrgID(r.name())
	d.Lane.Project = bridge.ProjectID(r.name())
	d.Lane.Direction = readWord(r, directions)
	d.Lane.Source = r.name()
	d.Transfer = bridge.TransferID(r.name())
	d.Object = bridge.Object(r.name())
	d.Edge = readWord(r, edgeWords)
	d.Dirty = readNames[bridge.Field](r)
	d.Ours = r.flag()
}

func (r *recordReader) change() *bridge.Change {
	c := &bridge.Change{Org: bridge.OrgID(r.name()), Topic: bridge.Topic(r.name()), Event: r.text(), Object: bridge.Object(r.name())}
	c.Records = readNames[bridge.RecordID](r)
	c.Type = readWord(r, changeTypes)
	c.Origin.API, c.Origin.Client = r.text(), r.text()
	c.Origin.User, c.Origin.Ours = bridge.RecordID(r.name()), r.flag()
	c.Version = r.version()
	c.Tx = r.text()
	c.Changed, c.Cleared = readNames[bridge.Field](r), readNames[bridge.Field](r)
	c.Values, c.Context = r.fields(), r.fields()
	c.Reread = readNames[bridge.Field](r)
	return c
}

func (r *recordReader) callback() *bridge.Callback {
	return &bridge.Callback{
		Org: bridge.OrgID(r.name()), Project: bridge.ProjectID(r.name()), Event: r.text(), Kind: readWord(r, callbackKinds), Type: r.text(),
		Contact: bridge.ContactID(r.name()), Received: r.time(),
	}
}

func (r *recordReader) row() *bridge.Row {
	row := &bridge.Row{Org: bridge.OrgID(r.name()), Object: bridge.Object(r.name()), Record: bridge.RecordID(r.name()), Version: r.version(), Deleted: r.flag()}
	row.Values = r.fields()
	row.Forgotten = readNames[bridge.Field](r)
	if n := r.count(leastVersion); n > 0 {
		row.Since = make(map[bridge.Field]bridge.Version, n)
		for range n {
			f := bridge.Field(r.name())
			row.Since[f] = r.version()
		}
		if len(row.Since) != n {
			r.fail()
		}
	}
	row.Keys = r.fields()
	return row
}
