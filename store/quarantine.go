package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"sfbridge/bridge"
)

const (
	// rawTTL is how long a raw event is kept: well past the 72 hours in which Salesforce could send it again.
	rawTTL = 30 * 24 * time.Hour
	// rawKept is how long Salesforce keeps events: one of unknown time was committed within it.
	rawKept = 72 * time.Hour
	// rawMargin is how far before the event that was read last one that could not be read may have been saved.
	rawMargin = 10 * time.Minute
)

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
	Since   time.Time     `json:"since,omitzero"` // commit of the newest event before it that could be read; zero where there was none
}

// Quarantine keeps a raw event for 30 days, and opens a hole for what it may have said. The same event twice is kept once; events of one hour and object
// share a hole.
func (s *Store) Quarantine(ctx context.Context, r Raw) error {
	return s.commitNow(ctx, func(p *plan) error {
		key := rawKey(&r)
		var had Raw
		if found, err := p.read(key, &had); err != nil || found {
			return err
		}
		if err := p.put(key, &r, rawTTL); err != nil {
			return err
		}
		h := r.hole()
		var before bridge.Hole
		if found, err := p.read(holeKey(&h), &before); err != nil {
			return err
		} else if found && !before.Closed && before.To.After(h.To) {
			h.To = before.To
		}
		return p.put(holeKey(&h), &h, 0)
	})
}

func rawKey(r *Raw) string { return prefixRaw + join(idPart(r.Org), namePart(r.ID)) }

// hole is what the event may have said.
func (r *Raw) hole() bridge.Hole {
	from := r.At.Add(-rawKept)
	if !r.Since.IsZero() {
		from = r.Since
	}
	return bridge.Hole{
		Org: r.Org, Topic: r.Topic, Object: r.Object, From: from.Truncate(time.Hour).Add(-rawMargin).UTC(), To: r.At,
		Reason: "event " + r.ID + " could not be read: " + r.Reason,
	}
}

// Quarantined answers all raw events that are kept, by the time at which they came.
func (s *Store) Quarantined(ctx context.Context) ([]Raw, error) {
	rs, err := all[Raw](ctx, s, prefixRaw)
	slices.SortStableFunc(rs, func(a, b Raw) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return rs, err
}

// CountQuarantined counts the raw events that are kept, up to most.
func (s *Store) CountQuarantined(ctx context.Context, most int) (int, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	items, err := s.kv.Scan(ctx, prefixRaw, "", most)
	return len(items), err
}

// QuarantinedEvent answers one raw event by its id, or an error wrapping bridge.ErrNotFound.
func (s *Store) QuarantinedEvent(ctx context.Context, id string) (Raw, error) {
	rs, err := s.Quarantined(ctx)
	if err != nil {
		return Raw{}, err
	}
	for i := range rs {
		if rs[i].ID == id {
			return rs[i], nil
		}
	}
	return Raw{}, fmt.Errorf("event %s is not in quarantine: %w", id, bridge.ErrNotFound)
}

// DropQuarantined forgets one raw event. The hole that it opened stays until its object was compared.
func (s *Store) DropQuarantined(ctx context.Context, id string) error {
	r, err := s.QuarantinedEvent(ctx, id)
	if err != nil {
		return err
	}
	return s.commitNow(ctx, func(p *plan) error {
		p.delete(rawKey(&r))
		return nil
	})
}
