package courier

import (
	"context"
	"testing"
	"time"

	"sfbridge/bridge"
)

// wordbook holds words that earlier processes left.
type wordbook struct {
	bridge.Ledger
	words map[string]bridge.Claim
}

func (w wordbook) Take(_ context.Context, claims []bridge.Claim) (stand []bridge.Claim, err error) {
	for _, c := range claims {
		if s, ok := w.words[c.Identity]; ok {
			stand = append(stand, s)
		}
	}
	return stand, nil
}

func TestTrip_TellsWhatAnEarlierProcessCameOverOnTheRecordThatTheLinkWasMovedFrom(t *testing.T) {
	word := bridge.Claim{Identity: bridge.WordOf("d", "00Q"), Delivery: "d", Clashed: []string{"LastName"}}
	moved := bridge.Link{Org: "00D", Project: "p", Object: "Contact", Record: "003", From: "00Q", Contact: "101"}
	stayed := moved
	stayed.From = ""
	for name, c := range map[string]struct {
		link    bridge.Link
		resumed bool
		word    bridge.Claim
		want    int
	}{
		"moved":                         {moved, true, word, 1},
		"moved, and nobody had clashed": {moved, true, bridge.Claim{Identity: word.Identity, Delivery: "d"}, 0},
		"moved, in this very process":   {moved, false, word, 0},
		"never moved":                   {stayed, true, word, 0},
	} {
		trip := &trip{
			c: &Courier{d: Deps{Ledger: wordbook{words: map[string]bridge.Claim{word.Identity: c.word}}, Now: time.Now}}, o: &outlet{},
			w: bridge.Work{Resumed: c.resumed, Deliveries: []bridge.Delivery{{ID: "d", Lane: bridge.Lane{Org: "00D", Project: "p"}}}},
		}
		if err := trip.leftBehind(t.Context(), []bridge.Link{c.link}); err != nil {
			t.Fatal(err)
		}
		lines := trip.effects.Story
		if len(lines) != c.want {
			t.Fatalf("%s: told %+v", name, lines)
		}
		if len(lines) == 0 {
			continue
		}
		if l := lines[0]; l.Outcome != bridge.Conflict || l.Record != "003" || l.Contact != "101" || l.Delivery != "d" || len(l.Fields) != 1 || l.Fields[0] != "LastName" {
			t.Errorf("%s: told %+v", name, l)
		}
		if len(trip.traces) != 1 || trip.traces[0].Identity != word.Identity {
			t.Errorf("%s: %+v ends with the delivery, want the word", name, trip.traces)
		}
	}
}
