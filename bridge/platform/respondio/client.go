package respondio

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rest"
)

// Deps is what code passes. Registerer, DialContext and Now may be nil.
type Deps struct {
	Project     bridge.ProjectID // the label of metrics
	Token       string           // made under Settings, Integrations, Developer API
	SigningKeys []string         // of the workspace's webhooks; none = callbacks are refused
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	Registerer  prometheus.Registerer
	Now         func() time.Time
	Hold        func(rest.Held) // see rest.Deps
	// Fresh answers token and signing keys as they are in force; nil means Token and SigningKeys for good.
	Fresh func() (token string, signingKeys []string)
}

// Client is one workspace. It is safe for use by many at once and starts no goroutine.
type Client struct {
	*Hook
	cfg    Config
	http   *rest.Client
	traits *platform.Traits
}

var (
	_ bridge.Sender  = (*Client)(nil)
	_ bridge.Finder  = (*Client)(nil)
	_ bridge.Fetcher = (*Client)(nil)
	_ bridge.Parser  = (*Client)(nil)
)

// New makes a client of a configuration without fault.
func New(cfg Config, deps Deps) (*Client, error) {
	if deps.Fresh == nil {
		deps.Fresh = func() (string, []string) { return deps.Token, deps.SigningKeys }
	}
	authorize := func(context.Context) (string, http.Header, error) {
		token, _ := deps.Fresh()
		return "", http.Header{"Authorization": {"Bearer " + token}}, nil
	}
	c, err := rest.New(rest.Config{
		Destination: string(deps.Project), Base: cfg.BaseURL, Timeout: cfg.Timeout, AllowPlain: cfg.AllowPlainHTTP, MaxBody: 1 << 20,
	}, rest.Deps{
		DialContext: deps.DialContext, Registerer: deps.Registerer, Now: deps.Now, Judge: judge, Hold: deps.Hold,
		Authorize: authorize,
		Limit:     rest.NewPerOp(cfg.Rate, 1).Of,
	})
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	hook := NewHook(cfg, nil)
	hook.keys = func() []string {
		_, keys := deps.Fresh()
		return keys
	}
	return &Client{Hook: hook, cfg: cfg, http: c, traits: Traits()}, nil
}

// Close lets go of idle connections.
func (c *Client) Close() error { return c.http.Close() }

// Probe reports why respond.io does not take the token, or nil. It costs one request.
func (c *Client) Probe(ctx context.Context) error {
	_, err := c.http.Do(ctx, &rest.Call{Op: "read users", Path: "/space/user?limit=1", Repeatable: true})
	return hinted(err)
}

// hinted says what an administrator can do about a call that respond.io refused.
func hinted(err error) error {
	switch statusOf(err) {
	case http.StatusUnauthorized, http.StatusForbidden:
		return bridge.Hint(err, "make a new access token in respond.io under Settings, Integrations, Developer API")
	case http.StatusNotFound:
		return bridge.Hint(err, "check base_url: without the line it is that of respond.io")
	case http.StatusTooManyRequests:
		return bridge.Hint(err, "wait a minute; where other integrations of the workspace call much, lower rate")
	}
	return err
}
