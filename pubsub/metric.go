package pubsub

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics of one topic; the labels org and topic are on each.
type metrics struct {
	responses   prometheus.Counter
	events      prometheus.Counter
	quarantined prometheus.Counter
	strays      prometheus.Counter
	jumps       prometheus.Counter
	breaks      *prometheus.CounterVec
	heard       prometheus.Gauge
}

// newMetrics registers on r; a nil r registers nowhere.
func newMetrics(r prometheus.Registerer, c Config) *metrics {
	if r != nil {
		r = prometheus.WrapRegistererWith(prometheus.Labels{"org": string(c.Org), "topic": string(c.Topic)}, r)
	}
	make := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return make.NewCounter(prometheus.CounterOpts{Namespace: "sfbridge", Subsystem: "stream", Name: name, Help: help})
	}
	return &metrics{
		responses:   counter("responses_total", "Responses received, empty ones included."),
		events:      counter("events_total", "Events received."),
		quarantined: counter("quarantined_total", "Events that could not be read."),
		strays:      counter("stray_bits_total", "Bits of bitmaps that name no field of their schema."),
		jumps:       counter("jumps_total", "Starts at the oldest kept event because the replay id was lost."),
		breaks: make.NewCounterVec(prometheus.CounterOpts{Namespace: "sfbridge", Subsystem: "stream", Name: "breaks_total",
			Help: "Streams that ended, by reason."}, []string{"reason"}),
		heard: make.NewGauge(prometheus.GaugeOpts{Namespace: "sfbridge", Subsystem: "stream", Name: "last_message_timestamp_seconds",
			Help: "When the service last said anything."}),
	}
}
