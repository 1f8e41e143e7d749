package fakeorg

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"
)

func TestHangStreams_TakesRequestsAndNeverAnswers(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.HangStreams(1)
		hung := s.stream(earliest(5))
		s.contacts(1)
		if n := len(receive(t, s.stream(earliest(5))).Events); n != 1 {
			t.Errorf("the next stream got %d events", n)
		}
		time.AfterFunc(time.Hour, s.org.HealStreams)
		start := time.Now()
		if r := receive(t, hung); time.Since(start) < time.Hour || len(r.Events) != 1 {
			t.Errorf("a hung stream said %v after %v", r, time.Since(start))
		}
	})
}

func TestSlowAnswers_TakeTheirTime(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(2)
		s.org.SlowAnswers(3 * time.Second)
		s.org.LimitAnswers(1)
		start := time.Now()
		st := s.stream(earliest(2))
		for range 2 {
			if r := receive(t, st); len(r.Events) != 1 {
				t.Errorf("an answer of %d events", len(r.Events))
			}
		}
		if got := time.Since(start); got != 6*time.Second {
			t.Errorf("two answers took %v", got)
		}
	})
}

func TestLimitAnswers_SplitsWhatOneRequestAskedFor(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(7)
		s.org.LimitAnswers(3)
		st := s.stream(earliest(7))
		for i, want := range []int{3, 3, 1} {
			if r := receive(t, st); len(r.Events) != want || int(r.PendingNumRequested) != []int{4, 1, 0}[i] {
				t.Errorf("answer %d: %d events, pending %d", i, len(r.Events), r.PendingNumRequested)
			}
		}
	})
}

func TestBeat_IsHeardAsOftenAsItIsTold(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		st := s.stream(latest(5))
		for _, d := range []time.Duration{60 * time.Second, 120 * time.Second, 270 * time.Second} {
			s.org.Beat(d)
			s.contacts(1)
			receive(t, st)
			ask(t, st, more(1))
			start := time.Now()
			if r := receive(t, st); len(r.Events) != 0 || time.Since(start) != d {
				t.Errorf("a beat of %v after %v", d, time.Since(start))
			}
		}
	})
}

func TestSteadyBeats_RepeatTheirID(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.contacts(1)
		st := s.stream(latest(5))
		s.org.SteadyBeats(true)
		first, second := receive(t, st).LatestReplayId, receive(t, st).LatestReplayId
		if !bytes.Equal(first, second) {
			t.Errorf("beats say %x, %x", first, second)
		}
	})
}

func TestLoseEvents_TellsOfThemToNobody(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.LoseEvents(2)
		s.contacts(3)
		if n := len(s.org.Events()); n != 1 {
			t.Errorf("%d events of three are kept", n)
		}
	})
}

func TestDialect_ClosesAStreamWithoutCreditWhenItSays(t *testing.T) {
	onStream(t, Options{}, func(s *streamStand) {
		s.org.Speak(Dialect{NoCredit: Duration(70 * time.Second)})
		s.contacts(1)
		st := s.stream(earliest(1))
		receive(t, st)
		start := time.Now()
		if _, err := st.Recv(); !errors.Is(err, io.EOF) || time.Since(start) != 70*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
