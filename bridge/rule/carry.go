package rule

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sfbridge/bridge"
)

// Judged is what the compare decided for one record and its contact.
type Judged struct {
	Attributes bridge.Attributes                  // inbound: to be set on the platform
	Fields     bridge.Fields                      // outbound: to be set in Salesforce
	Agreed     map[bridge.Attribute]bridge.Agreed // the baseline once that is done
	Conflicts  []string                           // fields that both sides had changed
}

// Holds reports whether the record satisfies the transfer's condition; null does not. NeedError names fields to read first.
func (t *Transfer) Holds(row bridge.Fields) (bool, error) {
	if t.Person() {
		if is, err := IsPerson(row); err != nil || !is {
			return false, err
		}
	}
	if t.condition == nil {
		return true, nil
	}
	v, err := t.condition.run(row, nil)
	switch {
	case err != nil:
		return false, fmt.Errorf("condition: %w", err)
	case v.Kind != bridge.Bool && !v.IsNull():
		return false, fmt.Errorf("condition %q answers neither true nor false", t.Condition)
	}
	return v.Text == "true", nil
}

// Inbound judges what the record's values mean for the contact. link is nil where nobody is linked yet: then all is carried. dirty names the fields
// that were touched, nil for all. NeedError names fields to read first.
func (t *Transfer) Inbound(row bridge.Fields, link *bridge.Link, dirty map[bridge.Field]bool) (Judged, error) {
	j := Judged{Attributes: bridge.Attributes{}, Agreed: map[bridge.Attribute]bridge.Agreed{}}
	var need []bridge.Field
	for _, p := range t.pairs {
		if !p.Direction.Covers(bridge.Inbound) {
			continue
		}
		base, agreed := baseline(link, p.key)
		if agreed && dirty != nil && !p.touched(dirty) {
			continue
		}
		v, err := p.toPlatform(row)
		var unread *NeedError
		switch {
		case errors.As(err, &unread):
			need = append(need, unread.Fields...)
			continue
		case err != nil:
			return j, fmt.Errorf("attribute %s: %w", p.Platform, err)
		case !v.Known() || agreed && (p.same(v, base.Platform) || p.bent(row, base)):
			continue
		case p.IfEmpty && agreed && base.Platform.Known() && !base.Platform.IsNull():
			continue
		case v.IsNull() && (p.KeepNull || !agreed && (dirty == nil || !p.touched(dirty))):
			continue // what was never agreed on is filled from the other side, not cleared
		}
		j.Attributes[p.Platform] = v
		j.Agreed[p.key] = bridge.Agreed{Salesforce: row[p.Salesforce], Platform: v}
	}
	if len(need) > 0 {
		return j, &NeedError{need}
	}
	return j, nil
}

// Filling reports whether something was judged that only fills what is empty: then the contact has to be looked at.
func (t *Transfer) Filling(j *Judged) bool {
	return slices.ContainsFunc(t.pairs, func(p *pair) bool {
		return p.IfEmpty && p.Direction.Covers(bridge.Inbound) && j.Attributes[p.Platform].Known()
	})
}

// Fill takes out of what was judged what only fills and finds something: the contact's value stands, and nothing is agreed on.
func (t *Transfer) Fill(j *Judged, now bridge.Attributes) {
	for _, p := range t.pairs {
		if have := now[p.Platform]; p.IfEmpty && p.Direction.Covers(bridge.Inbound) && have.Known() && !have.IsNull() {
			delete(j.Attributes, p.Platform)
			delete(j.Agreed, p.key)
		}
	}
}

func baseline(l *bridge.Link, a bridge.Attribute) (bridge.Agreed, bool) {
	if l == nil {
		return bridge.Agreed{}, false
	}
	b, ok := l.Baseline[a]
	return b, ok
}

// AgreedFields are the values of the record's fields that both sides agreed on.
func (t *Transfer) AgreedFields(l *bridge.Link) bridge.Fields {
	all := bridge.Fields{}
	for _, p := range t.pairs {
		if a, ok := baseline(l, p.key); ok && p.Salesforce != "" {
			all[p.Salesforce] = a.Salesforce
		}
	}
	return all
}

// Target is what is known of the record that an outbound compare would write.
type Target struct {
	// Row holds what the mirror knows; nil where the record is to be created.
	Row bridge.Fields
	// Open names fields with an unconfirmed write: what the mirror says of them is about to change.
	Open map[bridge.Field]bool
}

// Outbound judges what the contact's values mean for the record. NeedError names fields to read first.
func (t *Transfer) Outbound(c bridge.Attributes, link *bridge.Link, to Target) (Judged, error) {
	j := Judged{Fields: bridge.Fields{}, Agreed: map[bridge.Attribute]bridge.Agreed{}}
	var need []bridge.Field
	for _, p := range t.pairs {
		if !p.Direction.Covers(bridge.Outbound) || p.Salesforce == "" || p.Salesforce == "Id" {
			continue
		}
		var unread *NeedError
		if err := t.outboundPair(p, c, link, to, &j); errors.As(err, &unread) {
			need = append(need, unread.Fields...)
		} else if err != nil {
			return j, fmt.Errorf("field %s: %w", p.Salesforce, err)
		}
	}
	if len(need) > 0 {
		return j, &NeedError{need}
	}
	return j, nil
}

// outboundPair judges one pair.
func (t *Transfer) outboundPair(p *pair, c bridge.Attributes, link *bridge.Link, to Target, j *Judged) error {
	creating, said := to.Row == nil, c[p.Platform]
	if !p.told(c) && (p.out == nil || !creating) || p.Platform != "" && p.unchanged(said, c, link) {
		return nil
	}
	v, err := p.toSalesforce(c)
	if err != nil {
		return err
	}
	if p.Platform == "" { // nothing on the platform stands for it but what is made from it
		if said = v; p.unchanged(said, c, link) {
			return nil
		}
	}
	if (v.IsNull() || !v.Known()) && creating && p.Default.Known() {
		v = p.Default
	}
	base, agreed := baseline(link, p.key)
	have, open := to.Row[p.Salesforce], to.Open[p.Salesforce]
	if v.IsNull() && have.Kind == bridge.Bool {
		v = bridge.BoolValue(false) // a checkbox is never empty
	}
	if p.IfEmpty && !creating && !have.Known() {
		return &NeedError{[]bridge.Field{p.Salesforce}}
	}
	switch {
	case !v.Known() || p.IfEmpty && !creating && !falseIsNull(have):
		if have.Known() && !open && said.Known() {
			p.agree(j, have, said, c) // it is left as it is: what the contact says is dealt with
		}
		return nil
	case v.IsNull() && (p.KeepNull || creating || p.Default.Known()):
		return nil
	case !creating && !open && p.means(v, have):
		p.agree(j, have, said, c)
		return nil
	case v.IsNull() && !agreed:
		return nil // what was never agreed on is filled from the other side, not cleared
	case !creating && have.Known() && !open && (agreed && !p.same(have, base.Salesforce) || !agreed && !have.IsNull()):
		j.Conflicts = append(j.Conflicts, string(p.Salesforce))
	}
	j.Fields[p.Salesforce] = v
	p.agree(j, v, said, c)
	return nil
}

// MayHave reports whether an earlier try may have put something on the platform that the link does not say. What the record held at a time in told may
// have been sent, and so may each of sent.
func (t *Transfer) MayHave(link *bridge.Link, told []bridge.Fields, sent []map[bridge.Attribute]bridge.Agreed) bool {
	for _, p := range t.pairs {
		base, agreed := baseline(link, p.key)
		for _, a := range p.earlier(told, sent) {
			if !agreed || !p.same(a.Platform, base.Platform) {
				return true
			}
		}
	}
	return false
}

// Arrived is what the contact holds of that: both sides would agree on it, had the earlier try lived to settle.
func (t *Transfer) Arrived(link *bridge.Link, now bridge.Attributes, told []bridge.Fields, sent []map[bridge.Attribute]bridge.Agreed) map[bridge.Attribute]bridge.Agreed {
	there := map[bridge.Attribute]bridge.Agreed{}
	for _, p := range t.pairs {
		have := now[p.Platform]
		if base, agreed := baseline(link, p.key); !have.Known() || agreed && p.said(have, base) {
			continue
		}
		for _, a := range p.earlier(told, sent) {
			if p.said(have, a) {
				there[p.key] = bridge.Agreed{Salesforce: a.Salesforce, Platform: have}
			}
		}
	}
	return there
}

// Passed are the values that earlier tries put there, or may have put, and that the contact does not hold by now, but what was agreed on before, or what
// somebody wrote since: they gave way, and so did whatever they had come over.
func (t *Transfer) Passed(link *bridge.Link, now bridge.Attributes, told []bridge.Fields, sent []map[bridge.Attribute]bridge.Agreed) map[bridge.Attribute][]bridge.Value {
	past := map[bridge.Attribute][]bridge.Value{}
	for _, p := range t.pairs {
		base, agreed := baseline(link, p.key)
		have := now[p.Platform]
		if !have.Known() || !agreed {
			continue
		}
		for _, a := range p.earlier(told, sent) {
			if !p.said(a.Platform, base) && !p.said(have, a) {
				past[p.key] = append(past[p.key], a.Platform)
			}
		}
	}
	return past
}

// earlier is what was sent of the pair, or may have been.
func (p *pair) earlier(told []bridge.Fields, sent []map[bridge.Attribute]bridge.Agreed) (all []bridge.Agreed) {
	if !p.Direction.Covers(bridge.Inbound) {
		return nil
	}
	for _, row := range told {
		if v, err := p.toPlatform(row); err == nil && v.Known() && (row[p.Salesforce].Known() || p.in != nil) {
			all = append(all, bridge.Agreed{Salesforce: row[p.Salesforce], Platform: v})
		}
	}
	for _, agreed := range sent {
		if a, ok := agreed[p.key]; ok {
			all = append(all, a)
		}
	}
	return all
}

// Spare takes out of what was judged what the contact holds already, which is agreed on then, and what somebody changed on the platform since the
// baseline, whose value stands; but not what of it was in Salesforce already and gave way to what the record says: ours.
func (t *Transfer) Spare(j *Judged, now bridge.Attributes, link *bridge.Link, ours []bridge.Fields) {
	for _, p := range t.pairs {
		want, ok := j.Attributes[p.Platform]
		have := now[p.Platform]
		if !ok || !have.Known() || !p.Direction.Covers(bridge.Inbound) {
			continue
		}
		base, agreed := baseline(link, p.key)
		switch {
		case p.said(have, j.Agreed[p.key]) || p.same(have, want):
			delete(j.Attributes, p.Platform)
		case agreed && !p.said(have, base) && !p.outdone(have, ours):
			delete(j.Attributes, p.Platform) // what the record says is dealt with, so the baseline takes it: the platform's value is the newer edit
			j.Conflicts = append(j.Conflicts, string(p.Platform))
		}
	}
}

// outdone reports whether have is what some of the rows make.
func (p *pair) outdone(have bridge.Value, rows []bridge.Fields) bool {
	return slices.ContainsFunc(p.earlier(rows, nil), func(a bridge.Agreed) bool { return p.same(have, a.Platform) })
}

// Concede takes a field out of what was judged: somebody wrote it in Salesforce after us, and his value stands. What the contact says is dealt with, so
// the baseline takes it: Salesforce's value is the newer edit.
func (t *Transfer) Concede(j *Judged, f bridge.Field) {
	delete(j.Fields, f)
	j.Conflicts = append(j.Conflicts, string(f))
}

// Landed is the link as it would be, had the earlier try that left word of a write lived to settle it, and the fields that somebody edited in Salesforce
// since. What the stream has not confirmed is left as it is, and so is what was agreed on after the write.
func (t *Transfer) Landed(link *bridge.Link, word bridge.Claim, to Target) (after *bridge.Link, edited []bridge.Field) {
	l := *link
	l.Baseline = maps.Clone(l.Baseline)
	if l.Baseline == nil {
		l.Baseline = map[bridge.Attribute]bridge.Agreed{}
	}
	for _, p := range t.pairs {
		sent, ok := word.Agreed[p.key]
		if !ok || to.Open[p.Salesforce] {
			continue
		}
		base, _ := baseline(link, p.key)
		if !slices.ContainsFunc(word.Before[p.key], func(was bridge.Agreed) bool { return p.sameAgreed(was, base) }) {
			continue
		}
		l.Baseline[p.key] = sent
		for key := range p.also() {
			if v, ok := word.Agreed[key]; ok {
				l.Baseline[key] = v
			}
		}
		if now := to.Row[p.Salesforce]; now.Known() && !p.same(now, sent.Salesforce) {
			edited = append(edited, p.Salesforce)
		}
	}
	return &l, edited
}

// sameAgreed reports whether both sides' values are the same; two baselines of what was never agreed on are.
func (p *pair) sameAgreed(a, b bridge.Agreed) bool {
	return a.Equal(b) || p.same(a.Salesforce, b.Salesforce) && p.same(a.Platform, b.Platform)
}

// Forget is the word of a write without what it said of a field that was not written.
func (t *Transfer) Forget(word bridge.Claim, f bridge.Field) bridge.Claim {
	for _, p := range t.pairs {
		if p.Salesforce == f {
			for _, key := range p.keys() {
				word = word.Without(key)
			}
		}
	}
	return word
}

// Outdone are the attributes of which a callback tells a value that is neither the contact's by now nor one that both sides ever agreed on, though the
// contact holds what a message put there after since, or what the record says and nobody agreed on yet: a message was written over an edit. So it will be
// where the contact was emptied and what it had held before is no longer agreed on: then it is filled.
func (t *Transfer) Outdone(said, now bridge.Attributes, link *bridge.Link, row bridge.Fields, since time.Time) (as []string) {
	for _, p := range t.pairs {
		v, have, put, base := said[p.Platform], now[p.Platform], link.Replaced[p.Platform], link.Baseline[p.key]
		if p.emptied(v, have, link, row) {
			as = append(as, string(p.Platform))
			continue
		}
		if !p.Direction.Covers(bridge.Outbound) || !v.Known() || p.same(v, have) || p.same(v, base.Platform) || v.IsNull() && len(put.Was) == 0 {
			continue
		}
		underWay := !p.same(have, base.Platform) && p.outdone(have, []bridge.Fields{row})
		known := slices.ContainsFunc(put.Was, func(w bridge.Value) bool { return p.same(v, w) })
		if !known && (underWay || !put.At.Before(since)) {
			as = append(as, string(p.Platform))
		}
	}
	return as
}

// emptied reports whether the contact was emptied of what both sides had agreed on when the link moved, and the record holds something to fill it with.
func (p *pair) emptied(said, now bridge.Value, link *bridge.Link, row bridge.Fields) bool {
	was, of := link.Replaced[p.Platform].Was, row[p.Salesforce]
	_, agreed := link.Baseline[p.key]
	return p.Direction == bridge.Both && !agreed && said.IsNull() && now.IsNull() && of.Known() && !of.IsNull() && len(was) > 0 && !was[len(was)-1].IsNull()
}

// Attributes are the names in baselines of what a field is written from.
func (t *Transfer) Attributes(f bridge.Field) (as []bridge.Attribute) {
	for _, p := range t.pairs {
		if p.Salesforce == f && p.Direction.Covers(bridge.Outbound) {
			as = append(as, p.keys()...)
		}
	}
	return as
}

// Stale reports whether the contact's values differ from the baseline in any attribute that goes outbound; attributes it does not tell count as
// differing.
func (t *Transfer) Stale(c bridge.Attributes, link *bridge.Link) bool {
	for _, p := range t.pairs {
		if !p.Direction.Covers(bridge.Outbound) {
			continue
		}
		if said := c[p.Platform]; p.Platform == "" && p.told(c) {
			v, err := p.toSalesforce(c)
			if err != nil || v.Known() && !p.unchanged(v, c, link) {
				return true
			}
		} else if p.Platform != "" && !p.unchanged(said, c, link) {
			return true
		}
	}
	return false
}

// Unagreed reports whether some attribute that goes that way was never agreed on.
func (t *Transfer) Unagreed(link *bridge.Link, way bridge.Direction) bool {
	for _, p := range t.pairs {
		plain := p.Salesforce != "" && p.Salesforce != "Id"
		if _, agreed := baseline(link, p.key); !agreed && plain && p.Direction.Covers(way) {
			return true
		}
	}
	return false
}

// SameField reports whether two values of a field mean the same to Salesforce: the transfer's format of that field decides.
func (t *Transfer) SameField(f bridge.Field, a, b bridge.Value) bool {
	for _, p := range t.pairs {
		if p.Salesforce == f {
			return p.same(a, b)
		}
	}
	return (&pair{}).same(a, b)
}
