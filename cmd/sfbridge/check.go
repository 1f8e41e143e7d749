package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/outbound/salesforce"
)

// checkCommand looks at a configuration and at both sides.
type checkCommand struct {
	configFlag
	Offline bool `help:"Only the file; nobody is asked."`
	JSON    bool `name:"json" help:"The findings as JSON."`
}

// lookTime bounds the look at one side.
const lookTime = time.Minute

// Level says how bad a finding is.
type Level string

// The levels.
const (
	levelOK      Level = "ok"
	levelWarning Level = "warning" // it works, and not as well as it could
	levelFault   Level = "fault"
)

// Finding is one sentence of what was found.
type Finding struct {
	Level  Level  `json:"level"`
	Place  string `json:"place"` // the side, or the place in the file
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"`
}

// Run prints what was found: the faults of the file, or a sentence for each side.
func (k *checkCommand) Run(ctx context.Context, c *console) error {
	cfg, err := configured(k.Config, c)
	var all []Finding
	code := exitConfig
	if err != nil {
		all = fileFindings(err)
	} else {
		all = []Finding{{levelOK, k.Config, "the configuration is sound: " + contents(cfg), ""}}
		all = append(all, advice(cfg, k.Config)...)
		if !k.Offline {
			all = append(all, look(ctx, cfg, k.Config, realWorld(slog.New(slog.DiscardHandler)))...)
		}
		code = exitEnvironment
	}
	if k.JSON {
		if err := printJSON(c, map[string]any{"schema": 1, "ok": bad(all) == 0, "findings": all}); err != nil {
			return err
		}
	} else {
		printFindings(c, all)
	}
	if bad(all) > 0 {
		return &exitError{code, errTold}
	}
	return nil
}

func contents(cfg *Config) string {
	transfers := 0
	for _, p := range cfg.Projects {
		transfers += len(p.Transfers)
	}
	return fmt.Sprintf("%s, %s, %s", numberOf(len(cfg.Orgs), "org"), numberOf(len(cfg.Projects), "project"), numberOf(transfers, "transfer"))
}

func fileFindings(err error) []Finding {
	var all []Finding
	for _, f := range faultsOf(err) {
		place, text := fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column), f.Cause
		if f.Path != "" {
			text = f.Path + ": " + f.Cause
		}
		all = append(all, Finding{levelFault, place, text, f.Remedy})
	}
	return all
}

func bad(all []Finding) (n int) {
	for _, f := range all {
		if f.Level == levelFault {
			n++
		}
	}
	return n
}

func printFindings(c *console, all []Finding) {
	for _, f := range all {
		mark := map[Level]string{levelOK: "ok   ", levelWarning: "warn ", levelFault: "FAULT"}[f.Level]
		c.printf("%s  %s\n", mark, printable(f.Place+": "+f.Text))
		if f.Remedy != "" {
			c.printf("       remedy: %s\n", printable(f.Remedy))
		}
	}
	if n := bad(all); n > 0 {
		c.printf("%s\n", numberOf(n, "fault"))
	}
}

// failed makes a finding of an error, the remedy apart.
func failed(place string, err error) Finding {
	f := Finding{levelFault, place, err.Error(), ""}
	if h, ok := errors.AsType[*bridge.HintError](err); ok {
		f.Text, f.Remedy = strings.ReplaceAll(f.Text, "\n  remedy: "+h.Hint, ""), h.Hint
	}
	var dns *net.DNSError
	var dial *net.OpError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	said, refused := errors.AsType[*salesforce.APIError](err)
	switch {
	case f.Remedy != "":
	case refused && said.Remedy() != "":
		f.Remedy = said.Remedy()
	case errors.As(err, &cert), errors.As(err, &record), strings.Contains(f.Text, "HTTP response to HTTPS client"):
		f.Remedy = remedyOfTLS
	case errors.As(err, &dns):
		f.Remedy = remedyOfHost
	case errors.As(err, &dial):
		f.Remedy = "check the address in the configuration, and that this machine may reach it"
	case waits(err):
		f.Remedy = "try again in a while; if it stays, check the address in the configuration"
	}
	f.Text = strings.ReplaceAll(f.Text, "\n", "; ")
	return f
}

// remedyOfHost is what to do where a name leads nowhere.
const remedyOfHost = "check the host name in the configuration, and the name server of this machine"

// remedyOfTLS is what to do where no connection is made that is safe.
const remedyOfTLS = "check the address in the configuration and the clock of this machine; where a proxy opens TLS, this machine must trust its authority"

// waits reports whether err is of a side that may answer later.
func waits(err error) bool {
	v, _ := bridge.VerdictOf(err)
	return v == bridge.Wait || bridge.IsUncertain(err)
}
