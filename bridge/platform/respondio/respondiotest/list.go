package respondiotest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// condition is one line of a filter.
type condition struct{ field, value string }

// list pages through the contacts that a filter lets through, oldest first.
func (f *Fake) list(c call) answer {
	limit, cursor := 10, uint64(0)
	var err error
	query := c.URL.Query()
	if s := query.Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 1 || limit > 100 {
			return refuse(http.StatusBadRequest, "limit must be from 1 to 100")
		}
	}
	if s := query.Get("cursorId"); s != "" {
		if cursor, err = strconv.ParseUint(s, 10, 64); err != nil {
			return refuse(http.StatusBadRequest, "cursorId must be a number")
		}
	}
	all, why := f.filter(c.body)
	if why != "" {
		return refuse(http.StatusBadRequest, "%s", why)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	items, next := []map[string]any{}, any(nil)
	for _, x := range f.sortedLocked() {
		if x.ID <= cursor || !matches(x, all) {
			continue
		}
		if len(items) == limit {
			next = fmt.Sprintf("https://%s%s?limit=%d&cursorId=%v", c.Host, c.URL.Path, limit, items[limit-1]["id"])
			break
		}
		items = append(items, f.readable(x))
	}
	return fine(map[string]any{"items": items, "pagination": map[string]any{"next": next, "previous": nil}})
}

// filter reads {search, timezone, filter: {$and: [...]}} of conditions that a field of the contact is equal to a value.
func (f *Fake) filter(body []byte) ([]condition, string) {
	v, _ := decodeBody(body)
	o, _ := v.(map[string]any)
	inner, ok := o["filter"].(map[string]any)
	_, hasSearch := o["search"].(string)
	_, hasZone := o["timezone"].(string)
	if !ok || !hasSearch || !hasZone {
		return nil, "search, timezone and filter are required"
	}
	lines, ok := inner["$and"].([]any)
	if !ok || len(inner) != 1 {
		return nil, "filter must have $and"
	}
	var all []condition
	for _, raw := range lines {
		line, _ := raw.(map[string]any)
		field, _ := line["field"].(string)
		value, isText := line["value"].(string)
		if line["category"] != "contactField" || line["operator"] != "isEqualTo" || !isText {
			return nil, "the fake knows category contactField with operator isEqualTo and a text as value"
		}
		if !f.hasField(field) {
			return nil, fmt.Sprintf("field %s does not exist", field)
		}
		all = append(all, condition{field, value})
	}
	return all, ""
}

func (f *Fake) hasField(name string) bool {
	standard := []string{"firstName", "lastName", "phone", "email", "language", "countryCode", "status"}
	return slices.Contains(standard, name) || slices.ContainsFunc(f.o.CustomFields, func(x Field) bool { return x.Name == name })
}

// matches folds case, as searches do: callers must look again.
func matches(x *contact, all []condition) bool {
	for _, c := range all {
		if !strings.EqualFold(x.Fields[c.field], c.value) && !strings.EqualFold(x.Custom[c.field], c.value) {
			return false
		}
	}
	return true
}

func (f *Fake) users(call) answer {
	return fine(map[string]any{"items": []any{map[string]any{
		"id": 501, "firstName": "Aya", "lastName": "Agent", "email": "aya@example.com", "role": "agent", "team": nil, "restrictions": []any{},
	}}, "pagination": map[string]any{"next": nil, "previous": nil}})
}

func (f *Fake) fields(call) answer {
	items := []any{}
	for i, x := range f.o.CustomFields {
		items = append(items, map[string]any{"id": i + 1, "name": x.Name, "slug": x.Name, "description": "", "dataType": x.Type, "allowedValues": x.Allow})
	}
	return fine(map[string]any{"items": items, "pagination": map[string]any{"next": nil, "previous": nil}})
}
