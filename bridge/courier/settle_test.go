package courier

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// desktop is a store that knows one deleted record, and looks at what is locked when work ends.
type desktop struct {
	bridge.Journal
	bridge.Ledger
	bridge.Mirror
	locks   *locks
	settled int
	held    int
}

func (d *desktop) Settle(context.Context, bridge.Work, bridge.Effects) error {
	d.locks.mu.Lock()
	defer d.locks.mu.Unlock()
	d.settled++
	d.held = len(d.locks.held)
	return nil
}

func (d *desktop) LinkOf(context.Context, bridge.OrgID, bridge.ProjectID, bridge.RecordID) (bridge.Link, error) {
	return bridge.Link{}, bridge.ErrNotFound
}

func (d *desktop) Unconfirmed(context.Context, bridge.OrgID, bridge.RecordID) ([]bridge.Unconfirmed, error) {
	return nil, nil
}

func (d *desktop) Rows(context.Context, bridge.OrgID, bridge.Object, []bridge.RecordID) ([]bridge.Row, error) {
	return []bridge.Row{{Deleted: true}}, nil
}

func TestCourier_HoldsItsLocksUntilWhatWasAgreedOnIsDurable(t *testing.T) {
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Transfers: []bridge.Transfer{
		{ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	d := &desktop{}
	c, err := New(Config{}, Deps{
		Journal: d, Ledger: d, Mirror: d, Rules: set, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Platforms: map[bridge.ProjectID]Platform{"p": {}}, Orgs: map[string]Org{"o": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.locks = c.locks
	w := bridge.Work{Deliveries: []bridge.Delivery{{
		ID: "d", Kind: bridge.State, Transfer: "t", Object: "Contact",
		Lane: bridge.Lane{Org: "00D", Project: "p", Direction: bridge.Inbound, Source: "003"},
	}}}
	for _, o := range c.outlets {
		if o.Direction != bridge.Inbound {
			continue
		}
		if err := c.carry(t.Context(), o, w); err != nil {
			t.Fatal(err)
		}
	}
	if d.settled != 1 || d.held != 1 {
		t.Errorf("settled %d times with %d names locked, want once with the record's", d.settled, d.held)
	}
	if len(c.locks.held) != 0 {
		t.Errorf("%d names stay locked", len(c.locks.held))
	}
}
