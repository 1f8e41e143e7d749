package cdc

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sfbridge/bridge"
)

func kindsOfTest(_ bridge.Object, f bridge.Field) bridge.Kind {
	return map[bridge.Field]bridge.Kind{"Birthdate": bridge.Date, "Seen__c": bridge.DateTime, "Tags__c": bridge.Multi}[f]
}

const updateJSON = `{"data":{"event":{"replayId":1},"payload":{
  "ChangeEventHeader":{"entityName":"Contact","recordIds":["0035g00000ABCDE"],"changeType":"UPDATE","changeOrigin":"com/salesforce/api/rest/66.0;client=x/",
    "transactionKey":"t","sequenceNumber":1,"commitTimestamp":1700000000000,"commitNumber":9007199254740993,"commitUser":"0055g00000ABCDE",
    "changedFields":["Name.LastName","MailingAddress","Birthdate","Fax","Email","Description"],"nulledFields":["Fax"],"diffFields":["Description"]},
  "Name":{"LastName":"Lim"},"MailingAddress":{"City":"Ipoh","Street":null},"Birthdate":631152000000,"Email":null,"Phone":"1","Description":"--- a"}}}`

func TestReadJSON_ReadsAnUpdateAsTheStreamTellsIt(t *testing.T) {
	got, err := ReadJSON([]byte(updateJSON), kindsOfTest)
	if err != nil {
		t.Fatal(err)
	}
	want := bridge.Change{
		Object: "Contact", Records: []bridge.RecordID{"0035g00000ABCDEAA5"}, Type: bridge.Update, Tx: "t",
		Origin:  bridge.Origin{API: "com/salesforce/api/rest/66.0", Client: "x", User: "0055g00000ABCDEAA5"},
		Changed: []bridge.Field{"Birthdate", "Description", "Email", "Fax", "LastName", "MailingCity", "MailingStreet"},
		Cleared: []bridge.Field{"Fax"}, Reread: []bridge.Field{"Description", "Email", "MailingStreet"},
		Values:  bridge.Fields{"Birthdate": {Kind: bridge.Date, Text: "1990-01-01"}, "Fax": bridge.NullValue(), "LastName": bridge.TextValue("Lim"), "MailingCity": bridge.TextValue("Ipoh")},
		Context: bridge.Fields{"Phone": bridge.TextValue("1")},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(bridge.Change{}, "Version")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got.Version.Commit != 9007199254740993 || got.Version.At.Unix() != 1700000000 || got.Version.Sequence != 1 {
		t.Errorf("version %+v", got.Version)
	}
}

func TestReadJSON_TakesEveryValueOfACreate(t *testing.T) {
	body := `{"ChangeEventHeader":{"entityName":"Contact","recordIds":["0035g00000ABCDEAA5"],"changeType":"CREATE"},
	  "LastName":{"string":"Tan"},"Seen__c":"2026-11-22T01:02:03.000Z","Tags__c":"b;a","Score__c":1.50,"DoNotCall":true,"Birthdate":"1990-01-01"}`
	got, err := ReadJSON([]byte(body), kindsOfTest)
	want := bridge.Fields{
		"LastName": bridge.TextValue("Tan"), "Seen__c": {Kind: bridge.DateTime, Text: "2026-11-22T01:02:03Z"}, "Tags__c": bridge.MultiValue([]string{"a", "b"}),
		"Score__c": bridge.NumberValue(1.5), "DoNotCall": bridge.BoolValue(true), "Birthdate": {Kind: bridge.Date, Text: "1990-01-01"},
	}
	if d := cmp.Diff(want, got.Values); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestReadJSON_SaysWhatItCannotRead(t *testing.T) {
	for body, noEvent := range map[string]bool{
		"": true, "{": true, "[]": true, `{"event_type":"contact.updated","contact":{"id":1}}`: true,
		`{"ChangeEventHeader":7}`: false, `{"ChangeEventHeader":{"entityName":"Contact"}}`: false,
		`{"ChangeEventHeader":{"entityName":"Contact","recordIds":["003"],"changeType":"UPDATE","changedFields":["0x4000"]}}`: false,
	} {
		if _, err := ReadJSON([]byte(body), kindsOfTest); err == nil || errors.Is(err, ErrNoEvent) != noEvent {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(updateJSON))
	files, _ := filepath.Glob(filepath.Join("..", "..", "bridge", "platform", "respondio", "testdata", "*.json"))
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ReadJSON(b, kindsOfTest)
		if err != nil {
			return
		}
		if c.Object == "" || len(c.Records) == 0 || c.Type == "" {
			t.Fatalf("%+v", c)
		}
		for _, fs := range []bridge.Fields{c.Values, c.Context} {
			for name, v := range fs {
				if !v.Known() || v.IsNull() != (v.Text == "") {
					t.Fatalf("%s is %+v", name, v)
				}
			}
		}
	})
}
