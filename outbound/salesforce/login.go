package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/rest"
)

// The guard of the token endpoint: logins count against the org, and a loop of them locks it.
const (
	loginGap    = 10 * time.Second
	loginWindow = 10 * time.Minute
	loginBurst  = 5
)

// maxGrant bounds the token answer, which has some 2 KiB.
const maxGrant = 64 << 10

// Login gives sessions and renews them, one renewal for all who ask. One Login serves REST and Pub/Sub of an org; it is safe for use by many at once.
//
// Callers block while the first session is fetched or a dead one is replaced; no lock is held meanwhile. A session that has grown old is renewed
// beforehand by one caller, while the others go on with it.
type Login struct {
	config Config
	deps   Deps
	client *rest.Client
	turn   chan struct{} // the right to log in
	counts *prometheus.CounterVec
	state  prometheus.Gauge

	mu    sync.Mutex // guards what follows, never held across a call
	now   Session    // the zero session before the first
	dead  bool       // now was invalidated
	tried []time.Time
	last  time.Time
	fault error // of the last attempt
}

// NewLogin builds the login of an org. It calls nothing yet.
func NewLogin(c Config, d Deps) (*Login, error) {
	c, d = c.withDefaults(), d.withDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	wire := d.rest()
	wire.Judge = func(call *rest.Call, a *rest.Answer) error { return judgeLogin(call, a, d.current(c).ClientSecret) }
	client, err := rest.New(rest.Config{
		Destination: "salesforce", Base: c.LoginURL, Timeout: 30 * time.Second, MaxBody: maxGrant, AllowPlain: c.AllowPlain,
	}, wire)
	if err != nil {
		return nil, fmt.Errorf("login address: %w", err)
	}
	counts := registered(d.Registerer, prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "sfbridge", Name: "token_refresh_total", Help: "Logins to an org by outcome.",
	}, []string{"org", "outcome"}))
	state := registered(d.Registerer, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "sfbridge", Name: "salesforce_auth_state", Help: "1 after a login that was granted, 0 after one that was refused.",
	}, []string{"org"})).WithLabelValues(c.Name)
	return &Login{config: c, deps: d, client: client, turn: make(chan struct{}, 1), counts: counts, state: state}, nil
}

// Token answers the session that is in force, after a login where there is none. Its errors are marked Unavailable with the wait until the next
// login may be tried; one that wraps ErrOtherOrg does not pass by waiting.
func (l *Login) Token(ctx context.Context) (Session, error) {
	s, dead := l.current()
	if s.generation == 0 || dead {
		return l.renew(ctx, s.generation)
	}
	if l.deps.Now().Sub(s.Granted) < l.config.RenewAfter {
		return s, nil
	}
	select {
	case l.turn <- struct{}{}:
	default:
		return s, nil // somebody renews it
	}
	defer func() { <-l.turn }()
	fresh, err := l.grant(ctx, s.generation)
	if err != nil {
		l.deps.Log.Warn("session not renewed beforehand", "org", l.config.Name, "error", err)
		return s, nil // it may live on; a 401 will tell
	}
	return fresh, nil
}

// Invalidate says that s was refused. The next Token logs in anew unless that has happened already.
func (l *Login) Invalidate(s Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.generation == l.now.generation {
		l.dead = true
	}
}

// Org is the org of the session in force, "" before the first.
func (l *Login) Org() bridge.OrgID {
	s, _ := l.current()
	return s.Org
}

// Err is why there is no session in force, nil while there is one.
func (l *Login) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

// Close lets go of idle connections.
func (l *Login) Close() error { return l.client.Close() }

func (l *Login) current() (Session, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now, l.dead
}

// renew waits for its turn and logs in unless somebody has done so since the caller saw generation.
func (l *Login) renew(ctx context.Context, generation uint64) (Session, error) {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return Session{}, bridge.Unavailable(fmt.Errorf("log in: %w", context.Cause(ctx)), 0)
	}
	defer func() { <-l.turn }()
	return l.grant(ctx, generation)
}

// grant logs in. The caller has the turn.
func (l *Login) grant(ctx context.Context, generation uint64) (Session, error) {
	if s, dead := l.current(); s.generation > generation && !dead {
		return s, nil
	}
	if err := l.guard(); err != nil {
		return Session{}, err
	}
	x := &exchange{client: l.client}
	g, err := x.run(ctx, l.deps.current(l.config))
	if err != nil && ctx.Err() != nil {
		return Session{}, err // the caller went away; this says nothing of the org
	}
	var s Session
	if err == nil {
		if s, err = g.session(l.config, l.deps.Now()); err != nil {
			err = fmt.Errorf("log in: %w", err)
		}
	}
	return l.keep(s, err, x.answer != nil)
}

// guard refuses a login that follows too closely upon others.
func (l *Login) guard() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.deps.Now()
	next := l.last.Add(loginGap)
	recent := l.tried[:0]
	for _, t := range l.tried {
		if now.Sub(t) < loginWindow {
			recent = append(recent, t)
		}
	}
	l.tried = recent
	if len(recent) >= loginBurst {
		next = maxTime(next, recent[len(recent)-loginBurst].Add(loginWindow))
	}
	if l.last.IsZero() || !now.Before(next) {
		return nil
	}
	err := l.fault
	if err == nil {
		err = bridge.Hint(errors.New("log in: a session granted a moment ago was refused"),
			"check the scopes of the external client app, its address ranges and the run-as user's API Enabled permission")
	}
	return bridge.Unavailable(err, next.Sub(now))
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// keep takes the outcome of a login over. Only what the server judged counts for the burst.
func (l *Login) keep(s Session, err error, judged bool) (Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		err = l.checkOrgLocked(s)
	} else if _, named := asAPIError(err); !named {
		err = bridge.Unavailable(noLogin(err), loginGap)
	}
	now := l.deps.Now()
	l.last, l.fault = now, err
	l.state.Set(0)
	if judged {
		l.tried = append(l.tried, now)
	}
	if err != nil {
		l.counts.WithLabelValues(l.config.Name, "refused").Inc()
		return Session{}, err
	}
	s.generation = l.now.generation + 1
	l.now, l.dead = s, false
	l.state.Set(1)
	l.counts.WithLabelValues(l.config.Name, "granted").Inc()
	return s, nil
}

// noLogin is the error of a login that nobody refused in the words of OAuth.
func noLogin(err error) error {
	var status *rest.StatusError
	if errors.As(err, &status) && status.Status < 500 && status.Status != http.StatusTooManyRequests {
		return bridge.Hint(err, "check that login_url is the org's My Domain address")
	}
	return err
}

// checkOrgLocked holds the login to one org.
func (l *Login) checkOrgLocked(s Session) error {
	want := l.config.OrgID
	if l.now.Org != "" {
		want = l.now.Org
	}
	if want == "" || bridge.OrgID(bridge.LongID(string(want))) == s.Org {
		return nil
	}
	err := fmt.Errorf("log in: %w: %s instead of %s", ErrOtherOrg, s.Org, want)
	return bridge.Unavailable(bridge.Hint(err, "a sandbox that was refreshed is another org: give it a store of its own, or correct login_url"), quotaWait)
}

// registered registers c, or answers the collector that another org has registered. Without a registerer c counts for nobody.
func registered[C prometheus.Collector](to prometheus.Registerer, c C) C {
	if to == nil {
		return c
	}
	var there prometheus.AlreadyRegisteredError
	if errors.As(to.Register(c), &there) {
		if old, ok := there.ExistingCollector.(C); ok {
			return old
		}
	}
	return c
}
