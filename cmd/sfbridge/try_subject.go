package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/rule"
	"sfbridge/pubsub/cdc"
)

// subject is what is tried, and how the courier comes to hear of it.
type subject struct {
	words string
	take  func(ctx context.Context, t *trial, in *courier.Intake) error
}

// maxPayload bounds a saved payload.
const maxPayload = 4 << 20

// subject finds out what the command line means.
func (t *trial) subject(ctx context.Context, y *tryCommand) (*subject, error) {
	if y.Payload != "" {
		return t.payload(ctx, y)
	}
	id := strings.TrimSpace(y.ID)
	if bridge.IsID(id) {
		s, err := t.record(ctx, bridge.RecordID(bridge.LongID(id)))
		if s != nil || err != nil {
			return s, err
		}
	}
	p, err := t.onlyProject("the contact " + id)
	if err != nil {
		return nil, err
	}
	if len(p.Contacts(bridge.Outbound)) == 0 {
		return nil, &exitError{exitConfig, bridge.Hint(fmt.Errorf("no transfer of project %s carries contacts to Salesforce", p.ID), "a record's id tries the other way")}
	}
	return &subject{
		words: fmt.Sprintf("contact %s of project %s, as the platform has it now", id, p.ID),
		take: func(ctx context.Context, t *trial, _ *courier.Intake) error {
			lane := bridge.Lane{Org: t.app.orgs[p.Org].ID(), Project: p.ID, Direction: bridge.Outbound, Source: id}
			e := bridge.Entry{Kind: bridge.OperatorEntry, At: t.app.world.now(), Deliveries: []bridge.Delivery{{ID: "try", Kind: bridge.State, Lane: lane}}}
			return t.store.Append(ctx, []bridge.Entry{e}, nil)
		},
	}, nil
}

// record is the trial of a record of whichever object has ids that begin like it; nil where no transfer reads such an object.
func (t *trial) record(ctx context.Context, id bridge.RecordID) (*subject, error) {
	for _, name := range slices.Sorted(maps.Keys(t.app.orgs)) {
		o := t.app.orgs[name]
		for _, object := range t.app.rules.Wants(name).Objects() {
			facts, err := o.client.Describe(ctx, object)
			if err != nil {
				return nil, &exitError{exitEnvironment, fmt.Errorf("org.%s: describe %s: %w", name, object, err)}
			}
			if facts.KeyPrefix != string(id[:3]) {
				continue
			}
			change := bridge.Change{Org: o.ID(), Event: "try", Object: object, Records: []bridge.RecordID{id}, Type: bridge.GapUpdate}
			return &subject{
				words: fmt.Sprintf("%s %s, as Salesforce has it now", object, id),
				take: func(ctx context.Context, _ *trial, in *courier.Intake) error {
					return in.Stream(name).Accept(ctx, []bridge.Change{change}, bridge.Position{})
				},
			}, nil
		}
	}
	return nil, nil
}

// onlyProject is the one project that is tried.
func (t *trial) onlyProject(what string) (*rule.Project, error) {
	all := t.app.rules.Projects()
	if len(all) == 1 {
		return all[0], nil
	}
	var names []string
	for _, p := range all {
		names = append(names, "--project "+string(p.ID))
	}
	return nil, &exitError{exitConfig, bridge.Hint(fmt.Errorf("%s could be of any of %d projects", what, len(all)), "add %s", listed(names))}
}

// payload reads a saved change event or webhook body.
func (t *trial) payload(ctx context.Context, y *tryCommand) (*subject, error) {
	st, err := os.Stat(y.Payload)
	if err == nil && st.Size() > maxPayload {
		err = fmt.Errorf("%s is longer than %d bytes", y.Payload, maxPayload)
	}
	var body []byte
	if err == nil {
		body, err = os.ReadFile(y.Payload)
	}
	if err != nil {
		return nil, &exitError{exitConfig, bridge.Hint(err, "name a file with the body of a webhook or a change event")}
	}
	change, err := cdc.ReadJSON(body, t.kinds(ctx))
	if !errors.Is(err, cdc.ErrNoEvent) {
		if err != nil {
			return nil, &exitError{exitConfig, fmt.Errorf("%s: %w", y.Payload, err)}
		}
		return t.event(y, change), nil
	}
	p, err := t.onlyProject("a webhook's body")
	if err != nil {
		return nil, err
	}
	return t.callback(y, p, body)
}

// event is the trial of a change event.
func (t *trial) event(y *tryCommand, change bridge.Change) *subject {
	if change.Event == "" {
		change.Event = "try"
	}
	s := &subject{words: fmt.Sprintf("the %s event of %s in %s", change.Type, change.Object, y.Payload)}
	s.take = func(ctx context.Context, t *trial, in *courier.Intake) error {
		t.store.told = []bridge.Change{change}
		for name, o := range t.app.orgs {
			of := change
			of.Org = o.ID()
			if err := in.Stream(name).Accept(ctx, []bridge.Change{of}, bridge.Position{}); err != nil {
				return err
			}
		}
		return nil
	}
	return s
}

// callback is the trial of a webhook's body. Its signature is not looked at: a saved body has none.
func (t *trial) callback(y *tryCommand, p *rule.Project, body []byte) (*subject, error) {
	n, err := t.app.lines[p.ID].hook.Identify(nil, body)
	if err != nil {
		return nil, &exitError{exitConfig, fmt.Errorf("%s: %w", y.Payload, err)}
	}
	t.result.Notes = append(t.result.Notes, "the webhook's signature was not looked at")
	s := &subject{words: fmt.Sprintf("the webhook %s in %s, to project %s", n.Type, y.Payload, p.ID)}
	s.take = func(ctx context.Context, t *trial, in *courier.Intake) error {
		return in.Take(ctx, bridge.Callback{
			Org: t.app.orgs[p.Org].ID(), Project: p.ID, Event: n.Event, Kind: n.Kind, Type: n.Type, Contact: n.Contact, Received: t.app.world.now(), Body: body,
		})
	}
	return s, nil
}

// kinds answers what a field holds, by the org's own description.
func (t *trial) kinds(ctx context.Context) func(bridge.Object, bridge.Field) bridge.Kind {
	return func(o bridge.Object, f bridge.Field) bridge.Kind {
		for _, line := range t.app.orgs {
			facts, err := line.client.Describe(ctx, o)
			if err == nil && facts.Fields[f] != nil {
				return facts.Fields[f].Kind()
			}
		}
		return bridge.Text
	}
}
