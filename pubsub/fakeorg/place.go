package fakeorg

import (
	"encoding/base64"
	"slices"
	"strings"
)

// places keeps states and countries in step with their codes, in an org that has codes: either names the other, a state lies in its country, and what is
// in no list is refused.
func (t *Tx) places(o *Object, old, values map[string]any) *Error {
	for _, country := range o.Fields {
		address, ok := strings.CutSuffix(country.Name, "CountryCode")
		if !ok || country.Compound == "" {
			continue
		}
		if err := pair(o, address+"Country", old, values, nil); err != nil {
			return err
		}
		if o.Find(address+"StateCode") == nil {
			continue
		}
		if err := pair(o, address+"State", old, values, values[country.Name]); err != nil {
			return err
		}
	}
	return nil
}

// pair settles one text and its code; within is the code of the country, nil for a country itself.
func pair(o *Object, name string, old, values map[string]any, within any) *Error {
	text, code := o.Find(name), o.Find(name+"Code")
	if text == nil {
		return nil
	}
	said, _ := values[text.Name].(string)
	coded, _ := values[code.Name].(string)
	state := strings.HasSuffix(name, "State")
	if values[code.Name] == old[code.Name] && values[text.Name] != old[text.Name] { // only the text was written
		if coded = code.codeOf(said, within); coded == "" && said != "" {
			return badPlace(text, state)
		}
	} else if values[code.Name] != old[code.Name] && values[text.Name] != old[text.Name] && said != "" && !strings.EqualFold(said, code.labelOf(coded)) {
		return badPlace(text, state)
	}
	if coded == "" {
		delete(values, text.Name)
		delete(values, code.Name)
		return nil
	}
	if state && within == nil {
		return refuse("FIELD_INTEGRITY_EXCEPTION", "A country/territory must be specified before specifying a state value for field: %s", text.Label).on(text.Name)
	}
	if home := code.Of[coded]; state && home != "" && home != within {
		return badPlace(text, state)
	}
	values[code.Name], values[text.Name] = coded, code.labelOf(coded)
	return nil
}

func badPlace(f *Field, state bool) *Error {
	what, list := "country", "country/territory from the list of valid countries"
	if state {
		what, list = "state", "state from the list of valid states"
	}
	return refuse("FIELD_INTEGRITY_EXCEPTION", "There's a problem with this %s, even though it may appear correct. Please select a %s.: %s", what, list, f.Label).on(f.Name)
}

// codeOf is the code with the label, of the country where one is told.
func (f *Field) codeOf(label string, within any) string {
	for _, v := range f.Values {
		if strings.EqualFold(f.labelOf(v), label) && (within == nil || f.Of[v] == "" || f.Of[v] == within) {
			return v
		}
	}
	return ""
}

func (f *Field) labelOf(value string) string {
	if label := f.Labels[value]; label != "" {
		return label
	}
	return value
}

// controller is the field on whose value the values of f depend, nil for none.
func (f *Field) controller(o *Object) *Field {
	if len(f.Of) == 0 {
		return nil
	}
	return o.Find(strings.TrimSuffix(f.Name, "StateCode") + "CountryCode")
}

// validFor is the bitmap that describe gives of the controlling values under which v may be chosen, nil for all.
func (f *Field) validFor(o *Object, v string) any {
	c := f.controller(o)
	if c == nil || f.Of[v] == "" {
		return nil
	}
	bits := make([]byte, (len(c.Values)+7)/8)
	if at := slices.Index(c.Values, f.Of[v]); at >= 0 {
		bits[at/8] |= 0x80 >> (at % 8)
	}
	return base64.StdEncoding.EncodeToString(bits)
}
