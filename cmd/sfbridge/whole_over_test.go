package main

import (
	"fmt"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/platform/respondio/respondiotest"
	"sfbridge/store"
)

// watches has the witness look on: at every record that is saved, and at every contact that is written to.
func (w *theatre) watches() {
	w.witness = newWitness()
	w.seen = map[bridge.ProjectID]map[uint64]saved{}
	for _, p := range w.projects {
		w.seen[p] = map[uint64]saved{}
	}
	w.ends, w.about = w.sides, w.subject
}

// meets notes who is linked everywhere by now; an edit of somebody who is not is nobody's to tell of.
func (w *theatre) meets(tag string) {
	known := w.known(tag) != ""
	w.trace.mu.Lock()
	defer w.trace.mu.Unlock()
	if _, gone := w.gone[tag]; known && !gone && !w.won[tag] && !w.dropped[tag] {
		w.met[tag] = true
	}
}

// leaves forgets a person who is deleted, merged or whose contacts are.
func (w *theatre) leaves(tag string) {
	w.trace.mu.Lock()
	defer w.trace.mu.Unlock()
	delete(w.met, tag)
	w.parts(tag)
}

// sides is what each side holds in a field of a person, as far as the witness saw. It is called with trace.mu held.
func (w *theatre) sides(tag string, f bridge.Field) map[bridge.ProjectID]bridge.Value {
	if !w.met[tag] {
		return nil
	}
	ends := map[bridge.ProjectID]bridge.Value{}
	for _, row := range w.at {
		if row["Tag__c"] == tag {
			ends[""] = bridge.TextValue(row[string(f)])
		}
	}
	for _, p := range w.projects {
		for _, c := range w.seen[p] {
			if c["Tag__c"] == tag {
				ends[p] = bridge.TextValue(c[string(f)])
			}
		}
	}
	if len(ends) != 1+len(w.projects) {
		return nil
	}
	return ends
}

// reworded reports a value that one side stores in another form than the other: it is never confirmed by its value.
func reworded(field, text string) bool {
	return strings.HasPrefix(text, "auto") || strings.TrimSpace(text) != text || field == "Credit_Limit__c" && strings.Contains(text, ".")
}

// kept notes that a record is about to be saved. It is called with trace.mu held.
func (w *theatre) kept(old, now saved, ours bool) {
	tag := now["Tag__c"]
	if !ours {
		w.asks("", old, now)
	}
	for _, field := range wholeEditable {
		f, was, v := bridge.Field(field), bridge.TextValue(old[field]), bridge.TextValue(now[field])
		at := hold{tag, "", f}
		by := w.projects[0] // nobody can say which, where there are two: the one that had carried what gives way
		for _, p := range w.projects {
			if ours {
				w.reached(hold{tag, p, f}, v, p)
			}
			if h := w.hands[at]; h != nil && h.reached[p] {
				by = p
			}
		}
		switch {
		case old == nil || was.Text == v.Text:
		case ours && (reworded(field, now[field]) || reworded(field, old[field])):
			delete(w.hands, at)
		case ours:
			w.changed(at, was, v, "bridge "+string(by))
		default:
			w.changed(at, was, v, "user")
			w.writes(at, was, v)
		}
	}
}

// asks counts what the bridge has to write for what a user saved at an end, "" for Salesforce: a value that is changed goes to every other end, and comes
// back where Salesforce stores it in another form; somebody new gets the key of each platform in Salesforce, and is created and tagged there.
func (w *theatre) asks(end bridge.ProjectID, old, now saved) {
	ends := len(w.projects)
	if old == nil {
		w.ordered.near += ends
		w.ordered.far += 2 * ends
		return
	}
	for field := range wholeAttributes {
		switch {
		case old[field] == now[field]:
		case end == "":
			w.ordered.far += ends
		default:
			w.ordered.near++
			w.ordered.far += ends - 1
			if reworded(field, now[field]) {
				w.ordered.far++
			}
		}
	}
}

// excess reports more writes than were asked for, in a play without trouble.
func (w *theatre) excess() []string {
	if slices.ContainsFunc(w.play.deeds, func(d deed) bool { return !slices.Contains(untroubled, d.Kind) }) {
		return nil
	}
	n := w.done()
	if n.near > w.ordered.near || n.far > w.ordered.far {
		return []string{fmt.Sprintf("%d writes to Salesforce and %d to the platforms, and %d and %d were asked for", n.near, n.far, w.ordered.near, w.ordered.far)}
	}
	return nil
}

// untroubled are the deeds of plays in which nothing need be written twice.
var untroubled = []string{"edit", "clash", "note", "join", "both", "mass", "stop", "start"}

// writes notes what a user wrote.
func (w *theatre) writes(at hold, was, v bridge.Value) {
	if reworded(string(at.field), v.Text) {
		delete(w.hands, at)
		return
	}
	w.holds(at, was, v)
}

// looks compares a contact with what it was when the witness saw it last. It is called with trace.mu held.
func (w *theatre) looks(p bridge.ProjectID, id uint64, ours bool) {
	c, err := w.fars[p].Contact(id)
	if err != nil {
		return
	}
	old, now := w.seen[p][id], saved{}
	for field, attribute := range wholeAttributes {
		now[field] = c.Get(attribute)
	}
	w.seen[p][id] = now
	if !ours {
		w.asks(p, old, now)
	}
	for _, field := range wholeEditable {
		f, was, v := bridge.Field(field), bridge.TextValue(old[field]), bridge.TextValue(now[field])
		at := hold{now["Tag__c"], p, f}
		if ours {
			w.reached(hold{at.tag, "", f}, v, p)
		}
		switch {
		case old == nil || was.Text == v.Text:
		case ours && (reworded(field, now[field]) || reworded(field, old[field])):
			delete(w.hands, at)
		case ours:
			w.changed(at, was, v, "bridge")
		default:
			w.changed(at, was, v, "user")
			w.writes(at, was, v)
		}
	}
}

// came has the witness look at the contact that a call was about.
func (w *theatre) came(p bridge.ProjectID, r *respondiotest.Request) {
	if r.Contact == 0 {
		return
	}
	w.trace.mu.Lock()
	defer w.trace.mu.Unlock()
	w.looks(p, r.Contact, true)
}

// subject is the person that a line of the story is about.
func (w *theatre) subject(s *bridge.Story) string {
	if row, ok := w.sim.org.Row("Contact", string(s.Record)); ok {
		return shown(row["Tag__c"])
	}
	for _, c := range w.fars[s.Project].Contacts() {
		if fmt.Sprint(c.ID) == string(s.Contact) {
			return c.Get("custom.tag")
		}
	}
	return ""
}

// silent are edits that the bridge wrote over and no line tells of.
func (w *theatre) silent() []string {
	stories, err := w.app.store.Stories(w.t.Context(), store.StoryFilter{}, 10_000)
	if err != nil {
		return []string{err.Error()}
	}
	for i := range stories {
		w.told(&stories[i])
	}
	w.trace.add("WITNESS %d edits, %d overwritten", w.edited, len(w.over))
	return w.untold()
}
