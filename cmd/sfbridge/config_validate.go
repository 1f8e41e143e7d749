package main

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/platform"
	"sfbridge/bridge/rule"
)

var (
	namePattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	transferPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$`)
	apiPattern      = regexp.MustCompile(`^[0-9]{2,3}\.0$`)
	orgPattern      = regexp.MustCompile(`^00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$`)
	logLevels       = []string{"debug", "info", "warn", "error"}
	logFormats      = []string{"auto", "json", "text"}
)

// leastMaxSize is the smallest bound of the store that is worth setting.
const leastMaxSize = 16 << 20

// leastAdminToken is how many characters guard the admin listener at least.
const leastAdminToken = 24

const (
	remedyOfName   = "use lower case letters, digits and hyphens"
	remedyOfListen = `write host:port, such as "127.0.0.1:8080"`
)

// validation looks at a decoded configuration as a whole.
type validation struct {
	*faults
	c     *Config
	where surroundings
	judge compile
}

func (v *validation) run() {
	v.listen()
	v.rest()
	if len(v.c.Orgs) == 0 {
		v.add("org", "add [org.main] with login_url, client_id and client_secret", "no Salesforce org is configured")
	}
	if len(v.c.Projects) == 0 {
		v.add("project", `add [project.NAME] with org and platform`, "no project is configured")
	}
	for name, o := range v.c.Orgs {
		v.org(join("org", name), name, o)
	}
	for name, p := range v.c.Projects {
		v.project(join("project", name), name, p)
	}
}

func (v *validation) listen() {
	l := &v.c.Listen
	public, admin := v.address("listen.public", l.Public), v.address("listen.admin", l.Admin)
	if public && admin && l.Public == l.Admin && !strings.HasSuffix(l.Public, ":0") {
		v.add("listen.admin", "give each a port of its own", "%s is the public address too: the status page must not be reachable from the internet", l.Admin)
	}
	v.secret("listen.admin_token", &l.AdminToken)
	if admin && !loopback(l.Admin) && !l.AdminToken.IsSet() {
		v.add("listen.admin", "bind it to 127.0.0.1, or set admin_token", "%s is reachable from other machines and no token is asked for", l.Admin)
	}
	if t := l.AdminToken.Reveal(); t != "" && len(t) < leastAdminToken {
		v.add("listen.admin_token", "take at least 24 random characters", "the token is too short to be safe")
	}
	for i, h := range l.AdminHosts {
		if h == "" || strings.ContainsAny(h, "/: *") {
			v.add(fmt.Sprintf("listen.admin_hosts[%d]", i), "write the name alone, such as bridge.internal.example", "%q is not a host name", h)
		}
	}
}

func (v *validation) address(path, address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		v.add(path, remedyOfListen, "%q is not an address to listen on", address)
	}
	return err == nil
}

func (v *validation) rest() {
	if v.c.Store.Path == "" {
		v.add("store.path", `write the path of the store's file, such as "/var/lib/sfbridge/sfbridge.db"`, "the path of the store is empty")
	}
	if n := v.c.Store.MaxSize; n != 0 && n < leastMaxSize {
		v.add("store.max_size", `write "16MiB" or more, or leave the line out for no bound`, "a store of %d bytes could not work", n)
	}
	v.oneOf("log.level", v.c.Log.Level, logLevels)
	v.oneOf("log.format", v.c.Log.Format, logFormats)
	if g := v.c.Run.Grace; g < 0 || g > 10*time.Minute {
		v.add("run.grace", "write a duration from 0s to 10m", "%v is no sensible grace", g)
	}
	if d := v.c.Run.Settle; d < time.Millisecond || d > time.Minute {
		v.add("run.settle", "write a duration from 1ms to 1m", "%v is no sensible time for requests to arrive in", d)
	}
	v.workers("run.workers", v.c.Run.Workers)
}

func (v *validation) workers(path string, n int) {
	if n < 1 || n > 10_000 {
		v.add(path, "write a number from 1 to 10000: calls a second times the seconds one takes", "%d workers are not sensible", n)
	}
}

func (v *validation) oneOf(path, written string, all []string) {
	if !slices.Contains(all, written) {
		v.add(path, meant(written, all), "%q is not known here", written)
	}
}

func (v *validation) org(path, name string, o *OrgConfig) {
	if !namePattern.MatchString(name) {
		v.add(path, remedyOfName, "%q cannot be the name of an org", name)
	}
	if o.LoginURL == "" {
		v.add(path+".login_url", `write the My Domain address, such as login_url = "https://acme.my.salesforce.com"`, "the address to log in at is missing")
	} else if err := checkURL(o.LoginURL); err != nil {
		v.add(path+".login_url", "write the My Domain address, such as https://acme.my.salesforce.com", "%v", err)
	}
	if o.ClientID == "" {
		v.add(path+".client_id", "write the consumer key of the external client app", "the client id is missing")
	}
	if !o.ClientSecret.IsSet() {
		v.add(path+".client_secret", `write client_secret = "env:NAME"`, "the client secret is missing")
	}
	v.secret(path+".client_secret", &o.ClientSecret)
	if !apiPattern.MatchString(o.APIVersion) {
		v.add(path+".api_version", `write it as "66.0"`, "%q is not a version of the API", o.APIVersion)
	}
	if v.address(path+".pubsub", o.PubSub) && o.PubSubInsecure && !loopback(o.PubSub) {
		v.add(path+".pubsub_insecure", "remove the line; it is for a simulator on the same machine", "%s would be reached without TLS", o.PubSub)
	}
	if o.ID != "" && !orgPattern.MatchString(o.ID) {
		v.add(path+".id", "it has 15 or 18 characters and begins with 00D; Salesforce shows it under Company Information", "%q is not the id of an org", o.ID)
	}
	if o.Client == "" || len(o.Client) > 64 || strings.ContainsAny(o.Client, "/,;= \t\r\n") {
		v.add(path+".client", `write a short word, such as "sfbridge"`, "%q cannot mark the bridge's writes", o.Client)
	}
	v.oneOf(path+".first_load", o.FirstLoad, []string{string(bridge.LoadNone), string(bridge.LoadMirror), string(bridge.LoadSend)})
	if o.Channel != channelAuto && o.Channel != channelNone && !isChannel(channelTopic(o.Channel)) {
		v.add(path+".channel", `write "auto", "none", or the name of a channel, such as "`+ownChannel+`"`, "%q is no channel", o.Channel)
	}
	if d, err := o.linger(); err != nil || d != nil && (*d < 0 || *d > longestLinger) {
		v.add(path+".linger", `write "auto", or a duration up to "1m", such as "1s"`, "%q says not how long a row waits for company", o.Linger)
	}
	if o.Reserve < 0 || o.Reserve > 95 {
		v.add(path+".reserve", "write the per cent of the daily API calls that are left to others, from 0 to 95", "a reserve of %d per cent is not sensible", o.Reserve)
	}
}

func (v *validation) project(path, name string, p *ProjectConfig) {
	if !namePattern.MatchString(name) {
		v.add(path, remedyOfName, "%q cannot be the name of a project", name)
	}
	v.orgOf(path+".org", p.Org)
	v.workers(path+".workers", p.Workers)
	if p.Platform == "" {
		v.add(path+".platform", "write "+listed(platformNames()), "the platform is missing")
	} else if p.Section == nil {
		v.add(path+".platform", meant(p.Platform, platformNames()), "there is no platform %q", p.Platform)
	}
	if p.Region != "" && !rule.KnownRegion(p.Region) {
		v.add(path+".region", `write the two capital letters of ISO 3166, such as "MY"`, "%q is no country", p.Region)
	}
	v.phones(path+".phones", &p.Phones)
	if s, ok := p.Section.(sectionCheck); ok {
		s.check(func(key, remedy, format string, args ...any) { v.add(join(path, key), remedy, format, args...) })
		for key, secret := range s.secrets() {
			v.secret(path+"."+key, secret)
		}
	}
	if r, ok := p.Section.(*respondioSection); ok {
		v.signingKeys(path+".signing_keys", p, r.SigningKeys)
	}
	if len(p.Transfers) == 0 {
		v.add(path+".transfer", fmt.Sprintf("add [[project.%s.transfer]]", name), "the project carries nothing")
	}
	seen := map[string]bool{}
	for i := range p.Transfers {
		t := &transferCheck{v, fmt.Sprintf("%s.transfer[%d]", path, i), p, &p.Transfers[i]}
		t.run()
		if seen[t.t.Name] {
			v.add(t.path+".name", "names are unique inside a project", "another transfer is called %q too", t.t.Name)
		}
		seen[t.t.Name] = true
	}
}

func (v *validation) phones(path string, p *PhonesConfig) {
	forms := []string{string(bridge.PhoneE164), string(bridge.PhoneDigits), string(bridge.PhoneInternational), string(bridge.PhoneNational)}
	v.oneOf(path+".platform", cmp.Or(p.Platform, forms[0]), forms)
	v.oneOf(path+".salesforce", cmp.Or(p.Salesforce, forms[0]), append(forms, string(bridge.PhoneAsSaid)))
	v.oneOf(path+".match", cmp.Or(p.Match, "number"), []string{"number", "exact"})
	if d := defaultPhones(); p.Match == "exact" && (p.Platform != d.Platform || p.Salesforce != d.Salesforce) {
		v.add(path+".match", `remove platform and salesforce, or write match = "number"`, "phones that match to the letter are carried as they are, so they have no form")
	}
}

// signingKeys wants keys that verify, where anything must be verified.
func (v *validation) signingKeys(path string, p *ProjectConfig, keys []Secret) {
	if p.hears() && len(keys) == 0 {
		v.add(path, `write signing_keys = ["env:NAME"]; respond.io shows the key of each webhook`, "no callback could be verified, and a transfer is outbound")
	}
	for i := range keys {
		if key := keys[i].Reveal(); key != "" && platform.CheckSecret(key) != nil {
			v.add(fmt.Sprintf("%s[%d]", path, i), "copy the whole key that respond.io shows beside the webhook", "the key has %d bytes and could be guessed; it must have %d",
				len(key), platform.MinSecret)
		}
	}
}

func (v *validation) orgOf(path, org string) {
	known := slices.Sorted(maps.Keys(v.c.Orgs))
	switch {
	case org == "":
		v.add(path, "write org = with the name of one of [org.NAME]", "the project belongs to no org")
	case v.c.Orgs[org] == nil:
		v.add(path, meant(org, known), "there is no [org.%s]", org)
	}
}

func (v *validation) secret(path string, s *Secret) {
	if s.IsSet() {
		v.addError(path, s.resolve(v.where, v.c.AllowInlineSecrets))
	}
}

// checkURL wants https, or http on this machine, and nothing that could lead elsewhere.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return fmt.Errorf("%q is not an address", s)
	case u.User != nil || u.Fragment != "" || u.RawQuery != "":
		return fmt.Errorf("%q holds more than host and path", u.Redacted())
	case u.Scheme == "http" && !loopback(u.Host):
		return fmt.Errorf("%s would be reached without TLS", s)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q is not an https address", s)
	}
	return nil
}

// loopback reports whether only this machine reaches an address, given as host or host:port.
func loopback(address string) bool {
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// directions are what a transfer or a pair may say.
func directions() []string {
	return []string{string(bridge.Inbound), string(bridge.Outbound), string(bridge.Both)}
}
