package cdc

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// strangeFields are of shapes that no change event has had so far.
const strangeFields = `
	{"name":"Plain","type":"string","doc":"Data:Text"},
	{"name":"Late","type":["string","null"],"doc":"Data:Text"},
	{"name":"Many","type":["null","int","string"],"doc":"Data:Text"},
	{"name":"Labels","type":["null",{"type":"map","values":"string"}],"doc":"Data:Text"},
	{"name":"Numbers","type":["null",{"type":"array","items":"int"}],"doc":"Data:Text"},
	{"name":"Seen","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"doc":"Data:DateTime"},
	{"name":"Day","type":["null",{"type":"int","logicalType":"date"}],"doc":"Data:DateOnly"},
	{"name":"Price","type":["null",{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}],"doc":"Data:Currency"},
	{"name":"Hash","type":["null",{"type":"fixed","name":"Hash","size":3}],"doc":"Data:Base64"},
	{"name":"Deep","type":["null",{"type":"record","name":"Deep","fields":[
		{"name":"Text","type":["null","string"]},
		{"name":"Inner","type":["null",{"type":"record","name":"Inner","fields":[{"name":"A","type":"string"}]}]}]}],"doc":"Data:Deep"},
	{"name":"Gone","type":["null","string"],"default":null,"doc":"Data:Text"}`

func strange() map[string]any {
	return map[string]any{
		"Plain": "p", "Late": in("string", "l"), "Many": in("int", int32(4)), "Labels": in("map", map[string]any{"a": "b"}),
		"Numbers": in("array", []any{int32(1), int32(2)}), "Seen": in("long.timestamp-millis", time.UnixMilli(1690667843999)),
		"Day": in("int.date", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)), "Price": in("bytes.decimal", big.NewRat(1999, 100)),
		"Hash": in("com.sforce.eventbus.Hash", []byte("abc")),
		"Deep": in("com.sforce.eventbus.Deep", map[string]any{"Text": in("string", "t"), "Inner": in("com.sforce.eventbus.Inner", map[string]any{"A": "x"})}),
	}
}

func strangeSchema(t *testing.T) *Schema {
	s := compile(t, schemaOf(strangeFields))
	if s.program != nil {
		t.Fatal("the schema has a program")
	}
	return s
}

func TestNative_ReadsSchemasThatHaveNoProgram(t *testing.T) {
	s := strangeSchema(t)
	c, err := s.Decode(told{kind: "CREATE", body: strange()}.encode(t, schemaOf(strangeFields)))
	if err != nil {
		t.Fatal(err)
	}
	want := bridge.Fields{
		"Plain": txt("p"), "Late": txt("l"), "Many": number("4"), "Seen": {Kind: bridge.DateTime, Text: "2023-07-29T21:57:23Z"},
		"Day": {Kind: bridge.Date, Text: "2024-02-29"}, "Price": number("19.99"), "Hash": txt("YWJj"), "Deep.Text": txt("t"), "Gone": null,
	} // nothing is known of a map, of numbers in an array, of a record in a record
	if d := cmp.Diff(want, c.Values); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	c, err = s.Reading(names("Late", "Gone")).Decode(told{kind: "UPDATE", changed: []string{"0x0816"}, nulled: []string{"0x0800"}, body: strange()}.encode(t, schemaOf(strangeFields)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(bridge.Fields{"Late": txt("l"), "Gone": null}, c.Values); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestNative_RereadsWhatNoFieldCanHold(t *testing.T) {
	c, err := strangeSchema(t).Decode(told{kind: "UPDATE", changed: []string{"0x30", "10-0x02"}, body: strange()}.encode(t, schemaOf(strangeFields)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(names("Labels", "Numbers", "Deep.Inner"), c.Reread); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestNative_TakesNoPartOfAPayloadAndBelievesNoLength(t *testing.T) {
	s := strangeSchema(t)
	payload := told{kind: "CREATE", body: strange()}.encode(t, schemaOf(strangeFields))
	for n := range payload {
		if _, err := s.Decode(payload[:n:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were taken", n, len(payload))
		}
		for _, l := range [][]byte{{0xfe, 0xff, 0xff, 0xff, 0x0f}, {0xff, 0xff, 0xff, 0xff, 0x0f}, {0x01, 0xfe, 0xff, 0xff, 0xff, 0x0f}} {
			refuse(t, s, append(payload[:n:n], l...), 64<<10)
		}
	}
}
