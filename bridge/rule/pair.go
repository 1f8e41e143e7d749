package rule

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"sfbridge/bridge"
)

// pair is a compiled pair.
type pair struct {
	bridge.Pair
	numbers *numbering
	phones  bridge.Phones
	in, out *expr
	// key names the pair in baselines: its attribute, where no other pair of the transfer has taken that name.
	key bridge.Attribute
	// values and back are Pair.Values by folded case, either way.
	values, back map[string]string
}

func compilePair(p *bridge.Project, bp bridge.Pair, l *language) (*pair, error) {
	cp := &pair{Pair: bp, numbers: l.numbers, phones: p.Phones, key: bp.Platform}
	if cp.Direction == "" {
		cp.Direction = bridge.Both
	}
	if cp.Format == bridge.PhoneFormat && p.Phones.Exact {
		cp.Format = bridge.PlainFormat
	}
	cp.phones.Platform = cmp.Or(cp.phones.Platform, bridge.PhoneE164)
	cp.phones.Salesforce = cmp.Or(cp.phones.Salesforce, bridge.PhoneAsSaid)
	var err1, err2 error
	if bp.Inbound != "" {
		cp.in, err1 = l.compile(bp.Inbound)
	}
	if bp.Outbound != "" {
		cp.out, err2 = l.compile(bp.Outbound)
	}
	if len(bp.Values) > 0 {
		cp.values, cp.back = map[string]string{}, map[string]string{}
		for sf, pf := range bp.Values {
			cp.values[strings.ToLower(sf)], cp.back[strings.ToLower(pf)] = pf, sf
		}
	}
	return cp, errors.Join(err1, err2)
}

// nameKeys gives each pair its name in baselines. Several pairs may write fields from one attribute; the one that also fills it has the attribute's name.
func nameKeys(pairs []*pair) {
	taken := map[bridge.Attribute]*pair{}
	for _, p := range pairs {
		if by := taken[p.Platform]; p.Platform != "" && (by == nil || !by.Direction.Covers(bridge.Inbound) && p.Direction.Covers(bridge.Inbound)) {
			taken[p.Platform] = p
		}
	}
	for _, p := range pairs {
		if taken[p.Platform] != p {
			p.key = p.Platform + "=" + bridge.Attribute(p.Salesforce)
		}
	}
}

// also names in baselines the further attributes that the pair's field is made from: a change of any of them is a change of the pair.
func (p *pair) also() map[bridge.Attribute]bridge.Attribute {
	if p.out == nil || p.Platform == "" {
		return nil
	}
	all := map[bridge.Attribute]bridge.Attribute{}
	for _, a := range p.out.attributes {
		if a != p.Platform {
			all[p.key+"|"+a] = a
		}
	}
	return all
}

// keys are all names of the pair in baselines.
func (p *pair) keys() []bridge.Attribute {
	all := []bridge.Attribute{p.key}
	for key := range p.also() {
		all = append(all, key)
	}
	return all
}

// unchanged reports whether the contact says of the pair what both sides agreed on. said is what it says of the pair itself.
func (p *pair) unchanged(said bridge.Value, c bridge.Attributes, link *bridge.Link) bool {
	base, agreed := baseline(link, p.key)
	if !agreed || !p.said(said, base) {
		return false
	}
	for key, a := range p.also() {
		if base, agreed := baseline(link, key); !agreed || c[a].Known() && !p.said(c[a], base) {
			return false
		}
	}
	return true
}

// agree notes what both sides hold of the pair from now on.
func (p *pair) agree(j *Judged, holds, said bridge.Value, c bridge.Attributes) {
	j.Agreed[p.key] = bridge.Agreed{Salesforce: holds, Platform: said}
	for key, a := range p.also() {
		if c[a].Known() {
			j.Agreed[key] = bridge.Agreed{Salesforce: holds, Platform: c[a]}
		}
	}
}

// told reports whether the contact tells all that the pair's field is made from: unknown is not null.
func (p *pair) told(c bridge.Attributes) bool {
	if p.out == nil {
		return c[p.Platform].Known()
	}
	return !slices.ContainsFunc(p.out.attributes, func(a bridge.Attribute) bool { return !c[a].Known() })
}

// sources are the fields from which the pair makes its attribute.
func (p *pair) sources() []bridge.Field {
	if p.in != nil {
		return p.in.fields
	}
	if p.Salesforce == "" {
		return nil
	}
	return []bridge.Field{p.Salesforce}
}

func (p *pair) touched(dirty map[bridge.Field]bool) bool {
	for _, f := range p.sources() {
		if dirty[f] || dirty[reference(f)] {
			return true
		}
	}
	return false
}

// toPlatform makes the attribute from the record; unknown is leave.
func (p *pair) toPlatform(row bridge.Fields) (bridge.Value, error) {
	v := row[p.Salesforce]
	if p.in != nil {
		var err error
		if v, err = p.in.run(row, nil); err != nil {
			return bridge.Value{}, err
		}
	} else if !v.Known() {
		return bridge.Value{}, &NeedError{[]bridge.Field{p.Salesforce}}
	}
	v = exchange(v, p.values)
	if p.Format == bridge.PhoneFormat {
		return p.numbers.written(v, p.phones.Platform), nil
	}
	return canonical(p.Format, p.numbers, v), nil
}

// toSalesforce makes the field from the contact; unknown is leave.
func (p *pair) toSalesforce(c bridge.Attributes) (bridge.Value, error) {
	v := c[p.Platform]
	if p.out != nil {
		var err error
		if v, err = p.out.run(nil, c); err != nil {
			return bridge.Value{}, err
		}
	}
	v = exchange(v, p.back)
	switch p.Format {
	case bridge.EmailFormat:
		v = canonical(p.Format, p.numbers, v)
	case bridge.PhoneFormat:
		v = p.numbers.written(v, p.phones.Salesforce)
	}
	return v, nil
}

// named is an identity's value as the platform has it, the same from both sides.
func (p *pair) named(v bridge.Value) bridge.Value {
	v = canonical(p.Format, p.numbers, v)
	if p.Format == bridge.PhoneFormat {
		return p.numbers.written(v, p.phones.Platform)
	}
	return v
}

// exchange is a value by another one, each member of a set on its own; what is not listed stays.
func exchange(v bridge.Value, by map[string]string) bridge.Value {
	if len(by) == 0 || !v.Known() || v.IsNull() {
		return v
	}
	if v.Kind == bridge.Multi {
		all := members(v.Text)
		for i, m := range all {
			if to, ok := by[strings.ToLower(m)]; ok {
				all[i] = to
			}
		}
		return bridge.MultiValue(all)
	}
	if to, ok := by[strings.ToLower(v.Text)]; ok {
		return bridge.TextValue(to)
	}
	return v
}
