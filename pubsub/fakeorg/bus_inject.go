package fakeorg

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Events and schemas from outside: real captures, and shapes that no commit makes.

// AddSchema makes GetSchema answer the text for the id, as captured from a real org; an empty id means the text's fingerprint. It
// returns the id.
func (o *Org) AddSchema(id, text string) (string, error) {
	if !json.Valid([]byte(text)) {
		return "", errors.New("schema is not JSON")
	}
	if id == "" {
		id = fingerprint([]byte(text))
	}
	o.bus.locked(func() { o.bus.schemas.add(id, text, "") })
	return id, nil
}

// LoadSchemas adds every *.avsc of the folder and returns their ids by file name. Where an events.json beside them names a schema's
// id (keys schemaFile and schemaId) that is the id; otherwise it is the fingerprint.
func (o *Org) LoadSchemas(dir string) (map[string]string, error) {
	ids, err := capturedIDs(filepath.Join(dir, "events.json"))
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.avsc"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("load schema: %w", err)
		}
		name := filepath.Base(file)
		if out[name], err = o.AddSchema(ids[name], string(text)); err != nil {
			return nil, fmt.Errorf("load schema %s: %w", file, err)
		}
	}
	return out, nil
}

func capturedIDs(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load captured events: %w", err)
	}
	var events []struct{ SchemaFile, SchemaID string }
	if err := json.Unmarshal(text, &events); err != nil {
		return nil, fmt.Errorf("load captured events %s: %w", file, err)
	}
	ids := map[string]string{}
	for _, e := range events {
		ids[e.SchemaFile] = e.SchemaID
	}
	return ids, nil
}

// Inject puts an event on the bus as it is: on its topic, on the standard channel, and on the custom channels its topic is a member
// of. An id or a replay id that is empty is made; a given replay id is issued from then on. The schema must be known.
func (o *Org) Inject(e Event) (Event, error) {
	event, ok := strings.CutPrefix(e.Topic, topicPrefix)
	if !ok || !strings.HasSuffix(event, "ChangeEvent") {
		return Event{}, fmt.Errorf("inject into %q: not the topic of an object", e.Topic)
	}
	if _, code := o.bus.schemaText(e.SchemaID); code == "schema.validation.failed" {
		return Event{}, fmt.Errorf("inject into %s: schema %q is not known", e.Topic, e.SchemaID)
	}
	e = e.copy()
	o.bus.locked(func() {
		if e.ID == "" {
			e.ID = newID(o.bus.random)
		}
		if e.Time.IsZero() {
			e.Time = o.now()
		}
		o.bus.schemas.inject(event, e.SchemaID)
		o.bus.appendLocked(stored{Event: e, event: event, standard: true})
		e = o.bus.log[len(o.bus.log)-1].copy()
	})
	return e, nil
}

// Emit encodes a header and a body with the present schema of the header's entity and puts them on the bus: gap, overflow and
// wildcard events, maps that point beyond the schema, enriched values. The body holds goavro's native form by event field name; what
// it leaves out is null. A nil replay means the next id, that of the event before repeats it.
func (o *Org) Emit(h Header, body map[string]any, replay []byte) (Event, error) {
	object := o.object(h.Entity)
	if object == nil {
		return Event{}, fmt.Errorf("emit: no object %s", h.Entity)
	}
	var e Event
	var err error
	o.bus.locked(func() { e, err = o.bus.emitCraftedLocked(object, h, body, replay) })
	return e, err
}

func (b *bus) emitCraftedLocked(object *Object, h Header, body map[string]any, replay []byte) (Event, error) {
	s, err := b.schemas.of(object)
	if err != nil {
		return Event{}, err
	}
	full := s.empty()
	for name, v := range body {
		full[name] = v
	}
	payload, err := s.encode(h, full)
	if err != nil {
		return Event{}, fmt.Errorf("emit %s: %w", h.Entity, err)
	}
	b.appendLocked(stored{event: s.event, standard: object.Selected, Event: Event{
		Replay: replay, ID: newID(b.random), SchemaID: s.id, Topic: topicPrefix + s.event, Payload: payload, Time: b.org.now(), Header: h,
	}})
	return b.log[len(b.log)-1].copy(), nil
}

// EmitFields is Emit with a body of REST fields, whose values are judged as a write's are: enriched values, and whatever an event of that
// header would carry.
func (o *Org) EmitFields(h Header, fields map[string]any, replay []byte) (Event, error) {
	object := o.object(h.Entity)
	if object == nil {
		return Event{}, fmt.Errorf("emit: no object %s", h.Entity)
	}
	row := map[string]any{}
	for name, v := range fields {
		f := object.Find(name)
		if f == nil {
			return Event{}, fmt.Errorf("emit %s: no field %s", object.Name, name)
		}
		stored, refused := f.accept(v)
		if refused != nil {
			return Event{}, fmt.Errorf("emit %s: %w", object.Name, refused)
		}
		set(row, f.Name, stored)
	}
	var body map[string]any
	var err error
	o.bus.locked(func() {
		var s *schema
		if s, err = o.bus.schemas.of(object); err == nil {
			body, err = s.body(view{row: row, whole: true})
		}
	})
	if err != nil {
		return Event{}, fmt.Errorf("emit %s: %w", object.Name, err)
	}
	return o.Emit(h, body, replay)
}
