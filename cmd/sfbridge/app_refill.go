package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/refill"
	"sfbridge/outbound/salesforce"
	"sfbridge/store"
)

var _ refill.Org = (*salesforce.Client)(nil)

// newFiller makes what fills the holes of an org.
func (a *app) newFiller(o *orgLine) *refill.Filler {
	f := refill.New(refill.Config{Org: o.ID()}, refill.Deps{
		Org: o.client, Holes: a.store, Sink: a.intake.Stream(o.name), Mirror: a.store, Links: a.store, Wants: a.rules.Wants(o.name),
		Objects: a.readOf(o), Now: a.world.now, Log: a.world.log, Registerer: a.metrics,
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.filler = f
	return f
}

// readOf answers the objects of a topic that some transfer reads: the one it is named for, or all of a channel.
func (a *app) readOf(o *orgLine) func(bridge.Topic) []bridge.Object {
	read := a.rules.Wants(o.name).Objects()
	return func(t bridge.Topic) []bridge.Object {
		if i := slices.IndexFunc(read, func(o bridge.Object) bool { return topicOf(o) == t }); i >= 0 {
			return read[i : i+1]
		}
		if isChannel(t) {
			return read
		}
		return nil
	}
}

// beatKeeper keeps the beat of one org in the store.
type beatKeeper struct {
	store *store.Store
	org   bridge.OrgID
}

// Beat answers what was kept.
func (k beatKeeper) Beat(ctx context.Context) (time.Duration, error) { return k.store.Beat(ctx, k.org) }

// KeepBeat keeps it.
func (k beatKeeper) KeepBeat(ctx context.Context, d time.Duration) error {
	return k.store.KeepBeat(ctx, k.org, d)
}

// chunkKeeper keeps in the store how many rows one call to an org may hold.
type chunkKeeper struct {
	store *store.Store
	org   *orgLine
}

// Chunks answers what was kept.
func (k *chunkKeeper) Chunks(ctx context.Context) (map[bridge.Object]int, error) {
	return k.store.Chunks(ctx, k.org.ID())
}

// KeepChunks keeps them.
func (k *chunkKeeper) KeepChunks(ctx context.Context, sizes map[bridge.Object]int) error {
	return k.store.KeepChunks(ctx, k.org.ID(), sizes)
}

const (
	// keptFor is how long Salesforce keeps events.
	// https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-message-durability.html
	keptFor = 72 * time.Hour
	// eventsARow is how many events are forecast for each row that was written within that time: most are written more than once.
	eventsARow = 3
	// deliveryReserve is the share of the day's deliveries, in per cent, that a lost position must leave to what comes.
	deliveryReserve = 20
	dailyDeliveries = "DailyDeliveredPlatformEvents"
)

// outlook forecasts what reading a topic from its oldest event costs.
type outlook struct {
	client *salesforce.Client
	read   func(bridge.Topic) []bridge.Object
	now    bridge.Now
}

// Affordable compares what was written of late with what is left of the day's deliveries. A topic that brings objects nobody reads costs more than is
// forecast.
func (l outlook) Affordable(ctx context.Context, t bridge.Topic) (bool, string, error) {
	limits, err := l.client.Limits(ctx)
	if err != nil {
		return false, "", err
	}
	limit, known := limits[dailyDeliveries]
	if !known {
		return false, "", fmt.Errorf("the org's limits do not name %s", dailyDeliveries)
	}
	rows := 0
	for _, o := range l.read(t) {
		n, err := l.client.Count(ctx, o, l.now().Add(-keptFor))
		if err != nil {
			return false, "", err
		}
		rows += n
	}
	left := limit.Remaining - limit.Max*deliveryReserve/100
	if forecast := rows * eventsARow; forecast > left {
		return false, fmt.Sprintf("%d events are forecast, and %d of the day's %d deliveries may be used for them", forecast, max(0, left), limit.Max), nil
	}
	return true, "", nil
}
