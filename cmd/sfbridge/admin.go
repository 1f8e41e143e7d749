package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/pelletier/go-toml/v2"

	"sfbridge/bridge"
)

// errNoDaemon is returned by calls to an admin listener where nobody listens.
var errNoDaemon = errors.New("no daemon answers")

// maxAnswer bounds what is read of an answer: 1000 dead letters take less than a tenth.
const maxAnswer = 16 << 20

// admin is a client of the running daemon's admin listener.
type admin struct {
	base  string
	token Secret
	http  *http.Client
}

// newAdmin reads of the configuration only what leads to the daemon and its store, so that an operator's shell needs no secret of the platforms.
func newAdmin(file string, c *console) (*admin, *Config, error) {
	cfg, err := localConfig(file, c.where)
	if err != nil {
		return nil, nil, &exitError{exitConfig, err}
	}
	c.hides.add(cfg.Listen.AdminToken)
	host, port, _ := net.SplitHostPort(cfg.Listen.Admin)
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return &admin{"http://" + net.JoinHostPort(host, port), cfg.Listen.AdminToken, &http.Client{}}, cfg, nil
}

func localConfig(file string, where surroundings) (*Config, error) {
	b, err := readConfig(file)
	if err != nil {
		return nil, &FaultError{File: file, Line: 1, Column: 1, Cause: err.Error(), Remedy: "name the file with -c FILE"}
	}
	var tree map[string]any
	if err := toml.Unmarshal(b, &tree); err != nil {
		return nil, syntaxFault(file, err)
	}
	fs, cfg := newFaults(file, locate(b)), defaultConfig()
	fs.decode("", without(tree, "org", "project"), reflect.ValueOf(cfg).Elem())
	v := &validation{fs, cfg, where, nil}
	v.listen()
	v.rest()
	return cfg, fs.err()
}

// open sends a request and answers the body of a 2xx.
func (a *admin) open(ctx context.Context, method, path, accept string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	if a.token.IsSet() {
		r.Header.Set("Authorization", "Bearer "+a.token.Reveal())
	}
	answer, err := a.http.Do(r)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, &exitError{exitEnvironment, bridge.Hint(fmt.Errorf("%w at %s", errNoDaemon, a.base), "start it with: sfbridge run -c FILE")}
	case err != nil:
		return nil, &exitError{exitEnvironment, fmt.Errorf("ask the daemon: %w", err)}
	case answer.StatusCode/100 == 2:
		return answer.Body, nil
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	return nil, refused(answer.StatusCode, string(bytes.TrimSpace(text)))
}

func refused(code int, text string) error {
	switch code {
	case http.StatusConflict:
		return &exitError{exitEnvironment, errors.New(text)}
	case http.StatusNotFound:
		return &exitError{exitConfig, fmt.Errorf("%s: %w", text, bridge.ErrNotFound)}
	case http.StatusUnauthorized, http.StatusTooManyRequests:
		return &exitError{exitConfig, bridge.Hint(errors.New(text), "set admin_token in the configuration that this command reads")}
	default:
		return &exitError{exitEnvironment, fmt.Errorf("the daemon answered %d: %s", code, text)}
	}
}

// call sends a request and decodes the answer, which must come soon.
func (a *admin) call(ctx context.Context, method, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return a.ask(ctx, method, path, into)
}

// ask is call for as long as the context allows.
func (a *admin) ask(ctx context.Context, method, path string, into any) error {
	body, err := a.open(ctx, method, path, "application/json")
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read the daemon's answer to %s: %w", strings.TrimPrefix(path, "/"), err)
	}
	return nil
}
