package fakeorg

import (
	"maps"
	"net/http"
	"strings"
)

// standing is what Salesforce may change about an org while it runs. It is replaced, never changed in place.
type standing struct {
	orgID    string
	instance string // instance_url, "" for the address that was called
	readOnly bool
}

func (o *Org) restand(change func(*standing)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := *o.standing.Load()
	change(&next)
	o.standing.Store(&next)
}

// Rename gives the org another instance_url, as a new My Domain does: token answers carry it from now on, and calls of the Pub/Sub API
// that name the old one are refused. Sessions and running streams live on.
func (o *Org) Rename(instanceURL string) {
	o.restand(func(s *standing) { s.instance = strings.TrimSuffix(instanceURL, "/") })
}

// Maintain puts the org into read-only mode or ends it: reads go on, and writes are answered 503 with a page of HTML.
func (o *Org) Maintain(on bool) { o.restand(func(s *standing) { s.readOnly = on }) }

// Migrate moves the org to another instance: it has the new instance_url, every session ends, no replay id issued so far is known, and
// running streams end with service.unavailable. Rows and the org's id stay.
func (o *Org) Migrate(instanceURL string) {
	o.Rename(instanceURL)
	o.auth.revoke("")
	o.ResetReplayIDs()
}

// Refresh gives the org another id, as the refresh of a sandbox does: every session ends and no event or replay id survives, while
// names and rows look as they did.
func (o *Org) Refresh(orgID string) {
	o.restand(func(s *standing) { s.orgID = id18(orgID) })
	o.mu.Lock()
	t := o.begin(Actor{User: o.people.integration, trusted: true, seeding: true})
	rows := t.table(o.object("Organization"))
	for _, id := range append([]string(nil), rows.order...) {
		values := maps.Clone(rows.rows[id].values)
		values["Id"] = o.OrgID()
		rows.put(id, nil)
		rows.put(o.OrgID(), &row{id: o.OrgID(), values: values})
	}
	o.mu.Unlock()
	o.auth.revoke("")
	o.ResetReplayIDs()
}

// maintained is the answer to a write in read-only mode.
func (c *call) maintained() (reply, bool) {
	writes := c.method != http.MethodGet && c.method != http.MethodHead
	if !writes || !c.org.standing.Load().readOnly {
		return reply{}, false
	}
	page := "<html><head><title>Salesforce - Maintenance</title></head><body>We are down for maintenance.</body></html>"
	return reply{status: http.StatusServiceUnavailable, raw: []byte(page), media: "text/html;charset=UTF-8"}, true
}
