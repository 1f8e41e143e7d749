package fakeorg

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// vehicle is a custom object with a field of every kind.
func vehicle() *Object {
	return &Object{Name: "Vehicle__c", Prefix: "a01", Custom: true, Selected: true, Fields: []*Field{
		{Name: "Id", Type: "id"}, {Name: "IsDeleted", Type: "boolean"}, {Name: "SystemModstamp", Type: "datetime"},
		{Name: "Plate__c", Type: "string", CustomID: "00N000000000001"},
		{Name: "OwnerId", Type: "reference"}, {Name: "Name", Type: "string"}, {Name: "CreatedDate", Type: "datetime"},
		{Name: "LastModifiedDate", Type: "datetime"},
		{Name: "Seats__c", Type: "int"}, {Name: "Price__c", Type: "currency"}, {Name: "Sold__c", Type: "boolean"},
		{Name: "Built__c", Type: "date"}, {Name: "Opens__c", Type: "time"}, {Name: "Seen__c", Type: "datetime"},
		{Name: "Colours__c", Type: "multipicklist"}, {Name: "Notes__c", Type: "textarea", Length: 32768},
		{Name: "Age__c", Type: "double", Formula: true},
		{Name: "Loc__c", Type: "location"},
		{Name: "Loc__Latitude__s", Type: "double", Compound: "Loc__c"}, {Name: "Loc__Longitude__s", Type: "double", Compound: "Loc__c"},
		{Name: "Secret__c", Type: "string", Hidden: true},
	}}
}

func vehicleRow() map[string]any {
	return map[string]any{
		"Id": "a01000000000001AAA", "Name": "V-1", "OwnerId": "005000000000001AAA", "Plate__c": "品川 300", "Seats__c": int64(5), "Price__c": 12.5,
		"Sold__c": true, "Built__c": "1969-07-20", "Opens__c": "09:30:00.250Z", "Seen__c": time.UnixMilli(1690667843123).UTC(),
		"Colours__c": "red;blue", "Age__c": float64(3), "Loc__Latitude__s": 35.5, "Loc__Longitude__s": 139.25, "Secret__c": "x",
		"LastModifiedDate": time.UnixMilli(1690667843000).UTC(),
	}
}

func TestEvent_CarriesTheRowOfACreation(t *testing.T) {
	o := New(Options{})
	publish(o, Edit{Object: vehicle(), Record: "a01000000000001AAA", Kind: KindCreate, Row: vehicleRow()})
	header, body := decode(t, o, last(t, o))
	want := map[string]any{
		"Name": "V-1", "OwnerId": "005000000000001AAA", "Plate__c": "品川 300", "Seats__c": int32(5), "Price__c": 12.5, "Sold__c": true,
		"Built__c": int64(-14256000000), "Opens__c": int64(34200250), "Seen__c": int64(1690667843123), "Colours__c": "red;blue",
		"Age__c": float64(3), "Loc__c": "com.sforce.eventbus.Location", "Loc__c.Latitude": 35.5, "Loc__c.Longitude": 139.25,
		"LastModifiedDate": int64(1690667843000),
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	if header["entityName"] != "Vehicle__c" || header["changeType"] != "CREATE" || len(header["changedFields"].([]any)) != 0 {
		t.Errorf("header %v", header)
	}
}

func TestEvent_CarriesOnlyWhatAnUpdateChanged(t *testing.T) {
	o := New(Options{})
	tests := []struct {
		name            string
		object          *Object
		row             map[string]any
		changed         []string
		body            map[string]any
		changes, nulled []any
	}{
		{
			"plain, cleared, and a formula as context", vehicle(), less(vehicleRow(), "Price__c"), []string{"Plate__c", "Price__c"},
			map[string]any{"Plate__c": "品川 300", "LastModifiedDate": int64(1690667843000), "Age__c": float64(3)},
			[]any{"0xB0"}, []any{"0x80"},
		},
		{
			"one half of a geolocation brings both", vehicle(), vehicleRow(), []string{"Loc__Latitude__s"},
			map[string]any{"LastModifiedDate": int64(1690667843000), "Age__c": float64(3), "Loc__c": "com.sforce.eventbus.Location",
				"Loc__c.Latitude": 35.5, "Loc__c.Longitude": 139.25},
			[]any{"0x10", "15-0x01"}, []any{},
		},
		{
			"hidden: flagged, null, not nulled", vehicle(), vehicleRow(), []string{"Secret__c"},
			map[string]any{"LastModifiedDate": int64(1690667843000), "Age__c": float64(3)}, []any{"0x010010"}, []any{},
		},
		{
			"parts of an address and of a name", o.object("Contact"),
			map[string]any{"MailingCity": "Tokyo", "MailingCountry": "Japan", "FirstName": "Aiko", "LastName": "Sato"},
			[]string{"MailingCity", "MailingStreet", "FirstName", "MailingAddress", "Name"},
			map[string]any{"MailingAddress": "com.sforce.eventbus.Address", "MailingAddress.City": "Tokyo",
				"Name": "com.sforce.eventbus.PersonName", "Name.FirstName": "Aiko"},
			nil, nil,
		},
		{
			"a business account's name is one value", o.object("Account"), map[string]any{"Name": "Acme"}, []string{"Name"},
			map[string]any{"Name": "Acme"}, nil, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			publish(o, Edit{Object: tt.object, Record: "a01000000000001AAA", Kind: KindUpdate, Row: tt.row, Changed: tt.changed})
			header, body := decode(t, o, last(t, o))
			if diff := cmp.Diff(tt.body, body); diff != "" {
				t.Error(diff)
			}
			if tt.changes == nil {
				return
			}
			if diff := cmp.Diff([][]any{tt.changes, tt.nulled}, [][]any{header["changedFields"].([]any), header["nulledFields"].([]any)}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func less(row map[string]any, name string) map[string]any {
	delete(row, name)
	return row
}

func TestEvent_FlagsPartsByTheirCompound(t *testing.T) {
	o := New(Options{})
	contact := o.object("Contact")
	publish(o, Edit{Object: contact, Record: "003000000000001AAA", Kind: KindUpdate, Row: map[string]any{"MailingCity": "Tokyo"},
		Changed: []string{"MailingCity", "MailingStreet", "FirstName", "Email"}})
	s, err := newSchema(contact)
	if err != nil {
		t.Fatal(err)
	}
	mailing, name := s.places["MailingCity"].top, s.places["FirstName"].top
	want := bitmaps([]place{{s.places["Email"].top, -1}, {s.places["LastModifiedDate"].top, -1}, {mailing, 0}, {mailing, 1}, {name, 1}})
	nulled := bitmaps([]place{{s.places["Email"].top, -1}, {s.places["LastModifiedDate"].top, -1}, {mailing, 0}, {name, 1}})
	h := last(t, o).Header
	if diff := cmp.Diff([][]string{want, nulled}, [][]string{h.Changed, h.Nulled}); diff != "" {
		t.Error(diff)
	}
}

func TestEvent_OfADeletionHoldsNothingButItsHeader(t *testing.T) {
	o := New(Options{})
	publish(o, Edit{Object: vehicle(), Record: "a01000000000001AAA", Kind: KindDelete, Row: vehicleRow()})
	header, body := decode(t, o, last(t, o))
	if len(body) != 0 || header["changeType"] != "DELETE" {
		t.Errorf("%v %v", header, body)
	}
}

func TestEvent_BecomesAGapWhereItCannotBeTold(t *testing.T) {
	o := New(Options{})
	for name, value := range map[string]any{"too big": strings.Repeat("x", maxEvent), "not of its type": 5} {
		t.Run(name, func(t *testing.T) {
			publish(o, Edit{Object: vehicle(), Record: "a01000000000001AAA", Kind: KindUpdate, Row: map[string]any{"Notes__c": value}, Changed: []string{"Notes__c"}})
			header, body := decode(t, o, last(t, o))
			if header["changeType"] != "GAP_UPDATE" || len(body) != 0 || len(header["changedFields"].([]any)) != 0 || header["changeOrigin"] != "" {
				t.Errorf("%v %v", header, body)
			}
		})
	}
}

func TestEvent_NamesAPersonAccountByItsParts(t *testing.T) {
	o := New(Options{})
	account := &Object{Name: "Account", Selected: true, Fields: []*Field{
		{Name: "Name", Type: "string", Extra: "switchablepersonname"}, {Name: "FirstName", Type: "string", Compound: "Name"},
		{Name: "LastName", Type: "string", Compound: "Name"}, {Name: "IsPersonAccount", Type: "boolean"},
	}}
	row := map[string]any{"Name": "Aiko Sato", "FirstName": "Aiko", "LastName": "Sato", "IsPersonAccount": true}
	publish(o, Edit{Object: account, Record: "001000000000001AAA", Kind: KindUpdate, Row: row, Changed: []string{"Name", "LastName"}})
	e := last(t, o)
	_, body := decode(t, o, e)
	want := map[string]any{"Name": "com.sforce.eventbus.Switchable_PersonName", "Name.LastName": "Sato"}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1-0x04"}, e.Header.Changed); diff != "" {
		t.Error(diff)
	}
}
