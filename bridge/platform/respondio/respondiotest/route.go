package respondiotest

import (
	"net/http"
	"net/url"
	"strings"
)

// call is one request on its way through a route.
type call struct {
	*http.Request
	body    []byte
	segment string // the identifier, escaped as it came; "" where the route has none
}

type route func(f *Fake, c call) answer

// routeOf finds who answers. Paths are matched escaped, so that an identifier stays one segment.
func routeOf(r *http.Request) (route, string, string) {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.EscapedPath(), "/v2"), "/"), "/")
	at := func(i int) string {
		if i < len(parts) {
			return parts[i]
		}
		return ""
	}
	switch key := r.Method + " " + at(0); {
	case key == "GET space" && at(1) == "user" && len(parts) == 2:
		return (*Fake).users, "", "users"
	case key == "GET space" && at(1) == "custom_field" && len(parts) == 2:
		return (*Fake).fields, "", "fields"
	case key == "POST contact" && at(1) == "list" && len(parts) == 2:
		return (*Fake).list, "", "list"
	case key == "POST contact" && at(1) == "create_or_update" && len(parts) == 3:
		return (*Fake).upsert, at(2), "upsert"
	case key == "POST contact" && len(parts) == 4 && at(2) == "lifecycle" && at(3) == "update":
		return (*Fake).lifecycle, at(1), "lifecycle"
	case at(0) == "contact" && len(parts) == 3 && at(2) == "tag":
		switch r.Method {
		case http.MethodPost:
			return (*Fake).addTags, at(1), "tag"
		case http.MethodDelete:
			return (*Fake).removeTags, at(1), "untag"
		}
	case at(0) == "contact" && len(parts) == 2:
		switch r.Method {
		case http.MethodGet:
			return (*Fake).find, at(1), "find"
		case http.MethodPost:
			return (*Fake).create, at(1), "create"
		case http.MethodPut:
			return (*Fake).update, at(1), "update"
		case http.MethodDelete:
			return (*Fake).remove, at(1), "delete"
		}
	}
	return (*Fake).nowhere, "", "unknown"
}

// nowhere answers what is no method of the API; it is no answer of respond.io's own form.
func (f *Fake) nowhere(c call) answer {
	return answer{status: http.StatusNotFound, body: map[string]any{"statusCode": 404, "message": "Cannot " + c.Method + " this path", "error": "Not Found"}}
}

// identify reads an identifier: id:, email: or phone: and a value, escaped as one segment.
func identify(segment string) (name, value string, bad *answer) {
	refused := func(why string) (string, string, *answer) {
		a := refuse(http.StatusBadRequest, "Invalid identifier: %s", why)
		return "", "", &a
	}
	if strings.ContainsAny(segment, "+") {
		return refused("a plus sign must be escaped")
	}
	text, err := url.PathUnescape(segment)
	if err != nil {
		return refused("it cannot be unescaped")
	}
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return refused("it has no type")
	}
	switch name {
	case "id":
		if value == "" || strings.Trim(value, "0123456789") != "" || len(value) > 20 {
			return refused("an id is a whole number")
		}
	case "email":
		if !isEmail(value) {
			return refused("that is no e-mail")
		}
	case "phone":
		if !isPhone(value) {
			return refused("a phone number is + and 7 to 15 digits")
		}
	default:
		return refused("unknown type")
	}
	return name, value, nil
}
