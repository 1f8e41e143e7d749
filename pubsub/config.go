package pubsub

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"sfbridge/bridge"
	"sfbridge/pubsub/pubsubpb"
)

// MaxCredit is the most events that Salesforce lets a stream have asked for.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/flow-control.html
const MaxCredit = 100

const (
	defaultSilence        = 150 * time.Second
	defaultJumpPause      = 10 * time.Minute
	defaultSchemaPatience = 15 * time.Minute
	// holeMargin is how far before its last position a lost topic is taken to be missing.
	holeMargin = 10 * time.Minute
)

// Config says what is read and how patiently.
type Config struct {
	Org   bridge.OrgID
	Topic bridge.Topic
	// Credit is how many events are asked for at all times; 0 is 100, the most there can be.
	Credit int
	// Silence is how long a stream may say nothing before it is opened anew; 0 is 150 s. It is doubled once the new stream is silent too, and
	// never under twice the longest pause that was seen between two messages.
	Silence time.Duration
	// JumpPause is the least time between two starts at the oldest kept event; 0 is 10 minutes.
	JumpPause time.Duration
	// SchemaPatience is how long a schema is asked for before its events are quarantined; 0 is 15 minutes.
	SchemaPatience time.Duration
	// Load is what becomes of the records that are there when a topic is read for the first time.
	Load bridge.FirstLoad
	// Since is from when changes may be missing where the topic has no position yet, because other topics brought them; zero is from the first run on.
	Since time.Time
}

// Deps is what a Subscriber works with. Conn, Auth, Sink, Quarantine and Positions are needed.
type Deps struct {
	Conn       grpc.ClientConnInterface // from Dial
	Auth       Auth
	Sink       Sink
	Quarantine Quarantine
	Positions  Positions
	Schemas    *Schemas // shared by the topics of an org; nil for one of its own, which reads all fields
	Beats      *Beats   // shared by the topics of an org; nil for one of its own
	Outlook    Outlook  // nil: a lost topic is always read from its oldest kept event
	Now        func() time.Time
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// New makes a Subscriber that Run starts.
func New(c Config, d Deps) (*Subscriber, error) {
	if err := complete(&c, &d); err != nil {
		return nil, fmt.Errorf("subscriber of %s: %w", c.Topic, err)
	}
	s := &Subscriber{
		cfg: c, deps: d, client: pubsubpb.NewPubSubClient(d.Conn), metrics: newMetrics(d.Registerer, c), credit: c.Credit,
		log: d.Log.With("org", c.Org, "topic", c.Topic), unread: map[string]absence{}, orders: make(chan *order),
	}
	s.trail.stored = bridge.Position{Org: c.Org, Topic: c.Topic}
	s.board.now, s.board.metrics = d.Now, s.metrics
	s.board.s = Status{Org: c.Org, Topic: c.Topic, State: Connecting, Since: d.Now()}
	return s, nil
}

// complete fills in defaults and names what is missing.
func complete(c *Config, d *Deps) error {
	or(&c.Credit, MaxCredit)
	or(&c.Silence, defaultSilence)
	or(&c.JumpPause, defaultJumpPause)
	or(&c.SchemaPatience, defaultSchemaPatience)
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.Org == "" || c.Topic == "":
		return errors.New("org and topic are needed")
	case c.Credit < 1 || c.Credit > MaxCredit:
		return fmt.Errorf("credit %d is not between 1 and %d", c.Credit, MaxCredit)
	case d.Conn == nil || d.Auth == nil || d.Sink == nil || d.Quarantine == nil || d.Positions == nil:
		return errors.New("a connection, auth, sink, quarantine and positions are needed")
	}
	if d.Schemas == nil {
		d.Schemas = NewSchemas(d.Conn, d.Auth, nil)
	}
	if d.Beats == nil {
		d.Beats = NewBeats(nil)
	}
	return nil
}

func or[T comparable](v *T, usual T) {
	var zero T
	if *v == zero {
		*v = usual
	}
}
