package cdc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/linkedin/goavro/v2"

	"sfbridge/bridge"
)

// Schema is the compiled schema of one object's change events, for readers of some or all of its fields. It never changes and may be used by several
// goroutines.
type Schema struct {
	name    string
	root    *node
	header  *header
	program *program      // of the body; nil where goavro reads it
	codec   *goavro.Codec // nil where the program does
	columns []column      // by position in the event record; that of the header is empty
	asked   set           // columns of which somebody reads something
	leaves  int           // how many REST fields are asked for
	events  *sync.Pool    // of *event
	strays  *atomic.Uint64
}

// Compile reads the schema as GetSchema answers it, an Avro record in JSON whose first field is the ChangeEventHeader. goavro must take it too. All
// fields are asked for; see [Schema.Reading].
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
	s = &Schema{name: d.Name, root: root, strays: &atomic.Uint64{}, events: &sync.Pool{}}
	if err := s.layOut(); err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", d.Name, err)
	}
	codec, err := goavro.NewCodec(schemaJSON)
	if err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", d.Name, err)
	}
	if s.program = newProgram(root.fields, 1); s.program == nil {
		s.codec = codec
	}
	all := s.reading(func(bridge.Field) bool { return true })
	s.events.New = func() any { return newEvent(all) }
	return all, nil
}

func (s *Schema) layOut() (err error) {
	if s.root.kind != kindRecord || len(s.root.fields) == 0 || s.root.fields[0].name != "ChangeEventHeader" {
		return fmt.Errorf("it is no change event: the first field is not the ChangeEventHeader")
	}
	if s.header, err = newHeader(s.root.fields[0].node); err != nil {
		return err
	}
	s.columns = make([]column, len(s.root.fields))
	parts := 0
	for i, f := range s.root.fields[1:] {
		c := newColumn(f)
		c.first = parts
		parts += len(c.parts)
		s.columns[i+1] = c
	}
	return nil
}

// Reading answers the schema for somebody who reads these fields alone, by their REST names: its changes speak of no others, and what the payload
// holds of others is passed over and never converted. Names that the schema does not have are no error.
func (s *Schema) Reading(fields []bridge.Field) *Schema {
	wanted := make(map[bridge.Field]bool, len(fields))
	for _, f := range fields {
		wanted[f] = true
	}
	return s.reading(func(f bridge.Field) bool { return wanted[f] })
}

func (s *Schema) reading(wanted func(bridge.Field) bool) *Schema {
	r := *s
	r.columns, r.asked, r.leaves = make([]column, len(s.columns)), newSet(len(s.columns)), 0
	for i, c := range s.columns {
		asked, n := c.ask(wanted)
		if n > 0 {
			r.asked.add(i)
		}
		r.columns[i] = asked
		r.leaves += n
	}
	return &r
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
