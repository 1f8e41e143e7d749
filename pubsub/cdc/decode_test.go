package cdc

import (
	"bytes"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

func decode(t *testing.T, e told) bridge.Change {
	t.Helper()
	schema := schemaOf(widgetFields)
	c, err := compile(t, schema).Decode(e.encode(t, schema))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func txt(s string) bridge.Value { return bridge.Value{Kind: bridge.Text, Text: s} }

func number(s string) bridge.Value { return bridge.Value{Kind: bridge.Number, Text: s} }

var null = bridge.NullValue()

func TestDecode_GivesEveryValueOfACreate(t *testing.T) {
	body := map[string]any{
		"Name":                 in("string", " Blue  Ltd "),
		"BillingAddress":       in("com.sforce.eventbus.Address", map[string]any{"City": in("string", "Kyoto"), "Latitude": in("double", 35.0), "Xyz": in("string", "3")}),
		"PersonMailingAddress": nil,
		"Loc__c":               in("com.sforce.eventbus.Location", map[string]any{"Latitude": in("double", -0.5), "Longitude": in("double", 1e21)}),
		"Phone":                in("string", ""),
		"Birthdate":            in("long", int64(88387200000)),
		"Due__c":               in("long", int64(-86400000)),
		"LastModifiedDate":     in("long", int64(1690667843999)),
		"Opens__c":             in("long", int64(34200000)),
		"Active__c":            in("boolean", false),
		"Count__c":             in("int", int32(-7)),
		"Amount__c":            in("double", 340.0),
		"Tags__c":              in("string", "b;a; b"),
		"Notes__c":             in("string", "one\r\ntwo"),
		"UserPreferences":      in("array", []any{"Z", "A"}),
	}
	want := bridge.Fields{
		"Name": txt("Blue  Ltd"), "Salutation": null, "FirstName": null, "LastName": null,
		"BillingStreet": null, "BillingCity": txt("Kyoto"), "BillingStateCode": null, "BillingLatitude": number("35"),
		"PersonMailingStreet": null, "PersonMailingCity": null, "PersonMailingStateCode": null, "PersonMailingLatitude": null,
		"Street": null, "City": null, "StateCode": null, "Latitude": null,
		"Site__Street__s": null, "Site__City__s": null, "Site__StateCode__s": null, "Site__Latitude__s": null,
		"Loc__Latitude__s": number("-0.5"), "Loc__Longitude__s": number("1000000000000000000000"),
		"Phone": null, "Birthdate": {Kind: bridge.Date, Text: "1972-10-20"}, "Due__c": {Kind: bridge.Date, Text: "1969-12-31"},
		"LastModifiedDate": {Kind: bridge.DateTime, Text: "2023-07-29T21:57:23Z"}, "Opens__c": txt("09:30:00.000Z"),
		"Active__c": {Kind: bridge.Bool, Text: "false"}, "Count__c": number("-7"), "Amount__c": number("340"),
		"Tags__c": {Kind: bridge.Multi, Text: "a;b"}, "Notes__c": txt("one\r\ntwo"), "UserPreferences": {Kind: bridge.Multi, Text: "A;Z"},
	}
	for _, kind := range []string{"CREATE", "UNDELETE"} {
		c := decode(t, told{kind: kind, body: body})
		if d := cmp.Diff(want, c.Values); d != "" {
			t.Errorf("%s (-want +got):\n%s", kind, d)
		}
		if c.Changed != nil || c.Cleared != nil || c.Context != nil || c.Reread != nil || c.Gap() {
			t.Errorf("%s says more than its values: %+v", kind, c)
		}
	}
}

func TestDecode_TellsTheHeader(t *testing.T) {
	c := decode(t, told{kind: "DELETE", records: []string{"a01000000000001AAA", "a01000000000002AAA"}, commitNumber: 1_700_000_000_000_000_123,
		origin: "com/salesforce/api/rest/66.0;client=sfbridge/", commitAge: 999})
	want := bridge.Change{
		Object: "Widget__c", Records: []bridge.RecordID{"a01000000000001AAA", "a01000000000002AAA"}, Type: bridge.Delete, Tx: "tx-1",
		Origin:  bridge.Origin{API: "com/salesforce/api/rest/66.0", Client: "sfbridge", User: "005000000000001AAA"},
		Version: bridge.Version{At: time.Date(2023, 7, 29, 21, 57, 23, 999e6, time.UTC), Commit: 1_700_000_000_000_000_123, Sequence: 3},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestDecode_GivesNoValuesForGapsAndUnknownTypes(t *testing.T) {
	body := map[string]any{"Phone": in("string", "1")}
	for _, kind := range []string{"DELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW", "SNAPSHOT", "PURGED"} {
		c := decode(t, told{kind: kind, body: body, changed: []string{"0x80"}, records: []string{"000000000000000AAA"}})
		if c.Values != nil || c.Changed != nil || c.Context != nil || c.Reread != nil {
			t.Errorf("%s: %+v", kind, c)
		}
		if c.Gap() != (kind != "DELETE") || string(c.Type) != kind {
			t.Errorf("%s: type %s, gap %v", kind, c.Type, c.Gap())
		}
	}
}

func TestDecode_ClearsOnlyWhatIsNulledAndRereadsWhatIsHidden(t *testing.T) {
	c := decode(t, told{
		kind:    "UPDATE",
		changed: []string{"0x3580", "2-0x03", "3-0x02"}, // Phone, Birthdate, LastModifiedDate, Active__c, Count__c; street and city; city
		nulled:  []string{"0x2080", "2-0x01"},           // Phone, Count__c; street
		diff:    []string{"0x010000"},                   // Notes__c
		body: map[string]any{
			"LastModifiedDate": in("long", int64(1690667843000)),
			"Active__c":        in("boolean", true),
			"BillingAddress":   in("com.sforce.eventbus.Address", map[string]any{"City": in("string", "Nara"), "StateCode": in("string", "29")}),
			"Amount__c":        in("double", 12.5), // a formula: there, and not flagged
			"Notes__c":         in("string", "--- \n+++ 00\n@@ -1,1 +1,1 @@\n"),
		},
	})
	got := bridge.Change{Changed: c.Changed, Cleared: c.Cleared, Values: c.Values, Context: c.Context, Reread: c.Reread}
	want := bridge.Change{
		Changed: names("BillingStreet", "BillingCity", "PersonMailingCity", "Phone", "Birthdate", "LastModifiedDate", "Active__c", "Count__c", "Notes__c"),
		Cleared: names("BillingStreet", "Phone", "Count__c"),
		Values: bridge.Fields{"BillingStreet": null, "BillingCity": txt("Nara"), "Phone": null, "Count__c": null,
			"LastModifiedDate": {Kind: bridge.DateTime, Text: "2023-07-29T21:57:23Z"}, "Active__c": {Kind: bridge.Bool, Text: "true"}},
		Context: bridge.Fields{"BillingStateCode": txt("29"), "Amount__c": number("12.5")},
		Reread:  names("PersonMailingCity", "Birthdate", "Notes__c"),
	}
	// Active__c is bit 12 and Birthdate bit 8; the mask above flags 7, 8, 10, 12 and 13.
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestDecode_SwitchesBetweenTheNameAndItsParts(t *testing.T) {
	person := in("com.sforce.eventbus.Switchable_PersonName", map[string]any{"FirstName": in("string", "Aiko")})
	for name, c := range map[string]struct {
		e    told
		want bridge.Fields
	}{
		"business renamed":      {told{kind: "UPDATE", changed: []string{"0x02"}, body: map[string]any{"Name": in("string", "Blue")}}, bridge.Fields{"Name": txt("Blue")}},
		"person's first name":   {told{kind: "UPDATE", changed: []string{"1-0x02"}, body: map[string]any{"Name": person}}, bridge.Fields{"FirstName": txt("Aiko")}},
		"first and last name":   {told{kind: "UPDATE", changed: []string{"1-0x06"}, nulled: []string{"1-0x04"}, body: map[string]any{"Name": person}}, bridge.Fields{"FirstName": txt("Aiko"), "LastName": null}},
		"person's name cleared": {told{kind: "UPDATE", changed: []string{"1-0x02"}, nulled: []string{"1-0x02"}}, bridge.Fields{"FirstName": null}},
	} {
		got := decode(t, c.e)
		if d := cmp.Diff(c.want, got.Values); d != "" || got.Reread != nil {
			t.Errorf("%s: reread %v (-want +got):\n%s", name, got.Reread, d)
		}
	}
	created := decode(t, told{kind: "CREATE", body: map[string]any{"Name": person}})
	if v, there := created.Values["Name"]; there || created.Values["FirstName"] != txt("Aiko") || created.Values["LastName"] != null {
		t.Errorf("a person's name gave %v and %v", v, created.Values)
	}
}

func TestDecode_RereadsACompoundFlaggedAsAWhole(t *testing.T) {
	c := decode(t, told{kind: "UPDATE", changed: []string{"0x40"}, body: map[string]any{
		"Loc__c": in("com.sforce.eventbus.Location", map[string]any{"Latitude": in("double", 1.5)})}})
	if d := cmp.Diff(bridge.Fields{"Loc__Latitude__s": number("1.5")}, c.Values); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(names("Loc__Longitude__s"), c.Reread); d != "" {
		t.Error(d)
	}
}

func TestDecode_ParsesOrigins(t *testing.T) {
	for text, want := range map[string]bridge.Origin{
		"":                             {},
		"com/salesforce/api/rest/56.0": {API: "com/salesforce/api/rest/56.0"},
		"com/salesforce/api/soap/66.0;client=SfdcInternalAPI/": {API: "com/salesforce/api/soap/66.0", Client: "SfdcInternalAPI"},
		"com/salesforce/api/rest/66.0;client=OurClient2":       {API: "com/salesforce/api/rest/66.0", Client: "OurClient2"},
		"a;defaultNamespace=x;client=b//":                      {API: "a", Client: "b/"},
		";client=":                                             {},
	} {
		if d := cmp.Diff(want, parseOrigin(text)); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
}

func TestDecode_RefusesLengthsBeyondThePayloadWithoutAllocating(t *testing.T) {
	s := compile(t, schemaOf(widgetFields))
	long := []byte{0xfe, 0xff, 0xff, 0xff, 0x0f}
	for _, hostile := range [][]byte{
		append([]byte{0x02, 'W'}, long...),                                      // recordIds: 2^31 items
		append([]byte{0x02, 'W', 0xff, 0xff, 0xff, 0xff, 0x0f}, long...),        // a negative count
		{0x02, 'W', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, // the least number
		long, // entityName: 2 GiB
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{}, {0x01}, {0x02}, {0x02, 'W', 0x00, 0x7f},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := s.Decode(hostile)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("% x was taken", hostile)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
			t.Errorf("% x allocated %d bytes", hostile, n)
		}
	}
}

func TestDecode_RefusesAnEventOfNobody(t *testing.T) {
	schema := schemaOf(widgetFields)
	if _, err := compile(t, schema).Decode(told{kind: "CREATE", records: []string{}}.encode(t, schema)); err == nil {
		t.Error("an event without a record was taken")
	}
}

func TestCompile_RefusesWhatIsNoChangeEvent(t *testing.T) {
	deep := strings.Repeat(`["null",{"type":"array","items":`, 20) + `"string"` + strings.Repeat(`}]`, 20)
	for name, schema := range map[string]string{
		"nothing":            "",
		"no JSON":            "{",
		"a primitive":        `"string"`,
		"no header":          `{"type":"record","name":"X","fields":[{"name":"Name","type":"string"}]}`,
		"a header of text":   `{"type":"record","name":"X","fields":[{"name":"ChangeEventHeader","type":"string"}]}`,
		"a missing id list":  strings.Replace(schemaOf(widgetFields), "recordIds", "ids", 1),
		"a retyped header":   strings.Replace(schemaOf(widgetFields), `"commitNumber","type":"long"`, `"commitNumber","type":"double"`, 1),
		"an unknown type":    schemaOf(`{"name":"A","type":"Nowhere"}`),
		"a map of nothing":   schemaOf(`{"name":"A","type":{"type":"map","values":"null"}}`),
		"recursion":          schemaOf(`{"name":"A","type":{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}}`),
		"items of no bytes":  schemaOf(`{"name":"A","type":{"type":"array","items":"null"}}`),
		"a union in a union": schemaOf(`{"name":"A","type":["null",["string"]]}`),
		"an empty union":     schemaOf(`{"name":"A","type":[]}`),
		"depth":              schemaOf(`{"name":"A","type":` + deep + `}`),
		"a type twice":       schemaOf(`{"name":"A","type":{"type":"enum","name":"E","symbols":["a"]}},{"name":"B","type":{"type":"enum","name":"E","symbols":["b"]}}`),
	} {
		if _, err := Compile(schema); err == nil {
			t.Errorf("%s was compiled", name)
		}
	}
}

func TestObjectOf_NamesTheObject(t *testing.T) {
	for event, want := range map[string]bridge.Object{
		"ContactChangeEvent": "Contact", "Vehicle__ChangeEvent": "Vehicle__c", "ns__Vehicle__ChangeEvent": "ns__Vehicle__c", "ChangeEvents": "",
		"Orders__chn": "", "ChangeEvent": "", "": "",
	} {
		if got := ObjectOf(event); got != want {
			t.Errorf("%s: %s, want %s", event, got, want)
		}
	}
}

func TestDecode_RefusesNumbersThatTheirTypesDoNotHave(t *testing.T) {
	schema := schemaOf(widgetFields)
	wide := strings.Replace(schema, `"name":"Count__c","type":["null","int"]`, `"name":"Count__c","type":["null","long"]`, 1)
	for name, payload := range map[string][]byte{
		"no number":    told{kind: "CREATE", body: map[string]any{"Amount__c": in("double", math.NaN())}}.encode(t, schema),
		"no end":       told{kind: "CREATE", body: map[string]any{"BillingAddress": in("com.sforce.eventbus.Address", map[string]any{"Latitude": in("double", math.Inf(1))})}}.encode(t, schema),
		"a wide int":   told{kind: "CREATE", body: map[string]any{"Count__c": in("long", int64(1<<31))}}.encode(t, wide),
		"a narrow int": told{kind: "CREATE", body: map[string]any{"Count__c": in("long", int64(-1<<31-1))}}.encode(t, wide),
	} {
		if _, err := compile(t, schema).Reading(nil).Decode(payload); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestDecode_HoldsABlockToTheSizeItSays(t *testing.T) {
	schema := schemaOf(widgetFields)
	s := compile(t, schema)
	payload := told{kind: "DELETE"}.encode(t, schema)
	ids := bytes.Index(payload, []byte("\x02\x24a01")) // one item of 18 bytes
	for size, taken := range map[byte]bool{19: true, 18: false, 20: false, 0: false} {
		sized := slices.Concat(payload[:ids], []byte{1, size << 1}, payload[ids+1:])
		if _, err := s.Decode(sized); (err == nil) != taken {
			t.Errorf("a block of 19 bytes that says %d: %v", size, err)
		}
	}
}
