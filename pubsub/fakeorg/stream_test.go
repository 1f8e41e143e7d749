package fakeorg

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestSubscribe_DeliversAPublishedCommit(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		st := s.stream(latest(10))
		s.contacts(1)
		r := receive(t, st)
		if len(r.Events) != 1 || r.PendingNumRequested != 9 {
			t.Fatalf("got %d events, pending %d; want 1 and 9", len(r.Events), r.PendingNumRequested)
		}
		want := s.org.Events()[0]
		got := r.Events[0]
		if !bytes.Equal(got.Event.Payload, want.Payload) || got.Event.Id != want.ID || got.Event.SchemaId != want.SchemaID {
			t.Errorf("got %v, want %v", got, want)
		}
		if len(got.ReplayId) != 10 || !bytes.Equal(got.ReplayId, want.Replay) {
			t.Errorf("replay id %x, want the ten bytes %x", got.ReplayId, want.Replay)
		}
	})
}

func TestSubscribe_NeverSendsMoreThanAskedFor(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(250)
		st := s.stream(earliest(3))
		if r := receive(t, st); len(r.Events) != 3 || r.PendingNumRequested != 0 {
			t.Fatalf("got %d events, pending %d; want 3 and 0", len(r.Events), r.PendingNumRequested)
		}
		ask(t, st, more(60))
		if r := receive(t, st); len(r.Events) != 60 || r.PendingNumRequested != 0 {
			t.Fatalf("got %d events, pending %d; want 60 and 0", len(r.Events), r.PendingNumRequested)
		}
		ask(t, st, more(5000))
		if r := receive(t, st); len(r.Events) != 100 || r.PendingNumRequested != 0 {
			t.Fatalf("got %d events, pending %d; want the cap of 100 and 0", len(r.Events), r.PendingNumRequested)
		}
	})
}

func TestSubscribe_AddsCreditUpToTheCap(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		st := s.stream(latest(30))
		ask(t, st, more(40))
		ask(t, st, more(80))
		if got := s.org.Subscriptions()[0]; got.Credit != 100 || got.Asked != 150 {
			t.Fatalf("credit %d of %d asked, want 100 of 150", got.Credit, got.Asked)
		}
		s.contacts(1)
		if r := receive(t, st); r.PendingNumRequested != 99 {
			t.Errorf("pending %d, want 99", r.PendingNumRequested)
		}
	})
}

func TestSubscribe_BeatsOnlyWhileCreditIsLeft(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		start := time.Now()
		st := s.stream(latest(1))
		for i := 1; i <= 180; i++ {
			r := receive(t, st)
			if len(r.Events) != 0 || len(r.LatestReplayId) != 10 || r.PendingNumRequested != 1 {
				t.Fatalf("keepalive %d: %v", i, r)
			}
			if got, want := time.Since(start), time.Duration(i)*time.Minute; got != want {
				t.Fatalf("keepalive %d after %v, want %v", i, got, want)
			}
		}
		s.contacts(1)
		receive(t, st)
		start = time.Now()
		if r, err := st.Recv(); !errors.Is(err, io.EOF) {
			t.Fatalf("got %v, %v; want the clean end of a stream without credit", r, err)
		}
		if got := time.Since(start); got != time.Minute {
			t.Errorf("closed after %v, want 1m", got)
		}
		synctest.Wait()
		if n := len(s.org.Subscriptions()); n != 0 {
			t.Errorf("%d subscriptions left", n)
		}
	})
}
