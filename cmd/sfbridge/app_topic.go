package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sfbridge/bridge"
	"sfbridge/outbound/salesforce"
	"sfbridge/pubsub"
)

// Where an org's changes are read.
const (
	channelAuto = "auto" // ownChannel where it is there and its members can be seen, else a topic an object
	channelNone = "none" // a topic an object
	// ownChannel is the channel of several objects that the bridge looks for: one stream keeps what happens in one transaction in order.
	ownChannel = "SfBridge__chn"
)

// channelTopic is the topic of a channel.
func channelTopic(name string) bridge.Topic {
	return bridge.Topic("/data/" + strings.TrimPrefix(name, "/data/"))
}

// topicOf is the single-entity topic of an object.
// https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_subscribe_channels.htm
func topicOf(o bridge.Object) bridge.Topic {
	if name, custom := strings.CutSuffix(string(o), "__c"); custom {
		return bridge.Topic("/data/" + name + "__ChangeEvent")
	}
	return bridge.Topic("/data/" + string(o) + "ChangeEvent")
}

// isChannel reports whether a topic brings several objects: the standard channel, or one that an administrator made.
func isChannel(t bridge.Topic) bool {
	return t == "/data/ChangeEvents" || strings.HasPrefix(string(t), "/data/") && strings.HasSuffix(string(t), "__chn") && len(t) > len("/data/__chn")
}

// route is a topic and the objects that are read from it.
type route struct {
	topic   bridge.Topic
	objects []bridge.Object
}

// routes decides where each object is read. A channel must be seen to have an object before anything relies on it: one that is no member is silent.
func (a *app) routes(ctx context.Context, o *orgLine) ([]route, error) {
	read, channel := a.rules.Wants(o.name).Objects(), a.cfg.Orgs[o.name].Channel
	switch channel {
	case channelNone, "": // "" is that of tests
		return singles(read), nil
	case channelAuto:
	default:
		return []route{{channelTopic(channel), read}}, nil
	}
	topic := channelTopic(ownChannel)
	switch standing, err := pubsub.Look(ctx, o.conn, o.auth, topic); standing {
	case pubsub.Missing, pubsub.Denied:
		return singles(read), nil
	case pubsub.Unknown:
		return nil, fmt.Errorf("look for %s: %w", topic, err)
	}
	members, err := o.client.Members(ctx, ownChannel)
	if refused, ok := errors.AsType[*salesforce.APIError](err); ok && refused.Class != salesforce.Transient {
		a.world.log.Warn("channel not used, its members cannot be seen", "org", o.name, "topic", topic, "error", err)
		return singles(read), nil
	}
	if err != nil {
		return nil, err
	}
	var with, without []bridge.Object
	for _, object := range read {
		if slices.Contains(members, object) {
			with = append(with, object)
		} else {
			without = append(without, object)
		}
	}
	if len(with) == 0 {
		return singles(read), nil
	}
	return append([]route{{topic, with}}, singles(without)...), nil
}

// singles reads each object from its own topic.
func singles(objects []bridge.Object) []route {
	all := make([]route, len(objects))
	for i, o := range objects {
		all[i] = route{topicOf(o), []bridge.Object{o}}
	}
	return all
}

// handover answers from when changes of a topic that was never read may be missing: it takes the place of others that brought the same objects. Zero is
// that none did.
func (a *app) handover(ctx context.Context, o *orgLine, r route) (time.Time, error) {
	all, err := a.store.Positions(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var since time.Time
	for _, object := range r.objects {
		var last time.Time // at which any topic brought the object
		for _, p := range all {
			if p.Org == o.ID() && p.Topic != r.topic && (p.Topic == topicOf(object) || isChannel(p.Topic)) && p.At.After(last) {
				last = p.At
			}
		}
		if !last.IsZero() && (since.IsZero() || last.Before(since)) {
			since = last
		}
	}
	return since, nil
}
