package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/store"
)

// replayCommand has a topic read from elsewhere.
type replayCommand struct {
	configFlag
	Topic string `required:"" placeholder:"TOPIC" help:"The topic, such as /data/ContactChangeEvent."`
	From  string `required:"" placeholder:"WHERE" help:"earliest (the oldest event that Salesforce keeps), latest (the tip), or a replay id in hex."`
	Org   string `placeholder:"NAME" help:"The org's name in the configuration, where several read such a topic."`
}

// Run asks the daemon, or changes the position in the store where none runs.
func (r *replayCommand) Run(ctx context.Context, c *console) error {
	from, replay, err := whence(r.From)
	if err != nil {
		return &exitError{exitConfig, err}
	}
	a, cfg, err := newAdmin(r.Config, c)
	if err != nil {
		return err
	}
	q := url.Values{"topic": {r.Topic}, "from": {r.From}, "org": {r.Org}}
	err = a.call(ctx, http.MethodPost, "/topics/replay?"+q.Encode(), &struct{}{})
	if errors.Is(err, errNoDaemon) {
		err = withStore(ctx, cfg, func(l letters) error { return r.rewind(ctx, l.store, from, replay) })
	}
	if err != nil {
		return err
	}
	c.printf("%s is read from %s on. What comes again changes nothing that is newer, and counts against the org's event deliveries.\n", r.Topic, r.From)
	return nil
}

// whence reads a place on a topic.
func whence(text string) (bridge.Preset, []byte, error) {
	switch p := bridge.Preset(strings.ToLower(text)); p {
	case bridge.Earliest, bridge.Latest:
		return p, nil, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil || len(b) == 0 {
		return "", nil, bridge.Hint(fmt.Errorf("%q is no place to read from", text), "write earliest, latest, or a replay id in hex as sfbridge status --json shows it")
	}
	return "", b, nil
}

// rewind changes the position in a store that no daemon has open.
func (r *replayCommand) rewind(ctx context.Context, s *store.Store, from bridge.Preset, replay []byte) error {
	org := bridge.OrgID("")
	if r.Org != "" {
		known, err := s.Bindings(ctx)
		if err != nil {
			return err
		}
		for _, b := range known {
			if b.Alias == r.Org {
				org = b.Org
			}
		}
		if org == "" {
			return &exitError{exitConfig, fmt.Errorf("no org %q was ever reached", r.Org)}
		}
	}
	all, err := s.Positions(ctx)
	if err != nil {
		return err
	}
	var at []bridge.Position
	for _, p := range all {
		if p.Topic == bridge.Topic(r.Topic) && (org == "" || p.Org == org) {
			at = append(at, p)
		}
	}
	if len(at) != 1 {
		return whichTopic(r.Topic, len(at))
	}
	p, h, err := pubsub.Rewound(at[0], from, replay, time.Now())
	if err != nil {
		return &exitError{exitConfig, err}
	}
	if h != nil {
		if err := s.OpenHole(ctx, *h); err != nil {
			return err
		}
	}
	return s.Append(ctx, nil, &p)
}

// whichTopic is the error where a topic is read by none or by several orgs.
func whichTopic(topic string, n int) error {
	if n == 0 {
		return &exitError{exitConfig, bridge.Hint(fmt.Errorf("the topic %s is not read", topic), "sfbridge status lists those that are")}
	}
	return &exitError{exitConfig, bridge.Hint(fmt.Errorf("%d orgs read a topic %s", n, topic), "name one with --org")}
}
