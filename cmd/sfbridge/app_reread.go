package main

import (
	"sfbridge/bridge/reread"
	"sfbridge/bridge/status"
	"sfbridge/outbound/salesforce"
	"sfbridge/store"
)

var (
	_ reread.Org    = (*salesforce.Client)(nil)
	_ reread.Diary  = (*store.Store)(nil)
	_ reread.Mirror = (*store.Store)(nil)
)

// newReader makes what reads again what no event of an org tells.
func (a *app) newReader(o *orgLine) *reread.Reader {
	r := reread.New(o.ID(), reread.Deps{
		Org: o.client, Diary: a.store, Mirror: a.store, Links: a.store, Sink: a.intake.Stream(o.name), Lease: a.store, Wants: a.rules.Wants(o.name),
		Now: a.world.now, Log: a.world.log, Registerer: a.metrics,
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reader = r
	return r
}

// tellReread says why records are not read again.
func tellReread(s *status.Status, org string, r *reread.Reader) {
	if r == nil || r.Problem() == "" {
		return
	}
	alarm(s, "reread-waits", "it is tried again by itself; look at the API calls that are left and at the user's rights", "%s: %s", org, worded(r.Problem()))
}
