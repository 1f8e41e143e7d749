package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rule"
	"sfbridge/pubsub"
)

// look asks each side once, without opening the store, so that it can be done beside a running daemon.
func look(ctx context.Context, cfg *Config, file string, w world) []Finding {
	at := placesOf(file)
	rules, err := rule.Compile(cfg.nouns())
	if err != nil {
		return []Finding{failed("transfers", err)}
	}
	a := &app{
		cfg: cfg, world: w, metrics: prometheus.NewRegistry(), rules: rules,
		orgs: map[string]*orgLine{}, lines: map[bridge.ProjectID]*projectLine{},
	}
	var all []Finding
	for _, name := range slices.Sorted(maps.Keys(cfg.Orgs)) {
		all = append(all, a.lookAtOrg(ctx, name)...)
	}
	for _, p := range rules.Projects() {
		if a.orgs[p.Org] != nil {
			all = append(all, a.lookAtProject(ctx, p, file, at)...)
		}
	}
	for _, o := range a.orgs {
		_ = o.close()
	}
	return all
}

func (a *app) lookAtOrg(ctx context.Context, name string) []Finding {
	place := "org." + name
	o, err := a.newOrg(name, a.cfg.Orgs[name])
	if err != nil {
		return []Finding{failed(place, err)}
	}
	a.orgs[name] = o
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	f, err := o.client.Probe(ctx)
	if err != nil {
		return []Finding{failed(place, err)}
	}
	o.id.Store(f.Org)
	kind := "production"
	if f.Sandbox {
		kind = "sandbox"
	}
	all := []Finding{{levelOK, place, fmt.Sprintf("logged in to %s (%s, %s) as user %s", f.Instance, f.Org, kind, f.User), ""}}
	routes, err := a.routes(ctx, o)
	if err != nil {
		return append(all, failedStream(place, err))
	}
	for _, r := range routes {
		all = append(all, o.lookAtTopic(ctx, place, r))
	}
	return all
}

// lookAtTopic asks whether the org lets the bridge subscribe to the changes of an object.
func (o *orgLine) lookAtTopic(ctx context.Context, place string, r route) Finding {
	standing, err := pubsub.Look(ctx, o.conn, o.auth, r.topic)
	switch {
	case standing == pubsub.Missing && isChannel(r.topic):
		return failed(place, bridge.Hint(fmt.Errorf("there is no topic %s", r.topic), "make the channel, or set channel = \"auto\""))
	case standing == pubsub.Missing:
		return failed(place, bridge.Hint(fmt.Errorf("there is no topic %s", r.topic), "select %s in Setup, Change Data Capture", r.objects[0]))
	case standing == pubsub.Denied:
		return failed(place, bridge.Hint(fmt.Errorf("the running user may not subscribe to %s", r.topic), "give it View All Records for %s", r.objects[0]))
	case err != nil:
		return failedStream(place, fmt.Errorf("look for %s: %w", r.topic, err))
	}
	return Finding{levelOK, place, fmt.Sprintf("%s can be subscribed to", r.topic), ""}
}

// failedStream is failed for a call of the Pub/Sub API, whose trouble on the way is told in words alone.
func failedStream(place string, err error) Finding {
	f := failed(place, err)
	head, tail, called := strings.Cut(f.Text, "rpc error: ")
	if !called {
		return f
	}
	f.Text = head + worded(tail)
	switch {
	case f.Remedy != "":
	case strings.Contains(tail, "handshake failed"):
		f.Remedy = remedyOfTLS
	case strings.Contains(tail, "no such host") || strings.Contains(tail, "name resolver"):
		f.Remedy = remedyOfHost
	case strings.Contains(tail, "connection error"):
		f.Remedy = "check pubsub in the configuration, and that this machine may reach its host and port: a firewall or a proxy must let HTTP/2 through"
	default:
		f.Remedy = "try again in a while; if it stays, look at status.salesforce.com, and report the message"
	}
	return f
}

// placesOf finds the places of a file that was read once already.
func placesOf(file string) places {
	b, err := readConfig(file)
	if err != nil {
		return places{}
	}
	return locate(b)
}

// lookAtProject asks the platform whether it takes the token, and compares the mapping with both sides.
func (a *app) lookAtProject(ctx context.Context, p *rule.Project, file string, at places) []Finding {
	place := "project." + string(p.ID)
	line, err := a.newProject(p)
	if err != nil {
		return []Finding{failed(place, err)}
	}
	defer func() { _ = line.close() }()
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var all []Finding
	var own []platform.OwnField
	if err := line.probe.Probe(ctx); err != nil {
		all = append(all, failed(place, err))
	} else {
		all = append(all, Finding{levelOK, place, a.cfg.Projects[string(p.ID)].Platform + " answers and takes the token", ""})
		if c, ok := line.probe.(platform.Cataloguer); ok {
			if own, err = c.OwnFields(ctx); err != nil {
				f := failed(place, err)
				all = append(all, Finding{levelWarning, place, "the fields of the workspace cannot be read, so they were not compared: " + f.Text, f.Remedy})
			}
		}
	}
	if a.orgs[p.Org].ID() == "" {
		return all // nobody can be asked
	}
	found := a.lookAtMapping(ctx, p, file, at, own)
	if bad(found) == 0 {
		all = append(all, Finding{levelOK, place, "the mapping fits what both sides say of themselves", ""})
	}
	return append(all, found...)
}
