package clienttest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// header is a change event's, as the client decodes it: bitmaps are names already.
type header struct {
	EntityName      string
	RecordIDs       []string `json:"recordIds"`
	ChangeType      string
	ChangeOrigin    string
	TransactionKey  string
	SequenceNumber  int
	CommitTimestamp int64
	CommitNumber    json.Number // beyond 2^53 the client prints a string
	CommitUser      string
	NulledFields    []string
	DiffFields      []string
	ChangedFields   []string
}

// event is one change event as the client hands it to its user.
type event struct {
	id       string
	schemaID string
	replay   float64
	header   header
	body     map[string]any
}

func decode(t *testing.T, line map[string]any) event {
	t.Helper()
	outer, ok := line["event"].(map[string]any)
	if !ok {
		t.Fatalf("want an event, got %v", line)
	}
	var e event
	e.id, _ = outer["id"].(string)
	e.schemaID, _ = outer["schemaId"].(string)
	e.replay, _ = outer["replayId"].(float64)
	e.body, _ = outer["payload"].(map[string]any)
	text, err := json.Marshal(e.body["ChangeEventHeader"])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &e.header); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	delete(e.body, "ChangeEventHeader")
	return e
}

// wantHeader compares what is known beforehand, and wants the rest to be there.
func (e event) wantHeader(t *testing.T, want header) {
	t.Helper()
	got := e.header
	if len(e.id) != 36 || len(e.schemaID) != 22 || len(got.TransactionKey) != 36 || got.CommitNumber == "" || got.CommitNumber == "0" {
		t.Errorf("event id %q, schema id %q, transaction %q, commit number %q", e.id, e.schemaID, got.TransactionKey, got.CommitNumber)
	}
	if at := time.UnixMilli(got.CommitTimestamp); time.Since(at).Abs() > time.Minute || at.Nanosecond() != 0 {
		t.Errorf("commit at %s, want a whole second of now", at)
	}
	if !strings.HasPrefix(got.CommitUser, "005") || len(got.CommitUser) != 18 {
		t.Errorf("commit user %q", got.CommitUser)
	}
	want.TransactionKey, want.CommitNumber, want.CommitTimestamp, want.CommitUser = got.TransactionKey, got.CommitNumber, got.CommitTimestamp, got.CommitUser
	for _, names := range []*[]string{&want.NulledFields, &want.DiffFields, &want.ChangedFields, &got.NulledFields, &got.DiffFields, &got.ChangedFields} {
		slices.Sort(*names)
		if len(*names) == 0 {
			*names = nil
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

// wantBody compares each field of the event with what REST says of the row. Of an update, the fields in changed carry values and
// every other is null.
func (e event) wantBody(t *testing.T, rest map[string]any, changed func(field string) bool) {
	t.Helper()
	if len(e.body) == 0 {
		t.Fatal("the event has no fields")
	}
	got, want := map[string]any{}, map[string]any{}
	for name, v := range e.body {
		parts, compound := v.(map[string]any)
		if !compound {
			got[name] = v
			want[name] = asEvent(t, name, rest, changed)
			continue
		}
		for part, v := range parts {
			field := name + "." + part
			got[field] = v
			want[field] = asEvent(t, field, rest, changed)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-REST +event):\n%s", diff)
	}
}

// asEvent returns the value that an event must carry for a field, in the form of the client's JSON.
func asEvent(t *testing.T, field string, rest map[string]any, changed func(string) bool) any {
	t.Helper()
	if !changed(field) {
		return nil
	}
	name := restName(field)
	v, known := rest[name]
	if !known {
		return "REST does not know " + name
	}
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			t.Fatal(err)
		}
		return f
	case string:
		for _, layout := range []string{"2006-01-02T15:04:05.000-0700", "2006-01-02"} {
			if at, err := time.Parse(layout, v); err == nil {
				return float64(at.UnixMilli())
			}
		}
	}
	return v
}

// restName is the name under which REST knows a field of an event: MailingAddress.City is MailingCity, Name.LastName is LastName,
// Place__c.Latitude is Place__Latitude__s.
func restName(field string) string {
	compound, part, ok := strings.Cut(field, ".")
	switch {
	case !ok:
		return field
	case compound == "Name":
		return part
	case strings.HasSuffix(compound, "__c"):
		return strings.TrimSuffix(compound, "__c") + "__" + part + "__s"
	default:
		return strings.TrimSuffix(compound, "Address") + part
	}
}

func everyField(string) bool { return true }

func noField(string) bool { return false }

// only takes the fields named, parts of compounds as Name.FirstName.
func only(fields []string) func(string) bool {
	return func(f string) bool { return slices.Contains(fields, f) }
}
