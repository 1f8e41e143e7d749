package salesforce

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// Config says which org is called and as whom. A zero field takes the default named beside it.
type Config struct {
	Name         string       // the org's name in the configuration, for metrics
	LoginURL     string       // the org's My Domain; client credentials are refused at login.salesforce.com
	ClientID     string       // consumer key
	ClientSecret string       // consumer secret
	OrgID        bridge.OrgID // the org that must answer; "" binds the session to the first that does
	APIVersion   string       // v66.0
	ClientName   string       // sfbridge; becomes changeOrigin's client of single rows
	// InstanceSuffixes are the host names below which an instance may live besides LoginURL's own; Salesforce's own domains.
	InstanceSuffixes []string
	// AllowPlain lets http through to loopback, or to anywhere with an injected dialer.
	AllowPlain bool
	Timeout    time.Duration // of one call; 2 min, since a chunk runs through the org's triggers
	RenewAfter time.Duration // age at which a session is renewed beforehand; 50 min
	// Reserve is the share of the daily calls, in per cent, that is left to others; 20, negative for none.
	Reserve int
	// Linger is how long a row waits for company before a call that has room; nil goes by the calls that a day is forecast to use.
	Linger *time.Duration
}

// DefaultAPIVersion is the version of the REST API that is spoken.
const DefaultAPIVersion = "v66.0"

// salesforceDomains are where instances of Salesforce live.
var salesforceDomains = []string{".salesforce.com", ".force.com", ".salesforce.mil", ".sfcrmproducts.cn", ".my-salesforce.com"}

func (c Config) withDefaults() Config {
	c.APIVersion = cmp.Or(c.APIVersion, DefaultAPIVersion)
	c.ClientName = cmp.Or(c.ClientName, "sfbridge")
	c.Timeout = cmp.Or(c.Timeout, 2*time.Minute)
	c.RenewAfter = cmp.Or(c.RenewAfter, 50*time.Minute)
	c.Reserve = max(cmp.Or(c.Reserve, 20), 0)
	c.LoginURL = strings.TrimSuffix(c.LoginURL, "/")
	if len(c.InstanceSuffixes) == 0 {
		c.InstanceSuffixes = salesforceDomains
	}
	return c
}

var (
	versionForm = regexp.MustCompile(`^v[1-9][0-9]{1,2}\.0$`)
	clientForm  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
)

// Validate names all faults of the configuration at once.
func (c Config) Validate() error {
	c = c.withDefaults()
	var faults []error
	if !versionForm.MatchString(c.APIVersion) {
		faults = append(faults, fmt.Errorf("API version %q is not of the form v66.0", c.APIVersion))
	}
	if !clientForm.MatchString(c.ClientName) {
		faults = append(faults, fmt.Errorf("client name %q may hold letters, digits, dot, hyphen and underscore", c.ClientName))
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		faults = append(faults, errors.New("consumer key and consumer secret are needed"))
	}
	if c.LoginURL == "" {
		faults = append(faults, errors.New("the org's My Domain address is needed"))
	}
	if c.Reserve > 100 {
		faults = append(faults, fmt.Errorf("a reserve of %d per cent leaves nothing", c.Reserve))
	}
	return errors.Join(faults...)
}

// Deps are what the package stands on. Every member may be nil.
type Deps struct {
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error) // nil dials the network
	TLS         *tls.Config                                                       // extra roots
	Now         func() time.Time                                                  // nil means time.Now
	Log         *slog.Logger                                                      // nil means no log
	Registerer  prometheus.Registerer                                             // nil means no metrics
	Secret      func() string                                                     // the consumer secret in force; nil means Config.ClientSecret
	Chunks      ChunkKeeper                                                       // nil learns the sizes of calls anew
	Hold        func(rest.Held)                                                   // of a client that only shows its writes; see rest.Deps
}

// current is the configuration with the secret that is in force.
func (d Deps) current(c Config) Config {
	if d.Secret != nil {
		c.ClientSecret = d.Secret()
	}
	return c
}

func (d Deps) withDefaults() Deps {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d
}

func (d Deps) rest() rest.Deps {
	return rest.Deps{DialContext: d.DialContext, TLS: d.TLS, Registerer: d.Registerer, Now: d.Now}
}
