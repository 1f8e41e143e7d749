package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// hold is a place where a user's value stands: a field of a person in Salesforce, where project is "", or on a platform.
type hold struct {
	tag     string
	project bridge.ProjectID
	field   bridge.Field
}

// hand is what a user put there, over what, and which projects have carried it to the other side.
type hand struct {
	value   bridge.Value
	before  bridge.Value
	at      time.Time
	reached map[bridge.ProjectID]bool
}

// overwritten is a user's value that the bridge wrote over before it had carried it: the story must tell.
type overwritten struct {
	hold
	value bridge.Value
	by    bridge.ProjectID
	at    time.Time
	since time.Time // when the user wrote it
	told  bool
}

func fieldOf(a bridge.Attribute) bridge.Field {
	for f, at := range farOf {
		if at == a {
			return f
		}
	}
	return bridge.Field(a)
}

// alike reports whether two values of a field mean the same.
func alike(f bridge.Field, a, b bridge.Value) bool {
	switch f {
	case "Email":
		return strings.EqualFold(a.Text, b.Text)
	case "MobilePhone":
		return rule.Phone(a.Text, "MY") == rule.Phone(b.Text, "MY")
	}
	return strings.TrimSpace(a.Text) == strings.TrimSpace(b.Text)
}

// holds notes what a user wrote, where the person is linked; what the other side holds already is carried.
func (m *duel) holds(at hold, was, v bridge.Value) {
	if was.Text == v.Text {
		return
	}
	m.edited++
	m.order.made(at, v)
	m.over = slices.DeleteFunc(m.over, func(o overwritten) bool { return o.hold == at && alike(at.field, o.value, v) }) // it is back
	if h := m.hands[at]; h != nil {
		was = h.before
	}
	delete(m.hands, at)
	rs := m.records(at.tag)
	if len(rs) != 1 || !m.linked(rs[0].id) {
		return
	}
	h := &hand{value: v, before: was, at: time.Now(), reached: map[bridge.ProjectID]bool{}}
	for _, p := range m.projects {
		far := m.fars[p].find("custom.tag", at.tag)
		if len(far) != 1 {
			return
		}
		if alike(at.field, m.fars[p].contacts[far[0]][farOf[at.field]], rs[0].values[at.field]) {
			h.reached[p] = true
			m.reached(hold{at.tag, p, at.field}, v, p)
			m.reached(hold{at.tag, "", at.field}, v, p)
		}
	}
	// What was taken back is no edit, and with a value of before a callback may be a late one, and a record may never have been written to.
	before := func(p bridge.Value) bool { return alike(at.field, p, v) }
	if !before(was) && !slices.ContainsFunc(m.past[at], before) {
		m.hands[at] = h
	}
}

// hidden takes back what was written over in the event that is on its way: the stream never tells that it was there.
func (m *duel) hidden(tag string, fields []bridge.Field) {
	m.over = slices.DeleteFunc(m.over, func(o overwritten) bool {
		return o.project == "" && o.tag == tag && slices.Contains(fields, o.field) && o.at.Equal(time.Now())
	})
}

// parts forgets a person whose record is deleted: with the link goes what was to be told.
func (m *duel) parts(tag string) {
	m.order.end(tag)
	m.over = slices.DeleteFunc(m.over, func(o overwritten) bool { return o.tag == tag && time.Since(o.at) < 30*time.Second })
	maps.DeleteFunc(m.hands, func(h hold, _ *hand) bool { return h.tag == tag })
}

// reached notes that a project has carried a value to the other side of a place.
func (m *duel) reached(at hold, v bridge.Value, by bridge.ProjectID) {
	if h := m.hands[at]; h != nil && alike(at.field, h.value, v) {
		h.reached[by] = true
	}
}

// changed notes that a value gives way to another one.
func (m *duel) changed(at hold, old, v bridge.Value, who string) {
	if alike(at.field, old, v) {
		return
	}
	m.past[at] = append(m.past[at], old)
	by, bridged := strings.CutPrefix(who, "bridge")
	project, from := bridge.ProjectID(strings.TrimSpace(by)), hold{at.tag, "", at.field}
	if at.project == "" {
		from.project = project
	} else {
		project = at.project
	}
	if bridged {
		m.order.came(from, at, v)
	}
	if h := m.hands[at]; bridged && h != nil {
		if !h.reached[project] {
			m.over = append(m.over, overwritten{hold: at, value: h.value, by: project, at: time.Now(), since: h.at})
		}
		delete(m.hands, at)
	}
}

// told strikes out what a line of the story tells.
func (m *duel) told(s *bridge.Story) {
	for i := range m.over {
		o := &m.over[i]
		if o.project != "" && s.Project != o.by || m.tagOf(s) != o.tag || s.At.Before(o.since) {
			continue // in Salesforce two projects may come over one edit, and one event tell of both
		}
		for _, j := range s.Judged {
			if j.Is == bridge.Clashes && (j.Field == string(o.field) || j.Target == string(o.field)) {
				o.told = true
			}
		}
	}
}

// tagOf is the person a line is about.
func (m *duel) tagOf(s *bridge.Story) string {
	if r := m.near.rows[s.Record]; r != nil {
		return r.values["Tag__c"].Text
	}
	return m.fars[s.Project].contacts[s.Contact]["custom.tag"].Text
}

// untold are edits that the bridge wrote over in silence.
func (m *duel) untold() (wrong []string) {
	for _, o := range m.over {
		if !o.told {
			wrong = append(wrong, fmt.Sprintf("%s of %s at %q was written over by %s at %s, and no line tells", o.field, o.tag, o.project, o.by, stamp(o.at)))
		}
	}
	return wrong
}
