package pubsub_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"sfbridge/bridge"
	"sfbridge/pubsub/fakeorg"
)

// TestSubscriber_KeepsOrderOverChangesOfTheSchema has an admin add fields while events come and streams break: every event is there once and in order,
// read by its own schema. SFBRIDGE_EVENTS takes more than the gate does, such as 1000000.
func TestSubscriber_KeepsOrderOverChangesOfTheSchema(t *testing.T) {
	events := 20_000
	if n, err := strconv.Atoi(os.Getenv("SFBRIDGE_EVENTS")); err == nil {
		events = n
	}
	inBubble(t, fakeorg.Options{Retention: time.Hour, DeliveryMax: -1}, func(s *stand) {
		next, again := 0, 0
		s.journal.set(func(j *journal) {
			j.heard = func(changes []bridge.Change) {
				for _, c := range changes {
					n, err := strconv.Atoi(c.Values["LastName"].Text)
					switch {
					case err != nil || n > next:
						j.trouble = fmt.Sprintf("event %q came where %d was next", c.Values["LastName"].Text, next)
					case n < next:
						again++
					default:
						next++
					}
				}
			}
		})
		s.wait(61 * time.Second)
		record, err := s.org.Create("Contact", map[string]any{"LastName": "0"})
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < events; i++ {
			if i%(events/10) == 0 {
				if err := s.org.AddField("Contact", fakeorg.FieldSeed{Name: fmt.Sprintf("F%d__c", i), Type: "string", Length: 9}, "Title"); err != nil {
					t.Fatal(err)
				}
			}
			if i%(events/7) == 0 {
				s.org.CloseStreams(codes.Unavailable, "")
			}
			if err := s.org.Update("Contact", record, map[string]any{"LastName": strconv.Itoa(i)}); err != nil {
				t.Fatal(err)
			}
			if i%500 == 0 {
				s.wait(time.Second)
			}
		}
		s.wait(5 * time.Minute)
		if next != events || len(s.journal.now().quarantine) != 0 || len(s.journal.now().holes) != 1 {
			t.Errorf("%d of %d events, %d quarantined, holes %+v", next, events, len(s.journal.now().quarantine), s.journal.now().holes)
		}
		t.Logf("%d events in order over 10 schemas, %d of them came again after a break", next, again)
	})
}
