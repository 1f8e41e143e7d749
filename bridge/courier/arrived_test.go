package courier

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
)

// counter is a platform of one contact whose answers may be lost though the message arrived.
type counter struct {
	holds bridge.Attributes
	lose  bool
}

func (k *counter) Send(_ context.Context, m bridge.Message) (bridge.ContactID, error) {
	maps.Copy(k.holds, m.Set)
	if k.lose {
		return "", bridge.Uncertain(errors.New("the answer is lost"))
	}
	return m.Contact, nil
}

func (k *counter) Fetch(_ context.Context, id bridge.ContactID) (bridge.Contact, error) {
	return bridge.Contact{ID: id, Values: maps.Clone(k.holds)}, nil
}

// A message arrives and its answer is lost, and the record goes back to what it said before. What the message came over on the platform gave way all the
// same, so the link remembers that it was there, and until when, though both sides hold what they agreed on before.
func TestCourier_RemembersAMessageThatArrivedUnansweredAndWasTakenBack(t *testing.T) {
	set, err := rule.Compile([]bridge.Project{{ID: "p", Org: "o", Transfers: []bridge.Transfer{{
		ID: "t", Object: "Contact", Kind: bridge.ContactTouched, Direction: bridge.Both, Fields: []bridge.Pair{{Salesforce: "LastName", Platform: "lastName"}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	tan, lim := bridge.TextValue("Tan"), bridge.TextValue("Lim")
	far := &counter{holds: bridge.Attributes{"lastName": tan}, lose: true}
	a := &archive{link: bridge.Link{
		Org: "00D", Project: "p", Object: "Contact", Record: "003", Contact: "7", Member: map[bridge.TransferID]bool{"t": true},
		Baseline: map[bridge.Attribute]bridge.Agreed{"lastName": {Salesforce: tan, Platform: tan}},
	}}
	c, err := New(Config{}, Deps{
		Journal: a, Ledger: a, Mirror: a, Rules: set, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Platforms: map[bridge.ProjectID]Platform{"p": {Sender: far, Fetcher: far}}, Orgs: map[string]Org{"o": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := bridge.Work{
		Entry: bridge.Entry{Kind: bridge.ChangeEntry, Change: &bridge.Change{Object: "Contact", Type: bridge.Update, Values: bridge.Fields{"LastName": lim}}},
		Deliveries: []bridge.Delivery{{
			ID: "d", Kind: bridge.State, Transfer: "t", Object: "Contact", Dirty: []bridge.Field{"LastName"},
			Lane: bridge.Lane{Org: "00D", Project: "p", Direction: bridge.Inbound, Source: "003"},
		}},
	}
	for _, says := range []bridge.Value{lim, tan, tan} { // two messages without an answer, then what both sides hold
		a.row = bridge.Row{Version: bridge.Version{At: time.Now()}, Values: bridge.Fields{"LastName": says}}
		for _, o := range c.outlets {
			if o.Direction != bridge.Inbound {
				continue
			}
			if err := c.carry(t.Context(), &trip{c: c, o: o, w: w}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(a.settled) != 1 || len(a.settled[0].Links) != 1 || !far.holds["lastName"].Equal(tan) {
		t.Fatalf("settled %+v, the contact holds %v; want one link and %v", a.settled, far.holds, tan)
	}
	past := a.settled[0].Links[0].Replaced["lastName"]
	if past.At.IsZero() || len(past.Was) == 0 || !past.Was[0].Equal(lim) {
		t.Errorf("the link remembers %+v, want that %v gave way", past, lim)
	}
}
