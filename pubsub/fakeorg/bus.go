package fakeorg

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// The event bus of the org: every commit becomes change events, which are kept for the retention time and handed to the streams.
//
//	publish ──▶ log  [ e e m e e e ]      e event, m mark (an id without an event, so that a quiet bus moves on)
//	             first ▲       ▲ ▲
//	                   │       │ └ wake: closed and replaced whenever anything changes
//	                   │       └ cursors of the streams: ordinals, which count on for ever
//	                   └ what is older than the retention falls out, and its replay ids with it
//
// Nothing waits under the lock: a stream takes what is there together with the wake channel of that moment, and waits outside.

// bus keeps the change events of an org in commit order.
type bus struct {
	org       *Org
	keepalive atomic.Int64 // longest silence of a stream with credit, in nanoseconds
	dialect   atomic.Pointer[Dialect]

	mu       sync.Mutex
	random   *rand.Rand // gaps and event ids, in commit order
	callIDs  *rand.Rand // rpc ids, in any order
	log      []stored
	first    int64            // ordinal of log[0]
	issued   map[string]int64 // ordinal of the last entry with that replay counter, of the entries in log
	counter  uint64           // of the newest replay id
	wake     chan struct{}
	subs     map[*subscription]bool
	schemas  schemaSet
	channels map[string]map[string][]string // custom channels by topic: members by event name, with the fields that enrich them
	rights   rights
	faults   busFaults
	meter    meter
	twins    Twins
	late     []lateDraft // in the order of their commits
	diffs    bool        // long text is told as differences
	split    bool        // updates of one transaction are split into what the records share and what they do not
	opens    int64       // streams opened so far
	overflow int         // changes of one transaction beyond which only overflow events follow
}

// stored is one entry of the log; a mark has no event.
type stored struct {
	Event
	event    string   // record name of the event's schema, "" for a mark
	standard bool     // goes to the standard channel too
	instead  []string // channels that have entries of their own in place of this one
	only     string   // the one channel an enriched entry is for
}

const (
	defaultKeepalive = time.Minute
	// overflowAfter is the number of changes of one transaction that come as ordinary events.
	overflowAfter = 100_000
	// markAge is how old the newest replay id may be before a keepalive moves on to a fresh one.
	markAge = 30 * time.Second
)

// newBus returns an empty bus of the org o. It reads the options only.
func newBus(o *Org) *bus {
	b := &bus{
		org: o, wake: make(chan struct{}), subs: map[*subscription]bool{}, channels: map[string]map[string][]string{},
	}
	b.keepalive.Store(int64(cmp.Or(o.opts.Keepalive, defaultKeepalive)))
	b.dialect.Store(&Dialect{})
	seed := seedOf(o.OrgID())
	b.random, b.callIDs = rand.New(rand.NewPCG(1, seed)), rand.New(rand.NewPCG(2, seed))
	b.clear(b.random.Uint64N(1 << 24))
	return b
}

// seedOf makes one number of a text, so that each org has replay ids of its own that are the same in every run.
func seedOf(text string) uint64 {
	var h uint64 = 14695981039346656037
	for _, c := range []byte(text) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// clear forgets every event, fault and delivery, and starts the replay ids behind counter.
func (b *bus) clear(counter uint64) {
	b.first += int64(len(b.log))
	b.log, b.issued, b.counter = nil, map[string]int64{}, counter
	b.faults, b.meter, b.overflow, b.split = busFaults{}, meter{limit: max(0, b.org.opts.DeliveryMax)}, overflowAfter, false
	b.twins, b.late, b.diffs = Twins{}, nil, false
}

// reset takes the bus back to its beginning: no events, no faults; channels and rights stay. Streams end, as their ids mean nothing
// any more.
func (b *bus) reset() {
	b.locked(func() {
		b.clear(b.counter + 1<<20)
		b.endLocked(ending{code: "service.unavailable"}, len(b.subs))
	})
}

// locked runs f under the lock and wakes the streams, which then see what f changed.
func (b *bus) locked(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
	b.wakeLocked()
}

func (b *bus) wakeLocked() {
	close(b.wake)
	b.wake = make(chan struct{})
}

// publish turns a committed transaction into change events and wakes the streams. It never blocks and takes no lock of the org, so the
// caller may hold one.
func (b *bus) publish(c Commit) {
	b.locked(func() {
		b.releaseLocked(b.org.now())
		drafts := b.draftsOf(c)
		for i, d := range drafts {
			if !b.delayed(c, drafts, i) {
				b.emitLocked(c, d)
			}
		}
		b.purgeLocked(b.org.now())
	})
}

// appendLocked puts an entry at the end of the log, under the replay id it has or the next one.
func (b *bus) appendLocked(s stored) {
	if s.Replay == nil {
		b.counter += 1 + b.random.Uint64N(maxGap)
		s.Replay = replayID(b.counter)
	} else if len(s.Replay) >= 8 {
		b.counter = max(b.counter, binary.BigEndian.Uint64(s.Replay))
	}
	b.issued[replayKey(s.Replay)] = b.first + int64(len(b.log))
	b.log = append(b.log, s)
}

// purgeLocked drops what is older than the retention.
func (b *bus) purgeLocked(now time.Time) {
	limit, n := now.Add(-b.org.opts.Retention), 0
	for n < len(b.log) && b.log[n].Time.Before(limit) {
		n++
	}
	b.dropLocked(n)
}

// dropLocked lets the n oldest entries fall out, and their replay ids with them.
func (b *bus) dropLocked(n int) {
	for i := range n {
		key := replayKey(b.log[i].Replay)
		if b.issued[key] < b.first+int64(n) {
			delete(b.issued, key)
		}
		b.log[i] = stored{}
	}
	b.log = b.log[n:]
	b.first += int64(n)
}

// tip returns the newest replay id, a fresh one where the newest is old: a real bus carries more than one org's events and never
// stands still.
func (b *bus) tipLocked() []byte {
	now := b.org.now()
	if n := len(b.log); n > 0 && (b.faults.steady || now.Sub(b.log[n-1].Time) < markAge) {
		return b.log[n-1].Replay
	}
	b.appendLocked(stored{Event: Event{Time: now}})
	return b.log[len(b.log)-1].Replay
}
