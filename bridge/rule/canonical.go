package rule

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"sfbridge/bridge"
)

// canonical brings v into the form in which both sides are compared and looked up. What cannot be read as its format stays as it is.
func canonical(f bridge.Format, region string, v bridge.Value) bridge.Value {
	if !v.Known() || v.IsNull() {
		return v
	}
	switch f {
	case bridge.EmailFormat:
		return bridge.TextValue(strings.ToLower(v.Text))
	case bridge.PhoneFormat:
		return bridge.TextValue(Phone(v.Text, region))
	default:
		return v
	}
}

// Phone is the E.164 form of a phone number written in any format, digits of other scripts included. A number without a country is read as one of
// region (ISO 3166); a text that is no possible number, or whose E.164 form would be read as another one, is returned as it is.
func Phone(text, region string) string {
	once, ok := e164(text, region)
	if !ok {
		return strings.TrimSpace(text)
	}
	if again, ok := e164(once, region); !ok || again != once {
		return strings.TrimSpace(text)
	}
	return once
}

func e164(text, region string) (string, bool) {
	n, err := phonenumbers.Parse(text, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true
}

// KnownRegion reports whether region is a country whose phones can be read.
func KnownRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }

// same reports whether two values mean the same to the pair, whatever their kinds.
func (p *pair) same(a, b bridge.Value) bool { return p.sameAs(bridge.Unknown, a, b) }

// said reports whether the platform's value v is what was agreed on: platforms answer numbers and dates as text, so the field's kind decides.
func (p *pair) said(v bridge.Value, base bridge.Agreed) bool {
	return p.sameAs(base.Salesforce.Kind, v, base.Platform)
}

func (p *pair) sameAs(kind bridge.Kind, a, b bridge.Value) bool {
	a, b = canonical(p.Format, p.region, a), canonical(p.Format, p.region, b)
	if !a.Known() || !b.Known() {
		return false
	}
	if a.Equal(b) {
		return true
	}
	if a.IsNull() || b.IsNull() {
		return falseIsNull(a) && falseIsNull(b)
	}
	switch oneOf := func(k bridge.Kind) bool { return kind == k || a.Kind == k || b.Kind == k }; {
	case oneOf(bridge.Number):
		return sameNumber(a.Text, b.Text)
	case oneOf(bridge.DateTime):
		return sameTime(a.Text, b.Text)
	case oneOf(bridge.Multi):
		return slices.Equal(members(a.Text), members(b.Text))
	case oneOf(bridge.Bool):
		return strings.EqualFold(a.Text, b.Text)
	}
	return false
}

// falseIsNull reports whether v is null or the checkbox value that Salesforce stores for null.
func falseIsNull(v bridge.Value) bool {
	return v.IsNull() || v.Kind == bridge.Bool && v.Text == "false"
}

func sameNumber(a, b string) bool {
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && x == y
}

func sameTime(a, b string) bool {
	x, err1 := time.Parse(time.RFC3339, a)
	y, err2 := time.Parse(time.RFC3339, b)
	return err1 == nil && err2 == nil && x.Truncate(time.Second).Equal(y.Truncate(time.Second))
}

func members(s string) []string {
	vs := strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ',' })
	for i := range vs {
		vs[i] = strings.TrimSpace(vs[i])
	}
	slices.Sort(vs)
	return slices.Compact(vs)
}
