package salesforce

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// Session is a login that was granted: what every call to the org carries. It never prints its token.
type Session struct {
	AccessToken string
	InstanceURL string // where calls go, without a slash at its end; it moves when the org does
	Org         bridge.OrgID
	User        bridge.RecordID // the Run As user: the commit user of our own writes
	Granted     time.Time

	generation uint64
}

// Stream is what the metadata of Pub/Sub calls hold: accesstoken, instanceurl and tenantid.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/supported-auth.html
func (s Session) Stream() (accessToken, instanceURL, tenantID string) {
	return s.AccessToken, s.InstanceURL, string(s.Org)
}

// String names the session without its token.
func (s Session) String() string { return fmt.Sprintf("session %d of %s", s.generation, s.Org) }

// GoString is String, so that %#v keeps the token too.
func (s Session) GoString() string { return s.String() }

// LogValue is String.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// grant is the answer of the token endpoint. There is no expires_in.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm
type grant struct {
	AccessToken string `json:"access_token"`
	InstanceURL string `json:"instance_url"`
	ID          string `json:"id"`
}

// session reads the grant and checks where it leads.
func (g *grant) session(c Config, now time.Time) (Session, error) {
	if g.AccessToken == "" || strings.ContainsFunc(g.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Session{}, errors.New("the token answer holds no usable access token")
	}
	instance := strings.TrimSuffix(g.InstanceURL, "/")
	if err := checkInstance(c, instance); err != nil {
		return Session{}, err
	}
	org, user, err := identity(g.ID)
	if err != nil {
		return Session{}, err
	}
	return Session{AccessToken: g.AccessToken, InstanceURL: instance, Org: org, User: user, Granted: now}, nil
}

// checkInstance refuses an instance_url that is not Salesforce's: whoever answers a login would otherwise be told the next token.
func checkInstance(c Config, instance string) error {
	if instance == "" {
		return errors.New("the token answer holds no instance_url")
	}
	if instance == c.LoginURL {
		return nil
	}
	u, err := url.Parse(instance)
	if err != nil {
		return errors.New("instance_url cannot be read")
	}
	login, err := url.Parse(c.LoginURL)
	if err != nil {
		return errors.New("login address cannot be read")
	}
	if isLoopback(login.Hostname()) && isLoopback(u.Hostname()) {
		return rest.CheckBase(instance, c.AllowPlain)
	}
	if err := rest.CheckBase(instance, false); err != nil {
		return fmt.Errorf("instance_url: %w", err)
	}
	if u.Port() != "" && u.Port() != "443" || u.Path != "" {
		return errors.New("instance_url holds a port or a path")
	}
	host := strings.ToLower(u.Hostname())
	for _, suffix := range c.InstanceSuffixes {
		if strings.HasSuffix(host, "."+strings.TrimPrefix(suffix, ".")) {
			return nil
		}
	}
	return fmt.Errorf("instance_url leads to %q, which is no host of Salesforce", rest.Clean(host))
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// identity reads org and user out of the identity URL, .../id/ORG/USER. Nobody ever calls that URL.
func identity(raw string) (bridge.OrgID, bridge.RecordID, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", "", errors.New("the identity URL cannot be read")
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) != 3 || parts[0] != "id" || !bridge.IsID(parts[1]) || !bridge.IsID(parts[2]) || !strings.HasPrefix(parts[1], "00D") {
		return "", "", errors.New("the identity URL does not name an org and a user")
	}
	return bridge.OrgID(bridge.LongID(parts[1])), bridge.RecordID(bridge.LongID(parts[2])), nil
}
