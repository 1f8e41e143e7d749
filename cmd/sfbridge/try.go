package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/rule"
)

// tryCommand shows what the rules make of one record, contact or payload.
type tryCommand struct {
	configFlag
	ID       string `arg:"" optional:"" help:"A record id of 15 or 18 characters, or a contact id of the platform."`
	Payload  string `short:"f" placeholder:"FILE" help:"A saved webhook body or change event, as JSON."`
	Project  string `short:"p" help:"Only this project; needed for a contact id and a webhook body where there are several."`
	Transfer string `short:"t" help:"Only this transfer."`
	JSON     bool   `name:"json" help:"As JSON."`
}

// tryTime bounds a trial: a few reads of each side.
const tryTime = 2 * time.Minute

// Run tries, and prints what came of it.
func (y *tryCommand) Run(ctx context.Context, c *console) error {
	if (y.ID == "") == (y.Payload == "") {
		return &exitError{exitConfig, bridge.Hint(errors.New("there is nothing to try"), "sfbridge try ID, or sfbridge try --payload FILE")}
	}
	cfg, err := configured(y.Config, c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	t, err := newTrial(cfg, y)
	if err != nil {
		return err
	}
	defer t.close()
	if err := t.run(ctx, y, c); err != nil {
		return err
	}
	if y.JSON {
		return printJSON(c, t.result)
	}
	printTry(c, &t.result)
	return nil
}

// trial is the daemon's own courier between the real far ends, with a store that forgets and clients that hold back what would change anything.
type trial struct {
	app    *app
	notes  notes
	store  *trialStore
	result TryResult
	shadow map[string]bool // transfers in which the daemon would send nothing, by project and name
}

// newTrial wires the projects that are asked for. Nothing is called yet.
func newTrial(cfg *Config, y *tryCommand) (*trial, error) {
	nouns, shadows, err := chosen(cfg, y)
	if err != nil {
		return nil, &exitError{exitConfig, err}
	}
	rules, err := rule.Compile(nouns)
	if err != nil {
		return nil, &exitError{exitConfig, err}
	}
	w := realWorld(slog.New(slog.DiscardHandler))
	t := &trial{store: newTrialStore(w.now), shadow: map[string]bool{}}
	for _, s := range shadows {
		t.shadow[s] = true
	}
	w.hold = t.notes.held
	t.result = TryResult{Schema: 1, Notes: []string{}, Runs: []TryRun{}}
	if len(shadows) > 0 {
		t.result.Notes = append(t.result.Notes, "in shadow, so that the daemon would send nothing: "+listed(shadows))
	}
	t.app = &app{cfg: cfg, world: w, metrics: prometheus.NewRegistry(), rules: rules, orgs: map[string]*orgLine{}, lines: map[bridge.ProjectID]*projectLine{}}
	t.store.read, t.store.began, t.store.ended, t.store.looked = t.now, t.notes.begin, t.notes.end, t.notes.looked
	return t, t.wire()
}

// chosen are the projects and transfers to try, none of them in shadow, and the names of those that are.
func chosen(cfg *Config, y *tryCommand) (nouns []bridge.Project, shadows []string, err error) {
	if y.Project != "" && cfg.Projects[y.Project] == nil {
		return nil, nil, bridge.Hint(fmt.Errorf("there is no project %q", y.Project), "%s", meant(y.Project, slices.Sorted(maps.Keys(cfg.Projects))))
	}
	var known []string
	for _, p := range cfg.nouns() {
		if y.Project != "" && string(p.ID) != y.Project {
			continue
		}
		all := p.Transfers
		p.Transfers = nil
		for _, tr := range all {
			known = append(known, string(tr.ID))
			if y.Transfer != "" && string(tr.ID) != y.Transfer {
				continue
			}
			if tr.Shadow {
				shadows = append(shadows, string(p.ID)+" "+string(tr.ID))
			}
			tr.Shadow = false
			p.Transfers = append(p.Transfers, tr)
		}
		if len(p.Transfers) > 0 {
			nouns = append(nouns, p)
		}
	}
	if len(nouns) == 0 {
		return nil, nil, bridge.Hint(fmt.Errorf("there is no transfer %q", y.Transfer), "%s", meant(y.Transfer, known))
	}
	return nouns, shadows, nil
}

func (t *trial) wire() error {
	a := t.app
	for _, p := range a.rules.Projects() {
		if a.orgs[p.Org] == nil {
			o, err := a.newOrg(p.Org, a.cfg.Orgs[p.Org])
			if err != nil {
				return errors.Join(fmt.Errorf("org.%s: %w", p.Org, err), t.close())
			}
			a.orgs[p.Org] = o
		}
		line, err := a.newProject(p)
		if err != nil {
			return errors.Join(fmt.Errorf("project.%s: %w", p.ID, err), t.close())
		}
		a.lines[p.ID] = line
	}
	return nil
}

func (t *trial) close() error {
	var faults []error
	for _, o := range t.app.orgs {
		faults = append(faults, o.close())
	}
	for _, l := range t.app.lines {
		faults = append(faults, l.close())
	}
	return errors.Join(faults...)
}

// run logs in, takes in what is to be tried, has it carried and tells of it.
func (t *trial) run(ctx context.Context, y *tryCommand, c *console) error {
	for name, o := range t.app.orgs {
		found, err := o.client.Probe(ctx)
		if err != nil {
			return &exitError{exitEnvironment, fmt.Errorf("org.%s: %w", name, err)}
		}
		o.id.Store(found.Org)
	}
	in := courier.NewIntake(t.store, t.app.rules, courier.Ours{Client: "sfbridge", User: t.app.runningUser}, t.app.world.now)
	s, err := t.subject(ctx, y)
	if err != nil {
		return err
	}
	t.result.Tried = s.words
	return t.withLinks(ctx, y.Config, c, func() error {
		if err := s.take(ctx, t, in); err != nil {
			return &exitError{exitEnvironment, err}
		}
		if err := t.carry(ctx); err != nil {
			return &exitError{exitEnvironment, err}
		}
		return t.tell(ctx)
	})
}

// carry runs the courier until nothing is left to carry.
func (t *trial) carry(ctx context.Context) error {
	orgs, platforms := map[string]courier.Org{}, map[bridge.ProjectID]courier.Platform{}
	for name, o := range t.app.orgs {
		orgs[name] = t.notes.org(o)
	}
	for id, l := range t.app.lines {
		platforms[id] = t.notes.platform(l)
	}
	c, err := courier.New(courier.Config{Grace: time.Millisecond, AtOnce: true}, courier.Deps{
		Journal: t.store, Ledger: t.store, Mirror: t.store, Folding: t.store, Breakers: t.store, Rules: t.app.rules, Platforms: platforms, Orgs: orgs,
		Now: t.app.world.now, Log: t.app.world.log,
	})
	if err != nil {
		return err
	}
	if !t.store.waits() {
		return nil
	}
	base, stop := context.WithCancel(ctx)
	defer stop()
	t.store.drained = stop
	if err := c.Run(base); err != nil {
		return err
	}
	return ctx.Err()
}

// now reads a record as Salesforce has it; one that cannot be seen has no version.
func (t *trial) now(ctx context.Context, o bridge.Object, r bridge.RecordID) (bridge.Row, error) {
	for name, line := range t.app.orgs {
		wants := t.app.rules.Wants(name)
		if !slices.Contains(wants.Objects(), o) {
			continue
		}
		rows, err := line.client.Read(ctx, o, []bridge.RecordID{r}, wants.ReadSet(o))
		if err != nil {
			return bridge.Row{}, fmt.Errorf("read %s %s: %w", o, r, err)
		}
		if !rows[0].Version.At.IsZero() {
			return rows[0], nil
		}
	}
	return bridge.Row{Object: o, Record: r}, nil
}
