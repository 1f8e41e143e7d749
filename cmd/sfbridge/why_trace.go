package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
	"sfbridge/bridge/status"
	"sfbridge/store"
)

// Bounds of one question: lines of one id, and ids that belong together.
const (
	traceLines = 1000
	traceIDs   = 64
)

// asker tells the whole story of a record or a contact, from the store and the rules that run over it.
type asker struct {
	store *store.Store
	rules *rule.Set
	now   bridge.Now
}

// Why finds out whom a key names and tells what happened to him, on both sides of every link.
func (a asker) Why(ctx context.Context, key string) (status.Why, error) {
	t := &trace{asker: a, orgs: map[string]bridge.OrgID{}, seen: map[traceID]bool{}, lines: map[uint64]bridge.Story{}, pairs: map[pairKey]status.Pair{}}
	bindings, err := a.store.Bindings(ctx)
	if err != nil {
		return status.Why{}, err
	}
	for _, b := range bindings {
		t.orgs[b.Alias] = b.Org
	}
	if err := t.begin(ctx, key); err != nil {
		return status.Why{}, err
	}
	for len(t.queue) > 0 {
		next := t.queue[0]
		t.queue = t.queue[1:]
		if err := t.visit(ctx, next); err != nil {
			return status.Why{}, err
		}
	}
	y := status.Why{Key: key, More: t.more, Waiting: t.waits, Steps: status.Steps(slices.Collect(maps.Values(t.lines)))}
	for _, p := range t.pairs {
		y.Pairs = append(y.Pairs, p)
	}
	slices.SortFunc(y.Pairs, func(a, b status.Pair) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Contact, b.Contact))
	})
	return y, nil
}

// traceID is one name of whoever is asked for: a record, a project's contact, or the name of a claim on an identity.
type traceID struct {
	project  bridge.ProjectID // of contacts
	record   bridge.RecordID
	contact  bridge.ContactID
	identity string
}

type pairKey struct {
	project bridge.ProjectID
	record  bridge.RecordID
	contact bridge.ContactID
}

// trace follows ids over lines and links until nothing new turns up.
type trace struct {
	asker
	orgs  map[string]bridge.OrgID // by the configured name
	seen  map[traceID]bool
	queue []traceID
	lines map[uint64]bridge.Story
	pairs map[pairKey]status.Pair
	waits []status.Lane
	more  bool
}

// add queues an id that was not seen yet.
func (t *trace) add(id traceID) {
	if t.seen[id] || id == (traceID{project: id.project}) {
		return
	}
	if len(t.seen) == traceIDs {
		t.more = true
		return
	}
	t.seen[id] = true
	t.queue = append(t.queue, id)
}

// begin takes the key for everything that it may be.
func (t *trace) begin(ctx context.Context, key string) error {
	key = strings.TrimSpace(key)
	if bridge.IsID(key) {
		t.add(traceID{record: bridge.RecordID(bridge.LongID(key))})
	}
	for _, p := range t.rules.Projects() {
		t.add(traceID{project: p.ID, contact: bridge.ContactID(key)})
		for _, tr := range p.Transfers {
			if err := t.identities(ctx, p, tr, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// identities looks for those of whom a transfer would find somebody by the key, in whatever spelling.
func (t *trace) identities(ctx context.Context, p *rule.Project, tr *rule.Transfer, key string) error {
	said := bridge.Attributes{}
	for _, pair := range tr.Transfer.Identity {
		said[pair.Platform] = bridge.TextValue(key)
	}
	for _, k := range tr.Keys(said) {
		t.add(traceID{identity: k.Claim})
		if t.orgs[p.Org] == "" {
			continue
		}
		found, err := t.store.Lookup(ctx, t.orgs[p.Org], tr.Object, k.Index, k.Value)
		if err != nil {
			return err
		}
		for _, r := range found {
			t.add(traceID{record: r})
		}
	}
	return nil
}

// visit gathers the lines about one id, what it is linked to, and what waits for it.
func (t *trace) visit(ctx context.Context, id traceID) error {
	f := store.StoryFilter{Record: id.record, Contact: id.contact, Project: id.project, Identity: id.identity}
	lines, err := t.store.Stories(ctx, f, traceLines)
	if err != nil {
		return err
	}
	t.more = t.more || len(lines) == traceLines
	for _, l := range lines {
		t.lines[l.Seq] = l
		t.add(traceID{record: l.Record})
		if l.Contact != "" {
			t.add(traceID{project: l.Project, contact: l.Contact})
		}
		if l.Record != "" || l.Contact != "" {
			t.pair(status.Pair{Org: l.Org, Project: l.Project, Object: l.Object, Record: l.Record, Contact: l.Contact})
		}
	}
	for _, p := range t.rules.Projects() {
		if err := t.belongs(ctx, id, p); err != nil {
			return err
		}
	}
	return nil
}

// belongs joins what an id is linked to in a project, and tells what waits for it there.
func (t *trace) belongs(ctx context.Context, id traceID, p *rule.Project) error {
	org := t.orgs[p.Org]
	if org == "" || id.contact != "" && id.project != p.ID || id.identity != "" {
		return nil
	}
	lane := bridge.Lane{Org: org, Project: p.ID, Direction: bridge.Inbound, Source: string(id.record)}
	var links []bridge.Link
	var err error
	if id.record != "" {
		var l bridge.Link
		if l, err = t.store.LinkOf(ctx, org, p.ID, id.record); err == nil {
			links = []bridge.Link{l}
		}
	} else {
		lane.Direction, lane.Source = bridge.Outbound, string(id.contact)
		links, err = t.store.LinksTo(ctx, org, p.ID, id.contact)
	}
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return err
	}
	for _, l := range links {
		t.add(traceID{record: l.Record})
		t.add(traceID{project: p.ID, contact: l.Contact})
		since := l.Since.UTC()
		t.pair(status.Pair{Org: org, Project: p.ID, Object: l.Object, Record: l.Record, Contact: l.Contact, Since: &since})
	}
	w, err := t.store.LaneOf(ctx, lane)
	if err == nil {
		t.waits = append(t.waits, laneOf(&w, t.now()))
	}
	if errors.Is(err, bridge.ErrNotFound) {
		return nil
	}
	return err
}

// pair keeps a pair; what a link says of it counts more than what a line said.
func (t *trace) pair(p status.Pair) {
	k := pairKey{p.Project, p.Record, p.Contact}
	if have, ok := t.pairs[k]; !ok || have.Since == nil {
		t.pairs[k] = p
	}
}
