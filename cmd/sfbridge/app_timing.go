package main

import (
	"time"

	"sfbridge/bridge/rule"
	"sfbridge/bridge/status"
	"sfbridge/store"
)

// tellTiming says how much waits for the time of its transfer, and when the next of that may go.
func tellTiming(o *status.Outlet, p *rule.Project, c store.OutletCounts, now time.Time) {
	n := int64(c.Timed)
	o.Timed = &n
	for _, t := range carries(p, o.Direction) {
		timing := t.Timing(o.Direction)
		if timing.RealTime() || timing.Never {
			continue
		}
		if at := timing.Next(now).UTC(); o.TimedNext == nil || at.Before(*o.TimedNext) {
			o.TimedNext = &at
		}
	}
}
