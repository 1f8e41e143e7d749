package salesforce

import (
	"encoding/base64"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// coded is a state or country by its code, where the org has codes and the value is a code or a label of one: labels are translated and renamed, codes
// are not. What is no state or country that the org knows goes as it is, and the org says so.
// https://help.salesforce.com/s/articleView?id=sf.admin_state_country_picklists_overview.htm
func (o *ObjectFacts) coded(f *FieldFacts, v any, set bridge.Fields) (bridge.Field, any) {
	text, ok := v.(string)
	code := o.Codes(f)
	if !ok || code == nil || set[code.Name].Known() {
		return f.Name, v
	}
	valid := anyPlace
	if !strings.HasSuffix(string(f.Name), "Country") {
		valid = o.validIn(strings.TrimSuffix(string(f.Name), "State"), set)
	}
	if found := code.named(text, valid); found != "" {
		return code.Name, found
	}
	return f.Name, v
}

// Codes is the field of codes beside a state or a country, nil for any other field and where the org has no lists of places.
func (o *ObjectFacts) Codes(f *FieldFacts) *FieldFacts {
	if name := string(f.Name); f.Compound == "" || !strings.HasSuffix(name, "Country") && !strings.HasSuffix(name, "State") {
		return nil
	}
	return o.Fields[f.Name+"Code"]
}

// Lists reports whether one value of a picklist has the text for its code, or an active one for its label, whatever the letters' case.
func (f *FieldFacts) Lists(text string) bool { return f.named(text, anyPlace) != "" }

func anyPlace(Picklist) bool { return true }

// named is the code of the one active value that has the text for its code or its label, "" for none or several.
func (f *FieldFacts) named(text string, valid func(Picklist) bool) (code string) {
	for _, p := range f.Values {
		if strings.EqualFold(p.Value, text) && valid(p) {
			return p.Value
		}
	}
	for _, p := range f.Values {
		if strings.EqualFold(p.Label, text) && p.Active && valid(p) {
			if code != "" {
				return ""
			}
			code = p.Value
		}
	}
	return code
}

// validIn reports of a state whether it lies in the country that the row names; every one does where the row names none.
func (o *ObjectFacts) validIn(address string, set bridge.Fields) func(Picklist) bool {
	codes := o.Fields[bridge.Field(address+"CountryCode")]
	if codes == nil {
		return anyPlace
	}
	country := set[codes.Name].Text
	if country == "" {
		country = codes.named(set[bridge.Field(address+"Country")].Text, anyPlace)
	}
	at := slices.IndexFunc(codes.Values, func(p Picklist) bool { return p.Value == country })
	if country == "" || at < 0 {
		return anyPlace
	}
	return func(p Picklist) bool {
		bits, err := base64.StdEncoding.DecodeString(p.ValidFor)
		return err != nil || len(bits) == 0 || at>>3 < len(bits) && bits[at>>3]&(0x80>>(at&7)) != 0
	}
}
