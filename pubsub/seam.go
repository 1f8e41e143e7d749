package pubsub

import (
	"context"
	"fmt"
	"time"

	"sfbridge/bridge"
)

// Sink takes what a topic says.
type Sink interface {
	// Accept makes the changes and the position durable in one step and returns nil then; an error leaves both undone and is retried for ever.
	// There may be no changes: then the position alone moves. The position always has a replay id, at times the same as before. Changes that were
	// in quarantine come without any. The slice and all that the changes hold are the sink's until it returns, texts for ever: it may cut changes
	// down to what it keeps, and gets them again as it left them.
	Accept(ctx context.Context, changes []bridge.Change, p bridge.Position) error
}

// Reads tells what is read of an object's records.
type Reads interface {
	// ReadSet answers the fields that somebody reads, by their REST names; changes speak of no others. It must not change.
	ReadSet(o bridge.Object) []bridge.Field
}

// Quarantine keeps events that could not be read.
type Quarantine interface {
	// Quarantine makes q durable, once for an event's id however often it is told, and marks its object to be compared. An error is retried.
	Quarantine(ctx context.Context, q Quarantined) error
}

// Quarantined is an event that could not be read, with its raw bytes.
type Quarantined struct {
	Org     bridge.OrgID  `json:"org"`
	Topic   bridge.Topic  `json:"topic"`
	Object  bridge.Object `json:"object,omitempty"` // "" where neither the schema nor the topic names one
	Replay  []byte        `json:"replay"`
	Event   string        `json:"event"` // "" where the event has no id
	Schema  string        `json:"schema"`
	Payload []byte        `json:"payload"`
	Reason  string        `json:"reason"` // never holds values
	At      time.Time     `json:"at"`
	Since   time.Time     `json:"since,omitzero"` // commit of the newest event that was read before it; zero for none
}

// Positions tells where a topic was left, and remembers what was missed.
type Positions interface {
	// Position answers the position stored last, or an error wrapping bridge.ErrNotFound before the first.
	Position(ctx context.Context, org bridge.OrgID, topic bridge.Topic) (bridge.Position, error)
	// OpenHole makes the hole durable.
	OpenHole(ctx context.Context, h bridge.Hole) error
}

// Auth gives the session that calls carry. Its methods may be called by several goroutines.
type Auth interface {
	// Token answers the present session and logs in where there is none; callers that wait share one login.
	Token(ctx context.Context) (Session, error)
	// Invalidate says that the service refused the session. One that has been replaced already is left alone.
	Invalidate(s Session)
}

// Session is what each call carries as metadata.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/supported-auth.html
type Session struct {
	Token    string // access token, without "Bearer"
	Instance string // https URL of the org's My Domain, from the token's answer
	Tenant   string // 18-character id of the org
}

// String is the session without its token.
func (s Session) String() string { return fmt.Sprintf("%s at %s <secret>", s.Tenant, s.Instance) }

// GoString is String, so that no format prints the token.
func (s Session) GoString() string { return s.String() }
