package store

import (
	"context"
	"time"

	"sfbridge/bridge"
)

// rawTTL is how long a raw event is kept: well past the 72 hours in which Salesforce could send it again.
const rawTTL = 30 * 24 * time.Hour

// Raw is an event that could not be read, as it came.
type Raw struct {
	ID      string        `json:"id"` // of the event
	Org     bridge.OrgID  `json:"org"`
	Topic   bridge.Topic  `json:"topic"`
	Object  bridge.Object `json:"object,omitempty"`
	Replay  []byte        `json:"replay"`
	Schema  string        `json:"schema"`
	Payload []byte        `json:"payload"`
	Reason  string        `json:"reason"`
	At      time.Time     `json:"at"`
}

// Quarantine keeps a raw event for 30 days, and opens a hole for what it may have said. The same event twice is kept once.
func (s *Store) Quarantine(ctx context.Context, r Raw) error {
	h := bridge.Hole{Org: r.Org, Topic: r.Topic, From: r.At, To: r.At, Reason: "event " + r.ID + " could not be read: " + r.Reason}
	return s.commitNow(ctx, func(p *plan) error {
		key := prefixRaw + join(idPart(r.Org), namePart(r.ID))
		var had Raw
		if found, err := p.read(key, &had); err != nil || found {
			return err
		}
		if err := p.put(key, &r, rawTTL); err != nil {
			return err
		}
		return p.put(holeKey(&h), &h, 0)
	})
}

// Quarantined answers all raw events that are kept.
func (s *Store) Quarantined(ctx context.Context) ([]Raw, error) { return all[Raw](ctx, s, prefixRaw) }
