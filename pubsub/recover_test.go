package pubsub_test

import (
	"testing"
	"time"

	"sfbridge/pubsub/fakeorg"
)

// TestSubscriber_LeavesAServiceAloneThatLetsItInAndRefusesItSoonAfter has a service that protects itself end each stream of eleven seconds for two hours: the
// waits grow though the streams spoke. A stream that then lives for longer begins them anew.
func TestSubscriber_LeavesAServiceAloneThatLetsItInAndRefusesItSoonAfter(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Minute)
		before := s.sub.Status().Breaks
		for range 2 * 3600 / 5 {
			for _, sub := range s.org.Subscriptions() {
				if time.Since(sub.Opened) > 11*time.Second {
					s.org.StreamFault("service.protection.triggered", 1)
				}
			}
			s.change(1)
			s.wait(5 * time.Second)
		}
		if n := s.sub.Status().Breaks - before; n < 8 || n > 40 {
			t.Errorf("%d streams in two hours", n)
		}
		s.wait(25 * time.Minute)
		arrived := len(s.journal.events())
		s.org.StreamFault("service.protection.triggered", 1)
		s.wait(61 * time.Second)
		s.change(1)
		s.wait(time.Second)
		if n := len(s.journal.events()); n <= arrived {
			t.Errorf("%d events: after 25 minutes without trouble the first wait is still long", n)
		}
	})
}
