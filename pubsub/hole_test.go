package pubsub_test

import (
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

// missed fails where an event that never came was committed in no hole. Those are the events behind the n-th.
func (s *stand) missed(committed ...time.Time) {
	s.Helper()
	holes := s.journal.now().holes
	for _, at := range committed {
		in := false
		for _, h := range holes {
			in = in || !at.Before(h.From) && (h.To.IsZero() || !at.After(h.To))
		}
		if !in {
			s.Errorf("what was committed at %s never came and lies in none of the holes %+v", at, holes)
		}
	}
}

// TestSubscriber_OpensTheHoleWhereABacklogWasLeft stops the reading of a backlog for longer than the rest of it is kept: the hole begins at what was
// read and not at when it was.
func TestSubscriber_OpensTheHoleWhereABacklogWasLeft(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 61*time.Second)
		s.end()
		s.change(300)
		committed := time.Now()
		s.wait(70 * time.Hour)
		s.org.Allocation(160)
		s.begin()
		s.wait(time.Minute)
		s.state(pubsub.PausedLimit)
		read := len(s.journal.events())
		if read <= 60 || read >= 360 {
			t.Fatalf("%d events before the allowance ended", read)
		}
		if p := s.journal.now().position; p.At.After(committed) {
			t.Errorf("a position in a backlog of %s says that it covers all until %s", committed, p.At)
		}
		s.wait(3 * time.Hour)
		s.org.Allocation(100_000)
		s.wait(2 * time.Hour)
		s.works(5, time.Minute)
		if n := len(s.journal.events()); n != read+5 {
			t.Fatalf("%d events, want %d: nothing fell out", n, read+5)
		}
		s.missed(committed)
	})
}

// TestRewound_OpensAHoleForWhatItPassesOver rewinds a topic that nobody read for ten days: what has expired, and what lies before a newer replay id.
func TestRewound_OpensAHoleForWhatItPassesOver(t *testing.T) {
	for name, from := range map[string]bridge.Preset{"to the oldest": bridge.Earliest, "to a newer replay id": ""} {
		inBubble(t, fakeorg.Options{}, func(s *stand) {
			s.works(60, 61*time.Second)
			s.end()
			s.change(30)
			expired := time.Now()
			s.wait(10 * 24 * time.Hour)
			s.change(30)
			kept := time.Now()
			s.change(1)
			events := s.org.Events()
			var id []byte
			passed := []time.Time{expired}
			if from == "" {
				id, passed = events[len(events)-2].Replay, append(passed, kept)
			}
			p, h, err := pubsub.Rewound(s.journal.now().position, from, id, time.Now())
			if err != nil || h == nil {
				t.Fatalf("%s: hole %v, %v", name, h, err)
			}
			s.journal.set(func(j *journal) { j.position, j.holes = p, append(j.holes, *h) })
			s.begin()
			s.wait(time.Minute)
			s.state(pubsub.Live)
			s.missed(passed...)
			before := len(s.journal.events())
			s.change(60)
			s.wait(61 * time.Second)
			if n := len(s.journal.events()); n != before+60 {
				t.Errorf("%s: %d events later, want %d", name, n, before+60)
			}
		})
	}
}

// TestSubscriber_ShowsATroubleForAsLongAsItLasts looks once a second while other events and keepalives come.
func TestSubscriber_ShowsATroubleForAsLongAsItLasts(t *testing.T) {
	for name, c := range map[string]struct {
		ail, heal func(s *stand)
		every     int // seconds between events
	}{
		"a schema on a quiet topic": {
			func(s *stand) { s.org.FailSchemas(1_000_000); s.change(1) }, func(s *stand) { s.org.HealStreams() }, 1_000_000,
		},
		"a schema": {func(s *stand) { s.org.FailSchemas(1_000_000); s.change(1) }, func(s *stand) { s.org.HealStreams() }, 3},
		"a full sink": {
			func(s *stand) { s.journal.set(func(j *journal) { j.refuse = bridge.ErrFull }); s.change(1) },
			func(s *stand) { s.journal.set(func(j *journal) { j.refuse = nil }) }, 3,
		},
	} {
		inBubble(t, fakeorg.Options{}, func(s *stand) {
			s.wait(61 * time.Second)
			c.ail(s)
			s.wait(10 * time.Second)
			for i := range 8 * 60 {
				if i%c.every == 0 {
					s.change(1)
				}
				s.wait(time.Second)
				if s.sub.Status().Problem == "" {
					t.Errorf("%s: nothing is shown after %d s", name, i)
					break
				}
			}
			c.heal(s)
			s.wait(3 * time.Minute)
			if p := s.sub.Status().Problem; p != "" {
				t.Errorf("%s: %q is shown when it is over", name, p)
			}
			s.works(20, 61*time.Second)
		})
	}
}

// TestSubscriber_IsBackAtOnceAfterALongSilence has the service fall silent for two hours, and come back at any moment of a watchdog's.
func TestSubscriber_IsBackAtOnceAfterALongSilence(t *testing.T) {
	for i := range 24 {
		inBubble(t, fakeorg.Options{}, func(s *stand) {
			s.works(60, time.Second)
			s.org.Stall()
			s.change(10)
			s.wait(2*time.Hour + time.Duration(i)*17*time.Second)
			if n := len(s.journal.events()); n != 60 {
				t.Fatalf("%d events of a silent service", n)
			}
			s.org.Unstall()
			s.wait(5 * time.Second)
			if n := len(s.journal.events()); n < 70 { // the newest before may come once more
				t.Errorf("%d events five seconds after a silence of two hours and %d s", n, 17*i)
			}
		})
	}
}
