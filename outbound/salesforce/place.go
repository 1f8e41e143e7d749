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
	country := strings.HasSuffix(string(f.Name), "Country")
	if !ok || f.Compound == "" || !country && !strings.HasSuffix(string(f.Name), "State") {
		return f.Name, v
	}
	code := o.Fields[f.Name+"Code"]
	if code == nil || set[code.Name].Known() {
		return f.Name, v
	}
	valid := func(Picklist) bool { return true }
	if !country {
		valid = o.validIn(strings.TrimSuffix(string(f.Name), "State"), set)
	}
	if found := code.named(text, valid); found != "" {
		return code.Name, found
	}
	return f.Name, v
}

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
	anywhere := func(Picklist) bool { return true }
	if codes == nil {
		return anywhere
	}
	country := set[codes.Name].Text
	if country == "" {
		country = codes.named(set[bridge.Field(address+"Country")].Text, anywhere)
	}
	at := slices.IndexFunc(codes.Values, func(p Picklist) bool { return p.Value == country })
	if country == "" || at < 0 {
		return anywhere
	}
	return func(p Picklist) bool {
		bits, err := base64.StdEncoding.DecodeString(p.ValidFor)
		return err != nil || len(bits) == 0 || at>>3 < len(bits) && bits[at>>3]&(0x80>>(at&7)) != 0
	}
}
