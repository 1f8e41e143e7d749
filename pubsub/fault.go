package pubsub

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// action is what is done about the end of a stream.
type action uint8

const (
	reopen   action = iota // open again at the newest durable position
	renew                  // with a new session
	shrink                 // asking for fewer events
	halt                   // an administrator is needed; it is tried again now and then, since he may have helped
	hold                   // the org's delivery allowance is used up
	relocate               // the replay id is not known any more
)

// remedy is an action and the wait before it.
type remedy struct {
	action action
	ladder ladder
}

var (
	quick   = ladder{0, time.Second, 2 * time.Minute}
	gentle  = ladder{5 * time.Second, 10 * time.Second, 2 * time.Minute}
	slow    = ladder{30 * time.Second, time.Minute, 15 * time.Minute}
	recheck = ladder{10 * time.Minute, 10 * time.Minute, 10 * time.Minute}
	drained = ladder{15 * time.Minute, 30 * time.Minute, time.Hour}
)

// errorCodePrefix stands before every error-code of the service.
const errorCodePrefix = "sfdc.platform.eventbus.grpc."

// remedies is what is done about each error-code.
// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/handling-errors.html
var remedies = map[string]remedy{
	"service.auth.error":                            {renew, quick},
	"service.auth.headers.invalid":                  {halt, recheck},
	"service.auth.refresh.invalid":                  {halt, recheck},
	"service.tenant.license":                        {halt, recheck},
	"service.unavailable":                           {reopen, gentle},
	"service.protection.triggered":                  {reopen, slow},
	"service.protection.stream.limit.triggered":     {reopen, slow},
	"concurrent.client.limit.exceeded":              {reopen, slow},
	"topic.not.found":                               {halt, recheck},
	"topic.meta.permission":                         {halt, recheck},
	"topic.validation.empty":                        {halt, recheck},
	"topic.api.unavailable":                         {reopen, quick},
	"schema.meta.permission":                        {halt, recheck},
	"schema.validation.failed":                      {halt, recheck},
	"schema.api.unavailable":                        {reopen, quick},
	"subscription.fetch.replayid.corrupted":         {relocate, quick},
	"subscription.fetch.replayid.validation.failed": {halt, recheck},
	"subscription.fetch.replay.repeated":            {reopen, quick},
	"subscription.fetch.topic.mismatch":             {reopen, quick},
	"subscription.fetch.requested.events.invalid":   {halt, recheck},
	"subscription.fetch.request.invalid":            {halt, recheck},
	"subscription.fetch.overflow":                   {shrink, quick},
	"subscription.limit.exceeded":                   {hold, drained},
	"subscription.topic.cannot.subscribe":           {halt, recheck},
	"subscription.internal.error":                   {reopen, quick},

	// Those of other methods: met here, something is set up in another way than we know.
	"publish.stream.sweeper.timeout":                               {reopen, quick},
	"publish.auth.refresh.invalid":                                 {halt, recheck},
	"publish.event.count.invalid":                                  {halt, recheck},
	"publish.topic.mismatch":                                       {halt, recheck},
	"publish.topic.validation.empty":                               {halt, recheck},
	"managed.subscription.already.active":                          {reopen, slow},
	"managed.subscription.config.stopped":                          {halt, recheck},
	"managed.subscription.config.deleted":                          {halt, recheck},
	"managed.subscription.developer.name.not.found":                {halt, recheck},
	"managed.subscription.subscription.id.not.found":               {halt, recheck},
	"managed.subscription.subscription.id.invalid":                 {halt, recheck},
	"managed.subscription.id.or.developer.name.empty":              {halt, recheck},
	"managed.subscription.fetch.request.events.invalid":            {halt, recheck},
	"managed.subscription.fetch.request.invalid":                   {halt, recheck},
	"managed.subscription.fetch.request.commit.request.restricted": {halt, recheck},
	"managed.subscription.fetch.request.auth.request.restricted":   {halt, recheck},
}

// byStatus is what is done about an error-code that the table does not know; every other status is tried again.
var byStatus = map[codes.Code]remedy{
	codes.Unauthenticated:    {renew, quick},
	codes.PermissionDenied:   {halt, recheck},
	codes.NotFound:           {halt, recheck},
	codes.InvalidArgument:    {halt, recheck},
	codes.FailedPrecondition: {halt, recheck},
	codes.Unimplemented:      {halt, recheck},
	codes.ResourceExhausted:  {reopen, slow},
}

// Errors that a stream ends with beside those of the service.
var (
	errSilent = errors.New("nothing was heard for too long")
	errStop   = errors.New("stopping")
	errDenied = errors.New("the user may not subscribe to the topic")
)

// fault is the end of a call, with what is done about it.
type fault struct {
	remedy
	code  string // the error-code without its prefix, "" where the service gave none
	clean bool   // the service ended the stream without an error
	err   error
}

// judge finds the remedy for the error of a call: by its error-code, else by its status. Without an error-code it came from the network or a
// proxy on the way, whose refusals mean nothing.
func judge(err error, trailer metadata.MD) fault {
	f := fault{remedy: remedy{reopen, quick}, err: err}
	if errors.Is(err, io.EOF) {
		f.clean = true
		f.err = errors.New("the service ended the stream")
		return f
	}
	f.code = strings.TrimPrefix(first(trailer, "error-code"), errorCodePrefix)
	known, ok := remedies[f.code]
	switch {
	case ok:
		f.remedy = known
	case f.code != "":
		if r, ok := byStatus[status.Code(err)]; ok {
			f.remedy = r
		}
	case status.Code(err) == codes.Unauthenticated:
		f.remedy = byStatus[codes.Unauthenticated]
	}
	if f.code != "" {
		f.err = fmt.Errorf("%s: %w", f.code, err)
	}
	return f
}

func first(md metadata.MD, key string) string {
	if v := md.Get(key); len(v) > 0 {
		return v[0]
	}
	return ""
}

// reason is a short word for the end, for the metric.
func (f fault) reason() string {
	switch {
	case f.clean:
		return "end"
	case errors.Is(f.err, errSilent):
		return "silence"
	case f.code != "":
		return f.code
	default:
		return strings.ToLower(status.Code(f.err).String())
	}
}
