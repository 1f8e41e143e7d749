package main

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestTimedEngine_TellsTheSlowestOfTheLastCommits(t *testing.T) {
	e := newTimedEngine(nil, prometheus.NewRegistry())
	if e.slowest() != nil {
		t.Error("something is told before the first commit")
	}
	e.note(9) // forgotten when as many came behind it as are kept
	for i := range commitsKept {
		e.note(float64(i) / 1000)
	}
	if got := *e.slowest(); got < 1 || got > 1.02 {
		t.Errorf("p99 = %v", got)
	}
}
