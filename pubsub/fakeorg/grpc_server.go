package fakeorg

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"sfbridge/pubsub/pubsubpb"
)

// The Pub/Sub service of the org: GetTopic, GetSchema and Subscribe. The calls that publish or manage a subscription answer
// UNIMPLEMENTED, or the error code that a fault has for them.

// rpcMethods are the methods of the service.
var rpcMethods = []string{"GetTopic", "GetSchema", "Subscribe", "Publish", "PublishStream", "ManagedSubscribe"}

// ServerOptions are what the service's front is known to do: it takes a thousand streams on a connection, and pings that are not more often than clients
// send them against the live service. See "Allocations" of the Pub/Sub API guide.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxConcurrentStreams(1000),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
}

// RegisterPubSub adds the org's Pub/Sub service to the server. A stream that reads from a client ends with its RPC, so stopping the
// server leaves nothing behind.
func (o *Org) RegisterPubSub(s *grpc.Server) { pubsubpb.RegisterPubSubServer(s, server{bus: o.bus}) }

type server struct {
	pubsubpb.UnimplementedPubSubServer
	bus *bus
}

// GetTopic answers what a topic is; channels have no schema of their own.
func (s server) GetTopic(ctx context.Context, r *pubsubpb.TopicRequest) (*pubsubpb.TopicInfo, error) {
	c := s.bus.newCall(ctx, "GetTopic")
	if _, err := s.bus.authorize(c); err != nil {
		return nil, err
	}
	if err := s.bus.fault(c, r.GetTopicName()); err != nil {
		return nil, err
	}
	if r.GetTopicName() == "" {
		return nil, c.refuse("topic.validation.empty")
	}
	info, code := s.bus.topicInfo(r.GetTopicName())
	if code == "topic.not.found" {
		return nil, c.refuseWith(code, s.bus.noTopic(r.GetTopicName()))
	}
	if code != "" {
		return nil, c.refuse(code)
	}
	info.RpcId = c.rpcID
	return info, nil
}

func (b *bus) topicInfo(name string) (*pubsubpb.TopicInfo, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, ok := b.topicLocked(name)
	if !ok {
		return nil, "topic.not.found"
	}
	if b.rights.hidden[t.event] {
		return nil, "topic.meta.permission"
	}
	info := &pubsubpb.TopicInfo{TopicName: name, TenantGuid: b.org.tenantGUID(), CanSubscribe: !b.rights.denied[name]}
	if t.event == "" {
		return info, ""
	}
	var err error
	if info.SchemaId, err = b.schemaIDLocked(t.event); err != nil {
		return nil, "topic.api.unavailable"
	}
	return info, ""
}

// schemaIDLocked returns the id of the event's present schema.
func (b *bus) schemaIDLocked(event string) (string, error) {
	o := b.objectOf(event)
	if o == nil || b.schemas.injected[event] != "" {
		return b.schemas.injected[event], nil
	}
	s, err := b.schemas.of(o)
	if err != nil {
		return "", err
	}
	return s.id, nil
}

func (o *Org) tenantGUID() string { return "CORE/prod/" + o.OrgID() }

func (b *bus) noTopic(name string) string {
	return fmt.Sprintf("The topic information for org %s and topic %s not found. "+
		"Ensure the topic name is correct and that the topic exists.", b.org.tenantGUID(), name)
}

// GetSchema answers a schema by its id, whichever version of its object it belongs to, to whoever may see its events.
func (s server) GetSchema(ctx context.Context, r *pubsubpb.SchemaRequest) (*pubsubpb.SchemaInfo, error) {
	c := s.bus.newCall(ctx, "GetSchema")
	if _, err := s.bus.authorize(c); err != nil {
		return nil, err
	}
	if err := s.bus.waitSchema(ctx); err != nil {
		return nil, err
	}
	if err := s.bus.fault(c, r.GetSchemaId()); err != nil {
		return nil, err
	}
	if strings.TrimSpace(r.GetSchemaId()) == "" {
		return nil, c.refuseWith("schema.validation.failed", "Schema validation failed. The schema ID can't be blank.")
	}
	text, code := s.bus.schemaText(r.GetSchemaId())
	if code != "" {
		return nil, c.refuse(code)
	}
	return &pubsubpb.SchemaInfo{SchemaJson: text, SchemaId: r.GetSchemaId(), RpcId: c.rpcID}, nil
}

// schemaText returns the schema of that id, or the error code that refuses it.
func (b *bus) schemaText(id string) (text, code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, known := b.schemas.texts[id]
	switch {
	case !known:
		return "", "schema.validation.failed"
	case b.rights.hidden[b.schemas.events[id]]:
		return "", "schema.meta.permission"
	}
	return text, ""
}

// waitSchema waits as long as DelaySchemas says.
func (b *bus) waitSchema(ctx context.Context) error {
	b.mu.Lock()
	delay := b.faults.schemaDelay
	b.mu.Unlock()
	return pause(ctx, delay)
}

// pause waits, and ends with the call.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// Publish is UNIMPLEMENTED: the bridge only reads.
func (s server) Publish(ctx context.Context, _ *pubsubpb.PublishRequest) (*pubsubpb.PublishResponse, error) {
	return nil, s.bus.unimplemented(ctx, "Publish")
}

// PublishStream is UNIMPLEMENTED as Publish is.
func (s server) PublishStream(rpc grpc.BidiStreamingServer[pubsubpb.PublishRequest, pubsubpb.PublishResponse]) error {
	return s.bus.unimplemented(rpc.Context(), "PublishStream")
}

// ManagedSubscribe is UNIMPLEMENTED: it is in beta, and positions are the bridge's own.
func (s server) ManagedSubscribe(rpc grpc.BidiStreamingServer[pubsubpb.ManagedFetchRequest, pubsubpb.ManagedFetchResponse]) error {
	return s.bus.unimplemented(rpc.Context(), "ManagedSubscribe")
}

func (b *bus) unimplemented(ctx context.Context, method string) error {
	if err := b.fault(b.newCall(ctx, method), ""); err != nil {
		return err
	}
	return status.Errorf(codes.Unimplemented, "method %s not implemented", method)
}
