package fakeorg

// schemaSet holds every schema that events were written with; the bus's lock guards it. Ids are fingerprints, so nothing is ever
// replaced, and an old schema stays fetchable when its object's describe has changed.
type schemaSet struct {
	injected map[string]string  // the newest injected schema's id, by event name
	texts    map[string]string  // by id
	events   map[string]string  // record name of its event, by id
	current  map[string]*schema // by object name
	made     map[string]*Object // the describe that current was made from
	symbols  []string           // change types beyond the usual ones
}

// of returns the schema of the object's present describe.
func (s *schemaSet) of(o *Object) (*schema, error) {
	if s.made[o.Name] == o {
		return s.current[o.Name], nil
	}
	made, err := newSchema(o, s.symbols...)
	if err != nil {
		return nil, err
	}
	if s.current == nil {
		s.current, s.made = map[string]*schema{}, map[string]*Object{}
	}
	if s.made == nil {
		s.made = map[string]*Object{}
	}
	s.current[o.Name], s.made[o.Name] = made, o
	s.add(made.id, made.json, made.event)
	return made, nil
}

func (s *schemaSet) add(id, text, event string) {
	if s.texts == nil {
		s.texts, s.events = map[string]string{}, map[string]string{}
	}
	s.texts[id], s.events[id] = text, event
}

func (s *schemaSet) inject(event, id string) {
	if s.injected == nil {
		s.injected = map[string]string{}
	}
	s.injected[event], s.events[id] = id, event
}
