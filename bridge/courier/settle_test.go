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
		if err := c.carry(t.Context(), &trip{c: c, o: o, w: w}); err != nil {
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

// folding is a mirror whose next confirmation lands between the first two reads of it.
type folding struct {
	bridge.Ledger
	bridge.Mirror
	reads int
}

func (f *folding) Unconfirmed(context.Context, bridge.OrgID, bridge.RecordID) ([]bridge.Unconfirmed, error) {
	f.reads++
	if f.reads > 1 {
		return nil, nil
	}
	return []bridge.Unconfirmed{{Project: "p", Field: "Email", Value: bridge.TextValue("ours")}}, nil
}

func (f *folding) Rows(context.Context, bridge.OrgID, bridge.Object, []bridge.RecordID) ([]bridge.Row, error) {
	f.reads++
	if f.reads > 1 {
		return []bridge.Row{{Values: bridge.Fields{"Email": bridge.TextValue("ours")}}}, nil
	}
	return []bridge.Row{{Values: bridge.Fields{"Email": bridge.TextValue("old")}}}, nil
}

func TestTrip_TakesNoOldValueForTheWholeTruthWhileAConfirmationLands(t *testing.T) {
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Transfers: []bridge.Transfer{{
		ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Fields: []bridge.Pair{{Salesforce: "Email", Platform: "email"}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	f := &folding{}
	p := set.Project("p")
	tr := &trip{
		c: &Courier{d: Deps{Ledger: f, Mirror: f, Rules: set, Now: time.Now}}, o: &outlet{project: p},
		w: bridge.Work{Deliveries: []bridge.Delivery{{Lane: bridge.Lane{Org: "00D"}}}},
	}
	row, open, err := tr.told(t.Context(), p.Transfers[0], "003")
	if err != nil {
		t.Fatal(err)
	}
	if row.Values["Email"].Text == "old" && len(open) == 0 {
		t.Error("the row is from before the confirmation, and nothing says that one was due")
	}
	if f.reads != 2 {
		t.Errorf("%d reads, want the open writes and the row once each", f.reads)
	}
}
