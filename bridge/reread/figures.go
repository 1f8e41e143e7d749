package reread

import (
	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
)

// figures are the metrics of one org.
type figures struct {
	passes, records, changed prometheus.Counter
}

// newFigures registers on r; a nil r registers nowhere.
func newFigures(r prometheus.Registerer, org bridge.OrgID) *figures {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "sfbridge", Subsystem: "reread", Name: name, Help: help, ConstLabels: prometheus.Labels{"org": string(org)},
		})
		if r != nil {
			r.MustRegister(c)
		}
		return c
	}
	return &figures{
		passes:  counter("passes_total", "Times that the records of an object were read again for fields of which no event tells."),
		records: counter("records_total", "Records that were read again."),
		changed: counter("changed_total", "Records of which something had changed without an event."),
	}
}
