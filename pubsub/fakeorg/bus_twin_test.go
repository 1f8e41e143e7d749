package fakeorg

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sfbridge/pubsub/pubsubpb"
)

// personStream runs test on an org with person accounts.
func personStream(t *testing.T, test func(s *streamStand, person func() string)) {
	t.Helper()
	onStream(t, Options{Seed: &Seed{PersonAccounts: true}}, func(s *streamStand) {
		test(s, func() string {
			id, err := s.org.Create("Account", map[string]any{"RecordTypeId": s.org.PersonRecordType(), "LastName": "Lee"})
			if err != nil {
				t.Fatal(err)
			}
			return id
		})
	})
}

// entitiesOf returns the objects of events in their order.
func entitiesOf(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Header.Entity)
	}
	return strings.Join(out, " ")
}

func TestTwins_ComeInTheOrderAskedFor(t *testing.T) {
	personStream(t, func(s *streamStand, person func() string) {
		person()
		s.org.SetTwins(Twins{Order: TwinsContactFirst})
		person()
		if got := entitiesOf(s.org.Events()); got != "Account Contact Contact Account" {
			t.Errorf("events of %s", got)
		}
		s.org.SetTwins(Twins{Order: TwinsShuffled})
		seen := map[string]int{}
		for range 40 {
			person()
			events := s.org.Events()
			pair := events[len(events)-2:]
			seen[entitiesOf(pair)]++
			if pair[0].Header.Sequence != 1 || pair[1].Header.Sequence != 2 {
				t.Errorf("sequence %d, %d", pair[0].Header.Sequence, pair[1].Header.Sequence)
			}
		}
		if seen["Account Contact"] < 5 || seen["Contact Account"] < 5 {
			t.Errorf("shuffled: %v", seen)
		}
	})
}

func TestTwins_ComeLateBehindWhatOthersCommit(t *testing.T) {
	personStream(t, func(s *streamStand, person func() string) {
		s.org.SetTwins(Twins{Delay: 5 * time.Second})
		st := s.stream(&pubsubpb.FetchRequest{TopicName: "/data/ChangeEvents", NumRequested: 10})
		start := time.Now()
		person()
		if _, err := s.org.Create("Lead", map[string]any{"LastName": "L", "Company": "C"}); err != nil {
			t.Fatal(err)
		}
		var at []time.Duration
		for n := 0; n < 3; {
			n += len(receive(t, st).Events)
			at = append(at, time.Since(start))
		}
		if last := at[len(at)-1]; last != 5*time.Second || slices.ContainsFunc(at[:len(at)-1], func(d time.Duration) bool { return d > 0 }) {
			t.Errorf("answers at %v", at)
		}
		events := s.org.Events()
		if got := entitiesOf(events); got != "Account Lead Contact" || events[0].Header.Key != events[2].Header.Key || events[2].Header.Sequence != 2 {
			t.Errorf("events of %s: %+v", got, events)
		}
	})
}

func TestTwins_KeepTheOrderOfEachRecord(t *testing.T) {
	personStream(t, func(s *streamStand, person func() string) {
		s.org.SetTwins(Twins{Delay: time.Minute})
		id := person()
		s.org.SetTwins(Twins{})
		if err := s.org.Update("Account", id, map[string]any{"PersonTitle": "Dr"}); err != nil {
			t.Fatal(err)
		}
		if got := entitiesOf(s.org.Events()); got != "Account Account" {
			t.Errorf("events of %s: the contact's update came before its creation", got)
		}
		s.org.Advance(time.Minute)
		var kinds []string
		for _, e := range s.org.Events()[2:] {
			kinds = append(kinds, e.Header.Entity+" "+e.Header.Kind)
		}
		if got := strings.Join(kinds, ", "); got != "Contact CREATE, Contact UPDATE" {
			t.Errorf("late events: %s", got)
		}
	})
}

func TestTwins_WakeAStreamWhenTheClockIsMoved(t *testing.T) {
	personStream(t, func(s *streamStand, person func() string) {
		s.org.SetTwins(Twins{Delay: time.Hour})
		st := s.stream(latest(10))
		person()
		time.AfterFunc(time.Second, func() { s.org.Advance(time.Hour) })
		start := time.Now()
		if r := receive(t, st); len(r.Events) != 1 || time.Since(start) != time.Second {
			t.Errorf("%d events after %v", len(r.Events), time.Since(start))
		}
	})
}

func TestTwins_LeaveThePersonToItsContactWhereOnlyAccountsAreSelected(t *testing.T) {
	personStream(t, func(s *streamStand, person func() string) {
		if err := s.org.Select("Contact", false); err != nil {
			t.Fatal(err)
		}
		id := person()
		if _, body := decode(t, s.org, last(t, s.org)); body["Name.LastName"] != "Lee" {
			t.Errorf("creation %v", body)
		}
		if err := s.org.Update("Account", id, map[string]any{"PersonTitle": "Dr", "Industry": "Media", "FirstName": "Ann"}); err != nil {
			t.Fatal(err)
		}
		if _, body := decode(t, s.org, last(t, s.org)); body["PersonTitle"] != nil || body["Industry"] != "Media" || body["Name.FirstName"] != "Ann" {
			t.Errorf("update %v", body)
		}
	})
}
