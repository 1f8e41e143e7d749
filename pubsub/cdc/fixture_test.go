package cdc

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// captures is where the captured events lie in the team's tree; a user's clone does not have them.
const captures = "../../../shared/fixtures/cdc"

// capture is one captured event with its decoded form.
type capture struct {
	SchemaFile        string         `json:"schemaFile"`
	EventID           string         `json:"eventId"`
	Payload           string         `json:"payloadBase64"`
	Decoded           map[string]any `json:"decoded"`
	ChangedFieldNames []string       `json:"changedFieldNames"`
	NulledFieldNames  []string       `json:"nulledFieldNames"`
}

func (c *capture) bytes(t testing.TB) []byte {
	b, err := base64.StdEncoding.DecodeString(c.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readCapture(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join(captures, name))
	if err == nil {
		return b
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skipf("the captured events are not here: %v", err)
	return nil
}

func readCaptures(t testing.TB) []capture {
	var cs []capture
	d := json.NewDecoder(strings.NewReader(string(readCapture(t, "events.json"))))
	d.UseNumber()
	if err := d.Decode(&cs); err != nil {
		t.Fatal(err)
	}
	return cs
}

// headerType is the header of every change event, in our own words.
const headerType = `{"type":"record","name":"ChangeEventHeader","fields":[
	{"name":"entityName","type":"string"},
	{"name":"recordIds","type":{"type":"array","items":"string"}},
	{"name":"changeType","type":{"type":"enum","name":"ChangeType","namespace":"","symbols":["CREATE","UPDATE","DELETE","UNDELETE",
		"GAP_CREATE","GAP_UPDATE","GAP_DELETE","GAP_UNDELETE","GAP_OVERFLOW","SNAPSHOT","PURGED"]}},
	{"name":"changeOrigin","type":"string"},
	{"name":"transactionKey","type":"string"},
	{"name":"sequenceNumber","type":"int"},
	{"name":"commitTimestamp","type":"long"},
	{"name":"commitNumber","type":"long"},
	{"name":"commitUser","type":"string"},
	{"name":"nulledFields","type":{"type":"array","items":"string"}},
	{"name":"diffFields","type":{"type":"array","items":"string"}},
	{"name":"changedFields","type":{"type":"array","items":"string"}}]}`

// widgetFields is an object with one field of each sort; positions stand beside them.
const widgetFields = `
	{"name":"Name","type":["null","string",{"type":"record","name":"Switchable_PersonName","fields":[
		{"name":"Salutation","type":["null","string"],"default":null},
		{"name":"FirstName","type":["null","string"],"default":null},
		{"name":"LastName","type":["null","string"],"default":null}]}],"default":null,"doc":"Data:Switchable_PersonName"},
	{"name":"BillingAddress","type":["null",{"type":"record","name":"Address","fields":[
		{"name":"Street","type":["null","string"],"default":null},
		{"name":"City","type":["null","string"],"default":null},
		{"name":"StateCode","type":["null","string"],"default":null},
		{"name":"Latitude","type":["null","double"],"default":null},
		{"name":"Xyz","type":["null","string"],"default":null}]}],"default":null,"doc":"Data:Address"},
	{"name":"PersonMailingAddress","type":["null","Address"],"default":null,"doc":"Data:Address"},
	{"name":"Address","type":["null","Address"],"default":null,"doc":"Data:Address"},
	{"name":"Site__c","type":["null","Address"],"default":null,"doc":"Data:Address:00NDp00000BbvC0"},
	{"name":"Loc__c","type":["null",{"type":"record","name":"Location","fields":[
		{"name":"Latitude","type":["null","double"],"default":null},
		{"name":"Longitude","type":["null","double"],"default":null},
		{"name":"XyzEncoded","type":["null","string"],"default":null}]}],"default":null,"doc":"Data:Location:00NDp00000BbvC1"},
	{"name":"Phone","type":["null","string"],"default":null,"doc":"Data:Phone"},
	{"name":"Birthdate","type":["null","long"],"default":null,"doc":"Data:Birthday"},
	{"name":"Due__c","type":["null","long"],"default":null,"doc":"Data:DateOnly:00NDp00000BbvC2"},
	{"name":"LastModifiedDate","type":["null","long"],"default":null,"doc":"Data:DateTime"},
	{"name":"Opens__c","type":["null","long"],"default":null,"doc":"Data:TimeOnly:00NDp00000BbvC3"},
	{"name":"Active__c","type":["null","boolean"],"default":null,"doc":"Data:Boolean:00NDp00000BbvC4"},
	{"name":"Count__c","type":["null","int"],"default":null,"doc":"Data:Integer:00NDp00000BbvC5"},
	{"name":"Amount__c","type":["null","double"],"default":null,"doc":"Data:Currency:00NDp00000BbvC6"},
	{"name":"Tags__c","type":["null","string"],"default":null,"doc":"Data:MultiEnum:00NDp00000BbvC7"},
	{"name":"Notes__c","type":["null","string"],"default":null,"doc":"Data:StringPlusClob:00NDp00000BbvC8"},
	{"name":"UserPreferences","type":["null",{"type":"array","items":"string"}],"default":null,"doc":"Data:BitVector"}`

func schemaOf(fields string) string {
	return `{"type":"record","name":"Widget__ChangeEvent","namespace":"com.sforce.eventbus","fields":[
	{"name":"ChangeEventHeader","type":` + headerType + `,"doc":"Data:ComplexValueType"},` + fields + `]}`
}

// wideSchema has n text fields F1 to Fn beside the header.
func wideSchema(names []string) string {
	var fields []string
	for _, n := range names {
		fields = append(fields, `{"name":"`+n+`","type":["null","string"],"default":null,"doc":"Data:Text"}`)
	}
	return schemaOf(strings.Join(fields, ","))
}

// told is an event in the native form that goavro encodes; what is left out takes its default.
type told struct {
	kind                    string
	changed, nulled, diff   []string
	origin                  string
	records                 []string
	body                    map[string]any
	commitNumber, commitAge int64
}

func (e told) encode(t testing.TB, schema string) []byte {
	codec := codecOf(t, schema)
	if e.records == nil {
		e.records = []string{"a01000000000001AAA"}
	}
	native := map[string]any{"ChangeEventHeader": map[string]any{
		"entityName": "Widget__c", "recordIds": list(e.records), "changeType": e.kind, "changeOrigin": e.origin, "transactionKey": "tx-1",
		"sequenceNumber": int32(3), "commitTimestamp": int64(1690667843000) + e.commitAge, "commitNumber": e.commitNumber,
		"commitUser": "005000000000001AAA", "nulledFields": list(e.nulled), "diffFields": list(e.diff), "changedFields": list(e.changed),
	}}
	for name, v := range e.body {
		native[name] = v
	}
	b, err := codec.BinaryFromNative(nil, native)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func list(texts []string) []any {
	out := []any{}
	for _, s := range texts {
		out = append(out, s)
	}
	return out
}

func in(branch string, v any) any { return goavro.Union(branch, v) }

func compile(t testing.TB, schema string) *Schema {
	s, err := Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
