package main

import (
	"fmt"
	"maps"
	"time"

	"sfbridge/bridge"
)

func (r *nearRow) converted() bool { return r.values["IsConverted"].Text == "true" }

func (r *nearRow) conversion() bridge.Conversion {
	return bridge.Conversion{Contact: bridge.RecordID(r.values["ConvertedContactId"].Text), Account: bridge.RecordID(r.values["ConvertedAccountId"].Text)}
}

// convert makes a contact, or a person account, of the lead that a person is: a new one, or the one that another person is. Some orgs delete their leads
// then.
func (m *duel) convert(tag, other string, i int) {
	rs := m.records(tag)
	if len(rs) != 1 || rs[0].object != "Lead" {
		return
	}
	lead := rs[0]
	if other != "" {
		m.absorb(lead, tag, other)
		return
	}
	m.trace = append(m.trace, fmt.Sprintf("%s USER converts %s", stamp(time.Now()), tag))
	set := maps.Clone(lead.values)
	for _, p := range m.projects {
		delete(set, keyField(p))
	}
	if m.chance("unmapped", 0.5) {
		delete(set, "Score__c")
	}
	if m.chance("edited", 0.3) {
		set["Email"] = m.value(i, tag, "Email", 0)
	}
	r := m.near.born(m.near.human(), set)
	for _, f := range editable {
		at := hold{tag, "", f}
		if alike(f, lead.values[f], r.values[f]) {
			continue
		}
		m.replaced(tag, string(f), "near", lead.values[f].Text, "conversion")
		m.past[at] = append(m.past[at], lead.values[f])
		delete(m.hands, at)
		for _, p := range m.projects { // it comes back from any of the platforms, over what another one has
			delete(m.hands, hold{tag, p, f})
		}
		m.left[hold{tag, "", f}] = time.Now()
	}
	m.order.end(tag) // what the conversion left behind comes back from the platform
	m.close(lead, r, m.near.told(r, bridge.Create, nil)...)
}

// absorb converts a lead into the record that another person is.
func (m *duel) absorb(lead *nearRow, tag, other string) {
	won := m.records(other)
	if other == tag || len(won) != 1 || won[0].object == "Lead" || !m.linked(won[0].id) || !m.linked(lead.id) {
		return
	}
	m.trace = append(m.trace, fmt.Sprintf("%s USER converts %s into %s", stamp(time.Now()), tag, other))
	m.gone[tag], m.won[other] = true, true
	m.parts(tag)
	m.close(lead, won[0])
}

// close ends a lead in favour of what it was converted into, in one transaction with what came of it.
func (m *duel) close(lead, into *nearRow, events ...bridge.Change) {
	linked := m.linked(lead.id) // who is deleted before a cut create was settled is created once more
	contact, account := into.id, bridge.RecordID("001000000000000AAA")
	if into.object == "Account" {
		contact, account = into.half, into.id
	}
	lead.values["IsConverted"] = bridge.BoolValue(true)
	lead.values["ConvertedContactId"], lead.values["ConvertedAccountId"] = bridge.TextValue(string(contact)), bridge.TextValue(string(account))
	lead.saved = time.Now()
	m.near.emit("user", append(events, m.near.told(lead, bridge.Update, []bridge.Field{"IsConverted", "ConvertedContactId", "ConvertedAccountId"})...)...)
	if linked && m.chance("purge", 0.15) {
		lead.deleted = true
		m.near.emit("user", m.near.told(lead, bridge.Delete, nil)...)
		tag := lead.values["Tag__c"].Text // nobody can say any more what was emptied on the lead and what the conversion left behind
		maps.DeleteFunc(m.hands, func(h hold, _ *hand) bool { return h.tag == tag && h.project == "" })
	}
}
