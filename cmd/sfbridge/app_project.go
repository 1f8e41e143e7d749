package main

import (
	"context"
	"fmt"
	"io"

	"sfbridge/bridge/courier"
	"sfbridge/bridge/platform/respondio"
	"sfbridge/bridge/rule"
	"sfbridge/outbound"
)

// prober is a side that can be looked at without changing anything.
type prober interface {
	Probe(ctx context.Context) error
}

// projectLine is the line to one project's platform.
type projectLine struct {
	org      *orgLine
	platform courier.Platform
	hook     outbound.Hook
	probe    prober
	closer   io.Closer
	holds    bool // the connector shows its requests to world.hold where there is one
}

func (l *projectLine) close() error { return l.closer.Close() }

// newProject is the table of what exists: one line a platform.
func (a *app) newProject(p *rule.Project) (*projectLine, error) {
	org, ok := a.orgs[p.Org]
	if !ok {
		return nil, fmt.Errorf("no org %q", p.Org)
	}
	switch section := a.cfg.Projects[string(p.ID)].Section.(type) {
	case *respondioSection:
		return a.newRespondio(p, org, section)
	default:
		return nil, fmt.Errorf("platform %q is not known", a.cfg.Projects[string(p.ID)].Platform)
	}
}

func (a *app) newRespondio(p *rule.Project, org *orgLine, s *respondioSection) (*projectLine, error) {
	keys := make([]string, len(s.SigningKeys))
	for i, k := range s.SigningKeys {
		keys[i] = k.Reveal()
	}
	token := a.world.secrets.live(fmt.Sprintf("project.%s.token", p.ID), s.Token, 1)
	signing := a.world.secrets.liveAll(fmt.Sprintf("project.%s.signing_keys", p.ID), s.SigningKeys)
	cfg := s.client()
	cfg.AllowPlainHTTP = cfg.AllowPlainHTTP || a.world.dial != nil // an injected dialer decides where a connection goes
	c, err := respondio.New(cfg, respondio.Deps{
		Project: p.ID, Token: s.Token.Reveal(), SigningKeys: keys, DialContext: a.world.dial, Registerer: a.metrics, Now: a.world.now,
		Hold: a.world.hold, Fresh: func() (string, []string) { return token(), signing() },
	})
	if err != nil {
		return nil, err
	}
	workers := a.cfg.Projects[string(p.ID)].Workers
	return &projectLine{org, courier.Platform{Sender: c, Finder: c, Fetcher: c, Parser: c, Workers: workers}, c, c, c, a.world.hold != nil}, nil
}
