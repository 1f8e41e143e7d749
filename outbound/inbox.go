package outbound

import (
	"context"
	"net/http"

	"sfbridge/bridge"
)

// Inbox takes callbacks in.
type Inbox interface {
	// Take returns nil when the callback is durable, and an error wrapping bridge.ErrDuplicate when an earlier copy of it is. It must not keep the
	// callback's body after it has returned an error.
	Take(ctx context.Context, c bridge.Callback) error
}

// Hook is the part of a platform's adapter that a webhook needs at once. Its methods are pure, run on many goroutines and keep nothing.
type Hook interface {
	// Verify checks the raw body against the signature in the header. Every error refuses the request: one wrapping bridge.ErrMalformed with 400,
	// any other with 401.
	Verify(header http.Header, body []byte) error
	// Identify says what the verified body is about. Every error refuses the request with 400.
	Identify(header http.Header, body []byte) (bridge.Notice, error)
}

// Source is where one project's callbacks come in.
type Source struct {
	Project bridge.ProjectID
	// Org is the org the project belongs to; "" while it is not known yet, and then the source answers 503.
	Org  func() bridge.OrgID
	Hook Hook
}
