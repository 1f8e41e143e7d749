package refill

import (
	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
)

// figures are the metrics of one org.
type figures struct {
	open                    prometheus.Gauge
	closed, rows, deletions prometheus.Counter
}

// newFigures registers on r; a nil r registers nowhere.
func newFigures(r prometheus.Registerer, org bridge.OrgID) *figures {
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "sfbridge", Subsystem: "hole", Name: name, Help: help, ConstLabels: prometheus.Labels{"org": string(org)}}
	}
	f := &figures{
		open:      prometheus.NewGauge(prometheus.GaugeOpts(opts("open", "Stretches of time of which events may be missing."))),
		closed:    prometheus.NewCounter(prometheus.CounterOpts(opts("closed_total", "Holes whose rows and deletions were compared."))),
		rows:      prometheus.NewCounter(prometheus.CounterOpts(opts("rows_total", "Rows found over REST that no event had told of."))),
		deletions: prometheus.NewCounter(prometheus.CounterOpts(opts("deletions_total", "Deletions found over REST that no event had told of."))),
	}
	if r != nil {
		r.MustRegister(f.open, f.closed, f.rows, f.deletions)
	}
	return f
}
