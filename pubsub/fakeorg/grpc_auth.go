package fakeorg

import (
	"cmp"
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
	found, lives := b.org.auth.find(token, b.org.now())
	if !lives || !b.org.isTenant(tenant) || !b.org.isInstance(u, found.instance) {
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

// isInstance reports whether the URL is the org's instance: the fixed one, else the one that was told with the token. A token that came
// without one says of the URL only that it must be one.
func (o *Org) isInstance(u *url.URL, told string) bool {
	if (u.Scheme != "https" && u.Scheme != "http") || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	instance := cmp.Or(o.standing.Load().instance, told)
	if instance == "" {
		return true
	}
	own, err := url.Parse(instance)
	return err == nil && own.Scheme == u.Scheme && strings.EqualFold(own.Host, u.Host)
}
