package pubsub_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

// far is a connection whose bytes arrive later; it keeps their order and never holds one back for another.
type far struct {
	net.Conn
	delay time.Duration
	queue chan parcel
	gone  chan struct{}
	once  sync.Once
}

type parcel struct {
	bytes []byte
	due   time.Time
}

// newFar starts the carrier of the connection; it ends with Close.
func newFar(c net.Conn, delay time.Duration) *far {
	f := &far{Conn: c, delay: delay, queue: make(chan parcel, 100_000), gone: make(chan struct{})}
	go f.carry()
	return f
}

func (f *far) carry() {
	for {
		select {
		case p := <-f.queue:
			select {
			case <-time.After(time.Until(p.due)):
			case <-f.gone:
				return
			}
			if _, err := f.Conn.Write(p.bytes); err != nil {
				return
			}
		case <-f.gone:
			return
		}
	}
}

func (f *far) Write(b []byte) (int, error) {
	select {
	case f.queue <- parcel{append([]byte(nil), b...), time.Now().Add(f.delay)}:
		return len(b), nil
	case <-f.gone:
		return 0, net.ErrClosed
	}
}

func (f *far) Close() error {
	f.once.Do(func() { close(f.gone) })
	return f.Conn.Close()
}

// TestSubscriber_ReachesTheCeilingOfCredit holds the rate against what credit allows: all that may be asked for, once a round trip.
func TestSubscriber_ReachesTheCeilingOfCredit(t *testing.T) {
	for _, rtt := range []time.Duration{10 * time.Millisecond, 40 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond} {
		inBubble(t, fakeorg.Options{}, func(s *stand) {
			s.works(1, 61*time.Second)
			s.end()
			s.wire.delay = rtt / 2
			const trips = 60
			s.change(trips * pubsub.MaxCredit)
			s.begin()
			for s.sub.Status().Events == 0 {
				s.wait(rtt / 100)
			}
			before, began := s.sub.Status().Events, time.Now()
			s.wait(rtt * 50)
			rate := float64(s.sub.Status().Events-before) / time.Since(began).Seconds()
			if want := pubsub.MaxCredit / rtt.Seconds(); rate < 0.99*want || rate > 1.01*want {
				s.Errorf("at %v: %.0f events a second, credit allows %.0f", rtt, rate, want)
			}
			s.arrives(time.Minute)
		})
	}
}
