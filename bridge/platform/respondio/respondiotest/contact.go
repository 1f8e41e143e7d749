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
		name, own := strings.CutPrefix(name, "custom.")
		if own {
			where = c.Custom
		}
		if where[name] == to {
			continue
		}
		changed = true
		if !own {
			f.moveLocked(c.ID, name, where[name], to)
		}
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

// findLocked is the oldest contact whose e-mail or phone is the text.
func (f *Fake) findLocked(name, text string) *contact {
	if ids := f.index[entry(name, text)]; len(ids) > 0 {
		return f.contacts[ids[0]]
	}
	return nil
}

// moveLocked keeps the index when a field of a contact changes; an empty text is in no index.
func (f *Fake) moveLocked(id uint64, name, from, to string) {
	if name != "email" && name != "phone" {
		return
	}
	if at := entry(name, from); from != "" {
		f.index[at] = slices.DeleteFunc(f.index[at], func(x uint64) bool { return x == id })
		if len(f.index[at]) == 0 {
			delete(f.index, at)
		}
	}
	if at := entry(name, to); to != "" {
		f.index[at] = append(f.index[at], id)
		slices.Sort(f.index[at])
	}
}

func entry(name, text string) string { return name + ":" + strings.ToLower(text) }

// dropLocked deletes the contact.
func (f *Fake) dropLocked(c *contact) {
	for _, name := range []string{"email", "phone"} {
		f.moveLocked(c.ID, name, c.Fields[name], "")
	}
	delete(f.contacts, c.ID)
}
