package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// jsonEncoded is an entry as layout 1 has it: what the record must say too.
func jsonEncoded(t testing.TB, e *bridge.Entry) []byte {
	t.Helper()
	b, err := encodeJSON(e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// encodeEntry is an entry as it is stored.
func encodeEntry(e *bridge.Entry) ([]byte, error) { return appendEntry(nil, e) }

func encodeJSON(e *bridge.Entry) ([]byte, error) {
	rec := jsonRecord{Entry: *e}
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
		return nil, err
	}
	return append(append(binary.AppendUvarint(nil, uint64(len(head))), head...), body...), nil
}

// filler sets every member of a struct to something that is not its zero value, or leaves some out.
type filler struct {
	draw  *rand.Rand
	whole bool // leaves nothing out
	n     int
}

func (f *filler) fill(v reflect.Value) {
	f.n++
	if !f.whole && f.draw.IntN(3) == 0 {
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMilli(f.draw.Int64N(4e12)).In(time.FixedZone("", f.draw.IntN(3)*3600))))
		return
	case bridge.Value:
		v.Set(reflect.ValueOf(bridge.Value{Kind: bridge.Null + bridge.Kind(f.draw.IntN(int(bridge.Multi)))}))
		if v.FieldByName("Kind").Uint() != uint64(bridge.Null) {
			v.FieldByName("Text").SetString(f.text())
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64, reflect.Int32:
		v.SetInt(int64(f.n) - f.draw.Int64N(1<<31))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.members(v.Elem())
	case reflect.Struct:
		f.members(v)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			if f.whole = true; v.Type().Elem().Kind() == reflect.Uint8 {
				v.Index(i).SetUint(0xff)
				continue
			}
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + f.draw.IntN(10) {
			key, val := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			key.SetString(f.text())
			f.whole = true
			f.fill(val)
			v.SetMapIndex(key, val)
		}
	default:
		panic("no way to fill " + v.Type().String())
	}
}

func (f *filler) members(v reflect.Value) {
	whole := f.whole
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("json"); tag == "-" && v.Type() != reflect.TypeFor[bridge.Row]() || slices.Contains([]string{"Mark", "Behind", "Passed"}, v.Type().Field(i).Name) {
			continue
		}
		f.whole = whole
		f.fill(v.Field(i))
	}
	f.whole = whole
}

// text is one of few, so that some come again, or a long one, or one with bytes that are no UTF-8.
func (f *filler) text() string {
	switch f.draw.IntN(8) {
	case 0:
		return strings.Repeat("é", f.draw.IntN(80))
	case 1:
		return "a\xffb\xfe\xfe\u2028"
	default:
		return fmt.Sprintf("text %d", f.draw.IntN(60))
	}
}

func filledEntry(f *filler) *bridge.Entry {
	var e bridge.Entry
	f.members(reflect.ValueOf(&e).Elem())
	if f.whole {
		return &e
	}
	if e.Change != nil && e.Change.Records == nil {
		e.Change.Records = []bridge.RecordID{"003000000000001AAA"}
	}
	return &e
}

// TestRecord_SaysWhatJSONSaid holds the record to the JSON that it took the place of, member for member. Members that are added to the nouns and not to the
// record are found by it.
func TestRecord_SaysWhatJSONSaid(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for n := range 2000 {
		f := &filler{draw: rand.New(rand.NewPCG(seed, uint64(n))), whole: n == 0}
		e := filledEntry(f)
		b, err := encodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeEntry(7, b)
		if err != nil {
			t.Fatalf("%v of %+v", err, e)
		}
		want, err := decodeEntry(7, jsonEncoded(t, e))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("JSON says -, the record +:\n%s", diff)
		}
		head, plain, err := (&opening{}).headOf(&Item{Key: seqKey(prefixEntry, 7), Val: seal(seqKey(prefixEntry, 7), b)})
		for i := range got.Deliveries {
			got.Deliveries[i].Told = nil // stands behind what lanes need
		}
		if err != nil || !cmp.Equal(head, bridge.Entry{ID: 7, Kind: got.Kind, At: got.At, Deliveries: got.Deliveries}) {
			t.Fatalf("for lanes it says %+v, %v", head, err)
		}
		if plain != (got.Change == nil && got.Row == nil) {
			t.Fatalf("it is plain: %v, with a change %v and a row %v", plain, got.Change != nil, got.Row != nil)
		}
	}
}

// TestRecord_TakesNothingThatIsCutShort cuts and lengthens a record everywhere.
func TestRecord_TakesNothingThatIsCutShort(t *testing.T) {
	e := filledEntry(&filler{draw: rand.New(rand.NewPCG(1, 2)), whole: true})
	e.Callback.Body = nil
	b, err := encodeEntry(e)
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := decodeEntry(7, b[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes: %v", n, len(b), err)
		}
	}
	e.Callback = nil
	if b, err = encodeEntry(e); err != nil {
		t.Fatal(err)
	}
	if _, err := decodeEntry(7, append(b, 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a body without a callback: %v", err)
	}
}

// TestRecord_RefusesWhatJSONRefused keeps out what could not be stored as JSON later.
func TestRecord_RefusesWhatJSONRefused(t *testing.T) {
	for name, e := range map[string]*bridge.Entry{
		"a year beyond":   {At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a year before":   {At: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
		"unknown value":   {Row: &bridge.Row{Values: bridge.Fields{"A": {}}}},
		"value of a kind": {Row: &bridge.Row{Keys: bridge.Fields{"A": {Kind: bridge.Multi + 1}}}},
	} {
		if _, err := encodeEntry(e); err == nil {
			t.Errorf("%s is encoded", name)
		}
		if _, err := encodeJSON(e); err == nil {
			t.Errorf("%s had JSON", name)
		}
	}
}

// FuzzRecord demands of all that a head is taken for that it says the same when it is written again.
func FuzzRecord(f *testing.F) {
	for n := range 20 {
		b, err := encodeEntry(filledEntry(&filler{draw: rand.New(rand.NewPCG(7, uint64(n))), whole: n == 0}))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(binary.AppendUvarint([]byte{recordMark, recordVersion, 2, 1}, 1<<60))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append([]byte{recordMark, recordVersion}, b[min(2, len(b)):]...)
		e, err := decodeEntry(7, b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Error(err)
			}
			return
		}
		again, err := encodeEntry(&e)
		if err != nil {
			t.Fatal(err)
		}
		same, err := decodeEntry(7, again)
		if diff := cmp.Diff(e, same); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// BenchmarkRecord writes and reads the entry of a change with five fields.
func BenchmarkRecord(b *testing.B) {
	fields := []bridge.Field{"Name", "Website", "Industry", "BillingCity", "Custom_90__c"}
	c := &bridge.Change{
		Org: "00D000000000001EAA", Topic: "/data/AccountChangeEvent", Event: "0000c350-0000-4000-8000-00000000c350", Object: "Account",
		Records: []bridge.RecordID{"0015g0000000001AAA"}, Type: bridge.Update, Origin: bridge.Origin{API: "com/salesforce/api/soap/66.0"},
		Version: bridge.Version{At: time.UnixMilli(1e12), Commit: 1 << 50, Sequence: 1}, Tx: "0001c1a4-9e7f-7c59-8d3e-0d8a7e2a6b1f", Changed: fields, Values: bridge.Fields{},
	}
	for _, f := range fields {
		c.Values[f] = bridge.TextValue("a value of " + string(f))
	}
	e := &bridge.Entry{Kind: bridge.ChangeEntry, At: time.UnixMilli(1e12), Change: c, Deliveries: []bridge.Delivery{{
		ID: "0123456789abcdef0123456789abcdef", Kind: bridge.State, Transfer: "accounts", Object: "Account", Dirty: fields,
		Lane: bridge.Lane{Org: c.Org, Project: "shop", Direction: bridge.Inbound, Source: "0015g0000000001AAA"},
	}}}
	b.Run("write", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf, _ = appendEntry(buf[:0], e)
		}
		b.ReportMetric(float64(len(buf)), "bytes")
	})
	buf, _ := appendEntry(nil, e)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = decodeEntry(1, buf)
		}
	})
	text := jsonEncoded(b, e)
	b.Run("json-write", func(b *testing.B) {
		for b.Loop() {
			_, _ = encodeJSON(e)
		}
		b.ReportMetric(float64(len(text)), "bytes")
	})
	b.Run("json-read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = decodeEntry(1, text)
		}
	})
}
