package rule

import (
	"fmt"
	"slices"

	"sfbridge/bridge"
)

// Outgoing is a row under way to Salesforce: what was judged, and the fields that are made of it.
type Outgoing struct {
	Judged *Judged
	Set    bridge.Fields
	// Holds is what the record holds as far as that is known; nothing of a record that is to be created.
	Holds bridge.Fields
}

// Bend gives way to a refusal, field by field, by the pairs that say how, so that the rest of the row can be sent again. What Salesforce will hold is
// what both sides agree on from then on; the contact's own value stands on the platform. It answers in words what is otherwise than the contact says,
// without any value: nothing where no pair gives way.
func (t *Transfer) Bend(o Outgoing, r bridge.Refusal) (ways []string) {
	for _, f := range r.Fields {
		for _, p := range t.pairs {
			if p.Salesforce != f || !p.Direction.Covers(bridge.Outbound) {
				continue
			}
			if way := p.bend(o, r); way != "" {
				ways = append(ways, way)
			}
		}
	}
	return ways
}

// bend gives way in the pair's own field; "" where it does not.
func (p *pair) bend(o Outgoing, r bridge.Refusal) string {
	f := p.Salesforce
	said, there := o.Set[f]
	if !there || said.IsNull() {
		return ""
	}
	because := ""
	if r.Code != "" {
		because = " (" + r.Code + ")"
	}
	switch {
	case p.OnRefused == bridge.TruncateRefused && r.Cause == bridge.TooLong:
		most := r.Longest[f]
		v := said
		if v.Text = shortened(said.Text, most); v.Text == "" || v.Text == said.Text {
			return ""
		}
		p.instead(o, v)
		return fmt.Sprintf("%s was cut to %d characters%s", f, most, because)
	case p.OnRefused == bridge.DefaultRefused && r.Cause == bridge.NotListed && p.Default.Known() && !said.Equal(p.Default):
		p.instead(o, p.Default)
		return fmt.Sprintf("%s got its default%s", f, because)
	case p.OnRefused == bridge.DropRefused:
		p.instead(o, bridge.Value{})
		return fmt.Sprintf("%s was left out%s", f, because)
	}
	return ""
}

// instead puts v in the place of what was refused; unknown leaves the field as the record has it. What the record holds already is not sent.
func (p *pair) instead(o Outgoing, v bridge.Value) {
	f := p.Salesforce
	held := o.Holds[f]
	if !v.Known() || held.Known() && p.means(v, held) {
		delete(o.Set, f)
		delete(o.Judged.Fields, f)
		if v = held; !v.Known() {
			v = bridge.NullValue()
		}
	} else {
		o.Set[f], o.Judged.Fields[f] = v, v
	}
	for _, key := range p.keys() {
		if a, ok := o.Judged.Agreed[key]; ok {
			a.Salesforce = v
			o.Judged.Agreed[key] = a
		}
	}
}

// bent reports whether the record still holds what was agreed on, where that may be less than the platform holds: nothing of it goes back.
func (p *pair) bent(row bridge.Fields, base bridge.Agreed) bool {
	return p.OnRefused != bridge.BuryRefused && slices.Equal(p.sources(), []bridge.Field{p.Salesforce}) && p.same(row[p.Salesforce], base.Salesforce)
}
