package fakeorg

import (
	"net/url"
	"strings"

	"google.golang.org/grpc/metadata"
)

// The three metadata keys every call carries. Their check looks at the session each time, which also keeps it alive.

// authorize returns the call's token, or the error that refuses its metadata.
func (b *bus) authorize(c rpcCall) (string, error) {
	md, _ := metadata.FromIncomingContext(c.ctx)
	token, instance, tenant := only(md, "accesstoken"), only(md, "instanceurl"), only(md, "tenantid")
	u, err := url.Parse(instance)
	if token == "" || tenant == "" || err != nil || u.Host == "" {
		return "", c.refuse("service.auth.headers.invalid")
	}
	if !b.org.isTenant(tenant) || !b.org.isInstance(u) || !b.org.checkToken(token) {
		return "", c.refuse("service.auth.error")
	}
	return token, nil
}

// only returns the value of a key that is given exactly once.
func only(md metadata.MD, key string) string {
	if v := md.Get(key); len(v) == 1 {
		return v[0]
	}
	return ""
}

// isTenant reports whether the tenant id names this org: its id of 15 or 18 characters, alone or as core/<subdomain>/<id>.
func (o *Org) isTenant(tenant string) bool {
	if parts := strings.Split(tenant, "/"); len(parts) == 3 && strings.EqualFold(parts[0], "core") {
		tenant = parts[2]
	}
	return tenant == o.OrgID() || tenant == o.OrgID()[:15]
}

// isInstance reports whether the URL can be the org's instance; only an org with a fixed one can tell.
func (o *Org) isInstance(u *url.URL) bool {
	instance := o.standing.Load().instance
	if instance == "" {
		return u.Scheme == "https" || u.Scheme == "http"
	}
	own, err := url.Parse(instance)
	return err == nil && strings.EqualFold(own.Host, u.Host)
}
