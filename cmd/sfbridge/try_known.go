package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"sfbridge/bridge"
)

// knownAnswer is what the daemon says of who is known by a value.
type knownAnswer struct {
	Records []bridge.RecordID `json:"records"`
}

// claimsAnswer is what the daemon says of claims.
type claimsAnswer struct {
	Claims []bridge.Claim `json:"claims"`
}

// Lookup asks who is known by a value.
func (d daemonLinks) Lookup(ctx context.Context, org bridge.OrgID, o bridge.Object, f bridge.Field, v bridge.Value) ([]bridge.RecordID, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	q := url.Values{"org": {string(org)}, "object": {string(o)}, "field": {string(f)}, "value": {string(value)}}
	var answer knownAnswer
	err = d.call(ctx, http.MethodGet, "/store/known?"+q.Encode(), &answer)
	return answer.Records, err
}

// Standing asks which claims stand.
func (d daemonLinks) Standing(ctx context.Context, claims []bridge.Claim) (stand []bridge.Claim, err error) {
	for _, c := range claims {
		q := url.Values{"org": {string(c.Org)}, "project": {string(c.Project)}, "identity": {c.Identity}}
		var answer claimsAnswer
		if err := d.call(ctx, http.MethodGet, "/store/claims?"+q.Encode(), &answer); err != nil {
			return nil, err
		}
		stand = append(stand, answer.Claims...)
	}
	return stand, nil
}

// sendKnown tells which live records the mirror knows by a value of an identity.
func (a *app) sendKnown(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var v bridge.Value
	if err := json.Unmarshal([]byte(q.Get("value")), &v); err != nil {
		http.Error(w, "value is no JSON of a value", http.StatusBadRequest)
		return
	}
	found, err := a.store.Lookup(r.Context(), bridge.OrgID(q.Get("org")), bridge.Object(q.Get("object")), bridge.Field(q.Get("field")), v)
	send(w, knownAnswer{append([]bridge.RecordID{}, found...)}, err)
}

// sendClaims tells whether a claim stands.
func (a *app) sendClaims(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c := bridge.Claim{Org: bridge.OrgID(q.Get("org")), Project: bridge.ProjectID(q.Get("project")), Identity: q.Get("identity")}
	stand, err := a.store.Standing(r.Context(), []bridge.Claim{c})
	for i := range stand { // what was agreed on is nobody's business here
		stand[i].Agreed, stand[i].Before = nil, nil
	}
	send(w, claimsAnswer{append([]bridge.Claim{}, stand...)}, err)
}

func send(w http.ResponseWriter, answer any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}
