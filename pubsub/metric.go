package pubsub

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
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
	event       prometheus.Gauge
	position    prometheus.Gauge
	state       *prometheus.GaugeVec
}

// newMetrics registers on r; a nil r registers nowhere. A second subscriber of a topic goes on with the figures of the first.
func newMetrics(r prometheus.Registerer, c Config) *metrics {
	if r != nil {
		r = prometheus.WrapRegistererWith(prometheus.Labels{"org": string(c.Org), "topic": string(c.Topic)}, r)
	}
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "sfbridge", Subsystem: "stream", Name: name, Help: help}
	}
	counter := func(name, help string) prometheus.Counter {
		return registered(r, prometheus.NewCounter(prometheus.CounterOpts(opts(name, help))))
	}
	gauge := func(name, help string) prometheus.Gauge {
		return registered(r, prometheus.NewGauge(prometheus.GaugeOpts(opts(name, help))))
	}
	return &metrics{
		responses:   counter("responses_total", "Responses received, empty ones included."),
		events:      counter("events_total", "Events received."),
		quarantined: counter("quarantined_total", "Events that could not be read."),
		strays:      counter("stray_bits_total", "Bits of bitmaps that name no field of their schema."),
		jumps:       counter("jumps_total", "Starts at the oldest kept event because the replay id was lost."),
		breaks: registered(r, prometheus.NewCounterVec(prometheus.CounterOpts(opts("breaks_total", "Streams that ended, by reason.")),
			[]string{"reason"})),
		heard:    gauge("last_message_timestamp_seconds", "When the service last said anything."),
		event:    gauge("last_event_timestamp_seconds", "When an event last came."),
		position: gauge("position_timestamp_seconds", "Up to when everything of the topic has come; events behind it are lost 72 hours later."),
		state: registered(r, prometheus.NewGaugeVec(prometheus.GaugeOpts(opts("state", "1 for the state that the stream is in, 0 for those it was in.")),
			[]string{"state"})),
	}
}

// registered is c, or its like that is registered already.
func registered[C prometheus.Collector](r prometheus.Registerer, c C) C {
	if r == nil {
		return c
	}
	var there prometheus.AlreadyRegisteredError
	if err := r.Register(c); errors.As(err, &there) {
		if like, ok := there.ExistingCollector.(C); ok {
			return like
		}
	}
	return c
}
