package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"

	"sfbridge/bridge"
)

// linked is what tells who is linked to whom, who is known by an e-mail or a phone, and who is being created: the running daemon, its store, or nobody.
type linked interface {
	LinkOf(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, r bridge.RecordID) (bridge.Link, error)
	LinksTo(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, c bridge.ContactID) ([]bridge.Link, error)
	// Lookup is that of bridge.Mirror.
	Lookup(ctx context.Context, org bridge.OrgID, o bridge.Object, f bridge.Field, v bridge.Value) ([]bridge.RecordID, error)
	// Standing answers those of the claims that stand, as they are.
	Standing(ctx context.Context, claims []bridge.Claim) ([]bridge.Claim, error)
}

// withLinks does something while the links are known: as the daemon says, or as its store says while no daemon runs.
func (t *trial) withLinks(ctx context.Context, file string, c *console, do func() error) error {
	a, cfg, err := newAdmin(file, c)
	if err != nil {
		return err
	}
	t.store.linked = daemonLinks{a}
	_, err = t.store.LinksTo(ctx, "", "", "")
	if !errors.Is(err, errNoDaemon) {
		if err != nil {
			return err
		}
		return do()
	}
	if _, err := os.Stat(cfg.Store.Path); err != nil {
		t.store.linked = noLinks{}
		t.result.Notes = append(t.result.Notes, "no daemon answers and there is no store, so nobody is linked yet: both sides are matched as at first sight")
		return do()
	}
	return withStore(ctx, cfg, func(l letters) error {
		t.store.linked = l.store
		return do()
	})
}

// noLinks knows of none.
type noLinks struct{}

// LinkOf finds none.
func (noLinks) LinkOf(context.Context, bridge.OrgID, bridge.ProjectID, bridge.RecordID) (bridge.Link, error) {
	return bridge.Link{}, bridge.ErrNotFound
}

// LinksTo finds none.
func (noLinks) LinksTo(context.Context, bridge.OrgID, bridge.ProjectID, bridge.ContactID) ([]bridge.Link, error) {
	return nil, nil
}

// Lookup finds none.
func (noLinks) Lookup(context.Context, bridge.OrgID, bridge.Object, bridge.Field, bridge.Value) ([]bridge.RecordID, error) {
	return nil, nil
}

// Standing finds none.
func (noLinks) Standing(context.Context, []bridge.Claim) ([]bridge.Claim, error) { return nil, nil }

// daemonLinks asks the running daemon.
type daemonLinks struct{ *admin }

// LinkOf asks for the link of a record.
func (d daemonLinks) LinkOf(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, r bridge.RecordID) (bridge.Link, error) {
	all, err := d.links(ctx, url.Values{"org": {string(org)}, "project": {string(p)}, "record": {string(r)}})
	if err == nil && len(all) == 0 {
		err = bridge.ErrNotFound
	}
	if err != nil {
		return bridge.Link{}, err
	}
	return all[0], nil
}

// LinksTo asks for the links of a contact.
func (d daemonLinks) LinksTo(ctx context.Context, org bridge.OrgID, p bridge.ProjectID, c bridge.ContactID) ([]bridge.Link, error) {
	return d.links(ctx, url.Values{"org": {string(org)}, "project": {string(p)}, "contact": {string(c)}})
}

// linksAnswer is what the daemon says of links.
type linksAnswer struct {
	Links []bridge.Link `json:"links"`
}

func (d daemonLinks) links(ctx context.Context, q url.Values) ([]bridge.Link, error) {
	var answer linksAnswer
	err := d.call(ctx, http.MethodGet, "/store/links?"+q.Encode(), &answer)
	return answer.Links, err
}

// sendLinks tells whom a record or a contact is linked to, with what both sides agreed on.
func (a *app) sendLinks(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	org, p := bridge.OrgID(q.Get("org")), bridge.ProjectID(q.Get("project"))
	answer := linksAnswer{Links: []bridge.Link{}}
	var err error
	if record := q.Get("record"); record != "" {
		var l bridge.Link
		if l, err = a.store.LinkOf(r.Context(), org, p, bridge.RecordID(record)); err == nil {
			answer.Links = append(answer.Links, l)
		}
	} else if contact := q.Get("contact"); contact != "" {
		answer.Links, err = a.store.LinksTo(r.Context(), org, p, bridge.ContactID(contact))
	}
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}
