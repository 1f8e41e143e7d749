package fakeorg

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options says what kind of org New makes. The zero value is a production org with the standard objects and two users.
type Options struct {
	ClientID     string           // consumer key that the token endpoint knows; "" means "fakeorg"
	ClientSecret string           // its secret; "" means "fakeorg-secret"
	Now          func() time.Time // wall clock; nil means time.Now
	OrgID        string           // 15 or 18 characters; "" means 00D5e0000012345EAA
	Sandbox      bool             // what Organization.IsSandbox says
	APIUsageMax  int              // calls allowed in 24 hours; 0 means 100,000
	DeliveryMax  int              // event deliveries allowed in 24 hours; 0 means 50,000, below 0 there is no bound
	Retention    time.Duration    // how long the bus keeps events; 0 means 72 h
	Keepalive    time.Duration    // longest silence of a stream that has asked for events; 0 leaves it to the bus
	InstanceURL  string           // instance_url of token answers; "" means the address the token request came to
	Seed         *Seed            // further objects, fields, users and rows; nil means none
	Logger       *slog.Logger     // nil means no log
	// CollectionsOrigin makes Sforce-Call-Options count on composite and collections calls too, where it is not documented.
	CollectionsOrigin bool
}

// Org is one Salesforce org in memory. Its methods may be called from any goroutine.
type Org struct {
	opts      Options
	log       *slog.Logger
	offset    atomic.Int64 // nanoseconds that the control clock is ahead of Options.Now
	schema    atomic.Pointer[catalogue]
	usageMax  atomic.Int64 // API calls allowed in 24 hours
	setup     atomic.Bool  // the integration user sees how the org is set up
	described atomic.Int64 // when describe last changed, in seconds
	standing  atomic.Pointer[standing]
	bus       *bus
	auth      sessions
	calls     callLog
	faults    faultRules
	wire      Wire
	// collectionsOrigin and slashOrigin say how changeOrigin names a client.
	collectionsOrigin, slashOrigin atomic.Bool
	labour                         labour

	// mu orders commits; it is held while a transaction runs and its Commit goes to the bus, never across a wait.
	mu      sync.Mutex
	tables  map[string]*table // by object name
	serial  map[string]int64  // last number given out per key prefix
	commits int64
	// lastCommit is the newest commit number; hyperforce takes the next ones from the clock.
	lastCommit int64
	hyperforce bool
	cursors    cursorSet
	hooks      saveHooks
	people     people
	muted      bool                // moved children have no events
	purged     map[string][]purged // by object: what left the recycle bin
}

// New returns an org that holds the standard objects and what the seed adds. It panics when the seed contradicts itself; Open returns
// an error instead.
func New(opts Options) *Org {
	o := prepare(opts)
	o.mustStart()
	return o
}

// Open is New for seeds that others wrote: a seed that contradicts itself is an error.
func Open(opts Options) (*Org, error) {
	o := prepare(opts)
	if err := o.start(); err != nil {
		return nil, fmt.Errorf("load seed: %w", err)
	}
	return o, nil
}

func prepare(opts Options) *Org {
	o := &Org{opts: withDefaults(opts)}
	o.log = o.opts.Logger
	o.standing.Store(&standing{orgID: o.opts.OrgID, instance: strings.TrimSuffix(o.opts.InstanceURL, "/")})
	o.usageMax.Store(int64(o.opts.APIUsageMax))
	o.collectionsOrigin.Store(o.opts.CollectionsOrigin)
	o.described.Store(o.now().Unix())
	return o
}

func (o *Org) mustStart() {
	if err := o.start(); err != nil {
		panic(err)
	}
}

func (o *Org) start() error {
	objects, err := buildCatalogue(o.opts.Seed)
	if err != nil {
		return err
	}
	o.schema.Store(objects)
	o.bus = newBus(o)
	return o.load()
}

func withDefaults(opts Options) Options {
	if opts.ClientID == "" {
		opts.ClientID = "fakeorg"
	}
	if opts.ClientSecret == "" {
		opts.ClientSecret = "fakeorg-secret"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.OrgID == "" {
		opts.OrgID = "00D5e0000012345"
	}
	opts.OrgID = id18(opts.OrgID)
	if opts.DeliveryMax == 0 {
		opts.DeliveryMax = 50_000
	}
	if opts.APIUsageMax == 0 {
		opts.APIUsageMax = 100_000
	}
	if opts.Retention == 0 {
		opts.Retention = 72 * time.Hour
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return opts
}

// OrgID returns the 18-character id of the org.
func (o *Org) OrgID() string { return o.standing.Load().orgID }

// Now returns the org's clock: that of the options plus the offset set by SetClock.
func (o *Org) Now() time.Time { return o.now() }

// SetClock puts the org's clock ahead of the options' clock by offset, or behind it where offset is negative.
func (o *Org) SetClock(offset time.Duration) {
	o.offset.Store(int64(offset))
	o.bus.ring()
}

// Advance puts the org's clock further ahead.
func (o *Org) Advance(d time.Duration) {
	o.offset.Add(int64(d))
	o.bus.ring()
}

// LimitAPI sets how many API calls 24 hours allow; the call beyond is answered 403 REQUEST_LIMIT_EXCEEDED.
func (o *Org) LimitAPI(most int) { o.usageMax.Store(int64(most)) }

// NameInCollections makes Sforce-Call-Options count on composite and collections calls too, where it is not documented, or ends that.
func (o *Org) NameInCollections(on bool) { o.collectionsOrigin.Store(on) }

// SlashOrigins ends changeOrigin in a slash where a client gave its name, as some orgs do, or ends that.
func (o *Org) SlashOrigins(on bool) { o.slashOrigin.Store(on) }

func (o *Org) now() time.Time { return o.opts.Now().Add(time.Duration(o.offset.Load())) }

// object returns the object of that case-insensitive name, or nil. Objects are never changed in place: keep the pointer for one
// answer, ask again for the next.
func (o *Org) object(name string) *Object { return o.schema.Load().find(name) }

// objects returns all objects of the org in a stable order.
func (o *Org) objects() []*Object { return o.schema.Load().order }

// checkToken reports whether the token is a live access token of this org.
func (o *Org) checkToken(token string) bool { return o.auth.live(token, o.now()) }
