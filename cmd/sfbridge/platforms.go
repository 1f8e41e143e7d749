package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"sfbridge/bridge"
)

// platformKind is one line of the table of platforms.
type platformKind struct {
	// section makes the platform's part of a project, with its defaults.
	section func() any
	// activities are the event types that a transfer may name; contacts are always possible.
	activities []string
}

// platforms lists what exists.
func platforms() map[string]platformKind {
	return map[string]platformKind{
		"respondio": {
			section:    func() any { return defaultRespondio() },
			activities: []string{"message.received", "message.sent", "conversation.opened", "conversation.closed"},
		},
	}
}

func platformNames() []string { return slices.Sorted(maps.Keys(platforms())) }

// sectionCheck is what a platform's section answers for: its faults by key.
type sectionCheck interface {
	check(blame func(key, remedy, format string, args ...any))
	secrets() map[string]*Secret // by key; lists as key[0], key[1]
}

// respondioSection is what a project of respond.io needs.
type respondioSection struct {
	Token       Secret        `toml:"token"`
	SigningKeys []Secret      `toml:"signing_keys"` // one a webhook; any may have signed
	BaseURL     string        `toml:"base_url"`
	Rate        float64       `toml:"rate"` // requests a second of each method
	Timeout     time.Duration `toml:"timeout"`
}

func defaultRespondio() *respondioSection {
	return &respondioSection{BaseURL: "https://api.respond.io/v2", Rate: 5, Timeout: 30 * time.Second}
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
	if err := checkURL(s.BaseURL); err != nil {
		blame("base_url", "write the address of the API, such as https://api.respond.io/v2", "%v", err)
	}
	if s.Rate <= 0 || s.Rate > 1000 {
		blame("rate", "respond.io allows 5 requests a second of each method", "%v requests a second is no rate", s.Rate)
	}
	if s.Timeout < time.Second || s.Timeout > 5*time.Minute {
		blame("timeout", "write a duration from 1s to 5m", "%v is no sensible timeout", s.Timeout)
	}
}

// hears reports whether a project takes callbacks, so that their signatures must be verifiable.
func (p *ProjectConfig) hears() bool {
	return slices.ContainsFunc(p.Transfers, func(t TransferConfig) bool { return bridge.Direction(t.Direction).Covers(bridge.Outbound) })
}
