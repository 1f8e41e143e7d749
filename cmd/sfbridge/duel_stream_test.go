package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"sfbridge/bridge"
)

// topic is one ordered stream.
type topic struct {
	log []bridge.Change // every event, in order
	due []time.Time     // when the stream brings it
}

// emit commits events as one transaction: each goes as one, split by field, or merged into the last one of its topic where that is not out yet.
func (n *near) emit(who string, events ...bridge.Change) {
	n.commit++
	now := time.Now()
	var origin bridge.Origin
	if who != "user" && n.m.chance("origin", 0.5) {
		origin.Client = "sfbridge"
	}
	for i, c := range events {
		c.Org, c.Topic, c.Origin, c.Tx = duelOrg, n.shape.topicOf(c.Object), origin, fmt.Sprint("tx ", n.commit)
		c.Version = bridge.Version{At: now, Commit: n.commit, Sequence: int32(100*i + 1)}
		n.send(c, now)
	}
}

func (n *near) send(c bridge.Change, now time.Time) {
	t := n.topics[c.Topic]
	due := now.Add(n.m.between("stream"+string(c.Topic), 20*time.Millisecond, 200*time.Millisecond))
	if n.shape.leads || n.shape.persons { // what belongs together comes apart
		if n.m.chance("late"+string(c.Topic), 0.1) {
			due = now.Add(n.m.between("late"+string(c.Topic), time.Second, 4*time.Second))
		}
	}
	if last := len(t.due) - 1; last >= 0 {
		due = latest(due, t.due[last])
		fits := func(p *bridge.Change) bool {
			return c.Type == bridge.Update && p.Type == bridge.Update && p.Records[0] == c.Records[0] && t.due[last].After(now) && now.Sub(p.Version.At) < mergeWithin
		}
		if p := &t.log[last]; fits(p) && n.m.chance("merge", 0.3) {
			merge(p, &c)
			if r := n.find(c.Object, c.Records[0]); r != nil {
				n.m.hidden(r.values["Tag__c"].Text, n.shape.inwardNames(c.Object, c.Changed))
			}
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
			part.Version.Sequence += int32(i)
			n.put(t, part, due)
		}
		return
	}
	n.put(t, c, due)
}

// mergeWithin is how near to each other changes are that one event tells.
const mergeWithin = 200 * time.Millisecond

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

func (n *near) put(t *topic, c bridge.Change, due time.Time) {
	n.events++
	c.Event = fmt.Sprint("event ", n.events)
	t.log, t.due = append(t.log, c), append(t.due, due)
	close(n.grown)
	n.grown = make(chan struct{})
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// brought puts what a stream told into the trace.
func (n *near) brought(events []bridge.Change, twice bool) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	for _, c := range events {
		said := ""
		for _, f := range c.Changed {
			said += fmt.Sprintf(" %s=%q", f, c.Values[f].Text)
		}
		n.m.trace = append(n.m.trace, fmt.Sprintf("%s STREAM %s %s %s %d.%d%s twice %t", stamp(time.Now()), c.Topic, c.Type, c.Records[0], c.Version.Commit, c.Version.Sequence, said, twice))
	}
}

// stream brings the events behind the stored position of a topic to one process, some of them twice.
func (n *near) stream(ctx context.Context, l *life, name bridge.Topic) {
	at := 0
	if pos, err := l.store.Position(ctx, duelOrg, name); err == nil {
		at, _ = strconv.Atoi(string(pos.Replay))
	}
	for ctx.Err() == nil {
		n.m.mu.Lock()
		t := n.topics[name]
		grown, events := n.grown, slices.Clone(t.log[at:])
		var wait time.Duration
		for i := range events {
			if wait = time.Until(t.due[at+i]); wait > 0 {
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
		pos := bridge.Position{Org: duelOrg, Topic: name, Replay: []byte(strconv.Itoa(at + len(events))), At: time.Now()}
		if err := l.intake.Stream("org").Accept(ctx, slices.Clone(events), pos); err != nil {
			return // the process is dead
		}
		n.brought(events, repeat)
		if repeat {
			_ = l.intake.Stream("org").Accept(ctx, events, bridge.Position{})
		}
		at += len(events)
	}
}
