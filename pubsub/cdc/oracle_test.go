package cdc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// twins are a schema with its program, and the same without, so that goavro reads the payloads.
type twins struct {
	*world
	sparse, native *Schema
	used           *bridge.Change // what the program read last
}

func newTwins(t testing.TB, w *world) twins {
	s := compile(t, w.schema)
	if s.program == nil {
		t.Fatal("the schema has no program")
	}
	n := *s
	n.program, n.codec = nil, w.codec
	return twins{w, s, &n, &bridge.Change{}}
}

// family is one pair of twins for each of several widths.
func family(t testing.TB) []twins {
	var all []twins
	for i, n := range []int{25, 26, 40, 63, 64, 70, 100, 127, 128, 200, 250, 300} {
		all = append(all, newTwins(t, randomWorld(t, rand.New(rand.NewPCG(7, uint64(i))), n)))
	}
	return all
}

// random makes a payload of any change type, with random masks, a share of whose bits the schema has no field for.
func (w twins) random(t testing.TB, r *rand.Rand) []byte {
	density := []float64{0.02, 0.1, 0.5, 1}[r.IntN(4)]
	e := told{
		kind: []string{"UPDATE", "UPDATE", "UPDATE", "CREATE", "UNDELETE", "DELETE", "GAP_UPDATE", "PURGED"}[r.IntN(8)], body: map[string]any{},
		origin:  []string{"", "com/salesforce/api/rest/66.0;client=sfbridge", "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/"}[r.IntN(3)],
		records: []string{"a01000000000001AAA", "a01000000000002AAA", "001*"}[:1+r.IntN(3)], commitNumber: r.Int64(),
	}
	for i, n := range w.names {
		if r.Float64() < density {
			e.body[n] = w.value(r, i)
		}
	}
	for _, m := range []*[]string{&e.changed, &e.nulled, &e.diff} {
		if r.IntN(4) == 0 {
			continue
		}
		var fields []int
		for i := range len(w.names) + 9 {
			if r.Float64() < density/2 {
				fields = append(fields, i)
			}
		}
		*m = bitmap(fields)
		for i, k := range w.sorts {
			if k >= address && r.Float64() < density {
				*m = append(*m, fmt.Sprintf("%d-0x%02X", i+1, r.IntN(1<<11)))
			}
		}
	}
	return e.encode(t, w.schema)
}

// same fails where the program and goavro read the payload differently; it reports whether the payload was taken.
func (w twins) same(t *testing.T, payload []byte) bool {
	t.Helper()
	err := w.sparse.DecodeInto(w.used, payload)
	want, oracle := w.native.Decode(payload)
	got := *w.used
	switch {
	case errors.Is(err, errPanicked) || errors.Is(oracle, errPanicked):
		t.Fatalf("program: %v, goavro: %v", err, oracle)
	case err != nil && oracle == nil && !errors.Is(err, errBranch): // a branch in more bytes than it needs
		t.Fatalf("the program refuses what goavro takes: %v", err)
	case err == nil && oracle != nil:
		t.Fatalf("goavro refuses what the program takes: %v", oracle)
	case err != nil:
		return false
	}
	if !reflect.DeepEqual(want, got) {
		d := cmp.Diff(want, got)
		t.Fatalf("(-goavro +program):\n%s", d)
	}
	w.sameHeader(t, payload, got)
	return true
}

// sameHeader holds the header, which both read in the same way, against goavro's own form.
func (w twins) sameHeader(t *testing.T, payload []byte, c bridge.Change) {
	t.Helper()
	native, rest, err := w.codec.NativeFromBinary(payload)
	if err != nil || len(rest) > 0 {
		t.Fatalf("goavro: %v, %d bytes left", err, len(rest))
	}
	h := native.(map[string]any)["ChangeEventHeader"].(map[string]any)
	utf := func(name string) string { return strings.ToValidUTF8(h[name].(string), "\uFFFD") }
	ids := []bridge.RecordID{}
	for _, id := range h["recordIds"].([]any) {
		ids = append(ids, bridge.RecordID(strings.ToValidUTF8(id.(string), "\uFFFD")))
	}
	if utf("entityName") != string(c.Object) || utf("transactionKey") != c.Tx || utf("commitUser") != string(c.Origin.User) ||
		h["changeType"] != string(c.Type) || h["commitNumber"] != c.Version.Commit || h["sequenceNumber"] != c.Version.Sequence ||
		h["commitTimestamp"] != c.Version.At.UnixMilli() || !slices.Equal(ids, c.Records) {
		t.Fatalf("goavro reads another header: %v, ours %+v", h, c)
	}
	want := parseOrigin(utf("changeOrigin"))
	if want.User = c.Origin.User; want != c.Origin {
		t.Fatalf("origin %+v, want %+v", c.Origin, want)
	}
}

// spoil is the payload with up to three of its bytes changed, mostly to such as are something in Avro.
func spoil(r *rand.Rand, payload []byte) []byte {
	broken := slices.Clone(payload)
	for range 1 + r.IntN(3) {
		broken[r.IntN(len(broken))] = []byte{0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, byte(r.Uint32())}[r.IntN(9)]
	}
	return broken
}

func TestDecode_SaysWhatGoavroSays(t *testing.T) {
	taken := 0
	for i, w := range family(t) {
		r := rand.New(rand.NewPCG(11, uint64(i)))
		for range 16 {
			payload := w.random(t, r)
			if !w.same(t, payload) {
				t.Fatal("an event as Salesforce sends it was refused")
			}
			taken++
			for range 12 { // and what is left of it when bytes are changed
				w.same(t, spoil(r, payload))
			}
		}
	}
	if taken != 12*16 {
		t.Errorf("%d events", taken)
	}
}

func TestDecode_TakesNoPartOfAPayload(t *testing.T) {
	for i, w := range family(t) {
		r := rand.New(rand.NewPCG(13, uint64(i)))
		for range 5 {
			payload := w.random(t, r)
			for n := range payload {
				if _, err := w.sparse.Decode(payload[:n:n]); err == nil {
					t.Fatalf("the first %d of %d bytes were taken", n, len(payload))
				}
			}
			for _, more := range []byte{0, 2, 0xff} {
				if _, err := w.sparse.Decode(append(slices.Clone(payload), more)); err == nil {
					t.Fatalf("a trailing %x was taken", more)
				}
			}
		}
	}
}

// cut leaves of a change what speaks of the fields, as one that reads them alone must see it.
func cut(c bridge.Change, fields []bridge.Field) bridge.Change {
	out := func(f bridge.Field) bool { return !slices.Contains(fields, f) }
	for _, l := range []*[]bridge.Field{&c.Changed, &c.Cleared, &c.Reread} {
		if *l = slices.DeleteFunc(slices.Clone(*l), out); len(*l) == 0 {
			*l = nil
		}
	}
	for _, m := range []*bridge.Fields{&c.Values, &c.Context} {
		kept := bridge.Fields{}
		for f, v := range *m {
			if !out(f) {
				kept[f] = v
			}
		}
		if *m = kept; len(kept) == 0 {
			*m = nil
		}
	}
	return c
}

func TestReading_CutsTheChangeToWhatIsRead(t *testing.T) {
	said := 0
	for i, w := range family(t) {
		r := rand.New(rand.NewPCG(17, uint64(i)))
		all := w.sparse.Fields()
		for range 30 {
			var some []bridge.Field
			for range r.IntN(12) {
				some = append(some, all[r.IntN(len(all))])
			}
			payload := w.random(t, r)
			whole, err := w.sparse.Decode(payload)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []*Schema{w.sparse, w.native} {
				got, err := s.Reading(append(some, "NotThere__c")).Decode(payload)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(cut(whole, some), cut(got, all)); d != "" {
					t.Fatalf("%v (-want +got):\n%s", some, d)
				}
				said += len(got.Values) + len(got.Context)
			}
		}
	}
	if said == 0 {
		t.Error("nothing was read")
	}
}

func TestDecode_AllocatesNothingForWhatNobodyReads(t *testing.T) {
	for _, s := range samples(t) {
		schema := compile(t, s.schema).Reading(nil)
		empty := schema.payloadOfHeader(t, s.payload)
		e := newEvent(schema)
		perRun := func(payload []byte) float64 {
			return testing.AllocsPerRun(200, func() {
				e.take(payload)
				head, err := schema.pass(e)
				if err == nil {
					err = schema.tell(e, head, &bridge.Change{})
				}
				if err != nil {
					t.Fatal(err)
				}
			})
		}
		if c, err := schema.Decode(s.payload); err != nil || len(c.Values) > 0 || c.Type == bridge.Update && (c.Values != nil || c.Changed != nil) {
			t.Errorf("%s: %+v: %v", s.name, c, err)
		}
		if full, bare := perRun(s.payload), perRun(empty); full > bare {
			t.Errorf("%s: %.0f allocations, %.0f without a body", s.name, full, bare)
		}
		if n := testing.AllocsPerRun(200, func() {
			e.take(s.payload)
			if _, err := schema.pass(e); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %.0f allocations to find all values", s.name, n)
		}
	}
}

// payloadOfHeader is the payload with every field of its body null.
func (s *Schema) payloadOfHeader(t testing.TB, payload []byte) []byte {
	var at places
	end, err := s.header.walk(payload, &at)
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.Clone(payload[:end]), make([]byte, len(s.columns)-1)...)
}

// slack is what the words of an error may take, what the runtime does beside, and what is kept from payload to payload where it was given up meanwhile.
const slack = 12 << 10

// refuse fails where a payload that is refused cost more memory than it has itself and what is allowed beside.
func refuse(t *testing.T, s *Schema, payload []byte, beside int) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := s.Decode(payload)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; err != nil && n > uint64(len(payload)+beside) {
		t.Fatalf("%d bytes of memory for a payload of %d: %v", n, len(payload), err)
	}
}

func TestDecode_BelievesNoLength(t *testing.T) {
	lengths := [][]byte{
		{0xfe, 0xff, 0xff, 0xff, 0x0f},                                     // 2^31-1
		{0x80, 0x80, 0x80, 0x80, 0x10},                                     // 2^31
		{0xff, 0xff, 0xff, 0xff, 0x0f},                                     // -2^31
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},       // the least
		{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},       // the greatest
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, // none
		{0x01, 0xfe, 0xff, 0xff, 0xff, 0x0f},                               // a block of one that says 2 GiB
		{0xfe, 0x07}, {0x01}, {0x03, 0x02},
	}
	for i, w := range family(t)[:2] {
		r := rand.New(rand.NewPCG(19, uint64(i)))
		payload := w.random(t, r)
		for s, beside := range map[*Schema]int{w.sparse: slack, w.native: 64 << 10} { // goavro's form of what is lawful up to the fault is large
			_, _ = s.Decode(payload) // so that what is kept for the next payload is there
			for at := 0; at < len(payload); at += 1 + r.IntN(4) {
				for _, l := range lengths {
					refuse(t, s, slices.Concat(payload[:at], l, payload[min(at+1, len(payload)):]), beside)
					refuse(t, s, slices.Concat(payload[:at], l), beside)
				}
			}
		}
	}
}

// FuzzDecode holds the program against goavro: what it takes, goavro takes too and says the same of it, whole; no part of a payload is taken.
func FuzzDecode(f *testing.F) {
	all := append(family(f), newTwins(f, &world{schema: schemaOf(widgetFields), codec: codecOf(f, schemaOf(widgetFields))}))
	for i := range all {
		r := rand.New(rand.NewPCG(23, uint64(i)))
		for range 3 {
			f.Add(uint8(i), all[i].random(f, r), uint16(r.Uint32()))
		}
	}
	widget := uint8(len(all) - 1)
	f.Add(widget, told{kind: "UPDATE", changed: []string{"0x80", "2-0x01"}, nulled: []string{"0x80"}, body: map[string]any{
		"BillingAddress": in("com.sforce.eventbus.Address", map[string]any{"City": in("string", "x")}), "UserPreferences": in("array", []any{"a", "b"})}}.encode(f, all[widget].schema), uint16(9))
	f.Add(widget, []byte{0x02, 'W', 0xfe, 0xff, 0xff, 0xff, 0x0f}, uint16(0))
	for _, s := range readSpecimens(f) { // behind the others, which the corpus counts
		for _, e := range s.Events {
			f.Add(uint8(len(all)), e.Payload, uint16(len(e.Payload)/2))
		}
		all = append(all, s.twins)
	}
	f.Fuzz(func(t *testing.T, which uint8, payload []byte, part uint16) {
		w := all[int(which)%len(all)]
		if !w.same(t, payload) {
			refuse(t, w.sparse, payload, 64<<10)
			return
		}
		n := int(part) % len(payload)
		if _, err := w.sparse.Decode(payload[:n:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were taken", n, len(payload))
		}
	})
}
