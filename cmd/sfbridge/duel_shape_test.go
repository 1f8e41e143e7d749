package main

import (
	"fmt"
	"maps"
	"slices"

	"sfbridge/bridge"
)

// shape says which people the org of a duel has, and how it tells of them.
type shape struct {
	leads   bool // people come as leads and are converted
	persons bool // many people are person accounts
	channel bool // one stream for all objects
	lean    bool // the event of an account lacks what its contact holds
}

const personType = "012000000000001AAA"

// objects are those that the projects carry, the one that people of the platforms become first.
func (s shape) objects() []bridge.Object {
	all := []bridge.Object{"Contact"}
	if s.persons {
		all = []bridge.Object{"Account", "Contact"}
	}
	if s.leads {
		all = append([]bridge.Object{"Lead"}, all...)
	}
	return all
}

// human is an object of people who are no leads.
func (n *near) human() bridge.Object {
	if n.shape.persons && n.m.chance("person", 0.6) {
		return "Account"
	}
	return "Contact"
}

func (s shape) topicOf(o bridge.Object) bridge.Topic {
	if s.channel {
		return "/data/Bridge__chn"
	}
	return bridge.Topic("/data/" + o + "ChangeEvent")
}

func (s shape) topics() map[bridge.Topic]*topic {
	all := map[bridge.Topic]*topic{}
	for _, o := range []bridge.Object{"Lead", "Contact", "Account"} {
		all[s.topicOf(o)] = &topic{}
	}
	return all
}

// otherNames are those of an object's fields that contacts call otherwise.
func otherNames(o bridge.Object) map[bridge.Field]bridge.Field {
	switch o {
	case "Lead":
		return map[bridge.Field]bridge.Field{"Score__c": "Points__c"}
	case "Account":
		return map[bridge.Field]bridge.Field{"Email": "PersonEmail", "MobilePhone": "PersonMobilePhone", "Tag__c": "Tag__pc"}
	}
	return nil
}

// nameIn is the name of a contact's field in an object.
func nameIn(o bridge.Object, f bridge.Field) bridge.Field {
	if other, ok := otherNames(o)[f]; ok {
		return other
	}
	return f
}

func (s shape) inwardNames(o bridge.Object, fs []bridge.Field) (all []bridge.Field) {
	for f := range s.inward(o, asFields(fs)) {
		all = append(all, f)
	}
	return all
}

func asFields(fs []bridge.Field) bridge.Fields {
	all := bridge.Fields{}
	for _, f := range fs {
		all[f] = bridge.NullValue()
	}
	return all
}

// inward are values by the names that contacts have.
func (s shape) inward(o bridge.Object, set bridge.Fields) bridge.Fields {
	all := maps.Clone(set)
	delete(all, "RecordTypeId")
	for mine, theirs := range otherNames(o) {
		if v, ok := all[theirs]; ok {
			delete(all, theirs)
			all[mine] = v
		}
	}
	return all
}

// outward are a record's values by the names of an object; a person account is seen as an account or as its contact.
func (s shape) outward(r *nearRow, o bridge.Object) bridge.Fields {
	all := bridge.Fields{}
	for f, v := range r.values {
		all[nameIn(o, f)] = v
	}
	if r.object == "Account" && o == "Contact" {
		for f := range all {
			if !slices.Contains(ofHalf, f) {
				delete(all, f)
			}
		}
		all["IsPersonAccount"], all["AccountId"] = bridge.BoolValue(true), bridge.TextValue(string(r.id))
	}
	return all
}

// ofHalf are the fields that the contact of a person account holds.
var ofHalf = []bridge.Field{"Tag__c", "FirstName", "LastName", "Email", "MobilePhone"}

// told are the events of one change of a record, whose changed fields are named as contacts name them: two of a person account, in any order.
func (n *near) told(r *nearRow, kind bridge.ChangeType, changed []bridge.Field) []bridge.Change {
	if r.object != "Account" {
		return n.shape.event(r, r.object, r.id, kind, changed)
	}
	ofAccount, ofContact := changed, changed
	if kind == bridge.Update {
		ofAccount = slices.DeleteFunc(slices.Clone(changed), func(f bridge.Field) bool {
			return n.shape.lean && slices.Contains(ofHalf, f) && f != "FirstName" && f != "LastName"
		})
		ofContact = slices.DeleteFunc(slices.Clone(changed), func(f bridge.Field) bool { return !slices.Contains(ofHalf, f) })
	}
	account, contact := n.shape.event(r, "Account", r.id, kind, ofAccount), n.shape.event(r, "Contact", r.half, kind, ofContact)
	if n.m.chance("twins", 0.5) {
		return append(contact, account...)
	}
	return append(account, contact...)
}

// event is the event that an object's topic brings, none where an update has nothing to tell.
func (s shape) event(r *nearRow, o bridge.Object, id bridge.RecordID, kind bridge.ChangeType, changed []bridge.Field) []bridge.Change {
	c := bridge.Change{Object: o, Type: kind, Records: []bridge.RecordID{id}}
	all := s.outward(r, o)
	switch kind {
	case bridge.Create, bridge.Undelete:
		c.Values = all
	case bridge.Update:
		c.Values = bridge.Fields{}
		for _, f := range changed {
			name := nameIn(o, f)
			c.Changed, c.Values[name] = append(c.Changed, name), all[name]
			if all[name].IsNull() {
				c.Cleared = append(c.Cleared, name)
			}
		}
		if len(changed) == 0 {
			return nil
		}
	}
	return []bridge.Change{c}
}

// id is a new record's id.
func (n *near) id(o bridge.Object) bridge.RecordID {
	n.next++
	prefix := map[bridge.Object]string{"Contact": "003", "Lead": "00Q", "Account": "001"}[o]
	return bridge.RecordID(bridge.LongID(fmt.Sprintf("%s%012d", prefix, n.next)))
}
