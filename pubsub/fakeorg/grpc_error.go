package fakeorg

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Errors of the service: a gRPC status whose message ends in the rpc id, and trailers error-code, rpc-id and type. See "Handle
// Errors" of the Pub/Sub API guide. What comes from the network in front of the service has no trailers.

const errorPrefix = "sfdc.platform.eventbus.grpc."

type rpcError struct {
	code codes.Code
	text string
}

// rpcErrors holds every error code that is documented, without its prefix.
var rpcErrors = map[string]rpcError{
	"service.auth.error":           {codes.Unauthenticated, "An authentication exception occurred. Provide valid authentication values."},
	"service.auth.headers.invalid": {codes.Unauthenticated, "The authentication headers are missing or not valid."},
	"service.auth.refresh.invalid": {codes.InvalidArgument, "The auth_refresh field is not for clients."},
	"service.tenant.license":       {codes.PermissionDenied, "The org has no license for the Pub/Sub API."},
	"service.unavailable":          {codes.Internal, "The service is unavailable. Try again later."},
	"service.protection.triggered": {codes.ResourceExhausted,
		"The service received too many connections and doesn't have the resources to accept new connections."},
	"service.protection.stream.limit.triggered": {codes.ResourceExhausted, "The service has too many open streams."},
	"concurrent.client.limit.exceeded":          {codes.ResourceExhausted, "The org has too many concurrent clients."},
	"topic.not.found":                           {codes.NotFound, "The topic wasn't found."},
	"topic.meta.permission":                     {codes.PermissionDenied, "You don't have permission to the topic."},
	"topic.validation.empty":                    {codes.InvalidArgument, "Topic validation failed. The topic name can't be blank."},
	"topic.api.unavailable":                     {codes.Unavailable, "The topic information is unavailable. Try again later."},
	"schema.meta.permission":                    {codes.PermissionDenied, "You don't have permission to the schema."},
	"schema.validation.failed":                  {codes.InvalidArgument, "Schema validation failed. The schema ID isn't valid."},
	"schema.api.unavailable":                    {codes.Unavailable, "The schema information is unavailable. Try again later."},
	"subscription.fetch.replayid.corrupted": {codes.InvalidArgument,
		"The Replay ID validation failed. Ensure that the Replay ID is valid."},
	"subscription.fetch.replayid.validation.failed": {codes.InvalidArgument, "The Replay ID is required with the CUSTOM replay preset."},
	"subscription.fetch.replay.repeated":            {codes.InvalidArgument, "The replay options can be given in the first request only."},
	"subscription.fetch.topic.mismatch":             {codes.InvalidArgument, "The topic can't change during a subscription."},
	"subscription.fetch.requested.events.invalid":   {codes.InvalidArgument, "The number of requested events must be greater than 0."},
	"subscription.fetch.request.invalid":            {codes.InvalidArgument, "The fetch request isn't valid."},
	"subscription.fetch.overflow":                   {codes.ResourceExhausted, "Too many events are requested or pending."},
	"subscription.limit.exceeded":                   {codes.ResourceExhausted, "You have exceeded the event delivery limit for your org."},
	"subscription.topic.cannot.subscribe":           {codes.PermissionDenied, "You can't subscribe to the topic."},
	"subscription.internal.error":                   {codes.Internal, "The subscription failed with an internal error."},
	"publish.stream.sweeper.timeout":                {codes.Aborted, "The publish stream was idle for too long."},
	"publish.auth.refresh.invalid":                  {codes.InvalidArgument, "The auth_refresh field is not for clients."},
	"publish.event.count.invalid":                   {codes.InvalidArgument, "The number of events isn't valid."},
	"publish.topic.mismatch":                        {codes.InvalidArgument, "The topic can't change during a publish stream."},
	"publish.topic.validation.empty":                {codes.InvalidArgument, "The topic name can't be blank."},
	"managed.subscription.already.active":           {codes.AlreadyExists, "The managed subscription has an active client."},
	"managed.subscription.config.stopped":           {codes.FailedPrecondition, "The managed subscription is stopped."},
	"managed.subscription.config.deleted":           {codes.FailedPrecondition, "The managed subscription was deleted."},

	"managed.subscription.developer.name.not.found":                {codes.NotFound, "No managed subscription has the developer name."},
	"managed.subscription.subscription.id.not.found":               {codes.NotFound, "No managed subscription has the ID."},
	"managed.subscription.subscription.id.invalid":                 {codes.InvalidArgument, "The managed subscription ID isn't valid."},
	"managed.subscription.id.or.developer.name.empty":              {codes.InvalidArgument, "Name the managed subscription by its ID or its developer name."},
	"managed.subscription.fetch.request.events.invalid":            {codes.InvalidArgument, "The number of requested events can't be negative."},
	"managed.subscription.fetch.request.invalid":                   {codes.InvalidArgument, "The managed fetch request isn't valid."},
	"managed.subscription.fetch.request.commit.request.restricted": {codes.InvalidArgument, "The first request can't commit."},
	"managed.subscription.fetch.request.auth.request.restricted":   {codes.InvalidArgument, "The auth_refresh field is not for clients."},
}

// ErrorCodes returns every documented error code, without the prefix sfdc.platform.eventbus.grpc., and the gRPC status it comes with.
func ErrorCodes() map[string]codes.Code {
	all := make(map[string]codes.Code, len(rpcErrors))
	for code, e := range rpcErrors {
		all[code] = e.code
	}
	return all
}

// Dialect is what the documents leave open about errors and ends. The zero value is the reading that most sources support.
type Dialect struct {
	RPCID    string                // key of the trailer with the RPC's id; "" is rpc-id, some sources write rpc_id
	NoCredit Duration              // how long a stream without credit lives; 0 is 60 s, one source says 70
	Status   map[string]codes.Code // gRPC statuses of error codes, without their prefix, that come with another one
}

// Speak sets the dialect of errors from now on, on running streams too.
func (o *Org) Speak(d Dialect) {
	d.Status = maps.Clone(d.Status)
	o.bus.dialect.Store(&d)
}

// rpcCall is one RPC: what its errors and answers name.
type rpcCall struct {
	ctx    context.Context
	method string
	rpcID  string
	bus    *bus
	trail  func(metadata.MD)
}

func (b *bus) newCall(ctx context.Context, method string) rpcCall {
	b.mu.Lock()
	defer b.mu.Unlock()
	return rpcCall{ctx: ctx, method: method, rpcID: newID(b.callIDs), bus: b, trail: func(md metadata.MD) { _ = grpc.SetTrailer(ctx, md) }}
}

// refuse returns the error of an error code in the form the service gives it.
func (c rpcCall) refuse(code string) error { return c.refuseWith(code, "") }

// refuseWith is refuse with a text of its own where text is not empty.
func (c rpcCall) refuseWith(code, text string) error {
	code = strings.TrimPrefix(code, errorPrefix)
	r, known := rpcErrors[code]
	if !known {
		r = rpcError{codes.Unknown, "The call failed."}
	}
	if text == "" {
		text = r.text
	}
	dialect := c.bus.dialect.Load()
	c.trail(metadata.Pairs("error-code", errorPrefix+code, cmp.Or(dialect.RPCID, "rpc-id"), c.rpcID, "type", c.method))
	if other, spoken := dialect.Status[code]; spoken {
		r.code = other
	}
	return status.Error(r.code, fmt.Sprintf("%s rpcId: %s", text, c.rpcID))
}
