package main

import (
	"log/slog"
)

// newLog makes the daemon's log. Whatever is written passes the scrubber last.
func newLog(cfg *Config, c *console) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // validated
	if c.hides == nil {
		c.hides = newBlotter()
	}
	c.hides.add(cfg.secrets()...)
	out := &scrubber{c.err, c.hides}
	options := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "text" || cfg.Log.Format == "auto" && c.tty {
		return slog.New(slog.NewTextHandler(out, options))
	}
	return slog.New(slog.NewJSONHandler(out, options))
}

// secrets are all secrets of the configuration.
func (c *Config) secrets() []Secret {
	all := []Secret{c.Listen.AdminToken}
	for _, o := range c.Orgs {
		all = append(all, o.ClientSecret)
	}
	for _, p := range c.Projects {
		if s, ok := p.Section.(sectionCheck); ok {
			for _, secret := range s.secrets() {
				all = append(all, *secret)
			}
		}
	}
	return all
}
