package pubsub_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

func TestSubscriber_ReadsAgainFromWhereAnOperatorWantsIt(t *testing.T) {
	for name, c := range map[string]struct {
		from   bridge.Preset
		replay int // of which event; -1 for none
		again  int // events that come once more
	}{
		"from the oldest":      {bridge.Earliest, -1, 60},
		"from a replay id":     {"", 19, 40},
		"from the tip":         {bridge.Latest, -1, 0},
		"from the newest read": {"", 59, 0},
	} {
		for _, restarted := range []bool{false, true} {
			inBubble(t, fakeorg.Options{}, func(s *stand) {
				s.works(60, 61*time.Second)
				before := s.journal.now().position
				var id []byte
				if c.replay >= 0 {
					id = s.org.Events()[c.replay].Replay
				}
				if err := s.sub.Rewind(s.Context(), c.from, id); err != nil {
					t.Fatal(err)
				}
				if restarted {
					s.end()
					s.change(7) // what comes while nobody reads is missed only by who wants the tip
					s.begin()
				}
				s.wait(61 * time.Second)
				want := 60 + c.again
				if restarted && c.from != bridge.Latest {
					want += 7
				}
				if n := len(s.journal.events()); n != want {
					t.Errorf("%s, restarted %v: %d events, want %d", name, restarted, n, want)
				}
				holes := s.journal.now().holes
				last := holes[len(holes)-1]
				if c.from == bridge.Earliest && len(holes) != 1 {
					t.Errorf("%s, restarted %v: holes %+v", name, restarted, holes)
				}
				if c.from != bridge.Earliest && (len(holes) < 2 || !last.From.Equal(before.At.Add(-10*time.Minute)) || last.To.Before(before.At)) {
					t.Errorf("%s, restarted %v: holes %+v", name, restarted, holes)
				}
				s.state(pubsub.Live)
				s.change(60)
				s.wait(61 * time.Second)
				if n := len(s.journal.events()); n != want+60 || s.journal.now().position.From != "" {
					t.Errorf("%s, restarted %v: %d events later, position %+v", name, restarted, n, s.journal.now().position)
				}
			})
		}
	}
}

func TestSubscriber_RewindsWhileItWaitsAndNotBeforeItIsDurable(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		if err := s.sub.Rewind(s.Context(), bridge.Earliest, nil); err == nil {
			t.Error("a topic that was never read was rewound")
		}
		s.wait(time.Second) // the stream is opened anew
		s.works(60, 61*time.Second)
		s.org.Allocation(1)
		s.org.CloseStreams(14, "")
		s.wait(time.Minute)
		s.state(pubsub.PausedLimit)
		s.journal.set(func(j *journal) { j.refuse = errors.New("disk is full") })
		if err := s.sub.Rewind(s.Context(), bridge.Earliest, nil); err == nil {
			t.Error("what is not durable was said to be done")
		}
		s.journal.set(func(j *journal) { j.refuse = nil })
		s.org.Allocation(0)
		if err := s.sub.Rewind(s.Context(), bridge.Earliest, nil); err != nil {
			t.Fatal(err)
		}
		s.wait(time.Second)
		s.state(pubsub.Live)
		if n := len(s.journal.events()); n != 120 {
			t.Errorf("%d events", n)
		}
	})
}

func TestReread_DecodesWhatWasQuarantined(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.wait(61 * time.Second)
		s.org.FailSchemas(1_000_000)
		s.change(1)
		s.wait(30 * time.Minute)
		q := s.journal.now().quarantine
		if len(q) != 1 || !q[0].Since.IsZero() {
			t.Fatalf("quarantined %+v", q)
		}
		schemas := pubsub.NewSchemas(s.conn, s.login, nil)
		if _, err := pubsub.Reread(s.Context(), schemas, q[0]); err == nil {
			t.Error("it was read without a schema")
		}
		s.org.HealStreams()
		c, err := pubsub.Reread(s.Context(), schemas, q[0])
		if err != nil || c.Event != q[0].Event || c.Object != "Contact" || c.Topic != topic || c.Type != bridge.Create || len(c.Records) != 1 {
			t.Errorf("read %+v, %v", c, err)
		}
		q[0].Payload = bytes.Clone(q[0].Payload[:9])
		if _, err := pubsub.Reread(s.Context(), schemas, q[0]); err == nil {
			t.Error("half an event was read")
		}
	})
}
