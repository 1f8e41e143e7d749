package respondiotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// decodeBody reads one JSON value of a call, numbers with their digits.
func decodeBody(body []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}

// written reads what a create or an update sets, or says why it is refused.
func (f *Fake) written(body []byte) (map[string]string, string) {
	v, ok := decodeBody(body)
	o, isObject := v.(map[string]any)
	if !ok || !isObject {
		return nil, "the body is not a JSON object"
	}
	set := map[string]string{}
	for name, raw := range o {
		if name == "custom_fields" {
			if why := f.ownFields(raw, set); why != "" {
				return nil, why
			}
			continue
		}
		text, isText := raw.(string)
		if raw != nil && !isText {
			return nil, name + " must be a string"
		}
		if why := checkField(name, text); why != "" {
			return nil, why
		}
		set[name] = text
	}
	return set, ""
}

// checkField judges a standard field; an empty text clears it.
func checkField(name, text string) string {
	switch name {
	case "firstName", "lastName", "profilePic":
		if utf8.RuneCountInString(text) > 255 {
			return name + " is too long"
		}
		return ""
	case "phone":
		return unless(text == "" || isPhone(text), "phone must be + and 7 to 15 digits")
	case "email":
		return unless(text == "" || isEmail(text), "email must be an email")
	case "language", "countryCode":
		return unless(text == "" || len(text) == 2, name+" must have two letters")
	default:
		return "property " + name + " should not exist"
	}
}

func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}

func (f *Fake) ownFields(raw any, set map[string]string) string {
	list, ok := raw.([]any)
	if !ok {
		return "custom_fields must be an array"
	}
	for _, item := range list {
		pair, _ := item.(map[string]any)
		name, ok := pair["name"].(string)
		value, there := pair["value"]
		if !ok || !there || len(pair) != 2 {
			return "each of custom_fields must have a name and a value"
		}
		i := slices.IndexFunc(f.o.CustomFields, func(x Field) bool { return x.Name == name })
		if i < 0 {
			return fmt.Sprintf("custom field %s does not exist", name)
		}
		text, why := f.o.CustomFields[i].take(value)
		if why != "" {
			return why
		}
		set["custom."+name] = text
	}
	return ""
}

// take judges a value of the field and answers how it is stored.
func (d Field) take(raw any) (text, why string) {
	switch v := raw.(type) {
	case nil:
		return "", ""
	case bool:
		return strconv.FormatBool(v), unless(d.Type == "checkbox", d.Name+" is no checkbox")
	case json.Number:
		return v.String(), unless(d.Type == "number", d.Name+" is no number")
	case string:
		return v, unless(v == "" || d.allows(v), fmt.Sprintf("the value of %s is no %s", d.Name, d.Type))
	default:
		return "", "the value of " + d.Name + " must be simple"
	}
}

func (d Field) allows(v string) bool {
	switch d.Type {
	case "date":
		_, err := time.Parse(time.DateOnly, v)
		return err == nil
	case "time":
		_, err := time.Parse("15:04", v)
		return err == nil
	case "number":
		_, err := strconv.ParseFloat(v, 64)
		return err == nil
	case "checkbox":
		return v == "true" || v == "false"
	case "list":
		return slices.Contains(d.Allow, v)
	case "email":
		return isEmail(v)
	case "url":
		u, err := url.Parse(v)
		return err == nil && u.Host != ""
	default:
		return true
	}
}

func isEmail(s string) bool {
	name, host, ok := strings.Cut(s, "@")
	return ok && name != "" && host != "" && !strings.ContainsAny(s, " \t\r\n,;") && !strings.Contains(host, "@")
}

func isPhone(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= 7 && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}
