package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sfbridge/bridge"
)

// duelOrg is the org id of the duel.
const duelOrg = bridge.OrgID("00D000000000001EAA")

// near is Salesforce in the duel: contacts, leads and person accounts, saved values rewritten, ordered streams of what was committed.
type near struct {
	m      *duel
	shape  shape
	rows   map[bridge.RecordID]*nearRow
	halves map[bridge.RecordID]*nearRow // person accounts by their contacts
	topics map[bridge.Topic]*topic
	grown  chan struct{} // closed and replaced when a topic grew
	commit int64
	next   int
	events int
	writes int // rows that the bridge wrote
	calls  int
}

type nearRow struct {
	id      bridge.RecordID
	object  bridge.Object
	half    bridge.RecordID // the contact of a person account
	values  bridge.Fields   // by the names that contacts have
	deleted bool
	master  bridge.RecordID
	saved   time.Time
}

// nearFields are the fields of people, by the names that contacts have.
func nearFields(projects []bridge.ProjectID) []bridge.Field {
	fs := []bridge.Field{"Tag__c", "FirstName", "LastName", "Email", "MobilePhone", "Score__c"}
	for _, p := range projects {
		fs = append(fs, keyField(p))
	}
	return fs
}

func keyField(p bridge.ProjectID) bridge.Field { return bridge.Field("Id_" + string(p) + "__c") }

// stored is a value as Salesforce keeps it.
func stored(f bridge.Field, v bridge.Value) bridge.Value {
	if !v.Known() || v.IsNull() {
		return bridge.NullValue()
	}
	text := strings.TrimSpace(v.Text)
	switch f {
	case "Email":
		text = strings.ToLower(text)
	case "Score__c":
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return bridge.NullValue()
		}
		return bridge.NumberValue(math.Round(n*100) / 100)
	}
	if text == "" {
		return bridge.NullValue()
	}
	return bridge.TextValue(text)
}

// automate is what a flow does before it saves: a first name that asks for it gets a mark, and the last name of everybody who has one is spelled out.
func automate(set bridge.Fields) {
	if v := set["FirstName"]; v.Known() && !v.IsNull() && strings.HasPrefix(v.Text, "auto") && !strings.HasSuffix(v.Text, "!") {
		set["FirstName"] = bridge.TextValue(v.Text + "!")
	}
}

// create saves a new record.
func (n *near) create(o bridge.Object, set bridge.Fields, who string) bridge.RecordID {
	r := n.born(o, set)
	n.emit(who, n.told(r, bridge.Create, nil)...)
	return r.id
}

// born is a new record of which nobody was told yet.
func (n *near) born(o bridge.Object, set bridge.Fields) *nearRow {
	r := &nearRow{id: n.id(o), object: o, values: bridge.Fields{}, saved: time.Now()}
	for _, f := range nearFields(n.m.projects) {
		r.values[f] = stored(f, set[f])
	}
	automate(r.values)
	switch o {
	case "Lead":
		r.values["IsConverted"], r.values["ConvertedContactId"], r.values["ConvertedAccountId"] = bridge.BoolValue(false), bridge.NullValue(), bridge.NullValue()
	case "Account":
		r.half = n.id("Contact")
		n.halves[r.half] = r
		r.values["IsPersonAccount"], r.values["PersonContactId"] = bridge.BoolValue(true), bridge.TextValue(string(r.half))
	default:
		r.values["IsPersonAccount"], r.values["AccountId"] = bridge.BoolValue(false), bridge.NullValue()
	}
	n.rows[r.id] = r
	return r
}

// update saves changes of a record, and answers whether anything changed.
func (n *near) update(r *nearRow, set bridge.Fields, who string) {
	set = maps.Clone(set)
	for f, v := range set {
		set[f] = stored(f, v)
	}
	automate(set)
	var changed []bridge.Field
	for _, f := range set.Names() {
		if r.values[f].Equal(set[f]) {
			continue
		}
		n.m.replaced(r.values["Tag__c"].Text, string(f), "near", r.values[f].Text, who)
		n.m.changed(hold{r.values["Tag__c"].Text, "", f}, r.values[f], set[f], who)
		r.values[f], changed = set[f], append(changed, f)
	}
	r.saved = time.Now()
	if len(changed) > 0 {
		n.emit(who, n.told(r, bridge.Update, changed)...)
	}
}

// remove deletes a record, into the one that won where it was merged.
func (n *near) remove(r *nearRow, master bridge.RecordID) {
	r.deleted, r.master = true, master
	n.emit("user", n.told(r, bridge.Delete, nil)...)
}

func (n *near) undelete(r *nearRow) {
	r.deleted = false
	n.emit("user", n.told(r, bridge.Undelete, nil)...)
}

// org is one process' line to Salesforce.
type org struct {
	n    *near
	life *life
}

// call takes its time. What is on its way when the process is killed is not done, or a while later.
func (o *org) call(ctx context.Context, writes bool, fn func()) error {
	o.n.m.mu.Lock()
	there, back := o.n.m.between("near", 10*time.Millisecond, 150*time.Millisecond), o.n.m.between("near", 10*time.Millisecond, 150*time.Millisecond)
	refuse, lose := o.n.m.fault("near"), writes && o.n.m.fault("near")
	o.n.m.mu.Unlock()
	err := nap(ctx, there)
	if o.life.dead.Load() {
		o.n.m.straggle(writes, "near", fn)
		return errDead
	}
	if err != nil {
		return err
	}
	if refuse {
		return bridge.Unavailable(errors.New("503"), 0)
	}
	o.n.m.mu.Lock()
	o.n.calls++
	fn()
	o.n.m.mu.Unlock()
	if err := nap(ctx, back); err != nil {
		return err
	}
	if lose {
		return bridge.Uncertain(errors.New("the answer is lost"))
	}
	return nil
}

var errDead = errors.New("the process is dead")

func nap(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *org) Write(ctx context.Context, ws []bridge.Write) []bridge.Written {
	done, out := make([]bridge.Written, len(ws)), make([]bridge.Written, len(ws))
	err := o.call(ctx, true, func() {
		for i := range ws {
			o.n.writes++
			done[i].Record, done[i].Created, done[i].Err = o.n.write(&ws[i])
		}
	})
	if err == nil {
		return done
	}
	for i := range out {
		out[i] = bridge.Written{Err: err}
	}
	return out
}

func (n *near) write(w *bridge.Write) (bridge.RecordID, bool, error) {
	who, set := "bridge "+string(w.Project), n.shape.inward(w.Object, w.Set)
	switch w.Op {
	case bridge.OpUpdate:
		r := n.rows[w.Record]
		if r == nil || r.deleted || r.object != w.Object {
			return "", false, bridge.Permanent(fmt.Errorf("entity is deleted: %w", bridge.ErrNotFound))
		}
		if r.converted() {
			return "", false, bridge.Permanent(fmt.Errorf("cannot reference converted lead: %w", bridge.ErrConverted))
		}
		for f, v := range set {
			for _, p := range n.m.projects { // two platforms may say the same
				n.m.reached(hold{r.values["Tag__c"].Text, p, f}, v, p)
			}
		}
		n.update(r, set, who)
		return r.id, false, nil
	case bridge.OpUpsert:
		for _, r := range n.rows {
			if r.deleted || r.object != w.Object || r.values[w.Key].Text != w.KeyValue {
				continue
			}
			if r.converted() {
				return "", false, bridge.Permanent(fmt.Errorf("cannot reference converted lead: %w", bridge.ErrConverted))
			}
			n.update(r, set, who)
			return r.id, false, nil
		}
		set[w.Key] = bridge.TextValue(w.KeyValue)
	}
	if w.Object == "Account" && w.Set["RecordTypeId"].Text != personType {
		return "", false, bridge.Permanent(errors.New("a business account has no last name"))
	}
	return n.create(w.Object, set, who), true, nil
}

func (o *org) Read(ctx context.Context, object bridge.Object, ids []bridge.RecordID, fields []bridge.Field) ([]bridge.Row, error) {
	out := make([]bridge.Row, len(ids))
	err := o.call(ctx, false, func() {
		for i, id := range ids {
			r := o.n.find(object, id)
			if r == nil || r.deleted {
				continue
			}
			out[i] = bridge.Row{Record: id, Version: bridge.Version{At: r.saved.Truncate(time.Second)}, Values: bridge.Fields{}}
			all := o.n.shape.outward(r, object)
			for _, f := range fields {
				if v, ok := all[f]; ok {
					out[i].Values[f] = v
				}
			}
		}
	})
	return out, err
}

// find is a record by its id, or the person account whose contact that is.
func (n *near) find(object bridge.Object, id bridge.RecordID) *nearRow {
	if r := n.rows[id]; r != nil && r.object == object {
		return r
	}
	if object == "Contact" {
		return n.halves[id]
	}
	return nil
}

func (o *org) Match(ctx context.Context, object bridge.Object, by bridge.Fields, limit int) (found []bridge.RecordID, err error) {
	err = o.call(ctx, false, func() { found = o.n.match(bridge.LookUp{Object: object, By: by, Limit: limit}) })
	return found, err
}

// Seek answers all but some, which are asked for by themselves.
func (o *org) Seek(ctx context.Context, ls []bridge.LookUp) ([][]bridge.RecordID, error) {
	found := make([][]bridge.RecordID, len(ls))
	err := o.call(ctx, false, func() {
		for i, l := range ls {
			if (o.n.calls+i)%8 > 0 {
				found[i] = o.n.match(l)
			}
		}
	})
	return found, err
}

func (n *near) match(l bridge.LookUp) []bridge.RecordID {
	found := []bridge.RecordID{}
	for id, r := range n.all(l.Object) {
		all := n.shape.outward(r, l.Object)
		all["Id"] = bridge.TextValue(string(id))
		ok := !r.deleted
		for f, v := range l.By {
			ok = ok && all[f].Known() && !all[f].IsNull() && all[f].Text == v.Text
		}
		if ok {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	return found[:min(l.Limit, len(found))]
}

// all are the rows of an object by their ids, halves of person accounts among the contacts.
func (n *near) all(object bridge.Object) map[bridge.RecordID]*nearRow {
	rows := map[bridge.RecordID]*nearRow{}
	for id, r := range n.rows {
		if r.object == object {
			rows[id] = r
		}
	}
	if object == "Contact" {
		maps.Copy(rows, n.halves)
	}
	return rows
}

func (o *org) Fate(ctx context.Context, object bridge.Object, ids []bridge.RecordID) ([]bridge.Fate, error) {
	out := make([]bridge.Fate, len(ids))
	err := o.call(ctx, false, func() {
		for i, id := range ids {
			out[i].Record = id
			if r := o.n.find(object, id); r != nil {
				out[i].Deleted, out[i].Master, out[i].Conversion = r.deleted, r.master, r.conversion()
			}
		}
	})
	return out, err
}

func (o *org) Origins(ctx context.Context, _ bridge.Object, ids []bridge.RecordID) (leads []bridge.Converted, err error) {
	err = o.call(ctx, false, func() {
		for id, r := range o.n.all("Lead") {
			if into := r.conversion(); r.converted() && (slices.Contains(ids, into.Contact) || slices.Contains(ids, into.Account)) {
				leads = append(leads, bridge.Converted{Lead: id, Conversion: into})
			}
		}
	})
	return leads, err
}
