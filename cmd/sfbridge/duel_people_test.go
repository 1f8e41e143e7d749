package main

import (
	"fmt"
	"time"

	"sfbridge/bridge"
)

// join brings a person in at one side.
func (m *duel) join(person, side int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tag := fmt.Sprint("tag", person)
	set := bridge.Fields{
		"Tag__c": bridge.TextValue(tag), "FirstName": bridge.TextValue("First"), "LastName": bridge.TextValue("Last"),
		"Email": bridge.TextValue(tag + "@example.com"), "Score__c": bridge.TextValue("1"),
	}
	m.bring(side, set)
}

func (m *duel) bring(side int, set bridge.Fields) {
	if side == 0 {
		o := m.near.human()
		if m.near.shape.leads && m.chance("lead", 0.7) {
			o = "Lead"
		}
		m.near.create(o, set, "user")
		return
	}
	as := bridge.Attributes{}
	for f, v := range set {
		as[farOf[f]] = v
	}
	f := m.fars[m.projects[side-1]]
	if len(f.find("email", as["email"].Text)) == 0 { // the platform refuses a second contact of one address
		f.create(as, "user")
	}
}

// do lets one thing happen.
func (m *duel) do(s *script, i int, a *act) {
	side, person := a.Side%(s.Projects+1), a.Person%(s.People+m.joined)
	switch a.Kind {
	case "join":
		m.join(s.People+m.joined, side)
		m.joined++
	case "kill":
		m.kill()
		time.Sleep(500 * time.Millisecond)
		m.start()
	case "both": // the same new person at both ends at once
		m.mu.Lock()
		set := bridge.Fields{
			"Tag__c": bridge.TextValue(fmt.Sprint("twin", i)), "LastName": bridge.TextValue("Twin"), "Email": bridge.TextValue(fmt.Sprintf("twin%d@example.com", i)),
		}
		m.bring(0, set)
		m.mu.Unlock()
		time.Sleep(time.Duration(a.Field) * 100 * time.Millisecond)
		m.mu.Lock()
		m.bring(1, set)
		m.mu.Unlock()
	case "delete", "undelete", "merge":
		m.mu.Lock()
		defer m.mu.Unlock()
		m.end(a.Kind, fmt.Sprint("tag", person), fmt.Sprint("tag", (person+1)%(s.People+m.joined)))
	case "convert", "absorb":
		m.mu.Lock()
		defer m.mu.Unlock()
		other := ""
		if a.Kind == "absorb" {
			other = fmt.Sprint("tag", (person+1)%(s.People+m.joined))
		}
		m.convert(fmt.Sprint("tag", person), other, i)
	default:
		m.mu.Lock()
		defer m.mu.Unlock()
		m.edit(i, side, fmt.Sprint("tag", person), editable[a.Field%len(editable)], a.Value)
	}
}

// end deletes a record, brings it back, or merges it into another one.
func (m *duel) end(kind, tag, other string) {
	m.trace = append(m.trace, fmt.Sprintf("%s USER %ss %s (%s)", stamp(time.Now()), kind, tag, other))
	if kind == "undelete" {
		for _, r := range m.near.rows {
			if r.deleted && r.master == "" && !r.converted() && r.values["Tag__c"].Text == tag {
				m.near.undelete(r)
				m.back[tag] = time.Now()
				delete(m.gone, tag)
			}
		}
		return
	}
	rs := m.records(tag)
	if len(rs) != 1 || !m.linked(rs[0].id) {
		return // who is deleted before a cut create was settled is created once more
	}
	var master bridge.RecordID
	if kind == "merge" {
		won := m.records(other)
		if other == tag || len(won) != 1 || won[0].object != rs[0].object || !m.linked(won[0].id) {
			return
		}
		master = won[0].id
		m.won[other] = true
	}
	m.gone[tag] = true
	m.parts(tag)
	m.near.remove(rs[0], master)
}

// linked reports whether a record is linked in every project.
func (m *duel) linked(r bridge.RecordID) bool {
	for _, p := range m.projects {
		if _, err := m.life.store.LinkOf(m.ctx, duelOrg, p, r); err != nil {
			return false
		}
	}
	return true
}

// edit lets a user change one field at one end, if the person is known there.
func (m *duel) edit(i, side int, tag string, f bridge.Field, kind int) {
	v := m.value(i, tag, f, kind)
	if side == 0 {
		if rs := m.records(tag); len(rs) == 1 {
			m.trace = append(m.trace, fmt.Sprintf("%s USER sets %s of %s at near to %q", stamp(time.Now()), f, tag, v.Text))
			was := rs[0].values[f]
			m.near.update(rs[0], bridge.Fields{f: v}, "user")
			m.holds(hold{tag, "", f}, was, rs[0].values[f])
		}
		return
	}
	p := m.fars[m.projects[side-1]]
	if ids := p.find("custom.tag", tag); len(ids) == 1 {
		m.trace = append(m.trace, fmt.Sprintf("%s USER sets %s of %s at %s to %q", stamp(time.Now()), f, tag, p.project, v.Text))
		was := p.contacts[ids[0]][farOf[f]]
		p.set(ids[0], bridge.Attributes{farOf[f]: v}, "user")
		m.holds(hold{tag, p.project, f}, was, v)
	}
}

// value is what a user writes: something new, nothing, something that was there before, or something that Salesforce rewrites.
func (m *duel) value(i int, tag string, f bridge.Field, kind int) bridge.Value {
	if kind == 2 {
		i = i / 2
	}
	switch f {
	case "Email":
		return bridge.TextValue(fmt.Sprintf("Mail%03d.%s@Example.com", i, tag))
	case "MobilePhone":
		if kind == 1 {
			return bridge.NullValue()
		}
		if kind == 3 {
			return bridge.TextValue(fmt.Sprintf("012-345 %04d", i))
		}
		return bridge.TextValue(fmt.Sprintf("+6012345%04d", i))
	case "Score__c":
		if kind == 1 {
			return bridge.NullValue()
		}
		if kind == 3 {
			return bridge.TextValue(fmt.Sprintf("%d.12345", i))
		}
		return bridge.TextValue(fmt.Sprint(i))
	}
	switch {
	case kind == 1 && f == "FirstName":
		return bridge.NullValue()
	case kind == 3 && f == "FirstName":
		return bridge.TextValue(fmt.Sprintf("auto%03d", i))
	case kind == 3:
		return bridge.TextValue(fmt.Sprintf("  v%03d ", i))
	}
	return bridge.TextValue(fmt.Sprintf("v%03d", i))
}

// records are the live records of a person.
func (m *duel) records(tag string) (rs []*nearRow) {
	for _, r := range m.near.rows {
		if !r.deleted && !r.converted() && r.values["Tag__c"].Text == tag {
			rs = append(rs, r)
		}
	}
	return rs
}

// backWithin is how long the bridge may take to hear that a record was deleted and is back: what was written to it ends with the deletion, and what
// somebody wrote before the bridge heard of both may be written over untold. As long it may take until a field that a conversion left behind is agreed on
// again.
const backWithin = 6 * time.Second

// both is what each side holds in a field of a person, nil unless he is linked everywhere.
func (m *duel) both(tag string, f bridge.Field) map[bridge.ProjectID]bridge.Value {
	rs := m.records(tag)
	if len(rs) != 1 || !m.linked(rs[0].id) || time.Since(m.back[tag]) < backWithin || time.Since(m.left[hold{tag, "", f}]) < backWithin {
		return nil
	}
	ends := map[bridge.ProjectID]bridge.Value{"": rs[0].values[f]}
	for _, p := range m.projects {
		far := m.fars[p].find("custom.tag", tag)
		if len(far) != 1 {
			return nil
		}
		ends[p] = m.fars[p].contacts[far[0]][farOf[f]]
	}
	return ends
}

// tagOf is the person a line is about.
func (m *duel) tagOf(s *bridge.Story) string {
	if r := m.near.rows[s.Record]; r != nil {
		return r.values["Tag__c"].Text
	}
	return m.fars[s.Project].contacts[s.Contact]["custom.tag"].Text
}
