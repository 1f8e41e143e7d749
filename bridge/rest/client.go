package rest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The defaults of Config.
const (
	DefaultTimeout = 30 * time.Second
	DefaultMaxBody = 8 << 20 // a describe of a wide object has some MiB
)

// Config is what an adapter decides about its client.
type Config struct {
	Destination string // the label of metrics: the project's name, or salesforce
	// Base is the address below which paths stand, unless Deps.Authorize gives one.
	Base    string
	Timeout time.Duration // of one request with its answer, waiting for a turn excluded; 0 = DefaultTimeout
	MaxBody int64         // bytes of an answer after decompression; 0 = DefaultMaxBody
	// AllowPlain lets http:// through to loopback addresses, and to any with an injected dialer.
	AllowPlain bool
	UserAgent  string // "" = sfbridge
}

// Deps is what code passes. Every member may be nil.
type Deps struct {
	// DialContext opens connections; nil dials the network.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	TLS         *tls.Config // extra roots for a private authority; verification cannot be switched off
	// Authorize gives the base address ("" = Config.Base) and the headers that carry credentials, before every request.
	Authorize func(ctx context.Context) (base string, header http.Header, err error)
	// Renew replaces credentials that were answered with 401. One caller renews for all that wait; its error is theirs.
	Renew func(ctx context.Context) error
	// Judge says what an answer means; nil is JudgeStatus without the body's message. Pages of HTML never reach it.
	Judge func(c *Call, a *Answer) error
	// Limit answers the operation's turnstile, nil for none. See PerOp.
	Limit func(op string) Waiter
	// Hold takes every request that would change something, and none of them is sent; nil sends all. See Held.
	Hold       func(Held)
	Registerer prometheus.Registerer
	Now        func() time.Time // nil = time.Now
}

// Client is the chain. It is safe for use by many at once.
type Client struct {
	chain     Doer
	transport *http.Transport
}

var _ Doer = (*Client)(nil)

// New builds the chain. It refuses a base address that may not be called.
func New(cfg Config, deps Deps) (*Client, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "sfbridge"
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Judge == nil {
		deps.Judge = func(c *Call, a *Answer) error { return JudgeStatus(c, a, "", "") }
	}
	rule := addressRule{plain: cfg.AllowPlain, dialer: deps.DialContext != nil}
	if cfg.Base != "" {
		if err := rule.check(cfg.Base); err != nil {
			return nil, err
		}
	}
	t := newTransport(deps)
	d := hold(meter(capped(t, cfg, deps.Now), cfg.Destination, deps.Registerer), deps)
	d = newAuthorize(d, cfg.Base, rule, deps)
	d = judge(d, deps.Judge)
	d = decode(d)
	d = limit(d, deps.Limit)
	return &Client{chain: d, transport: t}, nil
}

// Do carries out the call. See the package for what its errors mean.
func (c *Client) Do(ctx context.Context, call *Call) (*Answer, error) { return c.chain.Do(ctx, call) }

// Close lets go of idle connections. Calls in flight go on.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}
