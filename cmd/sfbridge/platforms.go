package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/platform/respondio"
)

// platformKind is one line of the table of platforms.
type platformKind struct {
	// section makes the platform's part of a project, with its defaults.
	section func() any
	// traits say which attributes and events there are.
	traits *platform.Traits
}

// platforms lists what exists.
func platforms() map[string]platformKind {
	return map[string]platformKind{
		"respondio": {
			section: func() any { return defaultRespondio() },
			traits:  respondio.Traits(),
		},
	}
}

func platformNames() []string { return slices.Sorted(maps.Keys(platforms())) }

// sectionCheck is what a platform's section answers for: its faults by key.
type sectionCheck interface {
	check(blame func(key, remedy, format string, args ...any))
	secrets() map[string]*Secret // by key; lists as key[0], key[1]
}

// respondioSection is what a project of respond.io needs: the connector's own configuration and its secrets.
type respondioSection struct {
	Token       Secret   `toml:"token"`        // the access token of the Developer API
	SigningKeys []Secret `toml:"signing_keys"` // one a webhook; any may have signed
	respondio.Config
}

func defaultRespondio() *respondioSection { return &respondioSection{Config: respondio.Defaults()} }

// client is the connector's configuration; plain HTTP is allowed to this machine alone.
func (s *respondioSection) client() respondio.Config {
	c := s.Config
	c.AllowPlainHTTP = checkURL(c.BaseURL) == nil
	return c
}

func (s *respondioSection) secrets() map[string]*Secret {
	all := map[string]*Secret{"token": &s.Token}
	for i := range s.SigningKeys {
		all[fmt.Sprintf("signing_keys[%d]", i)] = &s.SigningKeys[i]
	}
	return all
}

func (s *respondioSection) check(blame func(key, remedy, format string, args ...any)) {
	if !s.Token.IsSet() {
		blame("token", `write token = "env:NAME"; respond.io shows it under Settings, Integrations, Developer API`, "the access token is missing")
	}
	c := s.client()
	for _, err := range joined(c.Validate()) {
		if f, ok := errors.AsType[*platform.ConfigError](err); ok {
			blame(f.Key, f.Remedy, "%s", f.Cause)
		} else {
			blame("platform", "", "%v", err)
		}
	}
}

// joined takes apart what errors.Join put together.
func joined(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// hears reports whether a project takes callbacks, so that their signatures must be verifiable.
func (p *ProjectConfig) hears() bool {
	return slices.ContainsFunc(p.Transfers, func(t TransferConfig) bool { return bridge.Direction(t.Direction).Covers(bridge.Outbound) })
}
