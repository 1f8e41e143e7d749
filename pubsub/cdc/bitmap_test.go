package cdc

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// changedBy decodes an update with the bitmaps and gives the names it changed.
func changedBy(t *testing.T, schema string, bitmaps ...string) []bridge.Field {
	t.Helper()
	c, err := compile(t, schema).Decode(told{kind: "UPDATE", changed: bitmaps}.encode(t, schema))
	if err != nil {
		t.Fatal(err)
	}
	return c.Changed
}

func names(texts ...string) []bridge.Field {
	var out []bridge.Field
	for _, s := range texts {
		out = append(out, bridge.Field(s))
	}
	return out
}

// accountFields are the first fields of Account in an org without record types.
var accountFields = strings.Fields(`Name Type ParentId BillingAddress ShippingAddress Phone Fax AccountNumber Website Sic Industry AnnualRevenue
	NumberOfEmployees Ownership TickerSymbol Description Rating Site OwnerId CreatedDate CreatedById LastModifiedDate LastModifiedById`)

func TestBitmap_ReadsTheDocumentedExamples(t *testing.T) {
	plain := wideSchema(accountFields)
	for bitmap, want := range map[string][]bridge.Field{
		"0x400800": names("Industry", "LastModifiedDate"),
		"0x410000": names("Description", "LastModifiedDate"),
		"0x400100": names("AccountNumber", "LastModifiedDate"),
		"0x400002": names("Name", "LastModifiedDate"),
		"0x000000": nil,
	} {
		if d := cmp.Diff(want, changedBy(t, plain, bitmap)); d != "" {
			t.Errorf("%s (-want +got):\n%s", bitmap, d)
		}
	}
	var numbered []string
	for i := 1; i <= 300; i++ {
		numbered = append(numbered, fmt.Sprintf("F%d", i))
	}
	wide := wideSchema(numbered)
	for bitmap, want := range map[string][]bridge.Field{
		"0x08F81000": names("F12", "F19", "F20", "F21", "F22", "F23", "F27"),
		"0xA0060140": names("F6", "F8", "F17", "F18", "F29", "F31"),
		"0x1F8040":   names("F6", "F15", "F16", "F17", "F18", "F19", "F20"),
		"0x650004E0": names("F5", "F6", "F7", "F10", "F24", "F26", "F29", "F30"),
		"0x02000000": names("F25"),
		"0x08" + strings.Repeat("00", 9) + "01000000":          names("F24", "F107"),
		"0x1" + strings.Repeat("0", 75):                        names("F300"),
		"0x8" + strings.Repeat("0", 63) + "8000000000000000":   names("F63", "F319")[:1],
		"0x8000000000000000":                                   names("F63"),
		"0x" + strings.Repeat("00", 40) + "000000000000000080": names("F7"),
	} {
		if d := cmp.Diff(want, changedBy(t, wide, bitmap)); d != "" {
			t.Errorf("%s (-want +got):\n%s", bitmap, d)
		}
	}
}

func TestBitmap_ReadsPartsOfCompounds(t *testing.T) {
	schema := schemaOf(widgetFields)
	for _, c := range []struct {
		bitmaps []string
		want    []bridge.Field
	}{
		{[]string{"0x0400", "2-0x01"}, names("BillingStreet", "LastModifiedDate")},
		{[]string{"2-0x0A"}, names("BillingCity", "BillingLatitude")},
		{[]string{"3-0x02"}, names("PersonMailingCity")},
		{[]string{"4-0x06"}, names("City", "StateCode")},
		{[]string{"5-0x02"}, names("Site__City__s")},
		{[]string{"6-0x03"}, names("Loc__Latitude__s", "Loc__Longitude__s")},
		{[]string{"1-0x06"}, names("FirstName", "LastName")},
		{[]string{"0x02"}, names("Name")},
		{[]string{"0x04"}, names("BillingStreet", "BillingCity", "BillingStateCode", "BillingLatitude")},
		{[]string{"0x0410", "2-0x02", "6-0x01"}, names("BillingCity", "Street", "City", "StateCode", "Latitude", "Loc__Latitude__s", "LastModifiedDate")},
	} {
		if d := cmp.Diff(c.want, changedBy(t, schema, c.bitmaps...)); d != "" {
			t.Errorf("%v (-want +got):\n%s", c.bitmaps, d)
		}
	}
}

func TestBitmap_CountsAndIgnoresBitsBeyondTheSchema(t *testing.T) {
	schema := schemaOf(widgetFields)
	s := compile(t, schema)
	e := told{kind: "UPDATE", changed: []string{"0xF00000000000000080", "2-0xF002", "99-0x03", "7-0x01"}}
	c, err := s.Decode(e.encode(t, schema))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(names("BillingCity", "Phone"), c.Changed); d != "" {
		t.Errorf("changed (-want +got):\n%s", d)
	}
	if s.Strays() != 4+4+2+1 {
		t.Errorf("%d stray bits counted, want 11", s.Strays())
	}
}

func TestBitmap_RefusesWhatIsNone(t *testing.T) {
	schema := schemaOf(widgetFields)
	s := compile(t, schema)
	for _, bad := range []string{"", "80", "0xG0", "x-0x01", "-1-0x01", "1-", "1-80", "0x 1", "99999999999999999999-0x01"} {
		for _, e := range []told{{kind: "UPDATE", changed: []string{bad}}, {kind: "UPDATE", nulled: []string{bad}}, {kind: "UPDATE", diff: []string{bad}}} {
			if _, err := s.Decode(e.encode(t, schema)); err == nil {
				t.Errorf("bitmap %q was taken", bad)
			}
		}
	}
}

func FuzzBitmap(f *testing.F) {
	for _, s := range []string{"0x400800", "6-0x0180", "0x", "-", "0x00-0x01", "7-0xZZ", "0x" + strings.Repeat("F", 100), "0x10000000000000000"} {
		f.Add(s, "0x0400")
	}
	s := compile(f, schemaOf(widgetFields))
	read := func(elements ...string) (m mask, strays int, err error) {
		m = newEvent(s).changed
		for _, e := range elements {
			n, err := m.read(s, []byte(e), newSet(len(s.columns)))
			if err != nil {
				return m, 0, err
			}
			strays += n
		}
		return m, strays, nil
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		m, strays, err := read(one, two)
		if err != nil {
			return
		}
		if strays > 4*(len(one)+len(two)) {
			t.Fatalf("%d strays in %d characters", strays, len(one)+len(two))
		}
		for _, element := range []string{one, two} {
			if top, ok := big.NewInt(0).SetString(element, 0); ok && top.Sign() >= 0 {
				for i := range s.columns {
					if top.Bit(i) == 1 && !m.tops.has(i) {
						t.Fatalf("%s: bit %d is missing", element, i)
					}
				}
			}
		}
		if again, _, _ := read(two, one); !slices.Equal(again.tops, m.tops) || !slices.Equal(again.parts, m.parts) {
			t.Fatal("the order of the elements matters")
		}
		if slices.Contains([]string{one, two}, "") {
			t.Fatal("an empty element was taken")
		}
	})
}
