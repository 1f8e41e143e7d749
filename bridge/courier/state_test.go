package courier

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// archive is a store of one linked record whose mirror says more than the event that is carried.
type archive struct {
	bridge.Journal
	bridge.Ledger
	link    bridge.Link
	row     bridge.Row
	settled []bridge.Effects
}

func (a *archive) Settle(_ context.Context, _ bridge.Work, e bridge.Effects) error {
	a.settled = append(a.settled, e)
	return nil
}

func (a *archive) Defer(context.Context, bridge.Work, bridge.Deferral) error { return nil }

func (a *archive) Bury(_ context.Context, _ bridge.Work, reason string, _ bridge.Effects) error {
	return errors.New("buried: " + reason)
}

func (a *archive) Take(context.Context, []bridge.Claim) ([]bridge.Claim, error) { return nil, nil }

func (a *archive) LinkOf(context.Context, bridge.OrgID, bridge.ProjectID, bridge.RecordID) (bridge.Link, error) {
	return a.link, nil
}

func (a *archive) Unconfirmed(context.Context, bridge.OrgID, bridge.RecordID) ([]bridge.Unconfirmed, error) {
	return nil, nil
}

func (a *archive) Rows(context.Context, bridge.OrgID, bridge.Object, []bridge.RecordID) ([]bridge.Row, error) {
	return []bridge.Row{a.row}, nil
}

func (a *archive) Lookup(context.Context, bridge.OrgID, bridge.Object, bridge.Field, bridge.Value) ([]bridge.RecordID, error) {
	return nil, nil
}

// postbox keeps what is sent.
type postbox struct{ got []bridge.Message }

func (p *postbox) Send(_ context.Context, m bridge.Message) (bridge.ContactID, error) {
	p.got = append(p.got, m)
	return m.Contact, nil
}

// An event that waited says what the record was; it is dirty in that field, and what it is now is carried, once.
func TestCourier_CarriesWhatTheRecordSaysNowNotTheEventThatCausedIt(t *testing.T) {
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Transfers: []bridge.Transfer{{
		ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Fields: []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	was, waited, now := bridge.TextValue("Tan"), bridge.TextValue("Lim"), bridge.TextValue("Ng")
	a, box := &archive{
		link: bridge.Link{
			Org: "00D", Project: "p", Object: "Contact", Record: "003", Contact: "7", Member: map[bridge.TransferID]bool{"t": true},
			Baseline: map[bridge.Attribute]bridge.Agreed{"lastName": {Salesforce: was, Platform: was}},
		},
		row: bridge.Row{Version: bridge.Version{At: time.Now()}, Values: bridge.Fields{"LastName": now}},
	}, &postbox{}
	c, err := New(Config{}, Deps{
		Journal: a, Ledger: a, Mirror: a, Rules: set, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Platforms: map[bridge.ProjectID]Platform{"p": {Sender: box}}, Orgs: map[string]Org{"o": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := bridge.Work{
		Entry: bridge.Entry{Kind: bridge.ChangeEntry, Change: &bridge.Change{Object: "Contact", Type: bridge.Update, Values: bridge.Fields{"LastName": waited}}},
		Deliveries: []bridge.Delivery{{
			ID: "d", Kind: bridge.State, Transfer: "t", Object: "Contact", Dirty: []bridge.Field{"LastName"},
			Lane: bridge.Lane{Org: "00D", Project: "p", Direction: bridge.Inbound, Source: "003"},
		}},
	}
	for _, o := range c.outlets {
		if o.Direction != bridge.Inbound {
			continue
		}
		if err := c.carry(t.Context(), &trip{c: c, o: o, w: w}); err != nil {
			t.Fatal(err)
		}
	}
	if len(box.got) != 1 || len(a.settled) != 1 || len(a.settled[0].Links) != 1 {
		t.Fatalf("%d messages, settled %+v; want one message and one link", len(box.got), a.settled)
	}
	if diff := cmp.Diff(bridge.Attributes{"lastName": now}, box.got[0].Set); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	want := map[bridge.Attribute]bridge.Agreed{"lastName": {Salesforce: now, Platform: now}}
	if diff := cmp.Diff(want, a.settled[0].Links[0].Baseline); diff != "" {
		t.Errorf("agreed on (-want +got):\n%s", diff)
	}
}
