package courier

import (
	"github.com/prometheus/client_golang/prometheus"

	"sfbridge/bridge"
)

// figures are the courier's metrics.
type figures struct {
	carries  *prometheus.CounterVec
	breakers *prometheus.GaugeVec
}

func newFigures(r prometheus.Registerer) *figures {
	f := &figures{
		carries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sfbridge_carries_total", Help: "Carries by project, direction and verdict.",
		}, []string{"project", "direction", "verdict"}),
		breakers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sfbridge_breaker_open", Help: "1 while the breaker of the outlet is open.",
		}, []string{"project", "direction"}),
	}
	if r != nil {
		r.MustRegister(f.carries, f.breakers)
	}
	return f
}

var verdictNames = map[bridge.Verdict]string{
	bridge.Done: "settled", bridge.Retry: "retried", bridge.RetryAt: "retried", bridge.Wait: "waited", bridge.Bury: "buried",
}

func (f *figures) carried(o bridge.Outlet, v bridge.Verdict) {
	f.carries.WithLabelValues(string(o.Project), string(o.Direction), verdictNames[v]).Inc()
}

func (f *figures) breaker(o bridge.Outlet, s Breaker) {
	open := 0.0
	if s.Open {
		open = 1
	}
	f.breakers.WithLabelValues(string(o.Project), string(o.Direction)).Set(open)
}
