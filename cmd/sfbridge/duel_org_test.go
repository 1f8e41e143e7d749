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

// near is Salesforce in the duel: one object, saved values rewritten, one ordered stream of what was committed.
type near struct {
	m      *duel
	rows   map[bridge.RecordID]*nearRow
	log    []bridge.Change // every event, in order
	due    []time.Time     // when the stream brings it
	grown  chan struct{}   // closed and replaced when the log grew
	commit int64
	next   int
	writes int // rows that the bridge wrote
	calls  int
}

type nearRow struct {
	id      bridge.RecordID
	values  bridge.Fields
	deleted bool
	master  bridge.RecordID
	saved   time.Time
}

// nearFields are the fields of the duel's object.
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
func (n *near) create(set bridge.Fields, who string) bridge.RecordID {
	n.next++
	id := bridge.RecordID(bridge.LongID(fmt.Sprintf("003%012d", n.next)))
	r := &nearRow{id: id, values: bridge.Fields{}, saved: time.Now()}
	for _, f := range nearFields(n.m.projects) {
		r.values[f] = stored(f, set[f])
	}
	automate(r.values)
	n.rows[id] = r
	n.emit(bridge.Change{Type: bridge.Create, Records: []bridge.RecordID{id}, Values: maps.Clone(r.values)}, who)
	return id
}

// update saves changes of a record, and answers whether anything changed.
func (n *near) update(r *nearRow, set bridge.Fields, who string) {
	sent := set
	set = maps.Clone(set)
	for f, v := range set {
		set[f] = stored(f, v)
	}
	automate(set)
	c := bridge.Change{Type: bridge.Update, Records: []bridge.RecordID{r.id}, Values: bridge.Fields{}}
	for _, f := range set.Names() {
		if r.values[f].Equal(set[f]) {
			continue
		}
		n.m.replaced(r.values["Tag__c"].Text, string(f), "near", r.values[f].Text, who)
		if at := (hold{r.values["Tag__c"].Text, "", f}); alike(f, sent[f], set[f]) && !strings.HasSuffix(set[f].Text, "!") {
			n.m.changed(at, r.values[f], set[f], who)
		} else { // what was rewritten is never confirmed by its value: the record is read half a minute later
			delete(n.m.hands, at)
		}
		r.values[f], c.Values[f] = set[f], set[f]
		c.Changed = append(c.Changed, f)
		if set[f].IsNull() {
			c.Cleared = append(c.Cleared, f)
		}
	}
	r.saved = time.Now()
	if len(c.Changed) > 0 {
		n.emit(c, who)
	}
}

// remove deletes a record, into the one that won where it was merged.
func (n *near) remove(r *nearRow, master bridge.RecordID) {
	r.deleted, r.master = true, master
	n.emit(bridge.Change{Type: bridge.Delete, Records: []bridge.RecordID{r.id}}, "user")
}

func (n *near) undelete(r *nearRow) {
	r.deleted = false
	n.emit(bridge.Change{Type: bridge.Undelete, Records: []bridge.RecordID{r.id}, Values: maps.Clone(r.values)}, "user")
}

// emit puts an event on the stream: as one, split by field, or merged into the last one where that is not out yet.
func (n *near) emit(c bridge.Change, who string) {
	n.commit++
	now := time.Now()
	c.Org, c.Topic, c.Object = duelOrg, "/data/ContactChangeEvent", "Contact"
	c.Version = bridge.Version{At: now, Commit: n.commit, Sequence: 1}
	if who != "user" && n.m.chance("origin", 0.5) {
		c.Origin.Client = "sfbridge"
	}
	due := now.Add(n.m.between("stream", 20*time.Millisecond, 200*time.Millisecond))
	if last := len(n.due) - 1; last >= 0 {
		due = latest(due, n.due[last])
		if p := &n.log[last]; c.Type == bridge.Update && p.Type == bridge.Update && p.Records[0] == c.Records[0] && n.due[last].After(now) && n.m.chance("merge", 0.3) {
			merge(p, &c)
			n.m.hidden(n.rows[c.Records[0]].values["Tag__c"].Text, c.Changed)
			return
		}
	}
	if c.Type == bridge.Update && len(c.Changed) > 1 && n.m.chance("split", 0.3) {
		for i, f := range c.Changed {
			part := c
			part.Changed, part.Cleared, part.Values = []bridge.Field{f}, nil, bridge.Fields{f: c.Values[f]}
			if c.Values[f].IsNull() {
				part.Cleared = part.Changed
			}
			part.Version.Sequence = int32(i + 1)
			n.put(part, due)
		}
		return
	}
	n.put(c, due)
}

func merge(into, c *bridge.Change) {
	into.Version, into.Values = c.Version, maps.Clone(into.Values)
	maps.Copy(into.Values, c.Values)
	for _, f := range c.Changed {
		if !slices.Contains(into.Changed, f) {
			into.Changed = append(slices.Clone(into.Changed), f)
		}
	}
	into.Cleared = nil
	for _, f := range into.Changed {
		if into.Values[f].IsNull() {
			into.Cleared = append(into.Cleared, f)
		}
	}
	into.Origin = bridge.Origin{}
}

func (n *near) put(c bridge.Change, due time.Time) {
	c.Event = fmt.Sprint("event ", len(n.log))
	n.log, n.due = append(n.log, c), append(n.due, due)
	close(n.grown)
	n.grown = make(chan struct{})
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stream brings the events behind the stored position to one process, some of them twice.
func (n *near) stream(ctx context.Context, l *life) {
	at := 0
	if pos, err := l.store.Position(ctx, duelOrg, "/data/ContactChangeEvent"); err == nil {
		at, _ = strconv.Atoi(string(pos.Replay))
	}
	for ctx.Err() == nil {
		n.m.mu.Lock()
		grown, events := n.grown, slices.Clone(n.log[at:])
		var wait time.Duration
		for i := range events {
			if wait = time.Until(n.due[at+i]); wait > 0 {
				events = events[:i]
				break
			}
		}
		repeat := n.m.chance("repeat", 0.1)
		n.m.mu.Unlock()
		if len(events) == 0 {
			timer := time.NewTimer(max(wait, time.Millisecond))
			if wait <= 0 {
				timer.Stop()
			}
			select {
			case <-grown:
			case <-timer.C:
			case <-ctx.Done():
			}
			timer.Stop()
			continue
		}
		pos := bridge.Position{Org: duelOrg, Topic: "/data/ContactChangeEvent", Replay: []byte(strconv.Itoa(at + len(events))), At: time.Now()}
		if err := l.intake.Stream("org").Accept(ctx, slices.Clone(events), pos); err != nil {
			return // the process is dead
		}
		if repeat {
			_ = l.intake.Stream("org").Accept(ctx, events, bridge.Position{})
		}
		at += len(events)
	}
}

// org is one process' line to Salesforce.
type org struct {
	n    *near
	life *life
}

// call takes its time; what has not begun when the process is killed is not done.
func (o *org) call(ctx context.Context, writes bool, fn func()) error {
	o.n.m.mu.Lock()
	there, back := o.n.m.between("near", 10*time.Millisecond, 150*time.Millisecond), o.n.m.between("near", 10*time.Millisecond, 150*time.Millisecond)
	refuse, lose := o.n.m.fault("near"), writes && o.n.m.fault("near")
	o.n.m.mu.Unlock()
	if err := nap(ctx, there); err != nil {
		return err
	}
	if o.life.dead.Load() {
		return errDead
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
	out := make([]bridge.Written, len(ws))
	err := o.call(ctx, true, func() {
		for i := range ws {
			o.n.writes++
			out[i].Record, out[i].Created, out[i].Err = o.n.write(&ws[i])
		}
	})
	if err != nil {
		for i := range out {
			out[i] = bridge.Written{Err: err}
		}
	}
	return out
}

func (n *near) write(w *bridge.Write) (bridge.RecordID, bool, error) {
	who := "bridge " + string(w.Project)
	switch w.Op {
	case bridge.OpUpdate:
		r := n.rows[w.Record]
		if r == nil || r.deleted {
			return "", false, bridge.Permanent(fmt.Errorf("entity is deleted: %w", bridge.ErrNotFound))
		}
		for f, v := range w.Set {
			for _, p := range n.m.projects { // two platforms may say the same
				n.m.reached(hold{r.values["Tag__c"].Text, p, f}, v, p)
			}
		}
		n.update(r, w.Set, who)
		return r.id, false, nil
	case bridge.OpUpsert:
		for _, r := range n.rows {
			if !r.deleted && r.values[w.Key].Text == w.KeyValue {
				n.update(r, w.Set, who)
				return r.id, false, nil
			}
		}
		set := maps.Clone(w.Set)
		set[w.Key] = bridge.TextValue(w.KeyValue)
		return n.create(set, who), true, nil
	default:
		return n.create(w.Set, who), true, nil
	}
}

func (o *org) Read(ctx context.Context, _ bridge.Object, ids []bridge.RecordID, fields []bridge.Field) ([]bridge.Row, error) {
	out := make([]bridge.Row, len(ids))
	err := o.call(ctx, false, func() {
		for i, id := range ids {
			r := o.n.rows[id]
			if r == nil || r.deleted {
				continue
			}
			out[i] = bridge.Row{Record: id, Version: bridge.Version{At: r.saved.Truncate(time.Second)}, Values: bridge.Fields{}}
			for _, f := range fields {
				out[i].Values[f] = r.values[f]
			}
		}
	})
	return out, err
}

func (o *org) Match(ctx context.Context, _ bridge.Object, by bridge.Fields, limit int) (found []bridge.RecordID, err error) {
	err = o.call(ctx, false, func() {
		for _, r := range o.n.rows {
			ok := !r.deleted
			for f, v := range by {
				ok = ok && (f == "Id" && v.Text == string(r.id) || f != "Id" && !r.values[f].IsNull() && r.values[f].Text == v.Text)
			}
			if ok {
				found = append(found, r.id)
			}
		}
		slices.Sort(found)
	})
	return found[:min(limit, len(found))], err
}

func (o *org) Fate(ctx context.Context, _ bridge.Object, ids []bridge.RecordID) ([]bridge.Fate, error) {
	out := make([]bridge.Fate, len(ids))
	err := o.call(ctx, false, func() {
		for i, id := range ids {
			out[i].Record = id
			if r := o.n.rows[id]; r != nil {
				out[i].Deleted, out[i].Master = r.deleted, r.master
			}
		}
	})
	return out, err
}
