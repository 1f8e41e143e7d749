package fakeorg

import (
	"maps"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// decode reads an event with the schema its id names, as a client would: the header, and the values that are not null by their
// compound names, such as MailingAddress.City.
func decode(t *testing.T, o *Org, e Event) (header, body map[string]any) {
	t.Helper()
	text, code := o.bus.schemaText(e.SchemaID)
	if code != "" {
		t.Fatalf("schema %s: %s", e.SchemaID, code)
	}
	codec, err := goavro.NewCodec(text)
	if err != nil {
		t.Fatal(err)
	}
	native, rest, err := codec.NativeFromBinary(e.Payload)
	if err != nil || len(rest) > 0 {
		t.Fatalf("decode: %v, %d bytes left", err, len(rest))
	}
	all := maps.Clone(native.(map[string]any))
	header = all["ChangeEventHeader"].(map[string]any)
	delete(all, "ChangeEventHeader")
	body = map[string]any{}
	flatten("", all, body)
	return header, body
}

// flatten takes the union wrappers off and joins the names of compounds and parts.
func flatten(prefix string, from, to map[string]any) {
	for name, v := range from {
		union, ok := v.(map[string]any)
		if !ok {
			continue
		}
		for kind, value := range union {
			if rec, ok := value.(map[string]any); ok {
				to[prefix+name] = kind
				flatten(prefix+name+".", rec, to)
			} else {
				to[prefix+name] = value
			}
		}
	}
}

// last returns the newest event of the org.
func last(t *testing.T, o *Org) Event {
	t.Helper()
	events := o.Events()
	if len(events) == 0 {
		t.Fatal("no event")
	}
	return events[len(events)-1]
}

// publish puts edits on the org's bus as one transaction, without a stream.
func publish(o *Org, edits ...Edit) {
	o.bus.publish(Commit{Key: "key", Number: 7, Time: o.now(), User: "005000000000001AAA", Edits: edits})
}
