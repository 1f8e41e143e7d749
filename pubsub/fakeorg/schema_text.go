package fakeorg

import (
	"encoding/json"
	"strings"
)

// The JSON text of a schema, key by key in the order the service writes it.

const eventNamespace = "com.sforce.eventbus"

type recordText struct {
	Type      string      `json:"type"`
	Name      string      `json:"name"`
	Namespace string      `json:"namespace,omitempty"`
	Fields    []fieldText `json:"fields"`
}

type fieldText struct {
	Name    string          `json:"name"`
	Type    any             `json:"type"`
	Doc     string          `json:"doc,omitempty"`
	Default json.RawMessage `json:"default,omitempty"`
}

type arrayText struct {
	Type  string `json:"type"`
	Items string `json:"items"`
}

type enumText struct {
	Type      string   `json:"type"`
	Name      string   `json:"name"`
	Namespace string   `json:"namespace"`
	Symbols   []string `json:"symbols"`
}

// record returns the whole schema for marshalling. A named type is written out where it is first used.
func (s *schema) record(symbols []string) recordText {
	fields := []fieldText{{Name: "ChangeEventHeader", Type: headerText(symbols), Doc: "Data:ComplexValueType"}}
	defined := map[string]bool{}
	for _, sl := range s.slots {
		fields = append(fields, sl.text(defined))
	}
	return recordText{Type: "record", Name: s.event, Namespace: eventNamespace, Fields: fields}
}

func (sl slot) text(defined map[string]bool) fieldText {
	union := []any{"null"}
	if sl.avro != "" {
		union = append(union, sl.avro)
	}
	if sl.record != "" {
		var named any = sl.record
		if !defined[sl.record] {
			defined[sl.record] = true
			named = recordText{Type: "record", Name: sl.record, Fields: partTexts(sl.parts)}
		}
		union = append(union, named)
	}
	return nullable(fieldText{Name: sl.field.Name, Type: union, Doc: docOf(sl)})
}

func partTexts(parts []part) []fieldText {
	var out []fieldText
	for _, p := range parts {
		out = append(out, nullable(fieldText{Name: p.name, Type: []any{"null", p.avro}}))
	}
	return out
}

func nullable(f fieldText) fieldText {
	f.Default = json.RawMessage("null")
	return f
}

// headerText is the header record as the service has sent it since 2023.
func headerText(symbols []string) recordText {
	list := arrayText{"array", "string"}
	kinds := enumText{"enum", "ChangeType", "", []string{
		"CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW", "SNAPSHOT",
	}}
	kinds.Symbols = append(kinds.Symbols, symbols...)
	return recordText{Type: "record", Name: "ChangeEventHeader", Fields: []fieldText{
		{Name: "entityName", Type: "string"}, {Name: "recordIds", Type: list}, {Name: "changeType", Type: kinds},
		{Name: "changeOrigin", Type: "string"}, {Name: "transactionKey", Type: "string"}, {Name: "sequenceNumber", Type: "int"},
		{Name: "commitTimestamp", Type: "long"}, {Name: "commitNumber", Type: "long"}, {Name: "commitUser", Type: "string"},
		{Name: "nulledFields", Type: list}, {Name: "diffFields", Type: list}, {Name: "changedFields", Type: list},
	}}
}

// avroOf returns the Avro type that carries a field of the describe's type.
func avroOf(f *Field) string {
	switch f.Type {
	case "boolean":
		return "boolean"
	case "int":
		return "int"
	case "double", "currency", "percent":
		return "double"
	case "date", "datetime", "time":
		return "long"
	}
	return "string"
}

// docOf returns the doc string that tells the field's Salesforce type; a custom field's own id follows it.
func docOf(sl slot) string {
	doc := "Data:" + sl.record
	if sl.record == "" {
		doc = docOfField(sl.field)
	}
	if sl.field.CustomID != "" {
		doc += ":" + sl.field.CustomID
	}
	return doc
}

func docOfField(f *Field) string {
	switch {
	case docsByName[f.Name] != "":
		return docsByName[f.Name]
	case f.Type == "textarea" && strings.EqualFold(f.Extra, "richtextarea"):
		return "Data:HtmlStringPlusClob"
	case f.Type == "textarea" && f.Length > 255:
		return "Data:StringPlusClob"
	}
	if doc := docs[f.Type]; doc != "" {
		return doc
	}
	return "Data:Text"
}

// docsByName are the standard fields of which an org says more than their type.
var docsByName = map[string]string{
	"CreatedDate": "CreatedDate:DateTime", "Birthdate": "Data:Birthday", "PersonBirthdate": "Data:Birthday", "Fax": "Data:Fax",
	"TickerSymbol": "Data:Content", "CleanStatus": "Data:StaticEnum",
	"JigsawContactId": "ExternalForeignKey:ExternalId", "JigsawCompanyId": "ExternalForeignKey:ExternalId",
}

var docs = map[string]string{
	"phone": "Data:Phone", "url": "Data:Url", "email": "Data:Email", "encryptedstring": "Data:EncryptedText",
	"picklist": "Data:DynamicEnum", "multipicklist": "Data:MultiEnum", "currency": "Data:Currency", "double": "Data:Double",
	"percent": "Data:Percent", "int": "Data:Integer", "boolean": "Data:Boolean", "datetime": "Data:DateTime", "date": "Data:DateOnly",
	"time": "Data:TimeOnly", "reference": "ForeignKey:EntityId",
}
