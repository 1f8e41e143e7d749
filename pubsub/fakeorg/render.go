package fakeorg

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// members is a JSON object that keeps the order in which its members were added.
type members []member

type member struct {
	name  string
	value any
}

func (m *members) add(name string, value any) { *m = append(*m, member{name, value}) }

// MarshalJSON writes the members in order.
func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, each := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(each.name))
		b.WriteByte(':')
		value, err := json.Marshal(each.value)
		if err != nil {
			return nil, err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// read returns what a query sees of a field: the stored value, or the one a compound field is made of.
func (o *Object) read(r *row, f *Field) any {
	switch {
	case f.Extra == "personname":
		return personName(r.values)
	case f.Type == "address":
		return o.wholeAddress(r, f)
	case f.Type == "location":
		return o.wholeLocation(r, f)
	}
	v := r.values[f.Name]
	if v == nil && f.Type == "boolean" {
		return false
	}
	return v
}

// personName joins the parts of a name; the salutation is no part of Name.
func personName(values map[string]any) any {
	var parts []string
	for _, name := range []string{"FirstName", "MiddleName", "LastName", "Suffix"} {
		if part, ok := values[name].(string); ok {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return strings.Join(parts, " ")
}

func (o *Object) wholeAddress(r *row, whole *Field) any {
	prefix := strings.TrimSuffix(whole.Name, "Address")
	address, filled := members{}, false
	for _, name := range []string{"City", "Country", "CountryCode", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "StateCode", "Street"} {
		if strings.HasSuffix(name, "Code") && name != "PostalCode" && o.Find(prefix+name) == nil {
			continue // an org without state and country picklists
		}
		v := r.values[prefix+name]
		filled = filled || v != nil
		address.add(strings.ToLower(name[:1])+name[1:], jsonValue("double", v))
	}
	if !filled {
		return nil
	}
	return address
}

func (o *Object) wholeLocation(r *row, whole *Field) any {
	stem := strings.TrimSuffix(whole.Name, "__c")
	latitude, longitude := r.values[stem+"__Latitude__s"], r.values[stem+"__Longitude__s"]
	if latitude == nil && longitude == nil {
		return nil
	}
	return members{{"latitude", jsonValue("double", latitude)}, {"longitude", jsonValue("double", longitude)}}
}

// jsonValue writes a stored value the way REST does: datetimes with an offset without a colon, and doubles always with a decimal point.
func jsonValue(kind string, v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(datetimeLayout)
	case float64:
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(text, ".") && kind != "int" {
			text += ".0"
		}
		return json.RawMessage(text)
	}
	return v
}

// attributes is the member that every row carries.
func attributes(version string, o *Object, id string) members {
	return members{{"type", o.Name}, {"url", "/services/data/" + version + "/sobjects/" + o.Name + "/" + id}}
}

// renderRow writes a row with the given fields.
func (o *Object) renderRow(version string, r *row, fields []*Field) members {
	out := members{{"attributes", attributes(version, o, r.id)}}
	for _, f := range fields {
		out.add(f.Name, jsonValue(f.Type, o.read(r, f)))
	}
	return out
}

// visible returns the fields the integration user sees.
func (o *Object) visible() []*Field {
	var fields []*Field
	for _, f := range o.Fields {
		if !f.Hidden {
			fields = append(fields, f)
		}
	}
	return fields
}

// sees returns a field by name unless it is hidden from the integration user.
func (o *Object) sees(name string) *Field {
	if f := o.Find(name); f != nil && !f.Hidden {
		return f
	}
	return nil
}
