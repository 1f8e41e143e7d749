package cdc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"sfbridge/bridge"
)

// Schema is the compiled schema of one object's change events. It never changes and may be used by several goroutines.
type Schema struct {
	name    string
	root    *node
	header  map[string]int // position of a header field by name
	columns []column       // by position in the event record; that of the header is empty
	strays  atomic.Uint64
}

// needed are the header fields without which no change can be told, with their types.
var needed = map[string]kind{
	"entityName": kindString, "recordIds": kindArray, "changeType": kindEnum, "commitTimestamp": kindLong, "commitNumber": kindLong,
	"nulledFields": kindArray, "changedFields": kindArray,
}

// welcome are the header fields that may be missing, with their types.
var welcome = map[string]kind{
	"changeOrigin": kindString, "transactionKey": kindString, "sequenceNumber": kindInt, "commitUser": kindString, "diffFields": kindArray,
}

// Compile reads the schema as GetSchema answers it, an Avro record in JSON whose first field is the ChangeEventHeader.
func Compile(schemaJSON string) (s *Schema, err error) {
	defer recoverInto(&err)
	var d definition
	if err := json.Unmarshal([]byte(schemaJSON), &d); err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	root, err := (&parser{named: map[string]*node{}}).parse(json.RawMessage(schemaJSON), "")
	if err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", d.Name, err)
	}
	s = &Schema{name: d.Name, root: root}
	if err := s.layOut(); err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", d.Name, err)
	}
	return s, nil
}

func (s *Schema) layOut() error {
	if s.root.kind != kindRecord || len(s.root.fields) == 0 || s.root.fields[0].name != "ChangeEventHeader" {
		return fmt.Errorf("it is no change event: the first field is not the ChangeEventHeader")
	}
	header := s.root.fields[0].node
	if header.kind != kindRecord {
		return fmt.Errorf("the ChangeEventHeader is no record")
	}
	s.header = map[string]int{}
	for i, f := range header.fields {
		want, known := needed[f.name]
		if !known {
			want, known = welcome[f.name]
		}
		if known && (f.node.kind != want || want == kindArray && f.node.items.kind != kindString) {
			return fmt.Errorf("header field %s has another type than expected", f.name)
		}
		s.header[f.name] = i
	}
	for name := range needed {
		if _, ok := s.header[name]; !ok {
			return fmt.Errorf("header field %s is missing", name)
		}
	}
	s.columns = make([]column, len(s.root.fields))
	for i, f := range s.root.fields[1:] {
		s.columns[i+1] = newColumn(f)
	}
	return nil
}

// Object is the object that the schema's events are about, by the name of the schema.
func (s *Schema) Object() bridge.Object { return ObjectOf(s.name) }

// Strays counts the bits of bitmaps that named no field of the schema, over all events decoded with it.
func (s *Schema) Strays() uint64 { return s.strays.Load() }

// Fields are the REST names of all fields that events of the schema can speak of, in alphabetical order.
func (s *Schema) Fields() []bridge.Field {
	var out []bridge.Field
	for _, c := range s.columns {
		for _, l := range append([]leaf{c.whole}, c.parts...) {
			if l.name != "" {
				out = append(out, l.name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// parts is the number of parts of the compound at a position, 0 where there is none.
func (s *Schema) parts(top int) int {
	if top >= len(s.columns) {
		return 0
	}
	return len(s.columns[top].parts)
}

// ObjectOf is the object of an event's name: Contact of ContactChangeEvent, Vehicle__c of Vehicle__ChangeEvent, "" of anything else.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_subscribe_channels.htm
func ObjectOf(event string) bridge.Object {
	stem, ok := strings.CutSuffix(event, "ChangeEvent")
	switch {
	case !ok || stem == "":
		return ""
	case strings.HasSuffix(stem, "__"):
		return bridge.Object(stem + "c")
	default:
		return bridge.Object(stem)
	}
}

var errPanicked = errors.New("decoder panicked")

// recoverInto turns a panic into an error, for what comes from outside must never end the daemon.
func recoverInto(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", errPanicked, p)
	}
}
