package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
	"sfbridge/bridge/rule"
	"sfbridge/bridge/status"
	"sfbridge/store"
)

// tellTiming says how much waits for the time of its transfer, and when the next of that may go.
func tellTiming(o *status.Outlet, p *rule.Project, c store.OutletCounts, now time.Time) {
	n := int64(c.Timed)
	o.Timed, o.TimedNext = &n, timeOrNil(p.NextTick(o.Direction, now).UTC())
}

// timetable tells the metrics of what waits for its time.
type timetable struct {
	app           *app
	waiting, next *prometheus.Desc
}

// meterTiming adds them. An outlet that has neither a tick nor anything that waits for one is left out.
func (a *app) meterTiming() {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("sfbridge_timed_"+name, help, []string{"project", "direction"}, nil)
	}
	a.metrics.MustRegister(&timetable{
		a, desc("deliveries", "Deliveries that wait for the time of their transfer."),
		desc("next_timestamp_seconds", "When the next of them may go, in seconds since 1970."),
	})
}

// Describe names both.
func (t *timetable) Describe(to chan<- *prometheus.Desc) {
	to <- t.waiting
	to <- t.next
}

// Collect tells how they stand.
func (t *timetable) Collect(to chan<- prometheus.Metric) {
	for _, p := range t.app.rules.Projects() {
		for _, way := range []bridge.Direction{bridge.Inbound, bridge.Outbound} {
			at, n := p.NextTick(way, t.app.world.now()), t.app.store.Timed(bridge.Outlet{Project: p.ID, Direction: way})
			gauge := func(d *prometheus.Desc, v float64) {
				to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, string(p.ID), string(way))
			}
			if !at.IsZero() || n > 0 {
				gauge(t.waiting, float64(n))
			}
			if !at.IsZero() {
				gauge(t.next, float64(at.Unix()))
			}
		}
	}
}
