package pubsub_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

// beatBook keeps the longest pause over restarts.
type beatBook struct {
	mu   sync.Mutex
	kept time.Duration
}

func (b *beatBook) Beat(context.Context) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept, nil
}

func (b *beatBook) KeepBeat(_ context.Context, d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = d
	return nil
}

// TestSubscriber_WaitsForTwoBeatsAfterARestartToo has a service that says nothing for 270 s at a time: the first watchdog ends one healthy stream, and none
// afterwards. What is silent for longer than two such pauses is noticed.
func TestSubscriber_WaitsForTwoBeatsAfterARestartToo(t *testing.T) {
	book := &beatBook{}
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.end()
		s.org.Beat(270 * time.Second)
		for _, breaks := range []uint64{1, 0} {
			s.beats = pubsub.NewBeats(book)
			s.begin()
			s.wait(3 * time.Hour)
			s.state(pubsub.Live)
			if st := s.sub.Status(); st.Breaks != breaks {
				t.Errorf("%d streams ended in three quiet hours, want %d", st.Breaks, breaks)
			}
			if book.kept < 269*time.Second || book.kept > 271*time.Second {
				t.Errorf("kept a beat of %v", book.kept)
			}
			s.org.Stall()
			began := time.Now()
			for s.sub.Status().State == pubsub.Live && time.Since(began) < time.Hour {
				s.wait(time.Second)
			}
			if silent := time.Since(s.sub.Status().LastMessage); silent < 539*time.Second || silent > 542*time.Second {
				t.Errorf("noticed after %v of silence, want two beats", silent)
			}
			s.org.Unstall()
			s.works(20, 10*time.Minute)
			s.end()
		}
	})
}

// TestSubscriber_NoticesABlackHoleByPings lets everything vanish on the way, both ways, without an end of the connection.
func TestSubscriber_NoticesABlackHoleByPings(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		s.wire.blackHole(true)
		s.change(30)
		s.wait(45 * time.Second)
		if st := s.sub.Status(); st.Breaks == 0 || st.State != pubsub.Connecting {
			t.Errorf("after 45 s in a black hole: %+v", st)
		}
		s.wait(10 * time.Minute)
		s.wire.blackHole(false)
		s.arrives(3 * time.Minute)
		s.state(pubsub.Live)
		s.works(60, time.Second)
	})
}
