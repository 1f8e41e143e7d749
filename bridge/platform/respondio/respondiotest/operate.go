package respondiotest

import (
	"net/http"
	"strconv"
	"unicode/utf8"
)

// maxTags is how many tags a call may name, maxTag how long one may be.
const (
	maxTags = 10
	maxTag  = 255
)

// known finds the contact of an identifier and does the rest under the lock.
func (f *Fake) known(c call, do func(x *contact) answer) answer {
	name, value, bad := identify(c.segment)
	if bad != nil {
		return *bad
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.lookLocked(name, value)
	if x == nil {
		return refuse(http.StatusNotFound, "Contact not found")
	}
	a := do(x)
	a.contact = x.ID
	return a
}

func (f *Fake) lookLocked(name, value string) *contact {
	if name != "id" {
		return f.findLocked(name, value)
	}
	id, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return nil
	}
	return f.contacts[id]
}

func (f *Fake) find(c call) answer {
	return f.known(c, func(x *contact) answer { return fine(f.readable(x)) })
}

func (f *Fake) update(c call) answer {
	set, why := f.written(c.body)
	if why != "" {
		return refuse(http.StatusBadRequest, "%s", why)
	}
	return f.known(c, func(x *contact) answer {
		f.changeLocked(x, set)
		return fine(map[string]any{"contactId": x.ID})
	})
}

func (f *Fake) changeLocked(x *contact, set map[string]string) {
	if f.putLocked(x, set) {
		f.tellLocked("contact.updated", x, nil)
	}
}

func (f *Fake) remove(c call) answer {
	return f.known(c, func(x *contact) answer {
		f.dropLocked(x)
		return fine(map[string]any{"contactId": x.ID})
	})
}

// create makes a contact that is not there; it does not answer its id.
func (f *Fake) create(c call) answer {
	return f.make(c, func(x *contact, _ map[string]string) answer {
		if x != nil {
			return refuse(http.StatusBadRequest, "Contact already exists")
		}
		return answer{}
	})
}

// upsert makes a contact or changes the one that is there.
func (f *Fake) upsert(c call) answer {
	return f.make(c, func(x *contact, set map[string]string) answer {
		if x == nil {
			return answer{}
		}
		f.changeLocked(x, set)
		return answer{status: http.StatusOK, body: map[string]any{"contactId": x.ID}, contact: x.ID}
	})
}

// make creates a contact by e-mail or phone unless there says otherwise; the identifier gives that field.
func (f *Fake) make(c call, there func(x *contact, set map[string]string) answer) answer {
	name, value, bad := identify(c.segment)
	if bad != nil {
		return *bad
	}
	if name == "id" {
		return refuse(http.StatusBadRequest, "Invalid identifier: contacts are created by email or phone")
	}
	set, why := f.written(c.body)
	if why != "" {
		return refuse(http.StatusBadRequest, "%s", why)
	}
	if set["firstName"] == "" {
		return refuse(http.StatusBadRequest, "firstName should not be empty")
	}
	set[name] = value
	f.mu.Lock()
	defer f.mu.Unlock()
	if a := there(f.findLocked(name, value), set); a.status != 0 {
		return a
	}
	x := f.addLocked(set)
	f.tellLocked("contact.created", x, nil)
	return answer{status: http.StatusOK, body: made(c, x), contact: x.ID}
}

func made(c call, x *contact) any {
	if _, _, op := routeOf(c.Request); op == "create" {
		return map[string]any{"code": 200, "message": "Contact created"}
	}
	return map[string]any{"contactId": x.ID}
}

func (f *Fake) addTags(c call) answer    { return f.tags(c, f.tagLocked) }
func (f *Fake) removeTags(c call) answer { return f.tags(c, f.untagLocked) }

// tags takes a bare list of one to ten names.
func (f *Fake) tags(c call, do func(x *contact, tag string)) answer {
	v, ok := decodeBody(c.body)
	list, isList := v.([]any)
	if !ok || !isList || len(list) == 0 || len(list) > maxTags {
		return refuse(http.StatusBadRequest, "the body must be an array of 1 to %d tags", maxTags)
	}
	var names []string
	for _, raw := range list {
		name, ok := raw.(string)
		if !ok || name == "" || utf8.RuneCountInString(name) > maxTag {
			return refuse(http.StatusBadRequest, "a tag must have 1 to %d characters", maxTag)
		}
		names = append(names, name)
	}
	return f.known(c, func(x *contact) answer {
		for _, name := range names {
			do(x, name)
		}
		return fine(map[string]any{"contactId": x.ID})
	})
}

func (f *Fake) lifecycle(c call) answer {
	v, ok := decodeBody(c.body)
	o, isObject := v.(map[string]any)
	to, isText := o["name"].(string)
	if raw, there := o["name"]; !ok || !isObject || !there || len(o) != 1 || raw != nil && !isText {
		return refuse(http.StatusBadRequest, "name must be a string or null")
	}
	return f.known(c, func(x *contact) answer {
		from := x.Fields["lifecycle"]
		if f.putLocked(x, map[string]string{"lifecycle": to}) {
			f.tellLocked("contact.lifecycle.updated", x, map[string]any{"lifecycle": orNull(to), "oldLifecycle": orNull(from), "action": "update"})
		}
		return fine(map[string]any{"contactId": x.ID})
	})
}
