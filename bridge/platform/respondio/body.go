package respondio

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// body is what a create or an update sends: fields by name, the workspace's own in a list. Lifecycle goes by another call.
func (c *Client) body(set bridge.Attributes) (object, error) {
	body := object{}
	var own []object
	for _, name := range set.Names() {
		v := set[name]
		if err := c.traits.CheckWrite(name); err != nil {
			return nil, err
		}
		switch field, isOwn := strings.CutPrefix(string(name), custom); {
		case !v.Known():
			return nil, fmt.Errorf("the value of %s is not known", name)
		case name == "lifecycle":
		case isOwn:
			own = append(own, object{"name": field, "value": written(v, c.cfg.ClearCustom)})
		case name == "phone" && !v.IsNull():
			number, ok := international(v.Text)
			if !ok {
				return nil, fmt.Errorf("the phone number is not international: it begins without a plus sign, or is too short or too long")
			}
			body["phone"] = number
		default:
			body[string(name)] = textual(v, c.cfg.ClearText)
		}
	}
	if own != nil {
		body["custom_fields"] = own
	}
	return body, nil
}

// said leaves out what is null: a contact that is created has nothing to clear.
func said(set bridge.Attributes) bridge.Attributes {
	kept := maps.Clone(set)
	maps.DeleteFunc(kept, func(_ bridge.Attribute, v bridge.Value) bool { return v.IsNull() })
	return kept
}

// written keeps numbers and checkboxes what they are; dates are texts of the form that respond.io wants.
func written(v bridge.Value, cleared string) any {
	switch v.Kind {
	case bridge.Number:
		return json.Number(v.Text)
	case bridge.Bool:
		return v.Text == "true"
	default:
		return textual(v, cleared)
	}
}

func textual(v bridge.Value, cleared string) any {
	switch {
	case !v.IsNull():
		return v.Text
	case cleared == ClearNull:
		return nil
	default:
		return ""
	}
}

// creator picks by whom the contact is created: the best identity that respond.io creates by, else a phone or e-mail that is set.
func creator(m bridge.Message) (string, bool) {
	candidates := slices.Concat(m.Identity, []bridge.Identity{
		{Attribute: "email", Value: m.Set["email"]}, {Attribute: "phone", Value: m.Set["phone"]},
	})
	for _, i := range candidates {
		if i.Attribute == "id" {
			continue
		}
		if segment, ok := identifier(i.Attribute, i.Value); ok {
			return segment, true
		}
	}
	return "", false
}

// firstName is never missing, since respond.io creates no contact without one: the last name, the phone or the e-mail stands in.
func firstName(m bridge.Message) string {
	for _, a := range []bridge.Attribute{"firstName", "lastName", "phone", "email"} {
		if v := m.Set[a]; v.Known() && !v.IsNull() {
			return v.Text
		}
	}
	for _, i := range m.Identity {
		if i.Value.Known() && !i.Value.IsNull() {
			return i.Value.Text
		}
	}
	return "-"
}
