package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"sfbridge/bridge"
	"sfbridge/bridge/refill"
	"sfbridge/bridge/reread"
	"sfbridge/bridge/rule"
	"sfbridge/outbound/salesforce"
	"sfbridge/pubsub"
	"sfbridge/store"
)

// orgLine is the line to one Salesforce org.
type orgLine struct {
	name   string
	login  *salesforce.Login
	client *salesforce.Client
	auth   *streamAuth
	conn   *grpc.ClientConn
	id     atomic.Value // bridge.OrgID, once it is known

	mu      sync.Mutex
	streams []*pubsub.Subscriber
	filler  *refill.Filler // nil until the org is known
	reader  *reread.Reader // the same
	schemas *pubsub.Schemas
	fault   error // why the org could not be followed yet
}

// ID is the org's id, "" while it is not known: before the first login of a new store.
func (o *orgLine) ID() bridge.OrgID {
	id, _ := o.id.Load().(bridge.OrgID)
	return id
}

func (a *app) newOrg(name string, c *OrgConfig) (*orgLine, error) {
	linger, err := c.linger()
	if err != nil {
		return nil, err
	}
	cfg := salesforce.Config{
		Name: name, LoginURL: c.LoginURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), OrgID: bridge.OrgID(c.ID),
		APIVersion: "v" + strings.TrimPrefix(c.APIVersion, "v"), ClientName: c.Client, AllowPlain: true,
		Linger: linger, Reserve: c.Reserve,
	}
	if c.Reserve == 0 {
		cfg.Reserve = -1 // 0 is the default there
	}
	deps := salesforce.Deps{DialContext: a.world.dial, Now: a.world.now, Log: a.world.log, Registerer: a.metrics, Hold: a.world.hold, Secret: a.world.secrets.live("org."+name+".client_secret", c.ClientSecret, 1)}
	login, err := salesforce.NewLogin(cfg, deps)
	if err != nil {
		return nil, err
	}
	o := &orgLine{name: name, login: login, auth: &streamAuth{login: login}}
	if a.store != nil {
		deps.Chunks = &chunkKeeper{a.store, o}
	}
	if o.client, err = salesforce.NewClient(cfg, deps, login); err != nil {
		return nil, errors.Join(err, login.Close())
	}
	e := pubsub.Endpoint{Address: c.PubSub, Insecure: c.PubSubInsecure, DialContext: a.world.dial}
	if o.conn, err = pubsub.Dial(e, o.auth); err != nil {
		return nil, errors.Join(err, login.Close(), o.client.Close())
	}
	return o, nil
}

func (o *orgLine) close() error {
	return errors.Join(o.conn.Close(), o.client.Close(), o.login.Close())
}

// streamAuth lets the stream use the sessions of REST.
type streamAuth struct {
	login *salesforce.Login
	last  atomic.Pointer[salesforce.Session]
}

var (
	_ pubsub.Auth  = (*streamAuth)(nil)
	_ pubsub.Reads = (*rule.Wants)(nil)
)

// Token answers the session in force.
func (s *streamAuth) Token(ctx context.Context) (pubsub.Session, error) {
	t, err := s.login.Token(ctx)
	if err != nil {
		return pubsub.Session{}, err
	}
	s.last.Store(&t)
	token, instance, tenant := t.Stream()
	return pubsub.Session{Token: token, Instance: instance, Tenant: tenant}, nil
}

// Invalidate ends the session unless a newer one has replaced it.
func (s *streamAuth) Invalidate(refused pubsub.Session) {
	if t := s.last.Load(); t != nil && t.AccessToken == refused.Token {
		s.login.Invalidate(*t)
	}
}

// runningUser is the user as whom the bridge writes, "" while nobody is logged in.
func (a *app) runningUser(org string) bridge.RecordID {
	if o, ok := a.orgs[org]; ok {
		if s := o.auth.last.Load(); s != nil {
			return s.User
		}
	}
	return ""
}

// remember takes the ids of orgs from the store, so that webhooks are taken in while Salesforce cannot be reached.
func (a *app) remember(ctx context.Context) error {
	known, err := a.store.Bindings(ctx)
	if err != nil {
		return fmt.Errorf("read the orgs that were bound: %w", err)
	}
	for _, b := range known {
		if o, ok := a.orgs[b.Alias]; ok {
			o.id.Store(b.Org)
		}
	}
	return nil
}

// follow binds the org to its configured name and reads its topics until ctx ends. An org that cannot be reached is tried for ever; one that is
// another than before ends the daemon.
func (a *app) follow(ctx context.Context, o *orgLine) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := a.bind(ctx, o)
		var routes []route
		if err == nil {
			routes, err = a.routes(ctx, o)
		}
		o.set(err)
		switch {
		case err == nil:
			return a.subscribe(ctx, o, routes)
		case errors.Is(err, store.ErrOtherOrg) || errors.Is(err, salesforce.ErrOtherOrg):
			return &exitError{exitConfig, err}
		case ctx.Err() != nil:
			return nil
		}
		a.world.log.Warn("org not reached", "org", o.name, "error", err, "retry", wait.String())
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

func (o *orgLine) set(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault = err
}

// bind learns which org the name stands for and holds it to that.
func (a *app) bind(ctx context.Context, o *orgLine) error {
	found, err := o.client.Probe(ctx)
	if err != nil {
		return err
	}
	if err := a.store.BindOrg(ctx, o.name, found.Org, found.Sandbox); err != nil {
		return err
	}
	o.id.Store(found.Org)
	return nil
}

// subscribe reads the topics of the objects that some transfer reads, and fills what was missed of them.
func (a *app) subscribe(ctx context.Context, o *orgLine, routes []route) error {
	wants := a.rules.Wants(o.name)
	schemas, beats := pubsub.NewSchemas(o.conn, o.auth, wants), pubsub.NewBeats(beatKeeper{a.store, o.ID()})
	o.mu.Lock()
	o.schemas = schemas
	o.mu.Unlock()
	var g errgroup.Group
	g.Go(func() error { return a.newFiller(o).Run(ctx) })
	g.Go(func() error { return a.newReader(o).Run(ctx) })
	for _, r := range routes {
		since, err := a.handover(ctx, o, r)
		if err != nil {
			return err
		}
		s, err := pubsub.New(pubsub.Config{Org: o.ID(), Topic: r.topic, Since: since, Load: bridge.FirstLoad(a.cfg.Orgs[o.name].FirstLoad)}, pubsub.Deps{
			Conn: o.conn, Auth: o.auth, Sink: a.intake.Stream(o.name), Quarantine: quarantine{a.store}, Positions: a.store, Schemas: schemas,
			Beats: beats, Outlook: outlook{o.client, a.readOf(o), a.world.now}, Now: a.world.now, Log: a.world.log, Registerer: a.metrics,
		})
		if err != nil {
			return err
		}
		o.mu.Lock()
		o.streams = append(o.streams, s)
		o.mu.Unlock()
		g.Go(func() error { return s.Run(ctx) })
	}
	return g.Wait()
}

// quarantine keeps raw events in the store.
type quarantine struct{ store *store.Store }

// Quarantine makes q durable under its event's id.
func (q quarantine) Quarantine(ctx context.Context, e pubsub.Quarantined) error {
	id := e.Event
	if id == "" {
		id = fmt.Sprintf("%x", e.Replay)
	}
	return q.store.Quarantine(ctx, store.Raw{
		ID: id, Org: e.Org, Topic: e.Topic, Object: e.Object, Replay: e.Replay, Schema: e.Schema, Payload: e.Payload, Reason: e.Reason, At: e.At, Since: e.Since,
	})
}
