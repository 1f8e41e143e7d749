package rest

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meter counts and times the requests that leave. Labels: destination, op, code_class (2xx to 5xx, or error for no answer).
func meter(next Doer, destination string, to prometheus.Registerer) Doer {
	if to == nil {
		return next
	}
	calls := register(to, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sfbridge_rest_calls_total", Help: "Requests sent to a destination, by operation and class of answer.",
	}, []string{"destination", "op", "code_class"}))
	took := register(to, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "sfbridge_rest_call_duration_seconds", Help: "Time from a request to its whole answer.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"destination", "op"}))
	return doFunc(func(ctx context.Context, c *Call) (*Answer, error) {
		start := time.Now()
		a, err := next.Do(ctx, c)
		took.WithLabelValues(destination, c.Op).Observe(time.Since(start).Seconds())
		class := "error"
		if err == nil {
			class = strconv.Itoa(a.Status/100) + "xx"
		}
		calls.WithLabelValues(destination, c.Op, class).Inc()
		return a, err
	})
}

// register registers the collector, or answers the one that another client has registered.
func register[C prometheus.Collector](to prometheus.Registerer, c C) C {
	err := to.Register(c)
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		if old, ok := there.ExistingCollector.(C); ok {
			return old
		}
	}
	return c
}
