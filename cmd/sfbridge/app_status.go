package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/courier"
	"sfbridge/bridge/status"
	"sfbridge/pubsub"
	"sfbridge/store"
)

// serveAdmin serves status, metrics and dead letters until ctx ends.
func (a *app) serveAdmin(ctx context.Context, ln net.Listener) error {
	h := status.New(status.Config{
		Token: a.cfg.Listen.AdminToken.Reveal(), TokenNow: a.world.secrets.live("listen.admin_token", a.cfg.Listen.AdminToken, leastAdminToken), Hosts: a.cfg.Listen.AdminHosts,
	}, status.Deps{
		Snapshot: a.snapshot, Stories: stories{a.store}, Letters: letters{a.store}, Ready: a.ready, Meter: a.meter, Gatherer: a.metrics,
		Lanes: stuckLanes{a.store, a.courier, a.world.now}, Asker: asker{a.store, a.rules, a.world.now}, Log: a.world.log, Now: a.world.now,
	})
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.Handle("/store/", h.Guarded(a.storeRoutes()))
	stream := h.Guarded(a.streamRoutes())
	for _, path := range []string{"/quarantine", "/quarantine/", "/holes", "/holes/", "/topics/"} {
		mux.Handle(path, stream)
	}
	server := &http.Server{
		Handler: a.world.secrets.scrubbed(mux), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(a.world.log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the admin listener: %w", err)
	}
	return nil
}

// ready says whether webhooks can be made durable: Salesforce's troubles are alarms, not a reason to refuse them.
func (a *app) ready(ctx context.Context) []status.Check {
	h := a.store.Health(ctx)
	running := a.state.Load() == "running"
	checks := []status.Check{{Name: "store", OK: h.Writable && h.Full == "", Text: cmp.Or(h.Err, h.Full, "writable")}, {Name: "running", OK: running, Text: fmt.Sprint(a.state.Load())}}
	for _, name := range a.orgNames() {
		o := a.orgs[name]
		check := status.Check{Name: "org." + name, OK: o.ID() != "", Text: string(o.ID())}
		if !check.OK {
			check.Text = "it was never reached: its id must be known before anything is written down for it"
		}
		checks = append(checks, check)
	}
	return checks
}

// snapshot is the state of everything.
func (a *app) snapshot(ctx context.Context) status.Status {
	counts, health := a.store.Counts(), a.store.Health(ctx)
	now := a.world.now()
	s := status.Status{
		Version: version(), State: a.state.Load().(string), At: now, Started: a.started, UptimeS: now.Sub(a.started).Seconds(),
		Store: status.Store{Engine: "bbolt", Bytes: &health.Size, CommitS: a.timed.slowest(), LastError: textOrNil(cmp.Or(health.Err, health.Full))},
	}
	a.tellOrgs(&s)
	a.tellOutlets(&s, counts, now)
	a.tellBuried(ctx, &s, counts)
	a.tellHoles(ctx, &s)
	a.tellQuarantine(ctx, &s)
	a.tellLag(&s)
	a.tellDisk(&s)
	tellAlarms(&s)
	a.tellStore(&s, &health)
	return s
}

func textOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a *app) tellOrgs(s *status.Status) {
	for _, name := range a.orgNames() {
		o := a.orgs[name]
		line := status.Org{Name: name, ID: o.ID(), Auth: "ok"}
		if used := o.client.Usage(); used.Max > 0 {
			n, most := int64(used.Used), int64(used.Max)
			line.APIUsed, line.APILimit = &n, &most
		}
		o.mu.Lock()
		fault := o.fault
		streams, filler, reader := slices.Clone(o.streams), o.filler, o.reader
		o.mu.Unlock()
		if filler != nil && filler.Problem() != "" {
			alarm(s, "hole-not-filled", "it is tried again by itself; look at the API calls that are left and at the user's rights", "%s: %s", name, worded(filler.Problem()))
		}
		tellReread(s, name, reader)
		if fault == nil {
			fault = o.login.Err()
		}
		if fault != nil {
			blameOrg(s, &line, fault)
		} else if o.auth.last.Load() == nil {
			line.Auth = "pending"
		}
		s.Orgs = append(s.Orgs, line)
		for _, sub := range streams {
			t := sub.Status()
			s.Topics = append(s.Topics, topicLine(name, t, s.At))
			blameTopic(s, &t)
		}
	}
}

func topicLine(org string, t pubsub.Status, now time.Time) status.Topic {
	line := status.Topic{
		Org: org, Topic: t.Topic, State: string(t.State), LastError: textOrNil(worded(t.Problem)), Since: timeOrNil(t.Since), Retry: timeOrNil(t.Retry),
		LastHeard: timeOrNil(t.LastMessage), LastEvent: timeOrNil(t.LastEvent), Events: int64(t.Events), Breaks: int64(t.Breaks),
	}
	if len(t.Position.Replay) > 0 {
		line.Replay = textOrNil(hex.EncodeToString(t.Position.Replay))
		age := now.Sub(t.Position.At).Seconds()
		line.ReplayAgeS = &age
	}
	return line
}

func (a *app) orgNames() []string {
	var names []string
	for name := range a.orgs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (a *app) tellOutlets(s *status.Status, counts store.Counts, now time.Time) {
	breakers := map[bridge.Outlet]courier.Breaker{}
	for _, d := range a.courier.Status() {
		breakers[d.Outlet] = d.Breaker
	}
	var waiting int64
	var oldest time.Time
	for _, p := range a.rules.Projects() {
		for _, way := range []bridge.Direction{bridge.Inbound, bridge.Outbound} {
			b := breakers[bridge.Outlet{Project: p.ID, Direction: way}]
			c := counts.Outlets[bridge.Outlet{Project: p.ID, Direction: way}]
			line := status.Outlet{Project: p.ID, Platform: a.cfg.Projects[string(p.ID)].Platform, Direction: way}
			fillOutlet(&line, b, c, now)
			tellShadow(&line, p, c)
			tellTiming(&line, p, c, now)
			s.Outlets = append(s.Outlets, line)
			waiting += int64(c.Waiting)
			if !c.Oldest.IsZero() && (oldest.IsZero() || c.Oldest.Before(oldest)) {
				oldest = c.Oldest
			}
			if b.Open || b.Attention {
				blameBreaker(s, p.ID, way, b)
			}
		}
	}
	s.Store.Entries = &waiting
	if !oldest.IsZero() {
		lag := now.Sub(oldest).Seconds()
		s.Store.LagS = &lag
	}
}

// fillOutlet says how an outlet does.
func fillOutlet(o *status.Outlet, b courier.Breaker, c store.OutletCounts, now time.Time) {
	n := int64(c.Waiting)
	o.Breaker, o.Waiting, o.LastError = "closed", &n, textOrNil(b.Reason)
	if b.Open {
		o.Breaker = "open"
		if !b.Until.After(now) {
			o.Breaker = "half-open"
		}
	}
	if !c.Oldest.IsZero() {
		age := now.Sub(c.Oldest).Seconds()
		o.OldestAgeS = &age
	}
}

// shownReasons is how many of the newest dead letters are sorted by their reasons.
const shownReasons = 1000

func (a *app) tellBuried(ctx context.Context, s *status.Status, counts store.Counts) {
	var total int64
	for _, n := range counts.DeadLetters {
		total += int64(n)
	}
	s.Buried.Total = &total
	newest, err := a.store.DeadLetters(ctx, store.LetterFilter{}, shownReasons)
	if err != nil || len(newest) == 0 {
		return
	}
	by := map[string]int64{}
	for i := range newest {
		reason, _, _ := strings.Cut(newest[i].Reason, "\n")
		by[reason]++
	}
	for reason, n := range by {
		s.Buried.ByReason = append(s.Buried.ByReason, status.Reason{Reason: reason, Count: n})
	}
	slices.SortFunc(s.Buried.ByReason, func(x, y status.Reason) int { return int(y.Count - x.Count) })
	s.Alarms = append(s.Alarms, status.Alarm{
		Name: "dead-letters", Text: deliveries(total) + " buried", Help: "read why, mend it, then: sfbridge dead-letters redrive",
	})
}

func deliveries(n int64) string {
	if n == 1 {
		return "1 delivery is"
	}
	return fmt.Sprintf("%d deliveries are", n)
}

func (a *app) tellHoles(ctx context.Context, s *status.Status) {
	holes, err := a.store.Holes(ctx)
	if err != nil {
		return
	}
	for i := range holes {
		h := &holes[i]
		if h.Closed {
			continue
		}
		shown := holeShown(h)
		s.Holes = append(s.Holes, status.Hole{
			Org: a.aliasOf(h.Org), Topic: h.Topic, From: shown.From, To: shown.To, Reason: h.Reason, First: strings.HasPrefix(h.Reason, "first run"),
			ID: shown.ID, State: shown.State, Held: shown.Held, Rows: int64(shown.Rows), Gone: int64(shown.Deleted),
		})
	}
}

// quarantineShown is how many events in quarantine are counted.
const quarantineShown = 100

func (a *app) tellQuarantine(ctx context.Context, s *status.Status) {
	n, err := a.store.CountQuarantined(ctx, quarantineShown)
	if err != nil || n == 0 {
		return
	}
	words := numberOf(n, "event")
	if n == quarantineShown {
		words += " or more"
	}
	alarm(s, "quarantine", "sfbridge quarantine list says why; their objects are compared as for a hole, and sfbridge holes list says how far that is", "%s could not be read", words)
}

// aliasOf is the configured name of an org, or its id where it has none any more.
func (a *app) aliasOf(id bridge.OrgID) string {
	for name, o := range a.orgs {
		if o.ID() == id {
			return name
		}
	}
	return string(id)
}

// tellLag bounds the lag of each stream by the oldest change of its org that waits for any platform.
func (a *app) tellLag(s *status.Status) {
	for i := range s.Topics {
		t := &s.Topics[i]
		if t.State != string(pubsub.Live) {
			continue // what Salesforce holds back is not known
		}
		lag, known := 0.0, true
		for j := range s.Outlets {
			o := &s.Outlets[j]
			if o.Direction != bridge.Inbound || a.cfg.Projects[string(o.Project)].Org != t.Org || o.Waiting == nil || *o.Waiting == 0 {
				continue
			}
			known = known && o.OldestAgeS != nil
			if o.OldestAgeS != nil {
				lag = max(lag, *o.OldestAgeS)
			}
		}
		if known {
			t.LagS = &lag
		}
	}
}

// tellDisk says how much room the store has.
func (a *app) tellDisk(s *status.Status) {
	free, size, ok := disk(filepath.Dir(a.cfg.Store.Path))
	if !ok {
		return
	}
	s.Store.FreeBytes = &free
	if float64(free) < alarmDisk*float64(size) {
		alarm(s, "disk", "make room: without it nothing can be made durable", "%.0f %% of the store's disk is free", 100*float64(free)/float64(size))
	}
}

// stories tells the store's log to the status page.
type stories struct{ store *store.Store }

// Stories answers the newest stories.
func (s stories) Stories(ctx context.Context, f status.Filter, limit int) ([]bridge.Story, error) {
	return s.store.Stories(ctx, store.StoryFilter{Project: f.Project, Key: f.Key}, limit)
}

// Follow yields stories as they are written.
func (s stories) Follow(ctx context.Context, after uint64) iter.Seq2[bridge.Story, error] {
	return s.store.Follow(ctx, after)
}

// letters tells the store's dead letters to the status page.
type letters struct{ store *store.Store }

// List answers the newest.
func (l letters) List(ctx context.Context, p status.LetterPage) ([]bridge.DeadLetter, error) {
	return l.store.DeadLetters(ctx, store.LetterFilter{Project: p.Project, After: p.After}, p.Limit)
}

// Show answers one.
func (l letters) Show(ctx context.Context, id string) (bridge.DeadLetter, error) {
	return l.store.DeadLetter(ctx, id)
}

// Redrive puts one back.
func (l letters) Redrive(ctx context.Context, id string) error {
	return known(l.store.Redrive(ctx, id))
}

// Drop forgets one.
func (l letters) Drop(ctx context.Context, id string) error { return known(l.store.Drop(ctx, id)) }

func known(n int, err error) error {
	if err == nil && n == 0 {
		return bridge.ErrNotFound
	}
	return err
}
