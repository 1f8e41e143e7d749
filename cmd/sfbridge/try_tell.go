package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// tell makes the result of the notes. What the other side holds now is read where the courier did not need it.
func (t *trial) tell(ctx context.Context) error {
	for _, c := range t.notes.all {
		run, err := t.tellOne(ctx, c)
		if err != nil {
			return &exitError{exitEnvironment, err}
		}
		t.result.Runs = append(t.result.Runs, run)
	}
	if len(t.result.Runs) == 0 {
		t.result.Notes = append(t.result.Notes, "no transfer wants it: none reads what it is about, or none goes that way")
	}
	return nil
}

func (t *trial) tellOne(ctx context.Context, c *carried) (TryRun, error) {
	head := c.work.Head()
	run := TryRun{
		Project: head.Lane.Project, Transfer: head.Transfer, Direction: head.Lane.Direction, Object: head.Object, Searches: c.searches,
		Fields: []TryField{}, Requests: []TryRequest{},
	}
	if run.Searches == nil {
		run.Searches = []TrySearch{}
	}
	if run.Direction == bridge.Inbound {
		run.Record = bridge.RecordID(head.Lane.Source)
	} else {
		run.Contact = bridge.ContactID(head.Lane.Source)
	}
	run.end(c)
	run.Shadow = t.shadow[string(run.Project)+" "+string(run.Transfer)]
	for _, h := range c.requests {
		r := TryRequest{Method: h.Method, URL: h.URL}
		if json.Valid(h.Body) {
			r.Body = h.Body
		}
		run.Requests = append(run.Requests, r)
	}
	t.name(&run)
	if err := t.link(ctx, &run, head.Lane.Org); err != nil {
		return run, err
	}
	tr := t.app.rules.Project(run.Project).Transfer(run.Transfer)
	if tr == nil {
		return run, nil
	}
	if timing := tr.Timing(run.Direction); !timing.RealTime() {
		run.Timing, run.Due = timing.String(), timing.Next(t.app.world.now()).UTC()
	}
	if run.Direction == bridge.Inbound {
		return run, t.inbound(ctx, &run, tr, c)
	}
	return run, t.outbound(ctx, &run, tr, c)
}

// outcomes are how a work ended, in the words of a trial.
var outcomes = map[bridge.Outcome]string{
	bridge.Sent: "send", bridge.Conflict: "send", bridge.Shadowed: "send", bridge.Same: "same", bridge.Skipped: "skipped", bridge.Buried: "buried", bridge.Deferred: "deferred",
}

// end tells how the work ended: by the story's last line, or as the journal was told.
func (r *TryRun) end(c *carried) {
	outcome, reason := c.ending.outcome, c.ending.reason
	if n := len(c.ending.effects.Story); n > 0 {
		last := c.ending.effects.Story[n-1]
		outcome, r.Op = last.Outcome, last.Op
		if reason == "" {
			reason = last.Reason
		}
		if last.Transfer != "" {
			r.Transfer, r.Object = last.Transfer, last.Object
		}
		if last.Record != "" {
			r.Record = last.Record
		}
		if last.Contact != "" {
			r.Contact = last.Contact
		}
	}
	r.Outcome = outcomes[outcome]
	r.Reason, r.Remedy, _ = strings.Cut(reason, "\n  remedy: ")
	if c.message != nil {
		r.Tags = c.message.Tags
	}
}

// link tells whether the two were linked before.
func (t *trial) link(ctx context.Context, run *TryRun, org bridge.OrgID) error {
	if run.Direction == bridge.Outbound && run.Record == "" && run.Transfer != "" {
		return t.who(ctx, run, org)
	}
	if run.Record == "" {
		return nil
	}
	l, err := t.store.LinkOf(ctx, org, run.Project, run.Record)
	switch {
	case errors.Is(err, bridge.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	run.Linked = run.Contact == "" || run.Contact == l.Contact
	if run.Contact == "" {
		run.Contact = l.Contact
	}
	return nil
}

// name says by which rule each search was made.
func (t *trial) name(run *TryRun) {
	p := t.app.rules.Project(run.Project)
	for i := range run.Searches {
		s := &run.Searches[i]
		switch {
		case s.object == "Lead" && (s.field == "" || strings.HasPrefix(string(s.field), "Converted")):
			s.Rule = "lead"
		case s.field == "Id":
			s.Rule = "record id"
		default:
			s.Rule = ruleOf(p, s)
		}
	}
}

// ruleOf is the rule of a field or an attribute by which people are matched.
func ruleOf(p *rule.Project, s *TrySearch) string {
	for _, tr := range p.Transfers {
		if born, ok := tr.Bearing(""); ok && s.attribute != "" && born.Attribute == s.attribute {
			return "record id"
		}
		if s.field != "" && tr.Object == s.object && tr.Key == s.field {
			return "external id"
		}
		for _, pair := range tr.Transfer.Identity {
			if pair.Platform == s.attribute && s.attribute != "" || pair.Salesforce == s.field && s.field != "" && tr.Object == s.object {
				return cmp.Or(map[bridge.Format]string{bridge.EmailFormat: "e-mail", bridge.PhoneFormat: "phone"}[pair.Format], "identity")
			}
		}
	}
	if s.object == "Account" {
		return "account"
	}
	return "identity"
}

// who tells to which record an activity belongs.
func (t *trial) who(ctx context.Context, run *TryRun, org bridge.OrgID) error {
	links, err := t.store.LinksTo(ctx, org, run.Project, run.Contact)
	if err != nil {
		return err
	}
	s := TrySearch{Rule: "link", In: "store", By: "contact", Value: bridge.TextValue(string(run.Contact)), Found: []string{}}
	for _, l := range links {
		s.Found = append(s.Found, string(l.Object)+" "+string(l.Record))
	}
	run.Searches = append([]TrySearch{s}, run.Searches...)
	return nil
}

// inbound tells the fields of a record and what would become of the contact's.
func (t *trial) inbound(ctx context.Context, run *TryRun, tr *rule.Transfer, c *carried) error {
	rows, err := t.store.Rows(ctx, c.work.Head().Lane.Org, tr.Object, []bridge.RecordID{run.Record})
	if err != nil {
		return err
	}
	row := maps.Clone(rows[0].Values)
	if row == nil {
		return nil // it cannot be seen, or it is deleted
	}
	row["Id"] = bridge.TextValue(string(run.Record))
	if tr.Condition != "" {
		run.Condition = &TryCondition{Text: tr.Condition}
		if run.Condition.Holds, err = tr.Holds(row); err != nil {
			run.Condition.Error = err.Error()
		}
	}
	before, err := t.contact(ctx, run, c)
	if err != nil {
		return err
	}
	all := map[bridge.Field]bool{}
	for f := range row {
		all[f] = true
	}
	mapped, err := tr.Inbound(row, nil, all)
	if err != nil && run.Reason == "" {
		run.Reason = err.Error()
	}
	var goes bridge.Attributes
	if c.message != nil {
		goes = c.message.Set
	}
	for i := range tr.Fields {
		p := &tr.Fields[i]
		if !p.Direction.Covers(bridge.Inbound) {
			continue
		}
		f := TryField{From: fromText(string(p.Salesforce), p.Inbound), To: string(p.Platform), Said: row[p.Salesforce], Mapped: mapped.Attributes[p.Platform], Before: before[p.Platform]}
		var v bridge.Value
		if v, f.Goes = goes[p.Platform]; f.Goes {
			f.Mapped = v
		}
		run.Fields = append(run.Fields, f)
	}
	return nil
}

// fromText names where a value comes from: a field, or an expression.
func fromText(field, expression string) string {
	if expression != "" {
		return expression
	}
	return field
}

// contact is what the platform holds of the contact now, nil where there is none.
func (t *trial) contact(ctx context.Context, run *TryRun, c *carried) (bridge.Attributes, error) {
	if c.contact != nil {
		return c.contact.Values, nil
	}
	fetcher := t.app.lines[run.Project].platform.Fetcher
	if run.Contact == "" || fetcher == nil {
		return nil, nil
	}
	got, err := fetcher.Fetch(ctx, run.Contact)
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read contact %s: %w", run.Contact, err)
	}
	return got.Values, nil
}

// outbound tells what the platform says of a contact, or of what happened with him, and what would become of the record.
func (t *trial) outbound(ctx context.Context, run *TryRun, tr *rule.Transfer, c *carried) error {
	said := bridge.Attributes{}
	if c.parsed != nil {
		maps.Copy(said, c.parsed.Contact.Values)
	}
	if c.contact != nil {
		maps.Copy(said, c.contact.Values)
	}
	if c.parsed != nil {
		maps.Copy(said, c.parsed.Activity)
	}
	before := bridge.Fields{}
	to := rule.Target{}
	if run.Record != "" && c.work.Head().Kind == bridge.State {
		rows, err := t.store.Rows(ctx, c.work.Head().Lane.Org, tr.Object, []bridge.RecordID{run.Record})
		if err != nil {
			return err
		}
		before, to.Row = rows[0].Values, bridge.Fields{}
	}
	mapped, err := tr.Outbound(said, nil, to)
	if err != nil && run.Reason == "" {
		run.Reason = err.Error()
	}
	goes := bridge.Fields{}
	if c.write != nil {
		maps.Copy(goes, c.write.Set)
	}
	for i := range tr.Fields {
		p := &tr.Fields[i]
		if !p.Direction.Covers(bridge.Outbound) {
			continue
		}
		f := TryField{From: fromText(string(p.Platform), p.Outbound), To: string(p.Salesforce), Said: said[p.Platform], Mapped: mapped.Fields[p.Salesforce], Before: before[p.Salesforce]}
		var v bridge.Value
		if v, f.Goes = goes[p.Salesforce]; f.Goes {
			f.Mapped = v
			delete(goes, p.Salesforce)
		}
		run.Fields = append(run.Fields, f)
	}
	for _, name := range goes.Names() { // constants, references and keys
		run.Fields = append(run.Fields, TryField{To: string(name), Mapped: goes[name], Before: before[name], Goes: true})
	}
	return nil
}
