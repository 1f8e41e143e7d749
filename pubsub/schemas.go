package pubsub

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"sfbridge/pubsub/cdc"
	"sfbridge/pubsub/pubsubpb"
)

// schemaTimeout bounds one GetSchema, which takes about a second.
const schemaTimeout = 30 * time.Second

// Schemas fetches schemas and keeps them for ever: a schema's id is a hash of it. Topics of one org share one, so that what several of them
// need at once is fetched once.
type Schemas struct {
	client pubsubpb.PubSubClient
	auth   Auth
	reads  Reads

	mu    sync.Mutex
	known map[string]compiled
	busy  map[string]chan struct{} // closed when the fetch under way has ended
}

// compiled is a schema, or why it can never be one.
type compiled struct {
	schema *cdc.Schema
	err    error
}

// NewSchemas fetches over conn. What r does not read is left in the payloads; nil reads everything.
func NewSchemas(conn grpc.ClientConnInterface, a Auth, r Reads) *Schemas {
	return &Schemas{client: pubsubpb.NewPubSubClient(conn), auth: a, reads: r, known: map[string]compiled{}, busy: map[string]chan struct{}{}}
}

// hopelessError says that asking again cannot help.
type hopelessError struct{ error }

func (e hopelessError) Unwrap() error { return e.error }

// unreachableError says that the service did not get to answer, so that nothing is known of the schema.
type unreachableError struct{ error }

func (e unreachableError) Unwrap() error { return e.error }

// get answers the schema. It asks at most once and waits for a fetch that is under way; a hopelessError is final.
func (s *Schemas) get(ctx context.Context, id string) (*cdc.Schema, error) {
	if id == "" {
		return nil, hopelessError{fmt.Errorf("the event names no schema")}
	}
	for {
		s.mu.Lock()
		c, ok := s.known[id]
		wait, under := s.busy[id]
		if !ok && !under {
			s.busy[id] = make(chan struct{})
		}
		s.mu.Unlock()
		switch {
		case ok:
			return c.schema, c.err
		case !under:
			return s.fetch(ctx, id)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// peek answers a schema that is here, or nil.
func (s *Schemas) peek(id string) *cdc.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[id].schema
}

func (s *Schemas) fetch(ctx context.Context, id string) (*cdc.Schema, error) {
	text, err := s.ask(ctx, id)
	c := compiled{}
	if err == nil {
		c = s.compile(text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.known[id] = c
	}
	close(s.busy[id])
	delete(s.busy, id)
	if err != nil {
		return nil, fmt.Errorf("fetch schema %s: %w", id, err)
	}
	return c.schema, c.err
}

func (s *Schemas) compile(text string) compiled {
	schema, err := cdc.Compile(text)
	if err != nil {
		return compiled{err: hopelessError{err}}
	}
	if object := schema.Object(); s.reads != nil && object != "" {
		schema = schema.Reading(s.reads.ReadSet(object))
	}
	return compiled{schema: schema}
}

// ask makes the call. A session that is refused is given up, so that the next attempt has another.
func (s *Schemas) ask(ctx context.Context, id string) (string, error) {
	session, err := s.auth.Token(ctx)
	if err != nil {
		return "", unreachableError{&loginError{err}}
	}
	ctx, cancel := context.WithTimeout(ctx, schemaTimeout)
	defer cancel()
	var trailer metadata.MD
	info, err := s.client.GetSchema(ctx, &pubsubpb.SchemaRequest{SchemaId: id}, grpc.Trailer(&trailer))
	if err == nil {
		return info.GetSchemaJson(), nil
	}
	f := judge(err, trailer)
	if f.action == renew {
		s.auth.Invalidate(session)
	}
	switch {
	case f.code == "schema.validation.failed":
		return "", hopelessError{f.err}
	case f.code == "" && status.Code(err) == codes.Unavailable, f.action == renew:
		return "", unreachableError{f.err}
	}
	return "", f.err
}
