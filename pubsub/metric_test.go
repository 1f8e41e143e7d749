package pubsub

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
)

func TestMetrics_KeepTheirNamesAndLiveSideBySide(t *testing.T) {
	r := prometheus.NewRegistry()
	for _, topic := range []bridge.Topic{"/data/ContactChangeEvent", "/data/LeadChangeEvent"} {
		m := newMetrics(r, Config{Org: "00D5e0000012345EAA", Topic: topic})
		m.breaks.WithLabelValues("end").Inc()
		m.state.WithLabelValues(string(Live)).Set(1)
	}
	again := newMetrics(r, Config{Org: "00D5e0000012345EAA", Topic: "/data/LeadChangeEvent"})
	again.breaks.WithLabelValues("end").Inc()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		got = append(got, f.GetName())
		if f.GetName() == "sfbridge_stream_breaks_total" && f.GetMetric()[0].GetCounter().GetValue()+f.GetMetric()[1].GetCounter().GetValue() != 3 {
			t.Errorf("the figures of a topic began anew: %v", f)
		}
		if len(f.GetMetric()) != 2 {
			t.Errorf("%s has %d series, want one a topic", f.GetName(), len(f.GetMetric()))
		}
	}
	want := []string{
		"sfbridge_stream_breaks_total", "sfbridge_stream_events_total", "sfbridge_stream_jumps_total", "sfbridge_stream_last_event_timestamp_seconds",
		"sfbridge_stream_last_message_timestamp_seconds", "sfbridge_stream_position_timestamp_seconds", "sfbridge_stream_quarantined_total",
		"sfbridge_stream_responses_total", "sfbridge_stream_state", "sfbridge_stream_stray_bits_total",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
