package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
)

// far is one messaging platform in the duel: contacts, and callbacks that come late, twice and in any order.
type far struct {
	m        *duel
	project  bridge.ProjectID
	contacts map[bridge.ContactID]bridge.Attributes
	next     int
	events   int
	writes   int
	calls    int
}

// farOf names the attribute of a field.
var farOf = map[bridge.Field]bridge.Attribute{
	"Tag__c": "custom.tag", "FirstName": "firstName", "LastName": "lastName", "Email": "email", "MobilePhone": "phone", "Score__c": "custom.score",
}

// set changes a contact and tells it.
func (f *far) set(id bridge.ContactID, set bridge.Attributes, who string) {
	c := f.contacts[id]
	changed := false
	for _, a := range set.Names() {
		v := set[a]
		if v.IsNull() || v.Text == "" {
			v = bridge.NullValue()
		} else {
			v = bridge.TextValue(v.Text) // a platform answers text
		}
		old := c[a]
		if old.Text == v.Text {
			continue
		}
		f.m.replaced(c["custom.tag"].Text, string(a), string(f.project), old.Text, who)
		f.m.changed(hold{c["custom.tag"].Text, f.project, fieldOf(a)}, old, v, who)
		c[a], changed = v, true
	}
	if changed {
		f.tell(id, "contact.updated")
	}
}

func (f *far) create(set bridge.Attributes, who string) bridge.ContactID {
	f.next++
	id := bridge.ContactID(fmt.Sprint(100*f.next + len(f.project)))
	f.contacts[id] = bridge.Attributes{}
	for _, a := range farOf {
		f.contacts[id][a] = bridge.NullValue()
	}
	f.contacts[id]["custom.salesforce_id"] = bridge.NullValue()
	f.set(id, set, who)
	return id
}

// tell sends a callback with the contact as it is now.
func (f *far) tell(id bridge.ContactID, kind string) {
	f.events++
	values := map[string]*string{}
	for a, v := range f.contacts[id] {
		if !v.IsNull() {
			text := v.Text
			values[string(a)] = &text
		} else {
			values[string(a)] = nil
		}
	}
	body, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	cb := bridge.Callback{Org: duelOrg, Project: f.project, Event: fmt.Sprint(f.project, " ", f.events), Kind: bridge.ContactTouched, Type: kind, Contact: id, Body: body}
	copies := 1
	if f.m.chance("double", 0.15) {
		copies = 2
	}
	for range copies {
		delay := f.m.between("callback", 20*time.Millisecond, 600*time.Millisecond)
		f.m.posts.Go(func() { f.m.post(cb, delay) })
	}
}

// post brings a callback to whatever process is alive, until one has taken it.
func (m *duel) post(cb bridge.Callback, delay time.Duration) {
	for ; nap(m.ctx, delay) == nil; delay = 500 * time.Millisecond {
		m.mu.Lock()
		l := m.life
		m.mu.Unlock()
		if l == nil || l.dead.Load() {
			continue
		}
		cb.Received = time.Now()
		if err := l.intake.Take(m.ctx, cb); err == nil || errors.Is(err, bridge.ErrDuplicate) {
			return
		}
	}
}

// crm is one process' line to a platform.
type crm struct {
	f    *far
	life *life
}

func (c *crm) call(ctx context.Context, writes bool, fn func() error) error {
	m := c.f.m
	m.mu.Lock()
	there, back := m.between("far", 10*time.Millisecond, 150*time.Millisecond), m.between("far", 10*time.Millisecond, 150*time.Millisecond)
	refuse, lose := m.fault("far"), writes && m.fault("far")
	m.mu.Unlock()
	err := nap(ctx, there)
	if c.life.dead.Load() {
		m.straggle(writes, "far", func() { _ = fn() })
		return errDead
	}
	if err != nil {
		return err
	}
	if refuse {
		return bridge.Unavailable(errors.New("503"), 0)
	}
	m.mu.Lock()
	c.f.calls++
	err = fn()
	m.mu.Unlock()
	if err != nil {
		return err
	}
	if err := nap(ctx, back); err != nil {
		return err
	}
	if lose {
		return bridge.Uncertain(errors.New("the answer is lost"))
	}
	return nil
}

func (c *crm) Send(ctx context.Context, msg bridge.Message) (bridge.ContactID, error) {
	var id bridge.ContactID
	err := c.call(ctx, true, func() error {
		c.f.writes++
		switch msg.Op {
		case bridge.OpDelete:
			delete(c.f.contacts, msg.Contact)
			return nil
		case bridge.OpCreate:
			for _, i := range msg.Identity {
				if found := c.f.find(i.Attribute, i.Value.Text); len(found) > 0 {
					id = found[0]
					c.f.set(id, msg.Set, "bridge")
					return nil
				}
			}
			set := maps.Clone(msg.Set)
			for _, i := range msg.Identity {
				set[i.Attribute] = i.Value
			}
			id = c.f.create(set, "bridge")
			return nil
		default:
			if c.f.contacts[msg.Contact] == nil {
				return bridge.Permanent(fmt.Errorf("no such contact: %w", bridge.ErrNotFound))
			}
			id = msg.Contact
			for a, v := range msg.Set {
				c.f.m.reached(hold{c.f.contacts[id]["custom.tag"].Text, "", fieldOf(a)}, v, c.f.project)
			}
			c.f.set(id, msg.Set, "bridge")
			return nil
		}
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func (f *far) find(a bridge.Attribute, text string) (found []bridge.ContactID) {
	for id, c := range f.contacts {
		if v := c[a]; v.Known() && !v.IsNull() && strings.EqualFold(v.Text, text) {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	return found
}

func (c *crm) Find(ctx context.Context, a bridge.Attribute, v bridge.Value) (found []bridge.Contact, err error) {
	err = c.call(ctx, false, func() error {
		for _, id := range c.f.find(a, v.Text) {
			found = append(found, bridge.Contact{ID: id, Values: maps.Clone(c.f.contacts[id])})
		}
		return nil
	})
	return found, err
}

func (c *crm) Fetch(ctx context.Context, id bridge.ContactID) (got bridge.Contact, err error) {
	err = c.call(ctx, false, func() error {
		if c.f.contacts[id] == nil {
			return bridge.Permanent(fmt.Errorf("no such contact: %w", bridge.ErrNotFound))
		}
		got = bridge.Contact{ID: id, Values: maps.Clone(c.f.contacts[id])}
		return nil
	})
	return got, err
}

func (c *crm) Parse(cb bridge.Callback) (bridge.Parsed, error) {
	var values map[string]*string
	if err := json.Unmarshal(cb.Body, &values); err != nil {
		return bridge.Parsed{}, bridge.Permanent(err)
	}
	p := bridge.Parsed{Contact: bridge.Contact{ID: cb.Contact, Values: bridge.Attributes{}}}
	for a, text := range values {
		if text == nil {
			p.Contact.Values[bridge.Attribute(a)] = bridge.NullValue()
		} else {
			p.Contact.Values[bridge.Attribute(a)] = bridge.TextValue(*text)
		}
	}
	return p, nil
}
