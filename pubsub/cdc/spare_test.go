package cdc

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// TestDecodeInto_TellsNothingOfTheChangeBefore reads each of some payloads into the change that each of them left.
func TestDecodeInto_TellsNothingOfTheChangeBefore(t *testing.T) {
	text := schemaOf(widgetFields)
	schema := compile(t, text)
	phone, active := map[string]any{"Phone": in("string", "1")}, map[string]any{"Active__c": in("boolean", true)}
	payloads := map[string][]byte{
		"a phone":     told{kind: "UPDATE", changed: []string{"0x80"}, body: phone}.encode(t, text),
		"a box":       told{kind: "UPDATE", changed: []string{"0x1000"}, body: active, records: []string{"a01000000000003AAA"}}.encode(t, text),
		"both":        told{kind: "UPDATE", changed: []string{"0x1080"}, body: map[string]any{"Phone": phone["Phone"], "Active__c": active["Active__c"]}}.encode(t, text),
		"an emptying": told{kind: "UPDATE", changed: []string{"0x80"}, nulled: []string{"0x80"}}.encode(t, text),
		"two records": told{kind: "UPDATE", changed: []string{"0x80"}, body: phone, records: []string{"a01000000000001AAA", "a01000000000002AAA"}}.encode(t, text),
		"a context":   told{kind: "UPDATE", body: phone}.encode(t, text),
		"a create":    told{kind: "CREATE", body: active}.encode(t, text),
		"a deletion":  told{kind: "DELETE"}.encode(t, text),
		"a gap":       told{kind: "GAP_UPDATE"}.encode(t, text),
		"nothing":     nil,
	}
	for before, first := range payloads {
		for after, second := range payloads {
			var c bridge.Change
			for range 2 {
				_ = schema.DecodeInto(&c, first)
			}
			err := schema.DecodeInto(&c, second)
			want, wantErr := schema.Decode(second)
			if d := cmp.Diff(want, c); d != "" || (err == nil) != (wantErr == nil) {
				t.Errorf("%s after %s: %v (-want +got):\n%s", after, before, err, d)
			}
		}
	}
}
