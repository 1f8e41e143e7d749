package outbound

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// nobody is the source of requests to paths that no source has.
const nobody = "unknown"

// meter counts what callers were answered.
type meter struct {
	requests   *prometheus.CounterVec
	rejected   *prometheus.CounterVec
	duplicates *prometheus.CounterVec
	ignored    *prometheus.CounterVec
	commit     prometheus.Histogram
	closed     prometheus.Counter
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	m := &meter{
		requests:   counter("webhook_requests_total", "Requests to webhooks by source and class of status.", "source", "code_class"),
		rejected:   counter("webhook_rejected_total", "Requests to webhooks that were refused.", "source", "reason"),
		duplicates: counter("webhook_duplicates_total", "Callbacks that had been taken in before.", "source"),
		ignored:    counter("webhook_ignored_total", "Authentic callbacks of a type that no transfer knows.", "source"),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "sfbridge", Name: "webhook_commit_duration_seconds", Help: "Time until a callback was durable.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		closed: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "sfbridge", Name: "webhook_connections_refused_total", Help: "Connections closed because too many were open.",
		}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.rejected, m.duplicates, m.ignored, m.commit, m.closed} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func counter(name, text string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "sfbridge", Name: name, Help: text}, labels)
}

// classes are the labels of statuses by their first digit.
var classes = [...]string{1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}

func (m *meter) answered(source string, a answer) {
	m.requests.WithLabelValues(source, classes[a.status/100]).Inc()
	if a.reason != "" {
		m.rejected.WithLabelValues(source, a.reason).Inc()
	}
}

func (m *meter) committed(took time.Duration) { m.commit.Observe(took.Seconds()) }
