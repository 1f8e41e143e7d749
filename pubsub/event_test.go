package pubsub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sfbridge/bridge"
	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

func TestSubscriber_AsksForASchemaUntilItIsThere(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.wait(61 * time.Second)
		s.org.FailSchemas(12)
		s.org.DelaySchemas(1200 * time.Millisecond)
		s.change(60)
		s.arrives(14 * time.Minute)
		if q := s.journal.now().quarantine; len(q) != 0 {
			s.Errorf("quarantined %+v", q)
		}
		s.works(60, time.Second)
		s.asks()
	})
}

func TestSubscriber_QuarantinesWhenPatienceWithASchemaEnds(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.wait(61 * time.Second)
		s.org.FailSchemas(1_000_000)
		s.change(60)
		s.wait(14 * time.Minute)
		if n := len(s.journal.now().quarantine); n != 0 {
			s.Fatalf("%d events quarantined before a quarter of an hour", n)
		}
		s.wait(10 * time.Minute)
		q := s.journal.now().quarantine
		if len(q) != 60 {
			s.Fatalf("%d events quarantined", len(q))
		}
		for i, e := range s.org.Events() {
			if q[i].Event != e.ID || q[i].Schema != e.SchemaID || !bytes.Equal(q[i].Payload, e.Payload) || q[i].Object != "Contact" || q[i].Reason == "" {
				s.Fatalf("quarantined %+v", q[i])
			}
		}
		s.org.HealStreams()
		s.wait(2 * time.Minute)
		s.change(60)
		s.wait(10 * time.Second)
		if n := len(s.journal.events()); n != 60 {
			s.Errorf("%d events after the schema came back", n)
		}
		if st := s.sub.Status(); st.Quarantined != 60 || st.State != pubsub.Live {
			s.Errorf("status %+v", st)
		}
	})
}

func TestSubscriber_QuarantinesWhatCannotBeReadAndGoesOn(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, time.Second)
		good := s.org.Events()[0]
		bad, err := s.org.Inject(fakeorg.Event{Topic: topic, SchemaID: good.SchemaID, Payload: good.Payload[:len(good.Payload)-1]})
		if err != nil {
			s.Fatal(err)
		}
		id, err := s.org.AddSchema("", `{"type":"record","name":"Odd","fields":[]}`)
		if err != nil {
			s.Fatal(err)
		}
		odd, err := s.org.Inject(fakeorg.Event{Topic: topic, SchemaID: id, Payload: []byte{1, 2, 3}})
		if err != nil {
			s.Fatal(err)
		}
		s.change(60)
		s.wait(time.Second)
		if q := s.journal.now().quarantine; len(q) != 2 || q[0].Event != bad.ID || q[1].Event != odd.ID {
			s.Errorf("quarantined %+v", q)
		}
		if n := len(s.journal.events()); n != 120 {
			s.Errorf("%d events arrived beside the two", n)
		}
		s.wait(2 * time.Minute)
		s.end()
		s.begin()
		s.wait(time.Second)
		if len(s.journal.now().quarantine) != 2 {
			s.Error("what is quarantined came again")
		}
	})
}

func TestSubscriber_DoesNotPassAnEventBeforeItsQuarantineIsDurable(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 2*time.Minute)
		s.journal.set(func(j *journal) { j.refuse = errors.New("disk is full") })
		good := s.org.Events()[0]
		bad, err := s.org.Inject(fakeorg.Event{Topic: topic, SchemaID: good.SchemaID, Payload: nil})
		if err != nil {
			s.Fatal(err)
		}
		s.change(60)
		s.wait(10 * time.Minute)
		s.end()
		s.journal.set(func(j *journal) { j.refuse = nil })
		s.begin()
		s.wait(time.Minute)
		if q := s.journal.now().quarantine; len(q) != 1 || q[0].Event != bad.ID {
			s.Errorf("quarantined %+v", q)
		}
		if n := len(s.journal.events()); n != 120 {
			s.Errorf("%d events", n)
		}
	})
}

func TestSubscriber_DecodesEachEventByItsOwnSchema(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.config.Topic = "/data/Bridge__chn"
		s.end()
		s.org.SetChannel("Bridge", "Contact", "Account", "Lead")
		s.begin()
		s.wait(61 * time.Second)
		for i := range 30 {
			for object, fields := range map[string]map[string]any{
				"Contact": {"LastName": fmt.Sprint("C", i)}, "Account": {"Name": fmt.Sprint("A", i)},
				"Lead": {"LastName": fmt.Sprint("L", i), "Company": "Blue"},
			} {
				if _, err := s.org.Create(object, fields); err != nil {
					s.Fatal(err)
				}
			}
		}
		s.arrives(time.Second)
		count := map[bridge.Object]int{}
		for _, c := range s.journal.now().changes {
			count[c.Object]++
			name := c.Values["LastName"].Text
			if c.Object == "Account" {
				name = c.Values["Name"].Text
			}
			if c.Org != s.config.Org || c.Topic != s.config.Topic || c.Type != bridge.Create || name == "" || name[0] != c.Object[0] {
				s.Fatalf("change %+v", c)
			}
		}
		if count["Contact"] != 30 || count["Account"] != 30 || count["Lead"] != 30 {
			s.Errorf("changes %v", count)
		}
	})
}

func TestSubscriber_NeverStoresAnIdThatMoreEventsMayShare(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 61*time.Second)
		before := s.journal.replay()
		header := fakeorg.Header{Entity: "Contact", Records: []string{"003000000000001AAA"}, Kind: "UPDATE", Key: "tx", Timestamp: time.Now(), Number: 7}
		var shared []byte
		for range 3 {
			e, err := s.org.Emit(header, nil, shared)
			if err != nil {
				s.Fatal(err)
			}
			shared = e.Replay
			s.wait(time.Second)
			if bytes.Equal(s.journal.replay(), shared) {
				s.Fatal("the shared id was stored before another one followed")
			}
		}
		if !bytes.Equal(s.journal.replay(), before) {
			s.Errorf("position %x", s.journal.replay())
		}
		s.end()
		s.begin()
		s.change(60)
		s.arrives(time.Second)
		if bytes.Equal(s.journal.replay(), shared) || bytes.Equal(s.journal.replay(), before) {
			s.Errorf("position %x did not pass the shared id", s.journal.replay())
		}
	})
}

func TestSubscriber_TellsApartEventsThatShareAReplayId(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 61*time.Second)
		header := fakeorg.Header{Entity: "Contact", Records: []string{"003000000000001AAA"}, Kind: "UPDATE", Key: "tx", Timestamp: time.Now(), Number: 7}
		var shared []byte
		var want []string
		for range 3 {
			e, err := s.org.Emit(header, nil, shared)
			if err != nil {
				s.Fatal(err)
			}
			shared, want = e.Replay, append(want, e.ID)
		}
		s.wait(time.Second)
		if got := s.journal.events()[60:]; !slices.Equal(got, want) {
			s.Errorf("the events %v are known as %v", want, got)
		}
	})
}

func TestSchemas_AreFetchedOnceForAllTopics(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.end()
		s.begin()
		s.wait(time.Second)
		schemas := pubsub.NewSchemas(s.conn, s.login, nil)
		ctx, cancel := context.WithCancel(s.Context())
		var wg sync.WaitGroup
		var subs []*pubsub.Subscriber
		for range 3 {
			j := &journal{}
			sub, err := pubsub.New(s.config, pubsub.Deps{Conn: s.conn, Auth: s.login, Sink: j, Quarantine: j, Positions: j, Schemas: schemas})
			if err != nil {
				s.Fatal(err)
			}
			subs = append(subs, sub)
			wg.Go(func() { _ = sub.Run(ctx) })
		}
		s.wait(time.Second)
		s.org.DelaySchemas(3 * time.Second)
		s.org.AddFault(fakeorg.Fault{RPC: "GetSchema", Nth: 3, Code: "schema.validation.failed"}) // who asks after the stand's own and the shared one quarantines
		s.change(25)
		s.wait(5 * time.Second)
		s.change(25)
		s.wait(5 * time.Second)
		for _, sub := range subs {
			if st := sub.Status(); st.Events != 50 || st.Quarantined != 0 || len(st.Position.Replay) == 0 {
				s.Errorf("status %+v", st)
			}
		}
		cancel()
		wg.Wait()
	})
}

func TestSubscriber_KeepsItsPatienceWhileTheServiceIsOutOfReach(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.wait(61 * time.Second)
		s.org.DelaySchemas(5 * time.Second)
		s.change(60)
		s.wait(time.Second)
		s.wire.cut(true) // the events are here, their schema is not
		s.wait(5 * time.Hour)
		s.wire.cut(false)
		s.arrives(5 * time.Minute)
		if q := s.journal.now().quarantine; len(q) != 0 {
			s.Errorf("%d events quarantined for want of a network", len(q))
		}
		s.works(60, time.Second)
	})
}
