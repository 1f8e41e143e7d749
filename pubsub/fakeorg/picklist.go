package fakeorg

import (
	"net/http"
	"slices"
	"strings"
)

// LimitPicklist says which values a picklist takes in records of a record type; none are all of them. Only the user interface's API
// tells it; a save that puts another into a restricted picklist is refused.
func (o *Org) LimitPicklist(recordType, object, field string, values ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hooks.picklists == nil {
		o.hooks.picklists = make(map[string][]string)
	}
	o.hooks.picklists[picklistKey(recordType, object, field)] = values
}

func picklistKey(recordType, object, field string) string {
	return id18(recordType) + strings.ToLower("\x00"+object+"\x00"+field)
}

// picklistValues answers /ui-api/object-info/OBJECT/picklist-values/RECORDTYPE.
func (c *call) picklistValues() reply {
	o := c.org.object(c.at(2))
	if strings.ToLower(c.at(1)) != "object-info" || strings.ToLower(c.at(3)) != "picklist-values" || len(c.path) != 5 || o == nil {
		return refusal(notFound())
	}
	id := id18(c.at(4))
	known := slices.ContainsFunc(c.recordTypes(o), func(m members) bool {
		return slices.ContainsFunc(m, func(one member) bool { return one.name == "recordTypeId" && one.value == id })
	})
	if !known {
		return refusal(notFound())
	}
	fields := members{}
	for _, f := range o.visible() {
		if len(f.Values) == 0 {
			continue
		}
		c.org.mu.Lock()
		limited := c.org.hooks.picklists[picklistKey(id, o.Name, f.Name)]
		c.org.mu.Unlock()
		values := []members{}
		for _, v := range f.Values {
			if len(limited) == 0 || slices.Contains(limited, v) {
				values = append(values, members{{"attributes", nil}, {"label", v}, {"validFor", []any{}}, {"value", v}})
			}
		}
		fields.add(f.Name, members{{"controllerValues", members{}}, {"defaultValue", nil}, {"values", values}})
	}
	return answer(http.StatusOK, members{{"eTag", ""}, {"picklistFieldValues", fields}})
}
