package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"sfbridge/bridge"
	"sfbridge/bridge/status"
	"sfbridge/pubsub"
	"sfbridge/store"
)

// streamRoutes are what the commands about the stream ask of a running daemon.
func (a *app) streamRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quarantine", a.answering(func(r *http.Request) (any, error) {
		rs, err := a.store.Quarantined(r.Context())
		return map[string]any{"schema": status.Schema, "quarantine": shownEvents(rs)}, err
	}))
	mux.HandleFunc("GET /quarantine/{id}", a.answering(func(r *http.Request) (any, error) {
		raw, err := a.store.QuarantinedEvent(r.Context(), r.PathValue("id"))
		return shownEvent(&raw, true), err
	}))
	mux.HandleFunc("POST /quarantine/{id}/retry", a.answering(func(r *http.Request) (any, error) {
		return done, a.reread(r.Context(), r.PathValue("id"))
	}))
	mux.HandleFunc("POST /quarantine/{id}/drop", a.answering(func(r *http.Request) (any, error) {
		return done, a.store.DropQuarantined(r.Context(), r.PathValue("id"))
	}))
	mux.HandleFunc("GET /holes", a.answering(func(r *http.Request) (any, error) {
		all, err := a.store.Holes(r.Context())
		return map[string]any{"schema": status.Schema, "holes": holesShown(all)}, err
	}))
	mux.HandleFunc("POST /holes/{id}/approve", a.answering(func(r *http.Request) (any, error) {
		return done, a.store.ApproveHole(r.Context(), r.PathValue("id"), false)
	}))
	mux.HandleFunc("POST /holes/{id}/close", a.answering(func(r *http.Request) (any, error) {
		return done, a.store.ApproveHole(r.Context(), r.PathValue("id"), true)
	}))
	mux.HandleFunc("POST /topics/replay", a.answering(func(r *http.Request) (any, error) {
		q := r.URL.Query()
		return done, a.rewind(r.Context(), q.Get("org"), bridge.Topic(q.Get("topic")), q.Get("from"))
	}))
	return mux
}

// done is the answer of what was carried out.
var done = map[string]any{"schema": status.Schema, "done": true}

// answering makes a handler of what answers JSON or an error.
func (a *app) answering(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := answer(r)
		code := http.StatusInternalServerError
		if e, coded := errors.AsType[*exitError](err); coded && e.code == exitConfig {
			code = http.StatusConflict
		}
		switch {
		case errors.Is(err, bridge.ErrNotFound):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			a.world.log.Warn("request of an operator not carried out", "path", r.URL.Path, "error", err)
			http.Error(w, err.Error(), code)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v)
		}
	}
}

// reread takes an event out of quarantine, once what it says is durable.
func (a *app) reread(ctx context.Context, id string) error {
	raw, err := a.store.QuarantinedEvent(ctx, id)
	if err != nil {
		return err
	}
	for _, o := range a.orgs {
		if o.ID() == raw.Org {
			return a.rereadFrom(ctx, o, &raw)
		}
	}
	return &exitError{exitConfig, errors.New("the org of the event is not configured any more")}
}

func (a *app) rereadFrom(ctx context.Context, o *orgLine, raw *store.Raw) error {
	o.mu.Lock()
	schemas := o.schemas
	o.mu.Unlock()
	if schemas == nil {
		return &exitError{exitConfig, errors.New("the org was not reached yet")}
	}
	c, err := pubsub.Reread(ctx, schemas, pubsub.Quarantined{
		Org: raw.Org, Topic: raw.Topic, Replay: raw.Replay, Event: raw.ID, Schema: raw.Schema, Payload: raw.Payload,
	})
	if err != nil {
		return &exitError{exitConfig, err}
	}
	if err := a.intake.Stream(o.name).Accept(ctx, []bridge.Change{c}, bridge.Position{}); err != nil {
		return err
	}
	return a.store.DropQuarantined(ctx, raw.ID)
}

// rewind has a topic read from elsewhere.
func (a *app) rewind(ctx context.Context, org string, topic bridge.Topic, from string) error {
	preset, replay, err := whence(from)
	if err != nil {
		return &exitError{exitConfig, err}
	}
	var found []*pubsub.Subscriber
	for name, o := range a.orgs {
		o.mu.Lock()
		for _, s := range o.streams {
			if s.Status().Topic == topic && (org == "" || org == name) {
				found = append(found, s)
			}
		}
		o.mu.Unlock()
	}
	if len(found) != 1 {
		return whichTopic(string(topic), len(found))
	}
	return found[0].Rewind(ctx, preset, replay)
}
