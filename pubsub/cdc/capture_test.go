package cdc

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

// expected tells by the schema file, without our decoder, what the decoded form of a capture means over REST.
func expected(t *testing.T, c capture, schema string) bridge.Fields {
	var s struct {
		Fields []struct{ Name, Doc string } `json:"fields"`
	}
	if err := json.Unmarshal([]byte(schema), &s); err != nil {
		t.Fatal(err)
	}
	out := bridge.Fields{}
	for _, f := range s.Fields[1:] {
		v := c.Decoded[f.Name]
		switch kind := strings.Split(f.Doc, ":")[1]; kind {
		case "Address", "Location", "PersonName":
			parts, _ := v.(map[string]any)
			for _, p := range strings.Fields("Street City State PostalCode Country StateCode CountryCode Latitude Longitude GeocodeAccuracy") {
				isPlace := p == "Latitude" || p == "Longitude"
				switch {
				case kind == "Address":
					out[bridge.Field(strings.TrimSuffix(f.Name, "Address")+p)] = plain(parts[p], "")
				case kind == "Location" && isPlace:
					out[bridge.Field(strings.TrimSuffix(f.Name, "__c")+"__"+p+"__s")] = plain(parts[p], "")
				}
			}
		case "Switchable_PersonName":
			out["Name"] = plain(v, "")
			for _, p := range strings.Fields("Salutation FirstName LastName MiddleName InformalName Suffix") {
				out[bridge.Field(p)] = bridge.NullValue()
			}
		default:
			out[bridge.Field(f.Name)] = plain(v, kind)
		}
	}
	return out
}

func plain(v any, kind string) bridge.Value {
	switch v := v.(type) {
	case nil:
		return bridge.NullValue()
	case bool:
		return bridge.BoolValue(v)
	case string:
		return bridge.TextValue(v)
	case json.Number:
		i, err := v.Int64()
		switch {
		case err == nil && kind == "DateTime":
			return bridge.DateTimeValue(time.UnixMilli(i))
		case err == nil && (kind == "DateOnly" || kind == "Birthday"):
			return bridge.DateValue(time.UnixMilli(i).UTC())
		}
		f, _ := v.Float64()
		return bridge.NumberValue(f)
	}
	return bridge.Value{}
}

func TestDecode_AgreesWithEveryCapturedEvent(t *testing.T) {
	events := readCaptures(t)
	if len(events) != 6 {
		t.Fatalf("%d captured events, want 6", len(events))
	}
	for _, e := range events {
		schema := string(readCapture(t, e.SchemaFile))
		got, err := compile(t, schema).Decode(e.bytes(t))
		if err != nil {
			t.Fatal(err)
		}
		header := e.Decoded["ChangeEventHeader"].(map[string]any)
		number := func(name string) int64 { i, _ := header[name].(json.Number).Int64(); return i }
		want := bridge.Change{
			Object: bridge.Object(header["entityName"].(string)), Type: bridge.ChangeType(header["changeType"].(string)),
			Tx:     header["transactionKey"].(string),
			Origin: bridge.Origin{API: "com/salesforce/api/soap/58.0", Client: "devconsole", User: bridge.RecordID(header["commitUser"].(string))},
			Version: bridge.Version{At: time.UnixMilli(number("commitTimestamp")).UTC(), Commit: number("commitNumber"),
				Sequence: int32(number("sequenceNumber"))},
			Values: expected(t, e, schema),
		}
		for _, id := range header["recordIds"].([]any) {
			want.Records = append(want.Records, bridge.RecordID(id.(string)))
		}
		if want.Type == bridge.Update {
			for _, f := range e.ChangedFieldNames {
				want.Changed = append(want.Changed, bridge.Field(f))
			}
			for f := range want.Values {
				if !slices.Contains(want.Changed, f) {
					delete(want.Values, f)
				}
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("event %s (-want +got):\n%s", e.EventID, d)
		}
	}
}

func TestDecode_RefusesEveryTruncationOfCapturedEvents(t *testing.T) {
	for _, e := range readCaptures(t) {
		s := compile(t, string(readCapture(t, e.SchemaFile)))
		payload := e.bytes(t)
		for n := range payload {
			if _, err := s.Decode(payload[:n]); err == nil {
				t.Fatalf("event %s: its first %d of %d bytes were taken for a change", e.EventID, n, len(payload))
			}
		}
		if _, err := s.Decode(append(slices.Clone(payload), 0)); err == nil {
			t.Fatalf("event %s: a trailing byte was taken", e.EventID)
		}
	}
}

func TestCompile_TakesEveryCapturedSchema(t *testing.T) {
	for file, want := range map[string]bridge.Object{
		"AccountChangeEvent.2023-05.avsc": "Account", "AccountChangeEvent.2023-07.avsc": "Account", "ContactChangeEvent.2023-05.avsc": "Contact",
		"Some_Custom_Object__ChangeEvent.2023-05.avsc": "Some_Custom_Object__c",
	} {
		s := compile(t, string(readCapture(t, file)))
		if s.Object() != want {
			t.Errorf("%s: object %s, want %s", file, s.Object(), want)
		}
		if len(s.Fields()) < 20 {
			t.Errorf("%s: %d fields", file, len(s.Fields()))
		}
	}
}

func BenchmarkDecode_CapturedUpdate(b *testing.B) { benchmarkCapture(b, 4) }

func BenchmarkDecode_CapturedCreate(b *testing.B) { benchmarkCapture(b, 0) }

func benchmarkCapture(b *testing.B, i int) {
	e := readCaptures(b)[i]
	s := compile(b, string(readCapture(b, e.SchemaFile)))
	payload := e.bytes(b)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Decode(payload); err != nil {
			b.Fatal(err)
		}
	}
}
