package pubsub

import (
	"context"
	"sync"
	"time"
)

// maxBeat is the longest that the service says nothing to a stream that has asked for events.
// https://developer.salesforce.com/docs/platform/pub-sub-api/references/methods/subscribe-rpc.html
const maxBeat = 270 * time.Second

// beatStep is how much longer a pause must be than the longest one to be written down.
const beatStep = time.Second

// BeatKeeper remembers the longest pause between two messages of an org's healthy streams.
type BeatKeeper interface {
	// Beat answers what was kept, 0 for nothing.
	Beat(ctx context.Context) (time.Duration, error)
	// KeepBeat makes it durable.
	KeepBeat(ctx context.Context, d time.Duration) error
}

// Beats is the rhythm of an org's service, which its topics share: a watchdog that did not know it would end healthy streams, after a restart too.
type Beats struct {
	keeper BeatKeeper // nil keeps nothing over a restart

	mu      sync.Mutex
	longest time.Duration
	kept    time.Duration
}

// NewBeats makes the beats of an org. A nil keeper forgets them with the process.
func NewBeats(k BeatKeeper) *Beats { return &Beats{keeper: k} }

// Longest is the longest healthy pause so far.
func (b *Beats) Longest() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.longest
}

// heard notes a pause that a message ended.
func (b *Beats) heard(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.longest = max(b.longest, min(d, maxBeat))
}

// load takes what an earlier process kept.
func (b *Beats) load(ctx context.Context) error {
	if b.keeper == nil {
		return nil
	}
	d, err := b.keeper.Beat(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.longest, b.kept = max(b.longest, min(d, maxBeat)), max(b.kept, d)
	return nil
}

// keep makes the longest pause durable where it has grown. What cannot be kept is learned again.
func (b *Beats) keep(ctx context.Context) error {
	b.mu.Lock()
	d, grown := b.longest, b.longest >= b.kept+beatStep
	b.mu.Unlock()
	if b.keeper == nil || !grown {
		return nil
	}
	if err := b.keeper.KeepBeat(ctx, d); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = max(b.kept, d)
	return nil
}
