package respondiotest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Contact is what the workspace holds of a contact. An empty text is nothing.
type Contact struct {
	ID      uint64
	Fields  map[string]string // firstName, lastName, phone, email, language, profilePic, countryCode, status, lifecycle
	Custom  map[string]string
	Tags    []string
	Created time.Time
	Changed time.Time
}

// Get is a field by our name of it: firstName, or custom.birthday.
func (c Contact) Get(name string) string {
	if own, ok := strings.CutPrefix(name, "custom."); ok {
		return c.Custom[own]
	}
	return c.Fields[name]
}

// contact is a Contact that the fake keeps.
type contact struct{ Contact }

func (c *contact) copy() Contact {
	out := c.Contact
	out.Fields, out.Custom, out.Tags = maps.Clone(c.Fields), maps.Clone(c.Custom), slices.Clone(c.Tags)
	return out
}

// orNull is a text as the API answers it.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// json is the contact as the API answers it, or, thin, as message events carry it: without tags and custom fields.
func (f *Fake) json(c *contact, thin bool) map[string]any {
	o := map[string]any{"id": c.ID, "created_at": c.Created.Unix(), "assignee": nil}
	for _, name := range []string{"firstName", "lastName", "phone", "email", "language", "profilePic", "countryCode", "status", "lifecycle"} {
		o[name] = orNull(c.Fields[name])
	}
	if thin {
		return o
	}
	own := []map[string]any{}
	for _, field := range f.o.CustomFields {
		own = append(own, map[string]any{"name": field.Name, "value": orNull(c.Custom[field.Name])})
	}
	o["custom_fields"], o["tags"] = own, append([]string{}, c.Tags...)
	return o
}

// readable adds what only the API answers.
func (f *Fake) readable(c *contact) map[string]any {
	o := f.json(c, false)
	o["locale"], o["isBlocked"] = nil, false
	return o
}

// putLocked sets fields and reports whether any changed.
func (f *Fake) putLocked(c *contact, set map[string]string) (changed bool) {
	for name, to := range set {
		where := c.Fields
		if own, ok := strings.CutPrefix(name, "custom."); ok {
			where, name = c.Custom, own
		}
		if where[name] == to {
			continue
		}
		changed = true
		if to == "" {
			delete(where, name)
		} else {
			where[name] = to
		}
	}
	if changed {
		c.Changed = f.o.Now()
	}
	return changed
}

func (f *Fake) addLocked(set map[string]string) *contact {
	c := &contact{Contact{ID: f.next, Fields: map[string]string{"status": "open"}, Custom: map[string]string{}, Created: f.o.Now()}}
	f.next++
	f.putLocked(c, set)
	c.Changed = c.Created
	f.contacts[c.ID] = c
	return c
}

// sortedLocked are the contacts by id: the oldest first.
func (f *Fake) sortedLocked() []*contact {
	all := make([]*contact, 0, len(f.contacts))
	for _, id := range slices.Sorted(maps.Keys(f.contacts)) {
		all = append(all, f.contacts[id])
	}
	return all
}

// findLocked is the oldest contact whose field holds the text.
func (f *Fake) findLocked(name, text string) *contact {
	var oldest *contact
	for _, c := range f.contacts {
		if strings.EqualFold(c.Fields[name], text) && text != "" && (oldest == nil || c.ID < oldest.ID) {
			oldest = c
		}
	}
	return oldest
}
