package refill_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

func TestFiller_HoldsAMassOfDeletionsForAnOperator(t *testing.T) {
	for name, c := range map[string]struct {
		deleted, live int
		unlinked      int // of those deleted
		onDelete      bridge.OnDelete
		shadow, held  bool
	}{
		"one of one":                         {deleted: 1},
		"two of two hundred":                 {deleted: 2, live: 198},
		"two of fewer":                       {deleted: 2, live: 197, held: true},
		"all of two":                         {deleted: 2, held: true},
		"a hundred of ten thousand":          {deleted: 100, live: 9_900},
		"a hundred of fewer":                 {deleted: 100, live: 9_899, held: true},
		"a hundred and one of many":          {deleted: 101, live: 5_000_000, held: true},
		"many, of whom nobody is linked":     {deleted: 400, unlinked: 400},
		"many, of whom one is linked":        {deleted: 400, unlinked: 399},
		"many, of whom two are linked":       {deleted: 400, unlinked: 398, held: true},
		"many, and the contacts stay":        {deleted: 400, onDelete: bridge.KeepContact},
		"many, and the transfer only shadow": {deleted: 400, shadow: true},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, s *stand) {
				s.compile(bridge.Transfer{
					ID: "contacts", Object: contact, Kind: bridge.ContactTouched, Direction: bridge.Both, Shadow: c.shadow, OnDelete: cmp.Or(c.onDelete, bridge.DeleteContact),
					Identity: []bridge.Pair{{Salesforce: "Email", Platform: "email"}},
				})
				from := time.Now().Add(-time.Hour)
				s.deletes(contact, 1, c.deleted, from)
				for n := 1; n <= c.unlinked; n++ {
					delete(s.linked, id(contact, n))
				}
				s.count = c.live
				h := s.open(bridge.Hole{From: from, To: from.Add(time.Minute), Object: contact})
				s.begin()
				s.pass(time.Second)
				if got := s.kept(h); got.Closed == c.held || (got.Held() != "") != c.held || (len(s.told) == 0) != c.held {
					t.Fatalf("closed %t, held %q, %d deletions were told", got.Closed, got.Held(), len(s.told))
				}
				s.pass(24 * time.Hour)
				if !c.held {
					return
				}
				if got := s.kept(h); got.Closed || len(s.told) > 0 || s.n["deletions Contact"] != 1 {
					t.Fatalf("nobody was asked: closed %t, %d deletions told, listed %d times", got.Closed, len(s.told), s.n["deletions Contact"])
				}
				s.say(h, approve)
				s.pass(time.Minute)
				if got := s.kept(h); !got.Closed || len(s.told) != c.deleted || got.Filled[contact].Deleted != c.deleted {
					t.Errorf("after an operator's word: %+v, %d deletions told", got, len(s.told))
				}
				if n := s.figure("sfbridge_hole_deletions_total"); n != float64(c.deleted) {
					t.Errorf("the metric counts %v", n)
				}
			})
		})
	}
}

func TestFiller_HoldsNothingElseWithTheDeletions(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		from := time.Now().Add(-time.Hour)
		s.deletes(contact, 1, 2, from)
		s.writes(contact, 3, from, "Tan")
		s.deletes(lead, 4, 4, from)
		s.writes(lead, 5, from, "Lim")
		h := s.open(bridge.Hole{From: from, To: from.Add(time.Minute)})
		s.begin()
		s.pass(time.Second)
		if diff := gocmp.Diff([]string{"0030003", "00Q0005", "00Q0004 deleted"}, s.took()); diff != "" {
			t.Error(diff)
		}
		got := s.kept(h)
		if got.Closed || got.Held() == "" || !got.Filled[lead].Done || !strings.Contains(got.Held(), "2 of 3 records of Contact") {
			t.Errorf("hole %+v", got)
		}
	})
}

// An operator speaks while a long object of the same hole is read: the reader knows the hole as it was before.
func TestFiller_KeepsAnOperatorsWordThatComesWhileItReads(t *testing.T) {
	for name, word := range map[string]func(*bridge.Hole){
		"approved": approve,
		"closed":   func(h *bridge.Hole) { h.Closed = true },
		"opened anew for more": func(h *bridge.Hole) {
			h.To, h.Filled = h.To.Add(time.Minute), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, s *stand) {
				from := time.Now().Add(-time.Hour)
				s.deletes(contact, 1, 2, from)
				for n := range 9 {
					s.writes(lead, n, from, "Lim")
				}
				h := s.open(bridge.Hole{From: from, To: from.Add(time.Minute)})
				s.fail = func(call string, n int) error {
					if call == "page Lead" && n == 2 {
						kept := s.hole(h.ID())
						word(&kept)
						s.keep(kept)
					}
					return nil
				}
				f, _ := s.begin()
				s.pass(time.Second)
				if f.Problem() != "" {
					t.Errorf("an operator's word is a problem: %s", f.Problem())
				}
				got := s.kept(h)
				switch name {
				case "approved":
					if !got.Approved || got.Held() != "" {
						t.Errorf("the word is lost: %+v", got)
					}
				case "closed":
					if !got.Closed {
						t.Errorf("the word is lost: %+v", got)
					}
				default:
					if got.Closed || len(got.Filled) > 0 {
						t.Errorf("what is missing besides counts as compared: %+v", got)
					}
				}
				s.pass(time.Minute)
				if got = s.kept(h); got.Closed == (name == "opened anew for more") {
					t.Errorf("a minute later: %+v", got)
				}
			})
		})
	}
}

func TestFiller_SaysWhereSalesforceListsDeletionsNoLonger(t *testing.T) {
	for name, late := range map[string]time.Duration{"by the rounding of minutes": time.Minute, "by more": time.Minute + time.Second} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, s *stand) {
				from := time.Now().Add(-20 * 24 * time.Hour)
				s.deletes(contact, 1, 1, from.Add(time.Hour))
				s.from = from.Add(late)
				h := s.open(bridge.Hole{From: from, To: time.Now().Add(-time.Hour), Object: contact})
				s.begin()
				s.pass(time.Second)
				if diff := gocmp.Diff([]string{"0030001 deleted"}, s.took()); diff != "" {
					t.Errorf("what is listed: %s", diff)
				}
				got := s.kept(h)
				if late == time.Minute {
					if !got.Closed {
						t.Errorf("hole %+v", got)
					}
					return
				}
				if got.Closed || !strings.Contains(got.Held(), s.from.UTC().Format(time.RFC3339)) {
					t.Errorf("hole %+v", got)
				}
				s.say(h, approve)
				s.pass(time.Minute)
				if got = s.kept(h); !got.Closed || len(s.took()) > 0 {
					t.Errorf("after an operator's word: %+v", got)
				}
			})
		})
	}
}

func TestFiller_WaitsForAListOfDeletionsThatLagsBehind(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		from := time.Now().Add(-time.Hour)
		h := s.open(bridge.Hole{From: from, To: from.Add(30 * time.Minute), Object: contact})
		s.to = from.Add(30*time.Minute - time.Second)
		s.deletes(contact, 1, 1, from)
		f, _ := s.begin()
		s.pass(10 * time.Minute)
		if got := s.kept(h); got.Closed || got.Filled[contact].Done || f.Problem() == "" || len(s.told) > 0 {
			t.Fatalf("hole %+v, problem %q", got, f.Problem())
		}
		s.to = from.Add(30 * time.Minute)
		s.pass(30 * time.Minute)
		if got := s.kept(h); !got.Closed || f.Problem() != "" || len(s.told) != 1 {
			t.Errorf("hole %+v, problem %q", got, f.Problem())
		}
	})
}

func TestFiller_TakesWhatCannotBeSeenForNoDeletion(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		from := time.Now().Add(-time.Hour)
		h := s.open(bridge.Hole{From: from, To: from.Add(time.Minute)})
		s.deletes(contact, 1, 1, from)
		s.deletes(lead, 2, 2, from)
		blind := true
		s.fail = func(call string, _ int) error {
			if blind && call == "rights Contact" {
				return errSome
			}
			return nil
		}
		f, _ := s.begin()
		s.pass(time.Hour)
		if diff := gocmp.Diff([]string{"00Q0002 deleted"}, s.took()); diff != "" {
			t.Errorf("only what can be seen is compared: %s", diff)
		}
		if s.n["rows Contact"]+s.n["deletions Contact"] > 0 || s.kept(h).Closed || !strings.Contains(f.Problem(), "Contact") {
			t.Errorf("calls %v, hole %+v, problem %q", s.n, s.kept(h), f.Problem())
		}
		s.mu.Lock()
		blind = false
		s.mu.Unlock()
		s.pass(30 * time.Minute)
		if diff := gocmp.Diff([]string{"0030001 deleted"}, s.took()); diff != "" || !s.kept(h).Closed {
			t.Errorf("once it can be seen: %s%+v", diff, s.kept(h))
		}
	})
}
