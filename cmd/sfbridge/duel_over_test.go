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

// lateCallback is how long after an edit on a platform its callback may be judged: it comes late itself, its process is killed, and the next one leaves it
// alone for a while.
const lateCallback = 2*time.Second + longestStraggle + 2*time.Second

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

// witness watches users and the bridge write values, and knows which of them the story must tell of.
type witness struct {
	// ends is what each side holds in a field of a person, Salesforce's under "": nil unless he is linked everywhere.
	ends   func(tag string, f bridge.Field) map[bridge.ProjectID]bridge.Value
	about  func(s *bridge.Story) string // the person a line is about
	hands  map[hold]*hand
	past   map[hold][]bridge.Value // that gave way
	over   []overwritten
	order  order
	edited int // values that users changed
}

func newWitness() *witness { return &witness{hands: map[hold]*hand{}, past: map[hold][]bridge.Value{}} }

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
func (w *witness) holds(at hold, was, v bridge.Value) {
	if was.Text == v.Text {
		return
	}
	w.edited++
	w.order.made(at, v)
	w.over = slices.DeleteFunc(w.over, func(o overwritten) bool { // it is back, or Salesforce says the same before its callback was judged
		here := o.hold == at || at.project == "" && o.tag == at.tag && o.field == at.field && time.Since(o.at) < lateCallback
		return here && alike(at.field, o.value, v)
	})
	if h := w.hands[at]; h != nil {
		was = h.before
	}
	delete(w.hands, at)
	ends := w.ends(at.tag, at.field)
	if ends == nil { // whoever wrote the same elsewhere has nothing to lose
		maps.DeleteFunc(w.hands, func(h hold, of *hand) bool {
			return h.tag == at.tag && h.field == at.field && alike(at.field, of.value, v)
		})
		return
	}
	h := &hand{value: v, before: was, at: time.Now(), reached: map[bridge.ProjectID]bool{}}
	for p, far := range ends {
		if p != "" && alike(at.field, far, ends[""]) {
			h.reached[p] = true
			w.reached(hold{at.tag, p, at.field}, v, p)
			w.reached(hold{at.tag, "", at.field}, v, p)
		}
	}
	// What was taken back is no edit, and with a value of before a callback may be a late one, and a record may never have been written to.
	// What stood in Salesforce before may be a message that came late. What stood on a platform before is on its way here from there, and the events of two
	// who write the same look alike: of an origin they may say nothing.
	before := func(p bridge.Value) bool { return alike(at.field, p, v) }
	underWay := func(p bridge.ProjectID) bool {
		return at.project == "" && slices.ContainsFunc(w.past[hold{at.tag, p, at.field}], before)
	}
	if !before(was) && !slices.ContainsFunc(w.past[at], before) && !slices.ContainsFunc(w.past[hold{at.tag, "", at.field}], before) &&
		!slices.ContainsFunc(slices.Collect(maps.Keys(ends)), underWay) {
		w.hands[at] = h
	}
}

// hidden takes back what was written over in the event that is on its way: the stream never tells that it was there.
func (w *witness) hidden(tag string, fields []bridge.Field) {
	w.over = slices.DeleteFunc(w.over, func(o overwritten) bool {
		return o.project == "" && o.tag == tag && slices.Contains(fields, o.field) && o.at.Equal(time.Now())
	})
}

// parts forgets a person whose record is deleted: with the link goes what was to be told.
func (w *witness) parts(tag string) {
	w.order.end(tag)
	w.over = slices.DeleteFunc(w.over, func(o overwritten) bool { return o.tag == tag && time.Since(o.at) < 30*time.Second })
	maps.DeleteFunc(w.hands, func(h hold, _ *hand) bool { return h.tag == tag })
}

// reached notes that a project has carried a value to the other side of a place.
func (w *witness) reached(at hold, v bridge.Value, by bridge.ProjectID) {
	if h := w.hands[at]; h != nil && alike(at.field, h.value, v) {
		h.reached[by] = true
	}
}

// changed notes that a value gives way to another one.
func (w *witness) changed(at hold, old, v bridge.Value, who string) {
	if alike(at.field, old, v) {
		return
	}
	w.past[at] = append(w.past[at], old)
	w.over = slices.DeleteFunc(w.over, func(o overwritten) bool { // it is back before its callback was judged, which cannot be told from one that says so
		return at.project != "" && o.hold == at && alike(at.field, o.value, v) && time.Since(o.at) < lateCallback
	})
	by, bridged := strings.CutPrefix(who, "bridge")
	project, from := bridge.ProjectID(strings.TrimSpace(by)), hold{at.tag, "", at.field}
	if at.project == "" {
		from.project = project
	} else {
		project = at.project
	}
	if bridged {
		w.order.came(from, at, v)
	}
	if h := w.hands[at]; bridged && h != nil {
		if !h.reached[project] && (at.project != "" || !w.order.twice(from, v)) {
			w.over = append(w.over, overwritten{hold: at, value: h.value, by: project, at: time.Now(), since: h.at})
		}
		delete(w.hands, at)
	}
}

// told strikes out what a line of the story tells.
func (w *witness) told(s *bridge.Story) {
	for i := range w.over {
		o := &w.over[i]
		if o.project != "" && s.Project != o.by || w.about(s) != o.tag || s.At.Before(o.since) {
			continue // in Salesforce two projects may come over one edit, and one event tell of both
		}
		for _, j := range s.Judged {
			for _, object := range []bridge.Object{"Contact", "Lead", "Account"} {
				name := string(nameIn(object, o.field))
				o.told = o.told || j.Is == bridge.Clashes && (j.Field == name || j.Target == name)
			}
		}
	}
}

// untold are edits that the bridge wrote over in silence.
func (w *witness) untold() (wrong []string) {
	for _, o := range w.over {
		if !o.told {
			wrong = append(wrong, fmt.Sprintf("%s of %s at %q was written over by %s at %s, and no line tells", o.field, o.tag, o.project, o.by, stamp(o.at)))
		}
	}
	return wrong
}
