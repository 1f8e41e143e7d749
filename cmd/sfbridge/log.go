package main

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// newLog makes the daemon's log. Whatever is written passes the scrubber last.
func newLog(cfg *Config, c *console) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // validated
	out := io.Writer(&scrubber{c.err, replacer(cfg.secrets())})
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

// shortest is the length from which a secret is looked for in the log; shorter ones would blot out words.
const shortest = 8

// replacer hides secrets as they are, in base64 and as a part of an address.
func replacer(all []Secret) *strings.Replacer {
	var forms []string
	for _, s := range all {
		if v := s.Reveal(); len(v) >= shortest {
			forms = append(forms, v, base64.StdEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)), url.QueryEscape(v))
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, hidden)
	}
	return strings.NewReplacer(pairs...)
}

// scrubber is the last line of defence: what an error of somebody else's carries is hidden even where nobody thought of it.
type scrubber struct {
	to  io.Writer
	all *strings.Replacer
}

// Write writes one line of the log.
func (s *scrubber) Write(b []byte) (int, error) {
	if _, err := io.WriteString(s.to, s.all.Replace(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
