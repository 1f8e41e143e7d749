package rule

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sfbridge/bridge"
)

// canonical brings v into the form in which both sides are compared and looked up. What cannot be read as its format stays as it is.
func canonical(f bridge.Format, phones *numbering, v bridge.Value) bridge.Value {
	if !v.Known() || v.IsNull() {
		return v
	}
	switch f {
	case bridge.EmailFormat:
		return bridge.TextValue(strings.ToLower(v.Text))
	case bridge.PhoneFormat:
		return bridge.TextValue(phones.phone(v.Text))
	default:
		return v
	}
}

// same reports whether two values of one side mean the same to the pair, whatever their kinds.
func (p *pair) same(a, b bridge.Value) bool { return p.sameAs(bridge.Unknown, a, b) }

// means reports the same of values of both sides: a phone may name its extension on one of them alone.
func (p *pair) means(a, b bridge.Value) bool {
	if p.Format == bridge.PhoneFormat && a.Text != "" && b.Text != "" {
		return p.numbers.same(a.Text, b.Text, false)
	}
	return p.same(a, b)
}

// said reports whether the platform's value v is what was agreed on: platforms answer numbers and dates as text, so the field's kind decides.
func (p *pair) said(v bridge.Value, base bridge.Agreed) bool {
	return p.sameAs(base.Salesforce.Kind, v, base.Platform)
}

func (p *pair) sameAs(kind bridge.Kind, a, b bridge.Value) bool {
	if !a.Known() || !b.Known() {
		return false
	}
	if a.Equal(b) {
		return true
	}
	if p.Format == bridge.PhoneFormat && a.Text != "" && b.Text != "" {
		return p.numbers.same(a.Text, b.Text, true)
	}
	a, b = canonical(p.Format, p.numbers, a), canonical(p.Format, p.numbers, b)
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
