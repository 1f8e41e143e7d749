package pubsub

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"sfbridge/bridge"
	"sfbridge/pubsub/pubsubpb"
)

// Standing is what the service says of a topic to the user of the session.
type Standing uint8

// The standings. The zero Standing is that nobody knows: the service did not answer.
const (
	Unknown  Standing = iota
	Readable          // it may be subscribed to
	Missing           // there is none of that name, or none that the user may know of
	Denied            // it is there, and the user may not subscribe to it
)

// Look asks how a topic stands. An error comes with every standing but Readable.
// https://developer.salesforce.com/docs/platform/pub-sub-api/references/methods/gettopic-rpc.html
func Look(ctx context.Context, conn grpc.ClientConnInterface, a Auth, t bridge.Topic) (Standing, error) {
	session, err := a.Token(ctx)
	if err != nil {
		return Unknown, &loginError{err}
	}
	var trailer metadata.MD
	info, err := pubsubpb.NewPubSubClient(conn).GetTopic(ctx, &pubsubpb.TopicRequest{TopicName: string(t)}, grpc.Trailer(&trailer))
	if err == nil {
		if info.GetCanSubscribe() {
			return Readable, nil
		}
		return Denied, bridge.Hint(errDenied, "%s", hints["subscription.topic.cannot.subscribe"])
	}
	f := judge(err, trailer)
	switch {
	case f.action == renew:
		a.Invalidate(session)
	case f.code == "topic.not.found":
		return Missing, f.err
	case f.code == "topic.meta.permission":
		return Denied, bridge.Hint(f.err, "%s", hints[f.code])
	}
	if hint := hintOf(f); hint != "" {
		return Unknown, bridge.Hint(f.err, "%s", hint)
	}
	return Unknown, f.err
}
