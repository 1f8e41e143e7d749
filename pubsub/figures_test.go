package pubsub_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/pubsub"
	"sfbridge/pubsub/fakeorg"
)

// figure is the sum of the series of a metric, of those of one state where that is not "".
func (s *stand) figure(r *prometheus.Registry, name string, state pubsub.State) (sum float64) {
	s.Helper()
	families, err := r.Gather()
	if err != nil {
		s.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			is := state == ""
			for _, l := range m.GetLabel() {
				is = is || l.GetName() == "state" && l.GetValue() == string(state)
			}
			if is {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// TestMetrics_SayWhatTheStatusSays takes a subscriber through its states.
func TestMetrics_SayWhatTheStatusSays(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.end()
		r := prometheus.NewRegistry()
		s.figures = r
		is := func(want pubsub.State) {
			s.Helper()
			s.state(want)
			if one, all := s.figure(r, "sfbridge_stream_state", want), s.figure(r, "sfbridge_stream_state", ""); one != 1 || all != 1 {
				s.Errorf("%s is %v, and all states %v", want, one, all)
			}
			st := s.sub.Status()
			for name, at := range map[string]time.Time{"last_message": st.LastMessage, "last_event": st.LastEvent, "position": st.Position.At} {
				if got := s.figure(r, "sfbridge_stream_"+name+"_timestamp_seconds", ""); !at.IsZero() && got != float64(at.Unix()) {
					s.Errorf("%s: %s is %v, the status says %v", want, name, got, at)
				}
			}
			if got := s.figure(r, "sfbridge_stream_events_total", ""); got != float64(st.Events) {
				s.Errorf("%s: %v events, the status says %d", want, got, st.Events)
			}
			if got := s.figure(r, "sfbridge_stream_breaks_total", ""); got != float64(st.Breaks) {
				s.Errorf("%s: %v breaks, the status says %d", want, got, st.Breaks)
			}
		}
		s.begin()
		s.works(60, 61*time.Second)
		is(pubsub.Live)
		s.org.Stall()
		s.wait(160 * time.Second)
		is(pubsub.Stalled)
		s.org.Unstall()
		s.wait(6 * time.Minute)
		is(pubsub.Live)
		s.org.DenyTopic(topic, true)
		s.org.CloseStreams(14, "")
		s.wait(time.Minute)
		is(pubsub.StoppedNeedsAdmin)
		s.org.DenyTopic(topic, false)
		s.wait(11 * time.Minute)
		is(pubsub.Live)
		s.org.Allocation(1)
		s.org.CloseStreams(14, "")
		s.wait(time.Minute)
		is(pubsub.PausedLimit)
		s.org.Allocation(0)
		s.wait(61 * time.Minute)
		is(pubsub.Live)
		if n := s.figure(r, "sfbridge_stream_jumps_total", ""); n != 0 {
			t.Errorf("%v jumps before any", n)
		}
		s.org.ExpireAll()
		s.org.CloseStreams(14, "")
		s.wait(2 * time.Minute)
		is(pubsub.Live)
		if n := s.figure(r, "sfbridge_stream_jumps_total", ""); n != 1 {
			t.Errorf("%v jumps, want one", n)
		}
		s.login.breakDown(true)
		s.login.Invalidate(s.login.session)
		s.org.Revoke("")
		s.wait(2 * time.Minute)
		is(pubsub.AuthFailed)
		s.login.breakDown(false)
		s.works(5, 5*time.Minute)
		is(pubsub.Live)
	})
}

// TestSubscriber_JumpsOnceInAPause loses the replay id again and again: a jump costs deliveries, and more than one in a pause would be a loop.
func TestSubscriber_JumpsOnceInAPause(t *testing.T) {
	inBubble(t, fakeorg.Options{}, func(s *stand) {
		s.works(60, 61*time.Second)
		for range 60 {
			s.org.ExpireAll()
			s.org.CloseStreams(14, "")
			s.change(3)
			s.wait(time.Minute)
		}
		if n := len(s.journal.now().holes) - 1; n < 3 || n > 7 {
			t.Errorf("%d jumps in an hour, want one in ten minutes", n)
		}
		s.wait(11 * time.Minute)
		s.state(pubsub.Live)
		before := len(s.journal.events())
		s.change(60)
		s.wait(time.Minute)
		if n := len(s.journal.events()); n < before+60 {
			t.Errorf("%d events afterwards", n-before)
		}
	})
}
