package rule

import (
	"slices"

	"sfbridge/bridge"
)

// Leads and what they are converted into. A conversion makes an account, a contact and at times an opportunity out of a lead, or takes those that are
// there; the lead is read-only from then on and names them.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_lead.htm
const (
	leadObject    = bridge.Object("Lead")
	contactObject = bridge.Object("Contact")
	accountObject = bridge.Object("Account")

	isConverted = bridge.Field("IsConverted")
	intoContact = bridge.Field("ConvertedContactId")
	intoAccount = bridge.Field("ConvertedAccountId")
)

// Leads reports whether the transfer ties leads to contacts.
func (t *Transfer) Leads() bool { return t.Object == leadObject && t.Kind == bridge.ContactTouched }

// Leads are the project's transfers of leads.
func (p *Project) Leads() (ts []*Transfer) {
	for _, t := range p.Transfers {
		if t.Leads() {
			ts = append(ts, t)
		}
	}
	return ts
}

// LivingBy is what a record is matched by beside its identity: a lead that was converted is nobody any more, and a person account is matched as the
// account that it is, where a transfer ties those.
func (p *Project) LivingBy(t *Transfer) bridge.Fields {
	switch {
	case t.Leads():
		return bridge.Fields{isConverted: bridge.BoolValue(false)}
	case t.Object == contactObject && t.Kind == bridge.ContactTouched && len(p.Persons()) > 0:
		return bridge.Fields{isPerson: bridge.BoolValue(false)}
	}
	return nil
}

// Living reports whether a row is not known to be one that LivingBy leaves out.
func (p *Project) Living(t *Transfer, row bridge.Fields) bool {
	for f, want := range p.LivingBy(t) {
		if v := row[f]; v.Known() && !v.Equal(want) {
			return false
		}
	}
	return true
}

// ConvertedInto tells into what a lead was converted, where its row says that it was.
func ConvertedInto(row bridge.Fields) (into bridge.Conversion, converted bool) {
	if v := row[isConverted]; v.Kind != bridge.Bool || v.Text != "true" {
		return into, false
	}
	id := func(f bridge.Field) bridge.RecordID { return bridge.RecordID(bridge.LongID(row[f].Text)) }
	return bridge.Conversion{Contact: id(intoContact), Account: id(intoAccount)}, true
}

// Sourced answers by which field of a lead the records of the transfer are named, where the project ties leads as well: "" elsewhere.
func (p *Project) Sourced(t *Transfer) bridge.Field {
	switch {
	case t.Kind != bridge.ContactTouched || len(p.Leads()) == 0:
		return ""
	case t.Object == contactObject:
		return intoContact
	case t.Person():
		return intoAccount
	}
	return ""
}

// Heirs are the project's transfers that carry on with what a lead was converted into: those of contacts, or of person accounts.
func (p *Project) Heirs(person bool) (ts []*Transfer) {
	for _, t := range p.Transfers {
		if t.Kind == bridge.ContactTouched && (!person && t.Object == contactObject || person && t.Person()) {
			ts = append(ts, t)
		}
	}
	return ts
}

// Unread are the fields of a row that the transfers map and that nobody has read yet.
func Unread(ts []*Transfer, row bridge.Fields) (fs []bridge.Field) {
	for _, t := range ts {
		for _, p := range t.pairs {
			for _, f := range p.sources() {
				if f != "Id" && !row[f].Known() && !slices.Contains(fs, f) {
					fs = append(fs, f)
				}
			}
		}
	}
	return fs
}

// Inherit is the part of a lead's baseline that holds for what the lead was converted into: of attributes that both objects' transfers map alike, or that
// both records make the same of. What else is mapped in another way was never agreed on with the heir, and neither was what the conversion has not brought
// over: it is filled, not cleared.
func Inherit(link *bridge.Link, leads, heirs []*Transfer, lead, heir bridge.Fields) map[bridge.Attribute]bridge.Agreed {
	kept := map[bridge.Attribute]bridge.Agreed{}
	for a, agreed := range link.Baseline {
		from, to := pairsOf(leads, a), pairsOf(heirs, a)
		if len(from) == 0 || len(to) == 0 {
			continue
		}
		was, err := from[0].toPlatform(lead)
		if err != nil || !was.Known() {
			was = agreed.Platform
		}
		is, err := to[0].toPlatform(heir)
		brought, alike := to[0].same(was, is), from[0].mapsLike(to[0])
		if err != nil || len(to) > 1 || !brought && (!alike || is.IsNull() || !is.Known()) {
			continue
		}
		if !alike && to[0].same(was, agreed.Platform) {
			agreed.Salesforce = heir[to[0].Salesforce]
		}
		kept[a] = agreed
	}
	return kept
}

func pairsOf(ts []*Transfer, a bridge.Attribute) (all []*pair) {
	for _, t := range ts {
		for _, p := range t.pairs {
			if p.Platform == a {
				all = append(all, p)
			}
		}
	}
	return all
}

// mapsLike reports whether two pairs of different objects make the same of the same value.
func (p *pair) mapsLike(q *pair) bool {
	return p.Format == q.Format && p.Inbound == q.Inbound && p.Outbound == q.Outbound &&
		(p.Salesforce == q.Salesforce || p.Salesforce == ofContact(q.Salesforce))
}
