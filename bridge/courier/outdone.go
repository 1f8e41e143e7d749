package courier

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// callbackLag is how late the callback of an edit may come.
const callbackLag = time.Minute

// outdone tells of edits on the platform that a message of ours was written over: their callbacks say values that nobody holds any more.
func (t *trip) outdone(tr *rule.Transfer, link *bridge.Link, now bridge.Contact, row bridge.Fields) {
	lost := t.lostOn(tr, link, now, row)
	if len(lost) == 0 {
		return
	}
	t.clashed = lost
	t.tell(bridge.Conflict, "", nil, fmt.Sprintf("%v was edited on the platform while Salesforce's edit was on its way; Salesforce's came last and stands", lost))
}

// lostOn are the attributes of such edits, by any of the callbacks.
func (t *trip) lostOn(tr *rule.Transfer, link *bridge.Link, now bridge.Contact, row bridge.Fields) (lost []string) {
	for _, cb := range t.w.Callbacks {
		p, err := t.o.platform.Parser.Parse(cb)
		if err != nil {
			continue // that of the head was read, and the contact itself says more than the others
		}
		for _, a := range tr.Outdone(p.Contact.Values, now.Values, link, row, cb.Received.Add(-callbackLag)) {
			if !slices.Contains(lost, a) {
				lost = append(lost, a)
			}
		}
	}
	return lost
}

// replaced is the link with what a message put another value in the place of.
func (t *trip) replaced(link *bridge.Link, agreed map[bridge.Attribute]bridge.Agreed) *bridge.Link {
	l := *link
	l.Replaced = maps.Clone(l.Replaced)
	if l.Replaced == nil {
		l.Replaced = map[bridge.Attribute]bridge.Replaced{}
	}
	for a := range agreed {
		l.Replaced[a] = l.Replaced[a].Replace(l.Baseline[a].Platform, t.c.d.Now())
	}
	return &l
}

// underWay is the same for what both sides hold already, though nobody had agreed on it: a message that is not settled yet may have put it there.
func (t *trip) underWay(tr *rule.Transfer, link *bridge.Link, j rule.Judged) *bridge.Link {
	there := maps.Clone(j.Agreed)
	for f := range j.Fields {
		for _, a := range tr.Attributes(f) {
			delete(there, a)
		}
	}
	maps.DeleteFunc(there, func(a bridge.Attribute, _ bridge.Agreed) bool { _, known := link.Baseline[a]; return !known })
	if len(there) == 0 {
		return link
	}
	return t.replaced(link, there)
}
