package courier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

const (
	// recordsPerEntry bounds one entry: an event may speak of thousands of records.
	recordsPerEntry = 50
	dedupWithID     = 7 * 24 * time.Hour
	dedupWithout    = 10 * time.Minute
)

// Intake turns what both sides say into entries. It decides only which deliveries exist; it judges no value. It is safe for concurrent use.
type Intake struct {
	journal bridge.Journal
	rules   *rule.Set
	wants   map[string]*rule.Wants
	ours    Ours
	now     bridge.Now
	drafts  *sync.Pool // of *draft
}

// draft is what one call gives to the journal. The next call uses its memory again.
type draft struct {
	entries    []bridge.Entry
	deliveries []bridge.Delivery // of all entries
}

// reset empties the draft and lets go of what it held.
func (d *draft) reset() {
	clear(d.entries)
	clear(d.deliveries)
	d.entries, d.deliveries = d.entries[:0], d.deliveries[:0]
}

// Ours tells the bridge's own changes from other people's, by org. It is a hint that saves work.
type Ours struct {
	Client string                           // of Sforce-Call-Options
	User   func(org string) bridge.RecordID // the running user, "" while it is not known; nil for none
}

// NewIntake makes the intake of every org that rules speak of.
func NewIntake(j bridge.Journal, rules *rule.Set, ours Ours, now bridge.Now) *Intake {
	in := &Intake{
		journal: j, rules: rules, wants: map[string]*rule.Wants{}, ours: ours, now: now, drafts: &sync.Pool{New: func() any { return &draft{} }},
	}
	for _, p := range rules.Projects() {
		if in.wants[p.Org] == nil {
			in.wants[p.Org] = rules.Wants(p.Org)
		}
	}
	return in
}

// Stream is the intake of one org's change events: the sink of its subscribers.
func (in *Intake) Stream(org string) *Stream { return &Stream{in, org} }

// Stream takes the changes of one org.
type Stream struct {
	in  *Intake
	org string
}

// Accept makes the changes that somebody wants, and the position, durable in one step. It cuts the changes down to what is wanted of them.
func (s *Stream) Accept(ctx context.Context, changes []bridge.Change, pos bridge.Position) error {
	d, _ := s.in.drafts.Get().(*draft)
	defer s.in.drafts.Put(d)
	defer d.reset()
	for i := range changes {
		s.in.draw(d, s.org, &changes[i])
	}
	at := &pos
	if len(pos.Replay) == 0 {
		at = nil // the changes alone: the position trails
	}
	if err := s.in.journal.Append(ctx, d.entries, at); err != nil {
		return fmt.Errorf("append %d changes of %s: %w", len(changes), pos.Topic, err)
	}
	return nil
}

// draw adds the entries of a change, which it cuts and keeps.
func (in *Intake) draw(d *draft, org string, c *bridge.Change) {
	wants := in.wants[org]
	if wants == nil || !wants.Trim(c) {
		return
	}
	c.Origin.Ours = c.Origin.Client != "" && c.Origin.Client == in.ours.Client || in.ours.User != nil && c.Origin.User != "" && c.Origin.User == in.ours.User(org)
	hits, touched := wants.Wanted(c), wants.Touches(c)
	if len(c.Records) <= recordsPerEntry {
		d.add(bridge.Entry{Kind: bridge.ChangeEntry, At: in.now(), Change: c}, hits, touched)
		return
	}
	for ids := range slices.Chunk(c.Records, recordsPerEntry) {
		part := *c
		part.Records = ids
		d.add(bridge.Entry{Kind: bridge.ChangeEntry, At: in.now(), Change: &part}, hits, touched)
	}
}

// add adds the entry of a change with its deliveries.
func (d *draft) add(e bridge.Entry, hits []rule.Hit, touched []rule.Touched) {
	from := len(d.deliveries)
	for _, id := range e.Change.Records {
		for _, h := range hits {
			d.deliveries = append(d.deliveries, inboundDelivery(e.Change, id, h.Transfer, h.Dirty))
		}
		for _, parent := range touched {
			d.deliveries = append(d.deliveries, spreadDelivery(e.Change, id, parent))
		}
	}
	if to := len(d.deliveries); to > from {
		e.Deliveries = d.deliveries[from:to:to]
	}
	d.entries = append(d.entries, e)
}

var edges = map[bridge.ChangeType]bridge.Edge{
	bridge.Create: bridge.EdgeCreate, bridge.GapCreate: bridge.EdgeCreate, bridge.Delete: bridge.EdgeDelete, bridge.GapDelete: bridge.EdgeDelete,
	bridge.Undelete: bridge.EdgeUndelete, bridge.GapUndelete: bridge.EdgeUndelete,
}

// inboundDelivery is the delivery of one record. Both halves of a person account go in the lane of the account, where the event names it; where it does
// not, whoever carries it finds out (twin.go).
func inboundDelivery(c *bridge.Change, id bridge.RecordID, t *rule.Transfer, dirty []bridge.Field) bridge.Delivery {
	source, object := id, c.Object
	if account, _ := rule.AccountOf(c.Values); account != "" && t.Twinned(c.Object) && len(c.Records) == 1 {
		source, object = account, t.Object
	}
	return bridge.Delivery{
		ID:       rule.DeliveryID(c.Org, c.Event, string(id), t.ID),
		Kind:     bridge.State,
		Lane:     bridge.Lane{Org: c.Org, Project: t.Project, Direction: bridge.Inbound, Source: string(source)},
		Transfer: t.ID,
		Object:   object,
		Edge:     edges[c.Type],
		Dirty:    dirty,
		Ours:     c.Origin.Ours,
	}
}

// spreadDelivery has the children of a parent looked at once the parent's change is in the mirror.
func spreadDelivery(c *bridge.Change, id bridge.RecordID, to rule.Touched) bridge.Delivery {
	t := to.Transfer
	return bridge.Delivery{
		ID: rule.DeliveryID(c.Org, c.Event, string(id)+"/"+string(to.Reference), t.ID), Kind: bridge.Spread, Transfer: t.ID, Object: c.Object, Dirty: to.Dirty,
		Lane: bridge.Lane{Org: c.Org, Project: t.Project, Direction: bridge.Inbound, Source: string(id)}, Ours: c.Origin.Ours,
	}
}

// Take makes a callback durable; a second copy of it gives ErrDuplicate once the first is durable.
func (in *Intake) Take(ctx context.Context, cb bridge.Callback) error {
	e := bridge.Entry{Kind: bridge.CallbackEntry, At: in.now(), Callback: &cb}
	e.Dedup, e.DedupFor = dedupName(&cb)
	lane := bridge.Lane{Org: cb.Org, Project: cb.Project, Direction: bridge.Outbound, Source: string(cb.Contact)}
	switch p := in.rules.Project(cb.Project); {
	case cb.Kind == bridge.ContactTouched && len(p.Contacts(bridge.Outbound)) > 0:
		e.Deliveries = []bridge.Delivery{{ID: rule.DeliveryID(cb.Org, e.Dedup, string(cb.Contact), ""), Kind: bridge.State, Lane: lane}}
	case cb.Kind == bridge.Happened:
		for _, t := range p.Activities(cb.Type) {
			e.Deliveries = append(e.Deliveries, bridge.Delivery{
				ID: rule.DeliveryID(cb.Org, e.Dedup, string(cb.Contact), t.ID), Kind: bridge.Append, Lane: lane, Transfer: t.ID, Object: t.Object,
			})
		}
	}
	if len(e.Deliveries) == 0 {
		return nil // authentic, and no transfer wants it
	}
	if err := in.journal.Append(ctx, []bridge.Entry{e}, nil); err != nil {
		return fmt.Errorf("append callback: %w", err)
	}
	return nil
}

// dedupName is by what a callback is known again and for how long: its own id, or its body for a short while.
func dedupName(cb *bridge.Callback) (string, time.Duration) {
	what, keep := []byte("id\x00"+cb.Event), dedupWithID
	if cb.Event == "" {
		what, keep = append([]byte("body\x00"), cb.Body...), dedupWithout
	}
	h := sha256.Sum256(append([]byte(string(cb.Org)+"\x00"+string(cb.Project)+"\x00"), what...))
	return hex.EncodeToString(h[:16]), keep
}
