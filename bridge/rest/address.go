package rest

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// addressRule says which base addresses may be called.
type addressRule struct {
	plain  bool // http:// allowed to loopback
	dialer bool // an injected dialer stands in for the network
}

// CheckBase reports why raw may not be a base address: https only, or http to loopback where plain allows it; no user, query or fragment.
func CheckBase(raw string, plain bool) error { return addressRule{plain: plain}.check(raw) }

func (r addressRule) check(raw string) error {
	if len(raw) > 2048 {
		return errors.New("base address is longer than 2048 bytes")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("base address cannot be read")
	}
	switch {
	case u.Host == "" || u.Opaque != "" || u.Hostname() == "":
		return errors.New("base address has no host")
	case u.User != nil:
		return errors.New("base address holds a user")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(raw, "#"):
		return errors.New("base address holds a query or a fragment")
	case strings.Contains(raw, "\\"):
		return errors.New("base address holds a backslash")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("base address is not https")
	case !r.plain:
		return errors.New("base address is plain http, which is allowed to loopback alone and only where the configuration says so")
	case r.dialer || isLoopback(u.Hostname()):
		return nil
	default:
		return errors.New("base address is plain http to a host that is not loopback")
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
