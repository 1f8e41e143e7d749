package refill_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sfbridge/bridge"
)

func TestFiller_ReadsFromExactlyTheStartOfTheHole(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2000, 1, 1, h, 0, 0, 123456789, time.UTC) }
	for name, c := range map[string]struct {
		holes []bridge.Hole
		rows  time.Time // from when rows are read
		gone  time.Time // from when deletions are
	}{
		"one hole":                    {[]bridge.Hole{{From: at(3)}}, at(3), at(3)},
		"of the whole object":         {[]bridge.Hole{{From: at(3), Whole: true}}, time.Time{}, at(3)},
		"of the whole object, quiet":  {[]bridge.Hole{{From: at(3), Whole: true, Quiet: true}}, time.Time{}, at(3)},
		"the earliest of several":     {[]bridge.Hole{{From: at(7)}, {From: at(2)}, {From: at(5)}}, at(2), at(2)},
		"one of several is of all":    {[]bridge.Hole{{From: at(7)}, {From: at(2), Whole: true}}, time.Time{}, at(2)},
		"where it stopped":            {[]bridge.Hole{{From: at(3), Filled: upto(at(6))}}, at(6), at(3)},
		"of the whole, where stopped": {[]bridge.Hole{{From: at(3), Whole: true, Filled: upto(at(1))}}, at(1), at(3)},
		"another is further back":     {[]bridge.Hole{{From: at(3), Filled: upto(at(6))}, {From: at(5)}}, at(5), at(3)},
		"what is done is left out":    {[]bridge.Hole{{From: at(1), Filled: map[bridge.Object]bridge.Filled{contact: {Done: true}}}, {From: at(5)}}, at(5), at(5)},
		"what is held is left out":    {[]bridge.Hole{{From: at(1), Filled: map[bridge.Object]bridge.Filled{contact: {Held: "many"}}}, {From: at(5)}}, at(5), at(5)},
		"of another org":              {[]bridge.Hole{{Org: "00D000000000002EAA", From: at(1)}, {From: at(5)}}, at(5), at(5)},
		"closed":                      {[]bridge.Hole{{From: at(1), Closed: true}, {From: at(5)}}, at(5), at(5)},
		"of another object":           {[]bridge.Hole{{From: at(1), Object: lead}, {From: at(5), Object: contact}}, at(5), at(5)},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, s *stand) {
				time.Sleep(time.Until(at(9)))
				for _, h := range c.holes {
					h.To = at(8)
					s.open(h)
				}
				s.begin()
				s.pass(time.Second)
				i := slices.IndexFunc(s.asked, func(q bridge.Since) bool { return q.Object == contact })
				if i < 0 || !s.asked[i].At.Equal(c.rows) || !s.since[i].Equal(c.gone) {
					t.Errorf("asked %+v, deletions since %v; want %v and %v", s.asked, s.since, c.rows, c.gone)
				}
				if n := s.n["rows Contact"]; n != 1 {
					t.Errorf("the object was read %d times", n)
				}
			})
		})
	}
}

func upto(t time.Time) map[bridge.Object]bridge.Filled {
	return map[bridge.Object]bridge.Filled{contact: {Upto: t, Rows: 5}}
}

func TestFiller_BeginsOnceTheStreamHasSettled(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		ended := time.Now()
		h := s.open(bridge.Hole{From: ended.Add(-time.Hour), To: ended})
		endless := s.open(bridge.Hole{From: ended.Add(-2 * time.Hour)})
		s.begin()
		s.pass(90*time.Second - time.Nanosecond)
		if n := s.n["rights Contact"]; n > 0 || s.figure("sfbridge_hole_open") != 2 {
			t.Fatalf("asked %d times before 90 s, %v holes open", n, s.figure("sfbridge_hole_open"))
		}
		s.pass(time.Nanosecond)
		if s.n["rights Contact"] != 1 || !s.kept(h).Closed {
			t.Errorf("after 90 s: calls %v, hole %+v", s.calls, s.kept(h))
		}
		s.pass(24 * time.Hour)
		if s.n["rows Contact"] != 1 || s.kept(endless).Closed || s.figure("sfbridge_hole_open") != 1 || s.figure("sfbridge_hole_closed_total") != 1 {
			t.Errorf("a hole whose end is not known: %+v after calls %v", s.kept(endless), s.n)
		}
	})
}

func TestFiller_TakesInWhatTheMirrorLacksAndNothingElse(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		from := time.Now().Add(-time.Hour)
		s.pageSize = 450 // more than are looked up at once
		want := []string{}
		for n := range 1000 {
			r := s.writes(contact, n, from.Add(time.Duration(n)*time.Second), "Tan")
			switch n % 100 {
			case 0: // nothing is known
				want = append(want, fmt.Sprintf("003%04d", n))
				continue
			case 1: // an older state is
				r.Version.At = r.Version.At.Add(-time.Second)
				want = append(want, fmt.Sprintf("003%04d", n))
			case 2: // another value is
				r.Values = bridge.Fields{"LastName": bridge.TextValue("Lim")}
				want = append(want, fmt.Sprintf("003%04d", n))
			case 3: // all is, but who read it may have carried one field of it
				s.linked[r.Record] = true
				want = append(want, fmt.Sprintf("003%04d", n))
			}
			s.mirror[r.Record] = r
		}
		s.writes(contact, 1000, from.Add(-2*time.Second), "before the hole")
		h := s.open(bridge.Hole{From: from, To: time.Now().Add(-90 * time.Second)})
		s.begin()
		s.pass(time.Second)
		if diff := cmp.Diff(want, s.took()); diff != "" {
			t.Error(diff)
		}
		done := s.kept(h).Filled[contact]
		if !s.kept(h).Closed || !done.Done || done.Rows != 30 || s.figure("sfbridge_hole_rows_total") != 30 {
			t.Errorf("hole %+v", s.kept(h))
		}
	})
}

// TestFiller_LeavesWhatIsKnownAndOlderThanTheHoleAlone compares all records of an object, of which most did not change.
func TestFiller_LeavesWhatIsKnownAndOlderThanTheHoleAlone(t *testing.T) {
	for quiet, want := range map[bool][]string{true: {"0030001"}, false: {"0030001"}} {
		in(t, func(t *testing.T, s *stand) {
			from := time.Now().Add(-time.Hour).Truncate(time.Second)
			for n, at := range []time.Duration{-time.Second, 0} {
				r := s.writes(contact, n, from.Add(at), "Tan")
				s.mirror[r.Record], s.linked[r.Record] = r, true
			}
			h := s.open(bridge.Hole{From: from, To: from.Add(time.Minute), Whole: true, Quiet: quiet})
			s.begin()
			s.pass(time.Second)
			if diff := cmp.Diff(want, s.took()); diff != "" || s.kept(h).Filled[contact].Rows != 0 {
				t.Errorf("quiet %t: hole %+v %s", quiet, s.kept(h), diff)
			}
		})
	}
}

func TestFiller_CarriesOfAFirstLoadWhatItShall(t *testing.T) {
	for quiet, want := range map[bool][]string{
		true:  {"0030001 quiet", "0030002 quiet", "0030003", "0030004", "0030005 deleted"},
		false: {"0030001", "0030002", "0030003", "0030004", "0030005 deleted"},
	} {
		in(t, func(t *testing.T, s *stand) {
			from := time.Now().Add(-time.Hour).Truncate(time.Second).Add(700 * time.Millisecond) // what Salesforce writes within its second has the second alone
			s.writes(contact, 1, from.Add(-48*time.Hour), "Tan")
			s.writes(contact, 2, from.Add(-time.Second), "Tan")
			s.writes(contact, 3, from, "Tan")
			s.writes(contact, 4, from.Add(time.Minute), "Tan")
			s.deletes(contact, 5, 5, from.Add(time.Minute))
			s.open(bridge.Hole{From: from, To: from.Add(time.Minute), Whole: true, Quiet: quiet})
			s.begin()
			s.pass(time.Second)
			if diff := cmp.Diff(want, s.took()); diff != "" {
				t.Errorf("quiet %t: %s", quiet, diff)
			}
		})
	}
}

func TestFiller_CarriesWhatOneOfTwoHolesCarries(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		from := time.Now().Add(-time.Hour)
		s.writes(contact, 1, from.Add(-time.Minute), "Tan")
		s.open(bridge.Hole{From: from, To: from.Add(time.Minute), Whole: true, Quiet: true})
		s.open(bridge.Hole{From: from.Add(-2 * time.Minute), To: from.Add(time.Minute)})
		s.begin()
		s.pass(time.Second)
		if diff := cmp.Diff([]string{"0030001"}, s.took()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFiller_ClosesAHoleThatConcernsNobodyWithoutAsking(t *testing.T) {
	in(t, func(t *testing.T, s *stand) {
		h := s.open(bridge.Hole{From: time.Now().Add(-time.Hour), To: time.Now().Add(-time.Minute * 2), Object: "Case"})
		s.begin()
		s.pass(time.Second)
		if !s.kept(h).Closed || len(s.asked) > 0 {
			t.Errorf("hole %+v, asked %+v", s.kept(h), s.asked)
		}
	})
}
