package fakeorg

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Topics: one per selected object, the standard channel, and custom channels. Names are case-sensitive.

const (
	topicPrefix     = "/data/"
	standardChannel = "/data/ChangeEvents"
	channelSuffix   = "__chn"
)

// topic is a name that exists.
type topic struct {
	name  string
	event string // "" for a channel
}

// topicLocked finds the topic of that name.
func (b *bus) topicLocked(name string) (topic, bool) {
	if name == standardChannel || b.channels[name] != nil {
		return topic{name: name}, true
	}
	event, ok := strings.CutPrefix(name, topicPrefix)
	if !ok {
		return topic{}, false
	}
	if b.schemas.injected[event] != "" {
		return topic{name, event}, true
	}
	o := b.objectOf(event)
	return topic{name, event}, o != nil && b.selectedLocked(o)
}

// objectOf returns the object whose change events have that record name.
func (b *bus) objectOf(event string) *Object {
	for _, o := range b.org.objects() {
		if eventName(o.Name) == event {
			return o
		}
	}
	return nil
}

// carriesLocked reports whether the entry goes to the subscribers of the topic.
func (b *bus) carriesLocked(t topic, s *stored) bool {
	switch {
	case s.event == "" || b.rights.hidden[s.event]:
		return false
	case t.event != "":
		return t.event == s.event && s.only == ""
	case s.only != "":
		return t.name == s.only
	case t.name == standardChannel:
		return s.standard
	}
	_, member := b.channels[t.name][s.event]
	return member && !slices.Contains(s.instead, t.name)
}

// SetChannel defines the members of a custom channel, such as /data/Bridge__chn, by object name; an object that is a member emits
// events without being selected elsewhere. Running streams see the change with the next event. No members removes the channel.
func (o *Org) SetChannel(name string, objects ...string) {
	name = channelName(name)
	o.bus.locked(func() {
		delete(o.bus.channels, name)
		if len(objects) == 0 {
			return
		}
		o.bus.channels[name] = map[string][]string{}
		for _, object := range objects {
			o.bus.channels[name][eventName(object)] = nil
		}
	})
}

// EnrichChannel makes updates and deletions of a channel's member carry fields (REST names, a compound by its own) whether they
// changed or not. Such a channel gets one event a record, and what was merged elsewhere has one replay id. What was told before stays as
// it is. It takes ten fields at most, and no part of a compound by itself.
func (o *Org) EnrichChannel(name, object string, fields ...string) error {
	name = channelName(name)
	if err := o.enriches(object, fields); err != nil {
		return fmt.Errorf("enrich %s: %w", name, err)
	}
	err := fmt.Errorf("enrich %s: %s is no member", name, object)
	o.bus.locked(func() {
		if _, member := o.bus.channels[name][eventName(object)]; member {
			o.bus.channels[name][eventName(object)], err = slices.Clone(fields), nil
		}
	})
	return err
}

// maxEnriching is how many fields may enrich a member.
const maxEnriching = 10

// enriches tells why fields of the object cannot enrich its events, or nil.
func (o *Org) enriches(object string, fields []string) error {
	described := o.object(object)
	if described == nil {
		return fmt.Errorf("no object %s", object)
	}
	if len(fields) > maxEnriching {
		return fmt.Errorf("%d fields of %s, more than %d", len(fields), object, maxEnriching)
	}
	for _, name := range fields {
		compound := slices.ContainsFunc(described.Fields, func(f *Field) bool { return isPart(f) && f.Compound == name })
		f := described.Find(name)
		switch {
		case compound:
		case f == nil:
			return fmt.Errorf("%s has no field %s", object, name)
		case isPart(f):
			return fmt.Errorf("%s is a part of %s, which goes as a whole", name, f.Compound)
		}
	}
	return nil
}

func channelName(name string) string {
	if !strings.HasPrefix(name, topicPrefix) {
		name = topicPrefix + name
	}
	if !strings.HasSuffix(name, channelSuffix) {
		name += channelSuffix
	}
	return name
}

// Channels returns the custom channels and the record names of their events.
func (o *Org) Channels() map[string][]string {
	o.bus.mu.Lock()
	defer o.bus.mu.Unlock()
	out := map[string][]string{}
	for name, members := range o.bus.channels {
		out[name] = slices.Sorted(maps.Keys(members))
	}
	return out
}

// rights is what the integration user may not see; the zero value is a user who sees all.
type rights struct {
	hidden map[string]bool // event names
	denied map[string]bool // topics
}

// HideFrom takes the user's right to see an object's events: channels leave them out silently, the object's own topic refuses.
func (o *Org) HideFrom(object string) { o.setHidden(object, true) }

// ShowTo gives back the right that HideFrom took.
func (o *Org) ShowTo(object string) { o.setHidden(object, false) }

func (o *Org) setHidden(object string, hidden bool) {
	o.bus.locked(func() { mark(&o.bus.rights.hidden, eventName(object), hidden) })
}

// DenyTopic makes GetTopic answer can_subscribe false for the topic and Subscribe refuse it, or allows both again.
func (o *Org) DenyTopic(topic string, denied bool) {
	o.bus.locked(func() { mark(&o.bus.rights.denied, topic, denied) })
}

func mark(m *map[string]bool, key string, on bool) {
	if *m == nil {
		*m = map[string]bool{}
	}
	(*m)[key] = on
}
