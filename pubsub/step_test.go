package pubsub_test

import (
	"fmt"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// TestSubscriber_KeepsChangesApartWhereOneBetweenThemCannotBeRead has steps follow each other, whose memory is that of the steps before.
func TestSubscriber_KeepsChangesApartWhereOneBetweenThemCannotBeRead(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		good, before := s.org.Events()[0], len(s.journal.now().changes)
		id, err := s.org.Create("Contact", map[string]any{"LastName": "Sato"})
		if err != nil {
			s.Fatal(err)
		}
		odd, err := s.org.AddSchema("", `{"type":"record","name":"Odd","fields":[]}`)
		if err != nil {
			s.Fatal(err)
		}
		broken := []fakeorg.Event{
			{Topic: topic, SchemaID: good.SchemaID, Payload: good.Payload[:9]},
			{Topic: topic, SchemaID: odd, Payload: good.Payload},
		}
		s.journal.set(func(j *journal) { j.slow = 100 * time.Millisecond })
		const edits, beside = 400, 10
		for n := range edits {
			if err := s.org.Update("Contact", id, map[string]any{"LastName": fmt.Sprint("n", n)}); err != nil {
				s.Fatal(err)
			}
			if n%beside == beside/2 {
				if _, err := s.org.Inject(broken[n/beside%2]); err != nil {
					s.Fatal(err)
				}
			}
			if n%70 == 0 {
				s.wait(50 * time.Millisecond)
			}
		}
		s.wait(time.Minute)
		changes := s.journal.now().changes[before+1:]
		if len(changes) != edits || len(s.journal.now().quarantine) != edits/beside {
			s.Fatalf("%d changes, %d quarantined", len(changes), len(s.journal.now().quarantine))
		}
		for n, c := range changes {
			want := bridge.TextValue(fmt.Sprint("n", n))
			if c.Values["LastName"] != want || len(c.Records) != 1 || string(c.Records[0]) != id {
				s.Fatalf("edit %d says %v of %v", n, c.Values["LastName"], c.Records)
			}
		}
	})
}
